/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "eval_more.h"
#include "eval_ops.h"
#include "eval_walk.h"

struct var {
	struct var *outer;
	struct str name;
	struct val val;
};

struct val eval_give_up(struct walk *k, enum eval_result why)
{
	if (k->stop == EVAL_TRUE)
		k->stop = why;
	return (struct val){ .type = type_int(4, true) };
}

static bool going(const struct walk *k)
{
	return k->stop == EVAL_TRUE;
}

static struct val number(struct type t, uint64_t v)
{
	return (struct val){ .type = t, .v = eval_fit(t, v) };
}

static struct val truth(bool yes)
{
	return number(type_int(4, true), yes);
}

static struct val rvalue(struct walk *k, const struct expr *e)
{
	return eval_read(k, eval_expr(k, e));
}

static uint64_t arith(struct walk *k, enum expr_op op, struct type t, uint64_t a, uint64_t b)
{
	switch (op) {
	case OP_MUL:
		return a * b;
	case OP_DIV:
	case OP_MOD:
		return eval_divide(op, t, a, b);
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_BITAND:
		return a & b;
	case OP_BITXOR:
		return a ^ b;
	case OP_BITOR:
		return a | b;
	default:
		eval_give_up(k, EVAL_BROKEN);
		return 0;
	}
}

static uint64_t step(struct walk *k, struct type pointer)
{
	struct type t = type_target(k->w->btf, pointer);
	uint64_t size = 1;

	if (t.kind != TYPE_VOID && t.kind != TYPE_FUNC)
		type_size(k->w->btf, t, &size);
	return size;
}

static struct val add_to_pointer(struct walk *k, struct val p, struct val i, bool minus)
{
	uint64_t by = i.v * step(k, p.type);

	p.v = minus ? p.v - by : p.v + by;
	return p;
}

static struct val difference(struct walk *k, struct val a, struct val b)
{
	int64_t size = (int64_t)step(k, a.type), by = (int64_t)(a.v - b.v);

	return number(type_int(8, true), (uint64_t)(size > 1 ? by / size : by));
}

static struct val shift(enum expr_op op, struct val a, struct val b)
{
	struct type t = eval_promoted(a.type);
	unsigned int n = b.v & (8 * t.bytes - 1);

	if (op == OP_SHL)
		return number(t, a.v << n);
	return number(t, t.is_signed ? (uint64_t)((int64_t)a.v >> n) : eval_fit(t, a.v) >> n);
}

static struct val compare(enum expr_op op, struct val a, struct val b)
{
	struct type t = type_int(8, false);

	if (a.type.kind == TYPE_INT && b.type.kind == TYPE_INT)
		t = eval_common(a.type, b.type);
	a.v = eval_fit(t, a.v);
	b.v = eval_fit(t, b.v);
	return truth(eval_ordered(op, t.is_signed ? (int64_t)a.v < (int64_t)b.v : a.v < b.v,
				  a.v == b.v));
}

static struct val logical(struct walk *k, const struct expr *e)
{
	bool a = rvalue(k, e->a).v != 0;

	if (!going(k) || k->dry)
		return truth(0);
	if (a == (e->op == OP_OR))
		return truth(a);
	return truth(rvalue(k, e->b).v != 0);
}

static struct val string_compare(struct walk *k, const struct expr *e)
{
	bool left = e->a->kind == EXPR_STRING;
	struct str equal = { "==", 2 };

	return truth(eval_string(k, equal, left ? e->b : e->a, left ? e->a->str : e->b->str) ==
		     (e->op == OP_EQ));
}

static struct val binary(struct walk *k, const struct expr *e)
{
	struct val a, b;
	struct type t;

	if (e->op == OP_AND || e->op == OP_OR)
		return logical(k, e);
	if (e->a->kind == EXPR_STRING || e->b->kind == EXPR_STRING)
		return string_compare(k, e);
	a = rvalue(k, e->a);
	b = rvalue(k, e->b);
	if (!going(k))
		return a;
	if (e->op >= OP_LT && e->op <= OP_NE)
		return compare(e->op, a, b);
	if (a.type.kind == TYPE_PTR && b.type.kind == TYPE_PTR)
		return difference(k, a, b);
	if (a.type.kind == TYPE_PTR)
		return add_to_pointer(k, a, b, e->op == OP_SUB);
	if (b.type.kind == TYPE_PTR)
		return add_to_pointer(k, b, a, false);
	if (e->op == OP_SHL || e->op == OP_SHR)
		return shift(e->op, a, b);
	t = eval_common(a.type, b.type);
	return number(t, arith(k, e->op, t, eval_fit(t, a.v), eval_fit(t, b.v)) +
				 (e->op == k->w->broken));
}

struct val eval_deref(struct walk *k, struct val p)
{
	return (struct val){
		.type = type_target(k->w->btf, p.type),
		.v = p.v,
		.place = true,
		.user = p.type.user == 1,
	};
}

static struct val unary(struct walk *k, const struct expr *e)
{
	struct val a = eval_expr(k, e->a);

	if (e->op == OP_ADDR) {
		a.type = eval_pointer_to(a.type, a.user);
		a.place = false;
		return a;
	}
	a = eval_read(k, a);
	switch (e->op) {
	case OP_DEREF:
		return eval_deref(k, a);
	case OP_NOT:
		return truth(!a.v);
	case OP_NEG:
		return number(eval_promoted(a.type), -a.v);
	case OP_BITNOT:
		return number(eval_promoted(a.type), ~a.v);
	default:
		return number(eval_promoted(a.type), a.v);
	}
}

struct val eval_field(struct walk *k, struct val base, const char *name)
{
	struct kbtf_member m;

	if (!base.place || kbtf_member(k->w->btf, base.type.id, name, &m) < 0)
		return eval_give_up(k, EVAL_BROKEN);
	return (struct val){
		.type = type_of_id(k->w->btf, m.type),
		.v = base.v + m.bit_off / 8,
		.place = true,
		.user = base.user,
		.bit_off = m.bit_size ? m.bit_off % 8 : 0,
		.bits = m.bit_size,
	};
}

static struct val member(struct walk *k, const struct expr *e)
{
	struct val base = eval_expr(k, e->a);
	char name[LIMIT_IDENT + 1] = "";

	if (e->arrow)
		base = eval_deref(k, eval_read(k, base));
	if (e->name.len < sizeof(name))
		memcpy(name, e->name.p, e->name.len);
	return eval_field(k, base, name);
}

static bool param(struct walk *k, const char *text, struct val *out)
{
	struct kbtf_proto proto;

	if (kbtf_func(k->w->btf, k->w->func, &proto) < 0)
		return false;
	for (unsigned int i = 0; i < proto.n_params && i < 6; i++) {
		uint64_t v = k->w->args[i];
		struct type t = type_of_id(k->w->btf, proto.params[i].type);

		if (strcmp(kbtf_str(k->w->btf, proto.params[i].name_off), text) != 0)
			continue;
		/* above its own bytes a register holds anything */
		*out = number(t, t.is_bool ? v & 0xff : v);
		return true;
	}
	return false;
}

static struct val name(struct walk *k, const struct expr *e)
{
	char text[LIMIT_IDENT + 1] = "";
	struct val found;
	struct type t;
	uint64_t bits;
	int64_t v;

	for (struct var *var = k->vars; var; var = var->outer)
		if (str_same(var->name, e->name))
			return var->val;
	if (e->name.len < sizeof(text))
		memcpy(text, e->name.p, e->name.len);
	if (param(k, text, &found))
		return found;
	if (!strcmp(text, "NULL"))
		return (struct val){ .type = type_pointer_to(type_void()) };
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return truth(text[0] == 't');
	if (eval_named(k->w->btf, text, &t, &bits))
		return number(t, bits);
	if (eval_constant(k->w, e, &t, &v) == 0)
		return number(t, (uint64_t)v);
	if (!strncmp(text, "arg", 3) && text[3] >= '1' && text[3] <= '6') /* the whole register */
		return number(type_int(8, false), k->w->args[text[3] - '1']);
	return eval_give_up(k, EVAL_BROKEN);
}

static bool points_to_void(const struct walk *k, struct val p)
{
	return type_target(k->w->btf, p.type).kind == TYPE_VOID;
}

static struct val choose(struct walk *k, const struct expr *e)
{
	bool yes = rvalue(k, e->a).v != 0;
	struct val b, c;

	k->dry += !yes;
	b = rvalue(k, e->b);
	k->dry -= !yes;
	k->dry += yes;
	c = rvalue(k, e->c);
	k->dry -= yes;
	if (b.type.kind == TYPE_INT && c.type.kind == TYPE_INT)
		return number(eval_common(b.type, c.type), yes ? b.v : c.v);
	if (b.type.kind != TYPE_PTR || (c.type.kind == TYPE_PTR && points_to_void(k, b)))
		b.type = c.type;
	b.v = yes ? b.v : c.v;
	return b;
}

/* p less where the member is */
static struct val container(struct walk *k, const struct expr *e)
{
	struct val p = rvalue(k, e->args[0]);
	struct type t, member;
	uint64_t off = 0;

	if (eval_type(k->w, e->type, &t) < 0)
		return eval_give_up(k, EVAL_BROKEN);
	member = t;
	if (!eval_member(k->w->btf, e->args[1], &member, &off))
		return eval_give_up(k, EVAL_BROKEN);
	return (struct val){ .type = eval_pointer_to(t, p.type.user == 1), .v = p.v - off };
}

static struct val elements(struct walk *k, const struct expr *e)
{
	struct type t;

	k->dry++;
	t = eval_expr(k, e->args[0]).type;
	k->dry--;
	return number(type_int(8, false), type_array_len(k->w->btf, t));
}

static struct val call(struct walk *k, const struct expr *e)
{
	struct type u32_type = type_int(4, false);
	struct val a;

	if (e->n_args == 2 && e->args[1]->kind == EXPR_STRING)
		return truth(eval_string(k, e->name, e->args[0], e->args[1]->str));
	if (str_eq(e->name, "container_of"))
		return container(k, e);
	if (str_eq(e->name, "ARRAY_SIZE"))
		return elements(k, e);
	a = rvalue(k, e->args[0]);
	if (eval_macro(e->name, &a.type, &a.v))
		return a;
	if (str_eq(e->name, "MKDEV"))
		return number(u32_type, a.v << 20 | (uint32_t)rvalue(k, e->args[1]).v);
	return eval_give_up(k, EVAL_BROKEN);
}

static struct val size_of(struct walk *k, const struct expr *e)
{
	uint64_t size = 0;
	struct type t;

	if (e->type) {
		if (eval_type(k->w, e->type, &t) < 0)
			return eval_give_up(k, EVAL_BROKEN);
	} else {
		k->dry++;
		t = eval_expr(k, e->a).type;
		k->dry--;
	}
	if (type_size(k->w->btf, t, &size) < 0)
		eval_give_up(k, EVAL_BROKEN);
	return number(type_int(8, false), size);
}

static struct val cast(struct walk *k, const struct expr *e)
{
	struct val a = rvalue(k, e->a);
	bool user = a.type.kind == TYPE_PTR && a.type.user == 1;

	if (eval_type(k->w, e->type, &a.type) < 0)
		return eval_give_up(k, EVAL_BROKEN);
	if (user && a.type.kind == TYPE_PTR)
		a.type.user = 1;
	a.v = eval_fit(a.type, a.v);
	return a;
}

static struct val declare(struct walk *k, const struct local *l, const struct expr *result)
{
	struct var var = { .outer = k->vars };
	struct val r;

	if (!l)
		return rvalue(k, result);
	var.name = l->name;
	var.val = rvalue(k, l->init);
	if (eval_type(k->w, &l->type, &var.val.type) < 0)
		return eval_give_up(k, EVAL_BROKEN);
	var.val.v = eval_fit(var.val.type, var.val.v);
	k->vars = &var;
	r = declare(k, l->next, result);
	k->vars = var.outer;
	return r;
}

/* decimal literals go from int to long, others pass by unsigned int */
static struct val literal(const struct eval_world *w, const struct expr *e)
{
	const char *text = w->text + e->at.off + strspn(w->text + e->at.off, "( ");
	bool decimal = *text >= '1' && *text <= '9';
	uint64_t v = e->value;

	if (!e->is_long && !e->is_unsigned && v <= INT32_MAX)
		return number(type_int(4, true), v);
	if (!e->is_long && v <= UINT32_MAX && (e->is_unsigned || !decimal))
		return number(type_int(4, false), v);
	return number(type_int(8, !e->is_unsigned && v <= INT64_MAX), v);
}

struct val eval_expr(struct walk *k, const struct expr *e)
{
	struct val a;

	if (!going(k) && !k->dry)
		return truth(0);
	switch (e->kind) {
	case EXPR_INT:
		return literal(k->w, e);
	case EXPR_NAME:
		return name(k, e);
	case EXPR_UNARY:
		return unary(k, e);
	case EXPR_BINARY:
		return binary(k, e);
	case EXPR_COND:
		return choose(k, e);
	case EXPR_MEMBER:
		return member(k, e);
	case EXPR_INDEX:
		a = rvalue(k, e->a);
		return eval_deref(k, add_to_pointer(k, a, rvalue(k, e->b), false));
	case EXPR_CAST:
		return cast(k, e);
	case EXPR_SIZEOF:
		return size_of(k, e);
	case EXPR_CALL:
		return call(k, e);
	case EXPR_BLOCK:
		return declare(k, e->locals, e->a);
	case EXPR_STRING:
		break;
	}
	return eval_give_up(k, EVAL_BROKEN);
}

enum eval_result eval_predicate(struct eval_world *w, const struct expr *e)
{
	struct walk k = { .w = w, .stop = EVAL_TRUE };
	struct val v = rvalue(&k, e);

	if (k.stop != EVAL_TRUE)
		return k.stop;
	return v.v ? EVAL_TRUE : EVAL_FALSE;
}
