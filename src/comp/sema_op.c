/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators on values: C's conversions, constants folded, pointers scaled. */
#include <stdio.h>

#include "comp/sema_internal.h"

/* a copy, so that a shared operand keeps its own place */
static struct node *retyped(struct sema *s, const struct node *n, struct type t)
{
	struct node *copy = sema_node(s, NODE_CONST, n->at, t);

	if (copy) {
		*copy = *n;
		copy->type = t;
	}
	return copy;
}

struct node *sema_convert(struct sema *s, struct node *n, struct type t)
{
	struct node *c;

	if (!n)
		return NULL;
	if (n->kind == NODE_CONST)
		return sema_const(s, n->at, t, n->value);
	if (t.bytes == n->type.bytes && t.is_signed == n->type.is_signed &&
	    t.is_bool == n->type.is_bool && n->kind != NODE_LOAD)
		return retyped(s, n, t);
	/* int holds every smaller integer: widening twice is widening once */
	if (n->kind == NODE_CONV && n->type.bytes == 4 && n->type.is_signed &&
	    n->a->type.bytes < 4 && !t.is_bool)
		n = n->a;
	c = sema_node(s, NODE_CONV, n->at, t);
	if (c)
		c->a = n;
	return c;
}

/*
 * Integer promotions. A bit-field narrower than int is an int however it is
 * declared; one wider than int has its declared type, as clang has it.
 */
struct node *sema_promote(struct sema *s, struct node *n)
{
	struct type t = type_promoted(n->type);

	if (n->kind == NODE_LOAD && n->bits && n->bits < 32)
		t = type_int(4, true);
	return sema_convert(s, n, t);
}

static struct node *need_int(struct sema *s, struct node *n, struct span at, const char *what)
{
	char text[TYPE_TEXT];

	if (!n || n->type.kind == TYPE_INT)
		return n;
	return sema_fail(s, ERR_TYPE_MISMATCH, at, "%s needs integers, this is '%s'", what,
			 type_text(s->btf, n->type, text));
}

static struct node *shift(struct sema *s, enum expr_op op, struct span at, struct node *a,
			  struct node *b)
{
	char text[TYPE_TEXT];
	struct node *n;

	a = sema_promote(s, a);
	if (!a)
		return NULL;
	if (b->kind == NODE_CONST && b->value >= 8u * a->type.bytes)
		return sema_fail(s, ERR_TYPE_MISMATCH, b->at, "shift by %lld: '%s' has %u bits",
				 (long long)b->value, type_text(s->btf, a->type, text),
				 8 * a->type.bytes);
	n = sema_node(s, NODE_BINARY, at, a->type);
	if (!n)
		return NULL;
	n->op = op;
	n->a = a;
	n->b = b;
	if (a->kind == NODE_CONST && b->kind == NODE_CONST &&
	    fold_binary(op, a->type, a->value, b->value, &n->value))
		n->kind = NODE_CONST;
	return n;
}

static bool zero_divisor(enum expr_op op, const struct node *b)
{
	return (op == OP_DIV || op == OP_MOD) && b->kind == NODE_CONST && b->value == 0;
}

struct node *sema_arith(struct sema *s, enum expr_op op, struct span at, struct span op_at,
			struct node *a, struct node *b)
{
	struct node *n, *pa, *pb;
	struct type t;

	char what[8];

	snprintf(what, sizeof(what), "'%s'", expr_op_text(op));
	a = need_int(s, a, a ? a->at : at, what);
	b = need_int(s, b, b ? b->at : at, what);
	if (!a || !b)
		return NULL;
	if (op == OP_SHL || op == OP_SHR)
		return shift(s, op, at, a, b);
	pa = sema_promote(s, a);
	pb = sema_promote(s, b);
	if (!pa || !pb)
		return NULL;
	t = type_arith(pa->type, pb->type);
	pa = sema_convert(s, pa, t);
	pb = sema_convert(s, pb, t);
	n = sema_node(s, NODE_BINARY, at, t);
	if (!pa || !pb || !n)
		return NULL;
	if (zero_divisor(op, pb))
		return sema_fail(s, ERR_TYPE_MISMATCH, op_at, "division by zero");
	n->op = op;
	n->a = pa;
	n->b = pb;
	if (pa->kind == NODE_CONST && pb->kind == NODE_CONST &&
	    fold_binary(op, t, pa->value, pb->value, &n->value))
		n->kind = NODE_CONST;
	return n;
}

/* size of what a pointer steps over; gcc's 1 for void and functions */
static int step_of(struct sema *s, const struct node *pointer, uint64_t *size)
{
	struct type t = type_target(s->btf, pointer->type);
	char text[TYPE_TEXT];

	*size = 1;
	if (t.kind == TYPE_VOID || t.kind == TYPE_FUNC)
		return 0;
	if (type_size(s->btf, t, size) == 0)
		return 0;
	sema_fail(s, ERR_TYPE_MISMATCH, pointer->at,
		  "the kernel's BTF does not say how big '%s' is", type_text(s->btf, t, text));
	return -EINVAL;
}

struct node *sema_offset(struct sema *s, struct span at, struct node *pointer, struct node *index,
			 bool subtract)
{
	struct node *n = sema_node(s, NODE_ADDR, at, pointer->type), *scaled, *size;
	uint64_t step;

	index = need_int(s, index, index->at, "an offset");
	if (!n || !index || step_of(s, pointer, &step) < 0)
		return NULL;
	n->a = pointer;
	if (pointer->kind == NODE_ADDR) { /* one offset from one pointer */
		n->a = pointer->a;
		n->off = pointer->off;
	}
	index = sema_convert(s, sema_promote(s, index), type_int(8, true));
	if (index && index->kind == NODE_CONST) {
		step *= index->value;
		n->off = (int64_t)((uint64_t)n->off + (subtract ? -step : step));
		return n;
	}
	size = sema_const(s, at, type_int(8, true), step);
	scaled = index && size && step != 1 ? sema_arith(s, OP_MUL, at, at, index, size) : index;
	if (!scaled)
		return NULL;
	n->kind = NODE_BINARY;
	n->op = subtract ? OP_SUB : OP_ADD;
	n->a = pointer;
	n->b = scaled;
	return n;
}

static struct node *pointer_difference(struct sema *s, const struct expr *e, struct node *a,
				       struct node *b)
{
	struct node *n, *size;
	uint64_t step, other;

	if (step_of(s, a, &step) < 0 || step_of(s, b, &other) < 0)
		return NULL;
	if (step != other) {
		char x[TYPE_TEXT], y[TYPE_TEXT];

		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at, "cannot subtract '%s' from '%s'",
				 type_text(s->btf, b->type, x), type_text(s->btf, a->type, y));
	}
	n = sema_node(s, NODE_BINARY, e->at, type_int(8, true));
	if (!n)
		return NULL;
	n->op = OP_SUB;
	n->a = sema_convert(s, a, n->type);
	n->b = sema_convert(s, b, n->type);
	if (!n->a || !n->b || step <= 1)
		return n->a && n->b ? n : NULL;
	size = sema_const(s, e->at, n->type, step);
	return size ? sema_arith(s, OP_DIV, e->at, e->op_at, n, size) : NULL;
}

static struct node *additive(struct sema *s, const struct expr *e, struct node *a, struct node *b)
{
	if (a->type.kind == TYPE_PTR && b->type.kind == TYPE_PTR && e->op == OP_SUB)
		return pointer_difference(s, e, a, b);
	if (a->type.kind == TYPE_PTR && b->type.kind == TYPE_INT)
		return sema_offset(s, e->at, a, b, e->op == OP_SUB);
	if (a->type.kind == TYPE_INT && b->type.kind == TYPE_PTR && e->op == OP_ADD)
		return sema_offset(s, e->at, b, a, false);
	return sema_arith(s, e->op, e->at, e->op_at, a, b);
}

/* numbers after the usual conversions, pointers as addresses */
static struct node *compare(struct sema *s, const struct expr *e, struct node *a, struct node *b)
{
	bool pointers = a->type.kind == TYPE_PTR || b->type.kind == TYPE_PTR;
	struct node *n = sema_node(s, NODE_COMPARE, e->at, type_int(4, true));
	struct type t = type_int(8, false);

	if (!pointers) {
		a = sema_promote(s, a);
		b = sema_promote(s, b);
		if (!a || !b)
			return NULL;
		t = type_arith(a->type, b->type);
	}
	a = sema_convert(s, a, t);
	b = sema_convert(s, b, t);
	if (!n || !a || !b)
		return NULL;
	n->op = e->op;
	n->a = a;
	n->b = b;
	if (a->kind == NODE_CONST && b->kind == NODE_CONST) {
		n->value = fold_compare(e->op, t, a->value, b->value);
		n->kind = NODE_CONST;
	}
	return n;
}

struct node *sema_not(struct sema *s, struct span at, struct node *a)
{
	struct node *n = sema_node(s, NODE_NOT, at, type_int(4, true));

	if (!n || !a)
		return NULL;
	if (a->kind == NODE_CONST) {
		n->kind = NODE_CONST;
		n->value = !a->value;
	}
	n->a = a;
	return n;
}

/* a constant left side decides, or leaves the truth of the right one */
static struct node *logical(struct sema *s, const struct expr *e, struct node *a, struct node *b)
{
	bool decides = e->op == OP_OR;
	struct node *n = sema_node(s, decides ? NODE_OR : NODE_AND, e->at, type_int(4, true));

	if (!n)
		return NULL;
	n->a = a;
	n->b = b;
	if (a->kind == NODE_CONST && (a->value != 0) == decides)
		return sema_const(s, e->at, n->type, decides);
	if (a->kind == NODE_CONST)
		return sema_not(s, e->at, sema_not(s, e->at, b));
	return n;
}

static bool is_comparison(enum expr_op op)
{
	return op == OP_LT || op == OP_GT || op == OP_LE || op == OP_GE || op == OP_EQ ||
	       op == OP_NE;
}

static struct node *refuse_operands(struct sema *s, const struct expr *e, const struct node *a,
				    const struct node *b)
{
	char x[TYPE_TEXT], y[TYPE_TEXT];

	return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at, "cannot %s '%s' and '%s'",
			 is_comparison(e->op) ? "compare" : "combine",
			 type_text(s->btf, a->type, x), type_text(s->btf, b->type, y));
}

/* a long chain of operators comes here again for each: little goes on the stack */
struct node *sema_binary(struct sema *s, const struct expr *e)
{
	struct node *a, *b;

	if (e->a->kind == EXPR_STRING || e->b->kind == EXPR_STRING)
		return sema_string_binary(s, e);
	a = sema_value(s, e->a);
	b = a ? sema_value(s, e->b) : NULL;
	if (a && !b)
		sema_string_hint(s, e, a);
	if (!a || !b)
		return NULL;
	if (!type_is_scalar(a->type) || !type_is_scalar(b->type))
		return refuse_operands(s, e, a, b);
	if (is_comparison(e->op))
		return compare(s, e, a, b);
	if (e->op == OP_AND || e->op == OP_OR)
		return logical(s, e, a, b);
	if (e->op == OP_ADD || e->op == OP_SUB)
		return additive(s, e, a, b);
	return sema_arith(s, e->op, e->at, e->op_at, a, b);
}
