/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What programs in IR mean: walks the recorded operations and knows nothing of
 * registers or instructions.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "comp/ir_internal.h"

#define RND_CTX	  16 /* u64 words of the context; [0] takes the result */
#define RND_MAP	  8  /* u64 words of the map's value */
#define RND_SLOTS 3

/* where the evaluator pretends memory to be */
#define EVAL_CTX  0x100000000ULL
#define EVAL_MAP  0x200000000ULL
#define EVAL_SLOT 0x300000000ULL /* + 4096 * slot */

struct eval {
	uint8_t ctx[RND_CTX * 8], map[RND_MAP * 8], slots[RND_SLOTS + 1][64];
};

static inline uint8_t *eval_mem(struct eval *e, uint64_t at)
{
	if (at >= EVAL_SLOT)
		return e->slots[(at - EVAL_SLOT) / 4096] + (at - EVAL_SLOT) % 4096;
	return at >= EVAL_MAP ? e->map + (at - EVAL_MAP) : e->ctx + (at - EVAL_CTX);
}

static inline uint64_t eval_load(struct eval *e, uint64_t at, unsigned int bytes)
{
	uint64_t v = 0;

	memcpy(&v, eval_mem(e, at), bytes);
	return v;
}

static inline uint64_t eval_hash(const uint64_t *args, unsigned int n)
{
	uint64_t h = n;

	for (unsigned int i = 0; i < n; i++)
		h = (h ^ args[i]) * 0x100000001b3ULL + i;
	return h;
}

static inline uint64_t eval_alu32(uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : a;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	case BPF_NEG:
		return -a;
	default:
		return (uint32_t)((int32_t)a >> (b & 31));
	}
}

static inline uint64_t eval_alu(uint8_t op, enum ir_width w, uint64_t a, uint64_t b)
{
	if (w == IR_32)
		return (uint32_t)eval_alu32(op, (uint32_t)a, (uint32_t)b);
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : a;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 63);
	case BPF_RSH:
		return a >> (b & 63);
	case BPF_NEG:
		return -a;
	default:
		return (uint64_t)((int64_t)a >> (b & 63));
	}
}

static inline uint64_t eval_swap(uint64_t v, unsigned int bytes)
{
	return bytes == 2   ? __builtin_bswap16((uint16_t)v)
	       : bytes == 4 ? __builtin_bswap32((uint32_t)v)
			    : __builtin_bswap64(v);
}

static inline uint64_t eval_extend(uint64_t v, unsigned int bytes, bool is_signed)
{
	unsigned int shift = 64 - bytes * 8;

	return is_signed ? (uint64_t)((int64_t)(v << shift) >> shift) : v << shift >> shift;
}

static inline bool eval_cond(uint8_t op, enum ir_width w, uint64_t a, uint64_t b)
{
	int64_t sa = w == IR_32 ? (int32_t)a : (int64_t)a,
		sb = w == IR_32 ? (int32_t)b : (int64_t)b;

	if (w == IR_32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return (a & b) != 0;
	}
}

static inline uint64_t eval_call(struct eval *e, uint32_t helper, const uint64_t *in,
				 unsigned int n)
{
	uint8_t copy[64];

	if (helper >= 1000)
		return eval_hash(in, n);
	if (helper != BPF_FUNC_probe_read_kernel)
		return 0;
	memcpy(copy, eval_mem(e, in[2]), in[1]);
	memcpy(eval_mem(e, in[0]), copy, in[1]);
	return 0;
}

static inline uint64_t eval_value(struct eval *e, const struct op *op, const uint64_t *in,
				  uint64_t dst)
{
	uint64_t at = op->slot ? EVAL_SLOT + 4096ULL * op->slot : in[0], old;

	at += (uint64_t)(int64_t)op->off;
	switch (op->kind) {
	case OP_ARG:
		return EVAL_CTX;
	case OP_ALU:
		if (op->code == BPF_END)
			return eval_swap(in[0], op->bytes);
		return op->rmw ? eval_alu(op->code, op->width, dst, in[0])
			       : eval_alu(op->code, op->width, in[0], in[1]);
	case OP_EXTEND:
		return eval_extend(in[0], op->bytes, op->is_signed);
	case OP_LOAD:
		return eval_load(e, at, op->bytes);
	case OP_FETCH:
		old = eval_load(e, at, op->bytes);
		dst = old + in[1];
		memcpy(eval_mem(e, at), &dst, op->bytes);
		return old;
	case OP_SLOT_ADDR:
		return at;
	case OP_MAP_VALUE:
		return EVAL_MAP + (uint64_t)op->off;
	case OP_CALL:
		return eval_call(e, op->id, in, op->n_in);
	default:
		return in[0];
	}
}

static inline uint64_t eval_run(struct eval *e, const struct ir *ir)
{
	uint64_t *v = calloc(ir->n_regs + 1, sizeof(*v)), in[IR_MAX_ARGS] = { 0 }, ret = 0;

	for (uint32_t i = 0; v && i < ir->n; i++) {
		const struct op *op = &ir->ops[i];
		ir_label go = 0;

		for (unsigned int a = 0; a < op->n_in; a++)
			in[a] = op->in[a].reg ? v[op->in[a].reg] : (uint64_t)op->in[a].k;
		if (op->kind == OP_EXIT) {
			ret = in[0];
			break;
		}
		if (op->kind == OP_JUMP ||
		    (op->kind == OP_BRANCH && eval_cond(op->code, op->width, in[0], in[1])))
			go = op->label;
		while (go && !(ir->ops[i].kind == OP_LABEL && ir->ops[i].label == go))
			i++;
		if (op->kind == OP_STORE || op->kind == OP_ATOMIC) {
			uint64_t at = op->slot ? EVAL_SLOT + 4096ULL * op->slot : in[0], x = in[1];

			at += (uint64_t)(int64_t)op->off;
			if (op->kind == OP_ATOMIC)
				x += eval_load(e, at, op->bytes);
			memcpy(eval_mem(e, at), &x, op->bytes);
		} else if (op->dst) {
			v[op->dst] = eval_value(e, op, in, v[op->dst]);
		}
	}
	free(v);
	return ret;
}
