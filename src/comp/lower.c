/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values: arithmetic and conversions. Conditions are in lower_cond.c, reads in lower_mem.c. */
#include "comp/lower_internal.h"

#include <errno.h>
#include <stdlib.h>

int lower_new(struct lower **out, struct ir *ir, const struct abi *abi, ir_reg ctx,
	      const struct kbtf *btf, unsigned int buf_bytes)
{
	struct lower *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->ir = ir;
	l->abi = abi;
	l->ctx = ctx;
	l->btf = btf;
	l->buf_bytes = buf_bytes < 8 ? 8 : buf_bytes;
	*out = l;
	return 0;
}

void lower_free(struct lower *l)
{
	free(l);
}

void lower_reserve(struct lower *l, unsigned int buf_bytes)
{
	if (l->buf_bytes < buf_bytes)
		l->buf_bytes = buf_bytes;
}

void lower_arguments(struct lower *l, ir_reg at)
{
	l->ctx = at;
}

bool lower_may_fault(const struct lower *l)
{
	return l->may_fault;
}

void lower_forget(struct lower *l)
{
	l->n_seen = 0;
}

enum ir_width lower_width(struct type t)
{
	return t.bytes == 8 ? IR_64 : IR_32;
}

ir_reg lower_param(struct lower *l, const struct tree_param *p)
{
	struct seen key = { .off = p->reg, .bytes = p->type.bytes, .is_signed = p->type.is_signed };
	ir_reg r = lower_seen(l, &key);

	if (r)
		return r;
	if (l->abi->typed && p->held.record)
		r = lower_number_of(l, lower_typed_param(l, p));
	else
		r = abi_load_arg(l->abi, l->ir, l->ctx, p->reg, p->type.bytes,
				 abi_needs_slot(l->abi, p->held.opaque) ? lower_buffer(l) : 0);
	if (p->type.bytes < 4 && p->type.is_signed)
		r = ir_extend(l->ir, r, p->type.bytes, true);
	lower_remember(l, key, r);
	return r;
}

static ir_reg convert(struct lower *l, const struct node *n)
{
	struct type to = n->type, from = n->a->type;
	ir_reg r;

	if (to.is_bool && !from.is_bool)
		return lower_truth(l, n->a);
	r = lower_value(l, n->a);
	if (to.bytes == 8 && from.bytes == 4)
		return ir_extend(l->ir, r, 4, from.is_signed);
	/* a signed char as unsigned short, say, changes above its own width too */
	if (to.bytes < 4 && (to.bytes < from.bytes || (from.is_signed && !to.is_signed) ||
			     (to.bytes == from.bytes && to.is_signed != from.is_signed)))
		return ir_extend(l->ir, r, to.bytes, to.is_signed);
	return r;
}

/* all ones if negative, else 0 */
static ir_reg sign_mask(struct lower *l, enum ir_width w, ir_reg a)
{
	return ir_alu(l->ir, BPF_ARSH, w, a, ir_k(w == IR_64 ? 63 : 31));
}

/* (a ^ mask) - mask: a, negated where mask is all ones */
static ir_reg negate_if(struct lower *l, enum ir_width w, ir_reg a, ir_reg mask)
{
	return ir_alu(l->ir, BPF_SUB, w, ir_alu(l->ir, BPF_XOR, w, a, ir_r(mask)), ir_r(mask));
}

/*
 * Division is unsigned before the fourth instruction set: divide magnitudes,
 * then give the quotient the sign of both, the rest that of the dividend.
 */
static ir_reg signed_division(struct lower *l, const struct node *n)
{
	enum ir_width w = lower_width(n->type);
	uint8_t op = n->op == OP_DIV ? BPF_DIV : BPF_MOD;
	ir_reg a = lower_value(l, n->a), sa = sign_mask(l, w, a), r;
	struct ir_val sb, size;

	if (n->b->kind == NODE_CONST) {
		int64_t b = (int64_t)n->b->value;

		sb = ir_k(b < 0 ? -1 : 0);
		size = ir_k(b < 0 ? (int64_t) - (uint64_t)b : b);
		if (w == IR_32)
			size.k = (int32_t)size.k;
	} else {
		ir_reg b = lower_value(l, n->b), mask = sign_mask(l, w, b);

		sb = ir_r(mask);
		size = ir_r(negate_if(l, w, b, mask));
	}
	r = ir_alu(l->ir, op, w, negate_if(l, w, a, sa), size);
	if (n->op == OP_DIV && (sb.reg || sb.k))
		sa = ir_alu(l->ir, BPF_XOR, w, sa, sb);
	return negate_if(l, w, r, sa);
}

static uint8_t alu_op(enum expr_op op, bool is_signed)
{
	switch (op) {
	case OP_MUL:
		return BPF_MUL;
	case OP_DIV:
		return BPF_DIV;
	case OP_MOD:
		return BPF_MOD;
	case OP_ADD:
		return BPF_ADD;
	case OP_SUB:
		return BPF_SUB;
	case OP_SHL:
		return BPF_LSH;
	case OP_SHR:
		return is_signed ? BPF_ARSH : BPF_RSH;
	case OP_BITAND:
		return BPF_AND;
	case OP_BITXOR:
		return BPF_XOR;
	default:
		return BPF_OR;
	}
}

static ir_reg binary(struct lower *l, const struct node *n)
{
	ir_reg a;

	if ((n->op == OP_DIV || n->op == OP_MOD) && n->type.is_signed)
		return signed_division(l, n);
	a = lower_value(l, n->a);
	return ir_alu(l->ir, alu_op(n->op, n->type.is_signed), lower_width(n->type), a,
		      lower_operand(l, n->b));
}

static ir_reg cond(struct lower *l, const struct node *n)
{
	struct ir *ir = l->ir;
	ir_label no = ir_label_new(ir), end = ir_label_new(ir);
	ir_reg r = ir_new_reg(ir);
	unsigned int seen = lower_branch(l, n->a, no, false);

	ir_mov(ir, r, lower_operand(l, n->b));
	ir_jump(ir, end);
	ir_place(ir, no);
	l->n_seen = seen;
	ir_mov(ir, r, lower_operand(l, n->c));
	ir_place(ir, end);
	l->n_seen = seen;
	return r;
}

void lower_locals(struct lower *l, const struct node *block)
{
	for (struct tree_local *v = block->local; v; v = v->next)
		if (v->init) {
			v->reg = lower_value(l, v->init);
			v->pointer = lower_pointer(l, v->init, &v->record);
		}
}

struct ir_val lower_operand(struct lower *l, const struct node *n)
{
	if (n->kind != NODE_CONST)
		return ir_r(lower_value(l, n));
	/* 32-bit operations read the low half: keep it in one instruction */
	return ir_k(n->type.bytes == 4 ? (int32_t)n->value : (int64_t)n->value);
}

ir_reg lower_value(struct lower *l, const struct node *n)
{
	switch (n->kind) {
	case NODE_CONST:
		return ir_const(l->ir, lower_operand(l, n).k);
	case NODE_PARAM:
		return lower_param(l, n->param);
	case NODE_TASK:
		return lower_task(l, n->task);
	case NODE_LOCAL:
		return n->local->reg;
	case NODE_LOAD:
		return lower_load(l, n);
	case NODE_PLACE:
	case NODE_ADDR:
		return lower_address(l, n);
	case NODE_CONV:
		return convert(l, n);
	case NODE_NEG:
		return ir_neg(l->ir, lower_width(n->type), lower_value(l, n->a));
	case NODE_BINARY:
		return binary(l, n);
	case NODE_COND:
		return cond(l, n);
	case NODE_BSWAP:
		return ir_bswap(l->ir, 8 * n->type.bytes, lower_value(l, n->a));
	case NODE_BLOCK:
		lower_locals(l, n);
		return lower_value(l, n->a);
	case NODE_COMPARE:
	case NODE_NOT:
	case NODE_AND:
	case NODE_OR:
	case NODE_STRCMP:
		break;
	}
	return lower_truth(l, n);
}

void lower_may_sleep(struct lower *l)
{
	l->may_sleep = true;
}

void lower_predicate(struct lower *l, const struct pred *p, ir_label if_false, ir_label on_fault)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (!p->root)
		return;
	expr_print(p->frame->pred, &text);
	ir_at(l->ir, p->frame->pred->at);
	ir_note(l->ir, "if (!(%s)) return 0;", buf_str(&text));
	l->on_fault = on_fault;
	lower_find_shared(l, p->root);
	lower_branch(l, p->root, if_false, false);
	ir_at(l->ir, p->frame->at);
}
