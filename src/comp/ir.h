/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three-address code between trees and instructions. Virtual registers without
 * limit, symbolic labels, stack slots, and a note (the C it stands for) before
 * each piece. Emitting never fails visibly: the first error sticks and ends up
 * in ir_assemble(), so that emitters read like the program they emit.
 *
 * Control flow only goes forward (loops are bpf_loop callbacks), which makes an
 * interval from first definition to last use a correct live range.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"
#include "util/prog.h"

struct ir;

typedef uint32_t ir_reg;   /* 0: none */
typedef uint32_t ir_label; /* 0: none */
typedef uint32_t ir_slot;  /* 0: none */

/* second operand: a register or a constant (32-bit signed fits the instruction; wider is loaded) */
struct ir_val {
	ir_reg reg; /* 0: use k */
	int64_t k;
};

static inline struct ir_val ir_r(ir_reg reg)
{
	return (struct ir_val){ .reg = reg };
}

static inline struct ir_val ir_k(int64_t k)
{
	return (struct ir_val){ .k = k };
}

enum ir_width {
	IR_32,
	IR_64
};

int ir_new(struct ir **out);
void ir_free(struct ir *ir);
void ir_freep(struct ir **ir);

/* incoming argument n (1: ctx). Before anything else is emitted. */
ir_reg ir_arg(struct ir *ir, unsigned int n);

/* values; `op` is BPF_ADD, BPF_AND, ...; results are fresh registers unless a dst is given */
ir_reg ir_const(struct ir *ir, int64_t k);
ir_reg ir_alu(struct ir *ir, uint8_t op, enum ir_width w, ir_reg a, struct ir_val b);
void ir_alu_to(struct ir *ir, uint8_t op, enum ir_width w, ir_reg dst, struct ir_val b);
void ir_mov(struct ir *ir, ir_reg dst, struct ir_val v); /* 64 bit */
ir_reg ir_new_reg(struct ir *ir);			 /* to be ir_mov()ed on several paths */
ir_reg ir_neg(struct ir *ir, enum ir_width w, ir_reg a);
ir_reg ir_bswap(struct ir *ir, unsigned int bits, ir_reg a); /* swap, zero-extended */
/* low `bytes` of a, zero- or sign-extended to 64 */
ir_reg ir_extend(struct ir *ir, ir_reg a, unsigned int bytes, bool is_signed);

/* memory the verifier lets us touch; loads zero-extend */
ir_reg ir_load(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off);
void ir_store(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off, struct ir_val v);
void ir_atomic_add(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off, struct ir_val v);
/* not on the stack: the verifier misjudges that */
ir_reg ir_fetch_add(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off, struct ir_val v);

ir_slot ir_slot_new(struct ir *ir, unsigned int bytes); /* 8-aligned stack space */
ir_reg ir_slot_addr(struct ir *ir, ir_slot s, int32_t off);
ir_reg ir_slot_load(struct ir *ir, unsigned int bytes, ir_slot s, int32_t off);
void ir_slot_store(struct ir *ir, unsigned int bytes, ir_slot s, int32_t off, struct ir_val v);

ir_reg ir_map(struct ir *ir, enum prog_map map);			/* the map itself */
ir_reg ir_map_value(struct ir *ir, enum prog_map map, uint32_t offset); /* into its value */
ir_reg ir_ksym(struct ir *ir, uint32_t btf_var_id); /* address of a (per-CPU) kernel variable */
ir_reg ir_callback(struct ir *ir, unsigned int n);  /* the program's nth callback, for bpf_loop */

ir_reg ir_call(struct ir *ir, uint32_t helper, const struct ir_val *args, unsigned int n);

ir_label ir_label_new(struct ir *ir);
void ir_place(struct ir *ir, ir_label l); /* each label once, after all jumps to it */
void ir_jump(struct ir *ir, ir_label l);
/* if (a op b) goto l; op is BPF_JEQ, BPF_JSGT, ... */
void ir_branch(struct ir *ir, uint8_t op, enum ir_width w, ir_reg a, struct ir_val b, ir_label l);
void ir_exit(struct ir *ir, struct ir_val v);

/*
 * Keep what lives across calls on the stack, not in r6-r9, as far as the stack lasts: a
 * program that saves no registers leaves sooner. For those that mostly leave early.
 */
void ir_leaves_early(struct ir *ir);

/* source position and C text of what is emitted from here on */
void ir_at(struct ir *ir, struct span at);
void ir_note(struct ir *ir, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* the IR as text, one operation a line: golden files and `retcon compile` */
struct buf;
void ir_print(const struct ir *ir, struct buf *out);

/*
 * Registers, jumps, relocations, notes, lines -> out->insns etc. (kind, name, func,
 * src and attach_btf_id are the caller's). Checks the result:
 * every path exits, jumps in range, stack within LIMIT_STACK_BYTES, instructions
 * within LIMIT_INSNS. -E2BIG naming the limit, -ENOMEM, -EINVAL for a misuse.
 */
int ir_assemble(struct ir *main, struct ir *const *callbacks, unsigned int n_callbacks,
		struct prog *out, struct err *err);

/* instructions as text with the notes beside them: `-v`, golden files */
void prog_print(const struct prog *p, struct buf *out);

/* structural check of any program, independent of the assembler: fuzzing, tests */
int prog_check(const struct prog *p, struct err *err);
