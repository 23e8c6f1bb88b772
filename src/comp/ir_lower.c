/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two-address form, which is what the machine has, with constants only where an
 * instruction has room for them. What needs several instructions (extensions)
 * becomes several operations here, so that registers are chosen for each.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>

/* may operand a of op be the constant k? */
bool op_takes_const(const struct op *op, unsigned int a, int64_t k)
{
	switch (op->kind) {
	case OP_MOV:
	case OP_CALL:
	case OP_EXIT:
		return true;
	case OP_ALU:
		if (a == 0 && !op->rmw)
			return false;
		/* the verifier refuses these as constants, the machine defines them */
		if ((op->code == BPF_DIV || op->code == BPF_MOD) && !(uint32_t)k)
			return false;
		if ((op->code == BPF_LSH || op->code == BPF_RSH || op->code == BPF_ARSH) &&
		    (k < 0 || k >= (op->width == IR_32 ? 32 : 64)))
			return false;
		return op->width == IR_32 || fits_s32(k);
	case OP_BRANCH:
		return a == 1 && (op->width == IR_32 || fits_s32(k));
	case OP_STORE:
		return a == 1 && (op->bytes < 8 || fits_s32(k));
	default:
		return false;
	}
}

struct lowering {
	struct fn *f;
	struct op *ops;
	uint32_t n, cap;
	int error;
};

static void put(struct lowering *l, const struct op *op)
{
	if (!l->error)
		l->error = fn_append(&l->ops, &l->n, &l->cap, op);
}

static void put_mov(struct lowering *l, enum ir_width w, ir_reg dst, struct ir_val v,
		    struct span at)
{
	put(l, &(struct op){ .kind = OP_MOV,
			     .width = (uint8_t)w,
			     .dst = dst,
			     .n_in = 1,
			     .in = { v },
			     .at = at });
}

static void put_alu(struct lowering *l, uint8_t code, enum ir_width w, ir_reg dst, struct ir_val v,
		    struct span at)
{
	put(l, &(struct op){ .kind = OP_ALU,
			     .code = code,
			     .width = (uint8_t)w,
			     .dst = dst,
			     .rmw = true,
			     .n_in = 1,
			     .in = { v },
			     .at = at });
}

/* a constant the instruction has no room for comes in a register */
static void load_wide(struct lowering *l, struct op *op, unsigned int a)
{
	ir_reg r;

	if (a >= op->n_in || op->in[a].reg || op_takes_const(op, a, op->in[a].k))
		return;
	r = fn_new_reg(l->f);
	if (!r)
		l->error = -ENOMEM;
	put_mov(l, IR_64, r, op->in[a], op->at);
	op->in[a] = ir_r(r);
}

static bool commutes(uint8_t code)
{
	return code == BPF_ADD || code == BPF_MUL || code == BPF_AND || code == BPF_OR ||
	       code == BPF_XOR;
}

static void lower_alu(struct lowering *l, struct op op, const struct reg_facts *facts, uint32_t i)
{
	unsigned int second = op.rmw ? 0 : 1;
	struct ir_val a = op.in[0];

	/* only the low half is left: one move */
	if (op.code == BPF_AND && op.width == IR_64 && op.n_in == second + 1 &&
	    !op.in[second].reg && op.in[second].k == UINT32_MAX) {
		put_mov(l, IR_32, op.dst, op.rmw ? ir_r(op.dst) : a, op.at);
		return;
	}
	/* cheaper, and the verifier sees more */
	if (op.code == BPF_MUL && op.n_in == second + 1 && !op.in[second].reg &&
	    op.in[second].k > 0 && !(op.in[second].k & (op.in[second].k - 1)) &&
	    (op.width == IR_64 || op.in[second].k <= UINT32_MAX)) {
		op.code = BPF_LSH;
		op.in[second].k = __builtin_ctzll((uint64_t)op.in[second].k);
	}
	if (op.rmw) {
		load_wide(l, &op, second);
		put(l, &op);
		return;
	}
	/* dst takes the place of a wide constant, or of what is not needed any more */
	if (op.n_in == 2 && commutes(op.code) &&
	    (op.in[1].reg ? facts[op.in[1].reg].last_use == i && facts[a.reg].last_use != i
			  : !op_takes_const(&op, 1, op.in[1].k))) {
		a = op.in[1];
		op.in[1] = op.in[0];
	}
	load_wide(l, &op, second);
	put_mov(l, IR_64, op.dst, a, op.at);
	op.rmw = true;
	op.n_in--;
	op.in[0] = op.in[1];
	put(l, &op);
}

static void lower_extend(struct lowering *l, const struct op *op)
{
	int64_t shift = 64 - op->bytes * 8;

	if (op->bytes == 4 && !op->is_signed) {
		put_mov(l, IR_32, op->dst, op->in[0], op->at);
		return;
	}
	put_mov(l, IR_64, op->dst, op->in[0], op->at);
	if (op->is_signed) {
		put_alu(l, BPF_LSH, IR_64, op->dst, ir_k(shift), op->at);
		put_alu(l, BPF_ARSH, IR_64, op->dst, ir_k(shift), op->at);
	} else {
		put_alu(l, BPF_AND, IR_64, op->dst, ir_k(UINT64_MAX >> shift), op->at);
	}
}

static void lower_op(struct lowering *l, struct op op, const struct reg_facts *facts, uint32_t i)
{
	switch (op.kind) {
	case OP_ALU:
		lower_alu(l, op, facts, i);
		return;
	case OP_EXTEND:
		lower_extend(l, &op);
		return;
	case OP_FETCH:
		put_mov(l, IR_64, op.dst, op.in[1], op.at);
		op.rmw = true;
		op.n_in = 1;
		break;
	default:
		if (op.kind == OP_STORE || op.kind == OP_ATOMIC || op.kind == OP_BRANCH)
			load_wide(l, &op, 1);
		break;
	}
	put(l, &op);
}

int lower_two_address(struct fn *f, struct reg_facts *facts)
{
	struct lowering l = { .f = f };
	uint32_t n = f->n;

	reg_facts_of(f, facts);
	for (uint32_t i = 0; i < n; i++)
		lower_op(&l, f->ops[i], facts, i);
	free(f->ops);
	f->ops = l.ops;
	f->n = l.n;
	f->cap = l.cap;
	return l.error ? err_nomem(f->err) : 0;
}
