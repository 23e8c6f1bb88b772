/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random programs in IR: many values live at a time, calls, branches, memory. */
#pragma once

#include "ir_eval.h"

struct rnd {
	uint64_t state;
	struct ir *ir;
	ir_reg ctx, map;
	ir_slot slots[RND_SLOTS];
	ir_reg pool[4096]; /* scalars set on every path to here */
	unsigned int n_pool;
	unsigned int budget, branches;
	bool real_helpers; /* or 1000 + n: a hash of n arguments */
};

static inline uint64_t rnd_next(struct rnd *g)
{
	g->state ^= g->state << 13;
	g->state ^= g->state >> 7;
	g->state ^= g->state << 17;
	return g->state * 0x2545f4914f6cdd1dULL;
}

static inline unsigned int rnd_below(struct rnd *g, unsigned int n)
{
	return (unsigned int)((rnd_next(g) >> 33) % n);
}

static inline int64_t rnd_const(struct rnd *g)
{
	static const int64_t edges[] = { 0,	     1,		 -1,	     255,
					 0x7fffffff, 0x80000000, 0xffffffff, -0x80000000LL,
					 INT64_MIN,  INT64_MAX,	 0x100000000 };

	switch (rnd_below(g, 4)) {
	case 0:
		return edges[rnd_below(g, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return (int64_t)rnd_next(g);
	default:
		return (int64_t)rnd_below(g, 1000) - 500;
	}
}

/* old values are wanted as often as new ones, so that many are live at a time */
static inline ir_reg rnd_reg(struct rnd *g)
{
	return g->pool[rnd_below(g, g->n_pool)];
}

static inline struct ir_val rnd_val(struct rnd *g)
{
	return rnd_below(g, 3) ? ir_r(rnd_reg(g)) : ir_k(rnd_const(g));
}

static inline void rnd_keep(struct rnd *g, ir_reg r)
{
	if (g->n_pool < sizeof(g->pool) / sizeof(g->pool[0]))
		g->pool[g->n_pool++] = r;
}

static inline void rnd_alu(struct rnd *g)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_OR,
				       BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH };
	uint8_t op = ops[rnd_below(g, sizeof(ops))];
	enum ir_width w = rnd_below(g, 2) ? IR_64 : IR_32;
	struct ir_val b = rnd_val(g);

	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		b = rnd_below(g, 2) ? ir_k(rnd_below(g, w == IR_64 ? 64 : 32))
				    : ir_r(ir_alu(g->ir, BPF_AND, w, rnd_reg(g),
						  ir_k(w == IR_64 ? 63 : 31)));
	else if ((op == BPF_DIV || op == BPF_MOD) && !b.reg && !(uint32_t)b.k)
		b.k = 3;
	if (rnd_below(g, 4))
		rnd_keep(g, ir_alu(g->ir, op, w, rnd_reg(g), b));
	else
		ir_alu_to(g->ir, op, w, rnd_reg(g), b);
}

static inline void rnd_unary(struct rnd *g)
{
	unsigned int bytes = 1U << rnd_below(g, 4);

	switch (rnd_below(g, 4)) {
	case 0:
		rnd_keep(g, ir_neg(g->ir, rnd_below(g, 2) ? IR_64 : IR_32, rnd_reg(g)));
		break;
	case 1:
		rnd_keep(g, ir_bswap(g->ir, 16U << rnd_below(g, 3), rnd_reg(g)));
		break;
	default:
		rnd_keep(g, ir_extend(g->ir, rnd_reg(g), bytes, rnd_below(g, 2)));
		break;
	}
}

static inline void rnd_memory(struct rnd *g)
{
	unsigned int bytes = 1U << rnd_below(g, 4), n = 16 / bytes;
	int32_t off = (int32_t)(rnd_below(g, n) * bytes);
	ir_slot s = g->slots[rnd_below(g, RND_SLOTS)];
	ir_reg base = rnd_below(g, 2) ? g->map : ir_slot_addr(g->ir, s, 0);

	switch (rnd_below(g, 8)) {
	case 0:
		ir_slot_store(g->ir, bytes, s, off, rnd_val(g));
		break;
	case 1:
		rnd_keep(g, ir_slot_load(g->ir, bytes, s, off));
		break;
	case 2:
		ir_store(g->ir, bytes, base, off, rnd_val(g));
		break;
	case 3:
		rnd_keep(g, ir_load(g->ir, bytes, base, off));
		break;
	case 4:
		if (bytes >= 4)
			ir_atomic_add(g->ir, bytes, base, off, rnd_val(g));
		break;
	case 5:
		if (bytes >= 4)
			rnd_keep(g, ir_fetch_add(g->ir, bytes, g->map, off, rnd_val(g)));
		break;
	default:
		rnd_keep(g, ir_load(g->ir, bytes, g->ctx, 8 + off));
		break;
	}
}

static inline void rnd_call(struct rnd *g)
{
	struct ir_val args[IR_MAX_ARGS];
	ir_slot to = g->slots[rnd_below(g, RND_SLOTS)], from = g->slots[rnd_below(g, RND_SLOTS)];
	unsigned int n = rnd_below(g, IR_MAX_ARGS + 1);
	ir_reg unknown;

	if (!g->real_helpers) {
		for (unsigned int i = 0; i < n; i++)
			args[i] = rnd_val(g);
		rnd_keep(g, ir_call(g->ir, 1000 + n, args, n));
		return;
	}
	if (rnd_below(g, 3) == 0) {
		/* a result nobody can know: use it without letting it show */
		unknown = ir_call(g->ir, BPF_FUNC_ktime_get_ns, NULL, 0);
		rnd_keep(g, ir_alu(g->ir, BPF_AND, IR_64, unknown, ir_k(0)));
		return;
	}
	args[0] = ir_r(ir_slot_addr(g->ir, to, 0));
	args[1] = ir_k(8 << rnd_below(g, 2));
	args[2] = ir_r(ir_slot_addr(g->ir, from, 0));
	switch (rnd_below(g, 3)) {
	case 0:
		args[2] = ir_r(g->map);
		break;
	case 1:
		args[2] = ir_r(g->ctx);
		break;
	default:
		break;
	}
	rnd_keep(g, ir_call(g->ir, BPF_FUNC_probe_read_kernel, args, 3));
}

static inline void rnd_block(struct rnd *g, unsigned int depth);

static inline void rnd_branch(struct rnd *g, ir_label to)
{
	static const uint8_t ops[] = { BPF_JEQ,	 BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
				       BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET };

	ir_branch(g->ir, ops[rnd_below(g, sizeof(ops))], rnd_below(g, 2) ? IR_64 : IR_32,
		  rnd_reg(g), rnd_val(g), to);
}

/* if (c) { ... x = a } else { ... x = b } in its shapes */
static inline void rnd_if(struct rnd *g, unsigned int depth)
{
	ir_label other = ir_label_new(g->ir), end = ir_label_new(g->ir);
	ir_reg x = ir_new_reg(g->ir);
	unsigned int n = g->n_pool;

	g->branches--;
	rnd_branch(g, other);
	rnd_block(g, depth + 1);
	ir_mov(g->ir, x, rnd_val(g));
	if (rnd_below(g, 3) == 0)
		rnd_branch(g, end);
	rnd_block(g, depth + 1);
	ir_mov(g->ir, x, rnd_val(g));
	g->n_pool = n;
	ir_jump(g->ir, end);
	ir_place(g->ir, other);
	if (rnd_below(g, 8) == 0) {
		ir_exit(g->ir, rnd_val(g));
	} else {
		rnd_block(g, depth + 1);
		ir_mov(g->ir, x, rnd_val(g));
	}
	g->n_pool = n;
	ir_place(g->ir, end);
	rnd_keep(g, x);
}

static inline void rnd_block(struct rnd *g, unsigned int depth)
{
	for (unsigned int n = rnd_below(g, 8); n && g->budget; n--) {
		g->budget--;
		switch (rnd_below(g, 12)) {
		case 0:
		case 1:
			rnd_call(g);
			break;
		case 2:
			if (depth < 4 && g->branches)
				rnd_if(g, depth);
			break;
		case 3:
		case 4:
		case 5:
			rnd_memory(g);
			break;
		case 6:
			rnd_unary(g);
			break;
		case 7:
			rnd_keep(g, ir_const(g->ir, rnd_const(g)));
			break;
		case 8:
			ir_mov(g->ir, rnd_reg(g), rnd_val(g));
			break;
		default:
			rnd_alu(g);
			break;
		}
	}
}

/* everything that is still known goes into the result */
static inline void rnd_finish(struct rnd *g)
{
	unsigned int n = g->n_pool < 30 ? g->n_pool : 30;
	ir_reg sum = ir_const(g->ir, 17);

	for (unsigned int i = 0; i < n; i++) {
		ir_reg times = ir_alu(g->ir, BPF_MUL, IR_64, sum, ir_k(31));

		sum = ir_alu(g->ir, BPF_ADD, IR_64, times, ir_r(rnd_reg(g)));
	}
	for (unsigned int s = 0; s < RND_SLOTS; s++)
		sum = ir_alu(g->ir, BPF_XOR, IR_64, sum,
			     ir_r(ir_slot_load(g->ir, 8, g->slots[s], 0)));
	ir_store(g->ir, 8, g->ctx, 0, ir_r(sum));
	ir_exit(g->ir, ir_r(sum));
}

static inline int rnd_program(struct rnd *g, uint64_t seed, bool real_helpers)
{
	int r = ir_new(&g->ir);

	if (r < 0)
		return r;
	g->state = seed * 0x9e3779b97f4a7c15ULL + 1;
	g->n_pool = 0;
	g->real_helpers = real_helpers;
	g->budget = 10 + rnd_below(g, 120);
	g->branches = rnd_below(g, 10);
	g->ctx = ir_arg(g->ir, 1);
	g->map = ir_map_value(g->ir, PROG_MAP_CONTROL, 8 * rnd_below(g, 4));
	for (unsigned int s = 0; s < RND_SLOTS; s++) {
		g->slots[s] = ir_slot_new(g->ir, 16);
		ir_slot_store(g->ir, 8, g->slots[s], 0, ir_k(rnd_const(g)));
		ir_slot_store(g->ir, 8, g->slots[s], 8, ir_k(rnd_const(g)));
	}
	for (unsigned int i = rnd_below(g, 12) + 1; i > 0; i--)
		rnd_keep(g, ir_load(g->ir, 8, g->ctx, (int32_t)(8 * (1 + rnd_below(g, 8)))));
	while (g->budget > 5)
		rnd_block(g, 0);
	rnd_finish(g);
	return 0;
}
