/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions as control flow: && and || skip what C says is not evaluated. */
#include "comp/lower_internal.h"

/* the branch for `a op b` being `when`, or for `b op a` (swap) */
static uint8_t jump_op(enum expr_op op, bool is_signed, bool when, bool swap)
{
	static const uint8_t jump[][2] = {
		/* unsigned, signed */
		[OP_LT] = { BPF_JLT, BPF_JSLT }, [OP_GT] = { BPF_JGT, BPF_JSGT },
		[OP_LE] = { BPF_JLE, BPF_JSLE }, [OP_GE] = { BPF_JGE, BPF_JSGE },
		[OP_EQ] = { BPF_JEQ, BPF_JEQ },	 [OP_NE] = { BPF_JNE, BPF_JNE },
	};
	static const enum expr_op inverse[] = {
		[OP_LT] = OP_GE, [OP_GT] = OP_LE, [OP_LE] = OP_GT,
		[OP_GE] = OP_LT, [OP_EQ] = OP_NE, [OP_NE] = OP_EQ,
	};
	static const enum expr_op mirror[] = {
		[OP_LT] = OP_GT, [OP_GT] = OP_LT, [OP_LE] = OP_GE,
		[OP_GE] = OP_LE, [OP_EQ] = OP_EQ, [OP_NE] = OP_NE,
	};

	if (swap)
		op = mirror[op];
	if (!when)
		op = inverse[op];
	return jump[op][is_signed];
}

/* `x & mask` against 0 is one instruction, and x stays what it is */
static bool branch_on_bits(struct lower *l, const struct node *n, ir_label to, bool when)
{
	ir_label set;
	ir_reg a;

	if (n->kind != NODE_BINARY || n->op != OP_BITAND)
		return false;
	set = when ? to : ir_label_new(l->ir);
	a = lower_value(l, n->a);
	ir_branch(l->ir, BPF_JSET, lower_width(n->type), a, lower_operand(l, n->b), set);
	if (when)
		return true;
	ir_jump(l->ir, to);
	ir_place(l->ir, set);
	return true;
}

/* 0 or 1 by its kind */
static bool is_truth(const struct node *n)
{
	while (n->kind == NODE_CONV && !n->type.is_bool)
		n = n->a;
	return n->kind == NODE_COMPARE || n->kind == NODE_NOT || n->kind == NODE_AND ||
	       n->kind == NODE_OR || n->kind == NODE_STRCMP ||
	       (n->kind == NODE_CONV && n->type.is_bool);
}

static void branch_on_value(struct lower *l, const struct node *n, ir_label to, bool when)
{
	ir_reg a;

	if (branch_on_bits(l, n, to, when))
		return;
	a = lower_comparable(l, n);
	ir_branch(l->ir, when ? BPF_JNE : BPF_JEQ, lower_width(n->type), a, ir_k(0), to);
}

static unsigned int branch_compare(struct lower *l, const struct node *n, ir_label to, bool when)
{
	bool swap = n->a->kind == NODE_CONST;
	const struct node *x = swap ? n->b : n->a, *y = swap ? n->a : n->b;
	bool is_signed = x->type.kind == TYPE_INT && x->type.is_signed;
	ir_reg a;

	if (y->kind == NODE_CONST && (n->op == OP_EQ || n->op == OP_NE) &&
	    (y->value == 0 || (y->value == 1 && is_truth(x))))
		return lower_branch(l, x, to, when == ((n->op == OP_NE) == !y->value));
	a = lower_comparable(l, x);
	ir_branch(l->ir, jump_op(n->op, is_signed, when, swap), lower_width(x->type), a,
		  y->kind == NODE_CONST ? lower_operand(l, y) : ir_r(lower_comparable(l, y)), to);
	return l->n_seen;
}

/* a && b, or by De Morgan a || b: b matters only where a does not decide */
static unsigned int branch_both(struct lower *l, const struct node *n, ir_label to, bool when)
{
	bool decides = n->kind == NODE_OR; /* truth of a that settles the result */
	unsigned int seen;
	ir_label skip;

	if (when == decides) {
		seen = lower_branch(l, n->a, to, when);
		lower_branch(l, n->b, to, when);
		return seen;
	}
	skip = ir_label_new(l->ir);
	seen = lower_branch(l, n->a, skip, decides);
	lower_branch(l, n->b, to, when);
	ir_place(l->ir, skip);
	l->n_seen = seen;
	return seen;
}

static unsigned int branch_const(struct lower *l, const struct node *n, ir_label to, bool when)
{
	if ((n->value != 0) == when)
		ir_jump(l->ir, to);
	return l->n_seen;
}

unsigned int lower_branch(struct lower *l, const struct node *n, ir_label to, bool when)
{
	switch (n->kind) {
	case NODE_CONST:
		return branch_const(l, n, to, when);
	case NODE_NOT:
		return lower_branch(l, n->a, to, !when);
	case NODE_AND:
	case NODE_OR:
		return branch_both(l, n, to, when);
	case NODE_COMPARE:
		return branch_compare(l, n, to, when);
	case NODE_STRCMP:
		return lower_string(l, n, to, when);
	case NODE_BLOCK:
		lower_locals(l, n);
		return lower_branch(l, n->a, to, when);
	case NODE_CONV: /* widening and _Bool keep the truth */
		if (n->type.is_bool || n->type.bytes >= n->a->type.bytes)
			return lower_branch(l, n->a, to, when);
		branch_on_value(l, n, to, when);
		break;
	default:
		branch_on_value(l, n, to, when);
		break;
	}
	return l->n_seen;
}

ir_reg lower_truth(struct lower *l, const struct node *n)
{
	struct ir *ir = l->ir;
	ir_label yes = ir_label_new(ir), end = ir_label_new(ir);
	ir_reg r = ir_new_reg(ir);
	unsigned int seen = lower_branch(l, n, yes, true);

	ir_mov(ir, r, ir_k(0));
	ir_jump(ir, end);
	ir_place(ir, yes);
	ir_mov(ir, r, ir_k(1));
	ir_place(ir, end);
	l->n_seen = seen;
	return r;
}
