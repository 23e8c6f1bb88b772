/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Just enough of the machine to run compiled programs anywhere: calls return a
 * hash of their arguments and make r1-r5 useless, so that a wrong argument or a
 * value kept in the wrong place shows. Uses eval_*() of ir_random.h.
 */
#pragma once

#include "ir_random.h"

#define INTERP_STACK  0x400000000ULL
#define INTERP_POISON 0xdeadbeefdeadbeefULL

struct interp {
	struct eval *mem;
	const uint8_t *n_args; /* by call, in order of instructions */
	uint64_t r[11];
	uint8_t stack[512];
};

static inline uint8_t *interp_mem(struct interp *m, uint64_t at)
{
	return at >= INTERP_STACK - 512 ? m->stack + (at - INTERP_STACK + 512)
					: eval_mem(m->mem, at);
}

static inline unsigned int interp_bytes(uint8_t code)
{
	return BPF_SIZE(code) == BPF_B	 ? 1
	       : BPF_SIZE(code) == BPF_H ? 2
	       : BPF_SIZE(code) == BPF_W ? 4
					 : 8;
}

static inline void interp_alu(struct interp *m, const struct bpf_insn *i, uint64_t src)
{
	enum ir_width w = BPF_CLASS(i->code) == BPF_ALU ? IR_32 : IR_64;
	uint64_t *dst = &m->r[i->dst_reg];

	if (BPF_OP(i->code) == BPF_END)
		*dst = eval_swap(*dst, (unsigned int)i->imm / 8);
	else if (BPF_OP(i->code) == BPF_MOV)
		*dst = w == IR_32 ? (uint32_t)src : src;
	else
		*dst = eval_alu(BPF_OP(i->code), w, *dst, src);
}

static inline void interp_store(struct interp *m, const struct bpf_insn *i, uint64_t src)
{
	uint8_t *at = interp_mem(m, m->r[i->dst_reg] + (uint64_t)(int64_t)i->off);
	unsigned int bytes = interp_bytes(i->code);
	uint64_t old = 0;

	memcpy(&old, at, bytes);
	if (BPF_MODE(i->code) == BPF_ATOMIC)
		src += old;
	memcpy(at, &src, bytes);
	if (BPF_MODE(i->code) == BPF_ATOMIC && (i->imm & BPF_FETCH))
		m->r[i->src_reg] = old;
}

static inline uint64_t interp_run(struct interp *m, const struct prog *p)
{
	m->r[1] = EVAL_CTX;
	m->r[10] = INTERP_STACK;
	for (uint32_t pc = 0;; pc++) {
		const struct bpf_insn *i = &p->insns[pc];
		uint8_t class = BPF_CLASS(i->code), op = BPF_OP(i->code);
		uint64_t src =
			BPF_SRC(i->code) == BPF_X ? m->r[i->src_reg] : (uint64_t)(int64_t)i->imm;

		if (class == BPF_ALU || class == BPF_ALU64) {
			interp_alu(m, i, src);
		} else if (class == BPF_LDX) {
			uint64_t v = 0;

			memcpy(&v, interp_mem(m, m->r[i->src_reg] + (uint64_t)(int64_t)i->off),
			       interp_bytes(i->code));
			m->r[i->dst_reg] = v;
		} else if (class == BPF_ST || class == BPF_STX) {
			interp_store(m, i,
				     class == BPF_STX ? m->r[i->src_reg]
						      : (uint64_t)(int64_t)i->imm);
		} else if (class == BPF_LD) {
			m->r[i->dst_reg] =
				i->src_reg ? EVAL_MAP + (uint32_t)i[1].imm
					   : (uint32_t)i->imm | (uint64_t)(uint32_t)i[1].imm << 32;
			pc++;
		} else if (op == BPF_EXIT) {
			return m->r[0];
		} else if (op == BPF_CALL) {
			m->r[0] = eval_hash(&m->r[1], m->n_args[pc]);
			for (unsigned int k = 1; k <= 5; k++)
				m->r[k] = INTERP_POISON;
		} else if (op == BPF_JA || eval_cond(op, class == BPF_JMP32 ? IR_32 : IR_64,
						     m->r[i->dst_reg], src)) {
			pc += (uint32_t)i->off;
		}
	}
}
