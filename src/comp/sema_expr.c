/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One function for each kind of expression that is not an operator on values. */
#include "comp/sema_internal.h"

/* the first of int, unsigned int, long, unsigned long that holds it; decimals skip the second */
static struct node *literal(struct sema *s, const struct expr *e)
{
	const char *text = s->src->text + e->at.off;
	bool decimal;
	bool is_unsigned = e->is_unsigned || e->value > INT64_MAX;
	unsigned int bytes = e->is_long || e->value > UINT32_MAX ? 8 : 4;

	text += strspn(text, "( \t\n"); /* parentheses belong to the expression's span */
	decimal = *text >= '1' && *text <= '9';
	if (bytes == 4 && !is_unsigned && e->value > INT32_MAX) {
		if (decimal)
			bytes = 8;
		else
			is_unsigned = true;
	}
	return sema_const(s, e->at, type_int(bytes, !is_unsigned), e->value);
}

struct node *sema_address(struct node *n, struct type t)
{
	n->kind = NODE_ADDR;
	n->type = type_pointer_to(t);
	if (n->user)
		n->type.user = 1;
	n->user = false;
	return n;
}

struct node *sema_rvalue(struct sema *s, struct node *n)
{
	if (!n || n->kind != NODE_PLACE)
		return n;
	switch (n->type.kind) {
	case TYPE_ARRAY:
		return sema_address(n, type_target(s->btf, n->type));
	case TYPE_FUNC:
		return sema_address(n, n->type);
	case TYPE_INT:
	case TYPE_PTR:
		n->kind = NODE_LOAD;
		return n;
	default:
		return n; /* of no use as a value: whoever wants one says so */
	}
}

struct node *sema_value(struct sema *s, const struct expr *e)
{
	return sema_rvalue(s, sema_expr(s, e));
}

/* *p, and p[i] after the addition */
static struct node *deref(struct sema *s, struct span at, struct span op_at, struct node *p)
{
	struct type t = type_target(s->btf, p->type);
	char text[TYPE_TEXT];
	struct node *n;

	if (p->type.kind != TYPE_PTR)
		return sema_fail(s, ERR_TYPE_MISMATCH, op_at, "'%s' is no pointer",
				 type_text(s->btf, p->type, text));
	if (t.kind == TYPE_VOID || t.kind == TYPE_INCOMPLETE || t.kind == TYPE_OTHER)
		return sema_fail(s, ERR_TYPE_MISMATCH, op_at, "cannot read what a '%s' points to",
				 type_text(s->btf, p->type, text));
	n = sema_node(s, NODE_PLACE, at, t);
	if (!n)
		return NULL;
	n->a = p;
	n->user = p->type.user == 1;
	if (p->kind == NODE_ADDR) {
		n->a = p->a;
		n->off = p->off;
	}
	return n;
}

static struct node *address_of(struct sema *s, const struct expr *e)
{
	struct node *n = sema_expr(s, e->a);

	if (!n)
		return NULL;
	if (n->kind != NODE_PLACE)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "this has no address: it is a value");
	if (n->bits)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at, "a bit-field has no address");
	n->at = e->at;
	return sema_address(n, n->type);
}

static struct node *negation(struct sema *s, const struct expr *e, struct node *a)
{
	struct node *zero, *n;

	/* `0 - a` and `0 + a` have the promotions and the messages needed */
	if (e->op == OP_BITNOT) {
		zero = sema_const(s, e->at, type_int(4, true), UINT64_MAX);
		return zero ? sema_arith(s, OP_BITXOR, e->at, e->op_at, a, zero) : NULL;
	}
	zero = sema_const(s, e->at, type_int(4, true), 0);
	n = zero ? sema_arith(s, e->op == OP_NEG ? OP_SUB : OP_ADD, e->at, e->op_at, zero, a)
		 : NULL;
	if (!n || n->kind == NODE_CONST)
		return n;
	if (e->op == OP_PLUS)
		return n->b;
	n->kind = NODE_NEG;
	n->a = n->b;
	n->b = NULL;
	return n;
}

static struct node *unary(struct sema *s, const struct expr *e)
{
	struct node *a;
	char text[TYPE_TEXT];

	if (e->op == OP_ADDR)
		return address_of(s, e);
	a = sema_value(s, e->a);
	if (!a)
		return NULL;
	if (e->op == OP_DEREF)
		return deref(s, e->at, e->op_at, a);
	if (e->op != OP_NOT)
		return negation(s, e, a);
	if (!type_is_scalar(a->type))
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at, "'!' on '%s'",
				 type_text(s->btf, a->type, text));
	return sema_not(s, e->at, a);
}

static struct node *subscript(struct sema *s, const struct expr *e)
{
	struct node *a = sema_value(s, e->a), *b = a ? sema_value(s, e->b) : NULL, *sum;
	char text[TYPE_TEXT];

	if (!a || !b)
		return NULL;
	if (a->type.kind == TYPE_INT && b->type.kind == TYPE_PTR) {
		struct node *swap = a;

		a = b;
		b = swap;
	}
	if (a->type.kind != TYPE_PTR)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "'%s' is neither array nor pointer: it cannot be indexed",
				 type_text(s->btf, a->type, text));
	sum = sema_offset(s, e->at, a, b, false);
	return sum ? deref(s, e->at, e->op_at, sum) : NULL;
}

/* a pointer to user memory stays one, whatever type it is given; so do a system call's numbers */
static void keep_user(struct type *t, struct type from)
{
	if (t->kind == TYPE_PTR && !t->user && from.user == 1)
		t->user = 1;
}

static struct node *cast(struct sema *s, const struct expr *e)
{
	char x[TYPE_TEXT], y[TYPE_TEXT];
	struct node *a;
	struct type t;

	if (sema_type(s, e->type, &t) < 0)
		return NULL;
	a = sema_value(s, e->a);
	if (!a)
		return NULL;
	if (!type_is_scalar(t) || !type_is_scalar(a->type))
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "cannot cast '%s' to '%s'",
				 type_text(s->btf, a->type, x), type_text(s->btf, t, y));
	keep_user(&t, a->type);
	a = sema_convert(s, a, t);
	if (a)
		a->at = e->at;
	return a;
}

static struct node *size_of(struct sema *s, const struct expr *e)
{
	char text[TYPE_TEXT];
	uint64_t size;
	struct type t;

	if (e->type) {
		if (sema_type(s, e->type, &t) < 0)
			return NULL;
	} else {
		const struct node *n = sema_expr(s, e->a);

		if (!n)
			return NULL;
		if (n->bits)
			return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "a bit-field has no size");
		t = n->type;
	}
	if (type_size(s->btf, t, &size) < 0)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "'%s' has no known size",
				 type_text(s->btf, t, text));
	return sema_const(s, e->at, type_int(8, false), size);
}

/* of two pointers, whether the second has the type of both: NULL has none to give */
static bool takes_other(struct sema *s, const struct node *b, const struct node *c)
{
	if (b->kind == NODE_CONST || c->kind == NODE_CONST)
		return c->kind != NODE_CONST;
	return type_target(s->btf, b->type).kind == TYPE_VOID;
}

/* the common type of both arms; pointers and 0 go together */
static int common_type(struct sema *s, const struct expr *e, const struct node *b,
		       const struct node *c, struct type *t)
{
	char x[TYPE_TEXT], y[TYPE_TEXT];

	if (b->type.kind == TYPE_INT && c->type.kind == TYPE_INT) {
		*t = type_arith(b->type, c->type);
		return 0;
	}
	if (b->type.kind == TYPE_PTR && c->type.kind == TYPE_PTR &&
	    (b->type.user == c->type.user || b->kind == NODE_CONST || c->kind == NODE_CONST))
		*t = takes_other(s, b, c) ? c->type : b->type;
	else if (b->type.kind == TYPE_PTR && c->kind == NODE_CONST && c->value == 0)
		*t = b->type;
	else if (c->type.kind == TYPE_PTR && b->kind == NODE_CONST && b->value == 0)
		*t = c->type;
	else {
		sema_fail(s, ERR_TYPE_MISMATCH, e->op_at, "'?:' of '%s' and '%s'",
			  type_text(s->btf, b->type, x), type_text(s->btf, c->type, y));
		return -EINVAL;
	}
	return 0;
}

static struct node *conditional(struct sema *s, const struct expr *e)
{
	struct node *a = sema_value(s, e->a), *b = a ? sema_value(s, e->b) : NULL;
	struct node *c = b ? sema_value(s, e->c) : NULL, *n;
	struct type t;

	if (b && c && b->type.kind == TYPE_INT && c->type.kind == TYPE_INT) {
		b = sema_promote(s, b);
		c = sema_promote(s, c);
	}
	if (!a || !b || !c)
		return NULL;
	if (!type_is_scalar(a->type)) {
		char text[TYPE_TEXT];

		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at, "'?' after '%s'",
				 type_text(s->btf, a->type, text));
	}
	if (common_type(s, e, b, c, &t) < 0)
		return NULL;
	b = sema_convert(s, b, t);
	c = sema_convert(s, c, t);
	if (a->kind == NODE_CONST)
		return a->value ? b : c;
	n = sema_node(s, NODE_COND, e->at, t);
	if (!n || !b || !c)
		return NULL;
	n->a = a;
	n->b = b;
	n->c = c;
	return n;
}

static struct tree_local *bind_local(struct sema *s, const struct local *v)
{
	struct tree_local *t = arena_alloc(s->arena, sizeof(*t));
	char x[TYPE_TEXT];

	if (!t) {
		err_nomem(s->err);
		return NULL;
	}
	t->name = v->name;
	if (sema_type(s, &v->type, &t->type) < 0)
		return NULL;
	if (!type_is_scalar(t->type)) {
		sema_fail(s, ERR_UNSUPPORTED, v->at,
			  "'%.*s' would be a '%s': only numbers and "
			  "pointers can be kept",
			  STR_FMT(v->name), type_text(s->btf, t->type, x));
		return NULL;
	}
	if (!v->init)
		return t;
	t->init = sema_value(s, v->init);
	if (t->init && !type_is_scalar(t->init->type)) {
		sema_fail(s, ERR_TYPE_MISMATCH, v->init->at, "cannot keep a '%s'",
			  type_text(s->btf, t->init->type, x));
		return NULL;
	}
	if (t->init)
		keep_user(&t->type, t->init->type);
	t->init = sema_convert(s, t->init, t->type);
	return t->init ? t : NULL;
}

static struct node *block(struct sema *s, const struct expr *e)
{
	struct node *n = sema_node(s, NODE_BLOCK, e->at, type_void());
	struct scope scope = { .outer = s->scope };
	struct tree_local **tail = &scope.locals;
	bool failed = false;

	s->scope = &scope;
	for (const struct local *v = e->locals; v && !failed; v = v->next) {
		struct tree_local *t = bind_local(s, v);

		failed = !t;
		if (t) {
			*tail = t;
			tail = &t->next;
		}
	}
	if (n && !failed)
		n->a = sema_value(s, e->a);
	if (n && n->a && n->a->bits) /* a bit-field's own promotion ends here */
		n->a = sema_promote(s, n->a);
	s->scope = scope.outer;
	if (!n || !n->a)
		return NULL;
	n->local = scope.locals;
	n->type = n->a->type;
	return n;
}

struct node *sema_expr(struct sema *s, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_INT:
		return literal(s, e);
	case EXPR_NAME:
		return sema_name(s, e);
	case EXPR_UNARY:
		return unary(s, e);
	case EXPR_BINARY:
		return sema_binary(s, e);
	case EXPR_COND:
		return conditional(s, e);
	case EXPR_MEMBER:
		return sema_member(s, e);
	case EXPR_INDEX:
		return subscript(s, e);
	case EXPR_CAST:
		return cast(s, e);
	case EXPR_SIZEOF:
		return size_of(s, e);
	case EXPR_CALL:
		return sema_call(s, e);
	case EXPR_BLOCK:
		return block(s, e);
	case EXPR_STRING:
		break;
	}
	return sema_fail(s, ERR_TYPE_MISMATCH, e->at, SEMA_STRING_ALONE);
}
