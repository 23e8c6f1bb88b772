/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the stages of the back end share: ir.c records operations, ir_opt.c
 * tidies a copy of them, ir_lower.c makes them two-address, ir_live.c says where
 * each register is live, regalloc.c places registers, spill.c what has none,
 * asm_fn.c writes instructions, asm.c is all of that in order.
 *
 * Register contract of the result:
 *   r0        results of calls, return value, short-lived values
 *   r1-r5     incoming arguments, arguments of calls, short-lived values
 *   r6-r9     values that live across a call
 *   r10       frame; user slots first (highest addresses), spilled values below
 */
#pragma once

#include "comp/ir.h"

#define IR_MAX_ARGS 5

enum op_kind {
	OP_NONE,      /* deleted */
	OP_ARG,	      /* dst = incoming argument `bytes` */
	OP_MOV,	      /* dst = in[0]; 32 bit: zero-extended */
	OP_ALU,	      /* dst = in[0] op in[1]; rmw: dst op= in[0] */
	OP_EXTEND,    /* dst = low `bytes` of in[0] */
	OP_LOAD,      /* dst = *(in[0] + off), or of slot */
	OP_STORE,     /* *(in[0] + off) = in[1], or slot */
	OP_ATOMIC,    /* *(in[0] + off) += in[1] */
	OP_FETCH,     /* dst = fetch_add(in[0] + off, in[1]); rmw: dst is the addend too */
	OP_SLOT_ADDR, /* dst = address of slot + off */
	OP_MAP,
	OP_MAP_VALUE,
	OP_KSYM,
	OP_CALLBACK,
	OP_CALL, /* dst = id(in[0..n_in)) */
	OP_LABEL,
	OP_JUMP,
	OP_BRANCH, /* if (in[0] code in[1]) goto label */
	OP_EXIT,   /* return in[0] */
	OP_NOTE,
	OP_SPILL,  /* dst, which lives on the stack, = in[0] */
	OP_RELOAD, /* dst = in[0], which lives on the stack */
};

struct op {
	uint8_t kind;  /* enum op_kind */
	uint8_t code;  /* BPF_ADD, BPF_JEQ, ...; BPF_NEG and BPF_END are OP_ALU too */
	uint8_t width; /* enum ir_width */
	uint8_t bytes; /* of memory, of a swap; number of an argument */
	uint8_t n_in;
	bool rmw;	 /* dst is read as well */
	bool is_signed;	 /* OP_EXTEND */
	bool joined;	 /* OP_NOTE: the next note follows at once */
	uint8_t rebuilt; /* OP_CALL: bit i: in[i].k indexes fn.rebuild instead */
	ir_reg dst;
	ir_slot slot;
	ir_label label;
	uint32_t id; /* helper, map, BTF id */
	int32_t off;
	struct ir_val in[IR_MAX_ARGS];
	struct span at;
	char *note;
};

struct ir {
	struct err err; /* the first one sticks */
	struct op *ops;
	uint32_t n, cap;
	uint32_t n_regs, n_labels;
	uint32_t *slot_bytes;
	uint32_t n_slots;
	bool *placed; /* by label */
	uint32_t cap_labels;
	bool leaves_early;
	struct span at;
};

/* One function while it is compiled: a copy of the operations and what they need. */
struct fn {
	struct op *ops;
	uint32_t n, cap;
	uint32_t n_regs; /* registers are 1 .. n_regs */
	uint32_t n_labels;
	const struct ir *ir;
	struct op *rebuild; /* arguments made where they are needed, not before */
	uint32_t n_rebuild, cap_rebuild;
	bool *spilled;	   /* by register: lives on the stack */
	bool *tiny;	   /* by register: made by spilling, has to get a register */
	uint32_t cap_regs; /* of spilled, tiny */
	int32_t *where;	   /* by register: r0-r9, or negative: offset from r10 */
	int32_t *slot_off; /* by slot: offset from r10 */
	uint32_t stack;	   /* bytes */
	struct err *err;
};

/* positions within operation i, in the order things happen */
#define POS_USE(i)     ((i)*4)
#define POS_CLOBBER(i) ((i)*4 + 1)
#define POS_DEF(i)     ((i)*4 + 2)

struct seg {
	uint32_t from, to; /* positions, both included */
};

struct range {
	struct seg *seg; /* ascending, disjoint */
	uint32_t n, cap;
};

static inline bool op_reads(const struct op *op, ir_reg r)
{
	if (op->rmw && op->dst == r)
		return true;
	for (unsigned int i = 0; i < op->n_in; i++) {
		if (op->in[i].reg == r)
			return true;
	}
	return false;
}

/* may be dropped when nobody reads the result */
static inline bool op_is_pure(const struct op *op)
{
	switch (op->kind) {
	case OP_ARG:
	case OP_MOV:
	case OP_ALU:
	case OP_EXTEND:
	case OP_LOAD:
	case OP_SLOT_ADDR:
	case OP_MAP:
	case OP_MAP_VALUE:
	case OP_KSYM:
	case OP_CALLBACK:
	case OP_RELOAD:
		return true;
	default:
		return false;
	}
}

static inline bool op_is_terminal(const struct op *op)
{
	return op->kind == OP_JUMP || op->kind == OP_EXIT;
}

static inline bool fits_s32(int64_t k)
{
	return k >= INT32_MIN && k <= INT32_MAX;
}

/* counted in one pass over the operations */
struct reg_facts {
	uint32_t defs, uses;
	uint32_t def_at, last_use; /* operations */
};

/* ir_opt.c */
int fn_open(struct fn *f, const struct ir *ir, struct err *err);
void fn_close(struct fn *f);
int fn_append(struct op **ops, uint32_t *n, uint32_t *cap, const struct op *op);
ir_reg fn_new_reg(struct fn *f); /* 0: out of memory */
int opt_run(struct fn *f);	 /* tidy, then two-address form */
int opt_jumps(struct fn *f);	 /* drop unreachable operations and needless jumps */
void reg_facts_of(const struct fn *f, struct reg_facts *facts); /* by register */

/* ir_lower.c */
int lower_two_address(struct fn *f, struct reg_facts *facts);
bool op_takes_const(const struct op *op, unsigned int a, int64_t k); /* as operand a */

/* ir_live.c: exact, per register (index 0 unused); -EINVAL if one is read unset */
int live_ranges(const struct fn *f, struct range *ranges);
bool range_covers(const struct range *r, uint32_t position);
bool range_overlaps(const struct range *a, const struct range *b);
int range_merge(struct range *into, const struct range *from); /* disjoint ones */
void ranges_free(struct range *ranges, uint32_t n_regs);

/* spill.c */
int spill_insert(struct fn *f, const bool *old); /* around what is spilled now and was not */
void spill_place_slots(struct fn *f);
int spill_place(struct fn *f, const struct range *ranges);

/* regalloc.c: sets where[], slot_off[], stack; adds spill code */
int regalloc_run(struct fn *f);

/* asm_fn.c */
struct fixup {
	uint32_t insn;
	ir_label label; /* 0: a callback */
	uint32_t callback;
};

struct code {
	struct prog *out;
	uint32_t cap_insns, cap_relocs, cap_lines, cap_notes;
	struct fixup *fixups;
	uint32_t n_fixups, cap_fixups;
	uint32_t *label_at; /* of the function at hand */
	uint32_t start;	    /* its first instruction */
	struct span at;
	bool note_stands; /* the last note is kept even if another one follows at once */
	const struct fn *f;
	int error;
};

int code_function(struct code *c, const struct fn *f, struct err *err); /* append it */

/* disasm.c */
const char *helper_name(uint32_t id);
const char *map_name(uint32_t map);
const char *alu_sign(uint8_t code);
const char *jump_sign(uint8_t code);
struct buf;
void insn_print(const struct prog *p, uint32_t at, struct buf *out);
