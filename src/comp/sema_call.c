/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What looks like a call: string comparison and the kernel's everyday macros. */
#include "comp/sema_internal.h"

typedef struct node *call_fn(struct sema *s, const struct expr *e, struct node **arg);

/* pointer to characters, for STRCMP */
static struct node *string_pointer(struct sema *s, const struct expr *e)
{
	struct node *p = sema_value(s, e);
	char text[TYPE_TEXT];
	struct type t;

	if (!p)
		return NULL;
	t = type_target(s->btf, p->type);
	if (p->type.kind == TYPE_PTR && (type_is_char(t) || t.kind == TYPE_VOID))
		return p;
	return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "'%s' is no string",
			 type_text(s->btf, p->type, text));
}

static struct node *string_compare(struct sema *s, const struct expr *e, bool prefix)
{
	const struct expr *text = e->n_args == 2 ? e->args[1] : NULL;
	struct node *n;
	unsigned int need;

	if (!text)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at,
				 "%.*s(pointer, \"text\") takes 2 "
				 "arguments, %u given",
				 STR_FMT(e->name), e->n_args);
	if (text->kind != EXPR_STRING)
		return sema_fail(s, ERR_TYPE_MISMATCH, text->at, "%.*s needs a string literal here",
				 STR_FMT(e->name));
	if (memchr(text->str.p ? text->str.p : "", '\0', text->str.len))
		return sema_fail(s, ERR_UNSUPPORTED, text->at,
				 "a string with a NUL inside never "
				 "compares equal");
	n = sema_node(s, NODE_STRCMP, e->at, type_int(4, true));
	if (!n)
		return NULL;
	n->prefix = prefix;
	n->lit = text->str;
	n->a = string_pointer(s, e->args[0]);
	need = (unsigned int)text->str.len + 2;
	if (need > s->pred->buf_bytes)
		s->pred->buf_bytes = need;
	return n->a ? n : NULL;
}

/* to and from network order; a big-endian machine would leave the bytes alone */
static struct node *swapped(struct sema *s, const struct expr *e, struct node *a,
			    unsigned int bytes)
{
	struct type t = type_int(bytes, false);
	struct node *n = sema_node(s, NODE_BSWAP, e->at, t);

	a = sema_convert(s, a, t);
	if (!n || !a)
		return NULL;
	n->a = a;
	if (a->kind == NODE_CONST) {
		n->kind = NODE_CONST;
		n->value = bytes == 2 ? __builtin_bswap16((uint16_t)a->value)
				      : __builtin_bswap32((uint32_t)a->value);
	}
	return n;
}

static struct node *swap16(struct sema *s, const struct expr *e, struct node **arg)
{
	return swapped(s, e, arg[0], 2);
}

static struct node *swap32(struct sema *s, const struct expr *e, struct node **arg)
{
	return swapped(s, e, arg[0], 4);
}

static struct node *with_const(struct sema *s, const struct expr *e, enum expr_op op,
			       struct node *a, uint64_t k)
{
	struct node *c = sema_const(s, e->at, type_int(4, false), k);

	return a && c ? sema_arith(s, op, e->at, e->at, a, c) : NULL;
}

/* linux/kdev_t.h: 12 bits of major, 20 of minor */
static struct node *major(struct sema *s, const struct expr *e, struct node **arg)
{
	return with_const(s, e, OP_SHR, sema_convert(s, arg[0], type_int(4, false)), 20);
}

static struct node *minor(struct sema *s, const struct expr *e, struct node **arg)
{
	return with_const(s, e, OP_BITAND, sema_convert(s, arg[0], type_int(4, false)), 0xfffff);
}

static struct node *mkdev(struct sema *s, const struct expr *e, struct node **arg)
{
	struct type t = type_int(4, false);
	struct node *high = with_const(s, e, OP_SHL, sema_convert(s, arg[0], t), 20);

	return high ? sema_arith(s, OP_BITOR, e->at, e->at, high, sema_convert(s, arg[1], t))
		    : NULL;
}

static const struct macro {
	const char *name;
	unsigned int n_args;
	call_fn *build;
} macros[] = {
	{ "htons", 1, swap16 }, { "ntohs", 1, swap16 }, { "htonl", 1, swap32 },
	{ "ntohl", 1, swap32 }, { "MAJOR", 1, major },	{ "MINOR", 1, minor },
	{ "MKDEV", 2, mkdev },
};

static struct node *macro_call(struct sema *s, const struct expr *e, const struct macro *m)
{
	struct node *arg[2] = { NULL, NULL };
	char text[TYPE_TEXT];

	if (e->n_args != m->n_args)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "%s() takes %u argument%s, %u given",
				 m->name, m->n_args, m->n_args == 1 ? "" : "s", e->n_args);
	for (unsigned int i = 0; i < m->n_args; i++) {
		arg[i] = sema_value(s, e->args[i]);
		if (!arg[i])
			return NULL;
		if (arg[i]->type.kind != TYPE_INT)
			return sema_fail(s, ERR_TYPE_MISMATCH, e->args[i]->at,
					 "%s() of '%s', which is no integer", m->name,
					 type_text(s->btf, arg[i]->type, text));
	}
	return m->build(s, e, arg);
}

static struct node *unknown_call(struct sema *s, const struct expr *e)
{
	char *name = sema_cstr(s, e->name);
	const char *best = NULL;
	unsigned int distance = 3;

	if (!name)
		return NULL;
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
		unsigned int d = str_distance(name, macros[i].name, 2);

		if (d < distance) {
			distance = d;
			best = macros[i].name;
		}
	}
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "no function '%s' to use in a condition", name);
	if (best)
		err_note(s->err, SPAN_NONE, "did you mean '%s'?", best);
	else
		err_note(s->err, SPAN_NONE,
			 "there are STRCMP, STRPREFIX, htons, htonl, ntohs, "
			 "ntohl, MAJOR, MINOR, MKDEV");
	return NULL;
}

struct node *sema_call(struct sema *s, const struct expr *e)
{
	if (str_eq(e->name, "STRCMP"))
		return string_compare(s, e, false);
	if (str_eq(e->name, "STRPREFIX"))
		return string_compare(s, e, true);
	if (str_eq(e->name, "GLOB"))
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "GLOB is not supported yet; STRCMP and STRPREFIX are");
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
		if (str_eq(e->name, macros[i].name))
			return macro_call(s, e, &macros[i]);
	return unknown_call(s, e);
}
