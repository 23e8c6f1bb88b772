/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's everyday macros, which BTF does not have. */
#include <stdio.h>

#include "comp/sema_internal.h"

#define MAX_ERRNO 4095 /* linux/err.h */

typedef struct node *macro_fn(struct sema *s, const struct expr *e, struct node **arg);

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
		n->value = __builtin_bswap64(a->value) >> (64 - 8 * bytes);
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

static struct node *swap64(struct sema *s, const struct expr *e, struct node **arg)
{
	return swapped(s, e, arg[0], 8);
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

/* vdso/bits.h: 1UL << n */
static struct node *bit(struct sema *s, const struct expr *e, struct node **arg)
{
	struct node *one = sema_const(s, e->at, type_int(8, false), 1);

	return one ? sema_arith(s, OP_SHL, e->at, e->at, one, arg[0]) : NULL;
}

/* a >= k, as addresses */
static struct node *at_least(struct sema *s, const struct expr *e, struct node *a, uint64_t k)
{
	struct type t = type_int(8, false);
	struct node *n = sema_node(s, NODE_COMPARE, e->at, type_int(4, true));
	struct node *c = sema_const(s, e->at, t, k);

	a = sema_convert(s, a, t);
	if (!n || !c || !a)
		return NULL;
	n->op = OP_GE;
	n->a = a;
	n->b = c;
	if (a->kind == NODE_CONST) {
		n->value = fold_compare(OP_GE, t, a->value, k);
		n->kind = NODE_CONST;
	}
	return n;
}

static struct node *is_err(struct sema *s, const struct expr *e, struct node **arg)
{
	return at_least(s, e, arg[0], (uint64_t)-MAX_ERRNO);
}

/* one less, and 0 is above the errors: a single comparison */
static struct node *is_err_or_null(struct sema *s, const struct expr *e, struct node **arg)
{
	struct node *a = sema_convert(s, arg[0], type_int(8, false));

	a = a ? with_const(s, e, OP_SUB, a, 1) : NULL;
	return a ? at_least(s, e, a, (uint64_t)-MAX_ERRNO - 1) : NULL;
}

static struct node *ptr_err(struct sema *s, const struct expr *e, struct node **arg)
{
	(void)e;
	return sema_convert(s, arg[0], type_int(8, true));
}

static struct node *err_ptr(struct sema *s, const struct expr *e, struct node **arg)
{
	struct node *n = sema_convert(s, arg[0], type_int(8, true));

	(void)e;
	return n ? sema_convert(s, n, type_pointer_to(type_void())) : NULL;
}

static struct node *array_size(struct sema *s, const struct expr *e, struct node **arg)
{
	uint32_t len = type_array_len(s->btf, arg[0]->type);
	char text[TYPE_TEXT];

	if (!len)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->args[0]->at,
				 "'%s' has no known number of elements",
				 type_text(s->btf, arg[0]->type, text));
	return sema_const(s, e->at, type_int(8, false), len);
}

enum want {
	WANT_INT,
	WANT_ADDRESS, /* a pointer, or as wide an integer */
	WANT_ARRAY,   /* itself, not its address */
};

static const struct macro {
	const char *name;
	unsigned int n_args;
	enum want want;
	macro_fn *build;
} macros[] = {
	{ "htons", 1, WANT_INT, swap16 },
	{ "htonl", 1, WANT_INT, swap32 },
	{ "ntohs", 1, WANT_INT, swap16 },
	{ "ntohl", 1, WANT_INT, swap32 },
	{ "cpu_to_be16", 1, WANT_INT, swap16 },
	{ "cpu_to_be32", 1, WANT_INT, swap32 },
	{ "cpu_to_be64", 1, WANT_INT, swap64 },
	{ "be16_to_cpu", 1, WANT_INT, swap16 },
	{ "be32_to_cpu", 1, WANT_INT, swap32 },
	{ "be64_to_cpu", 1, WANT_INT, swap64 },
	{ "MAJOR", 1, WANT_INT, major },
	{ "MINOR", 1, WANT_INT, minor },
	{ "MKDEV", 2, WANT_INT, mkdev },
	{ "BIT", 1, WANT_INT, bit },
	{ "BIT_ULL", 1, WANT_INT, bit },
	{ "IS_ERR", 1, WANT_ADDRESS, is_err },
	{ "IS_ERR_VALUE", 1, WANT_ADDRESS, is_err },
	{ "IS_ERR_OR_NULL", 1, WANT_ADDRESS, is_err_or_null },
	{ "PTR_ERR", 1, WANT_ADDRESS, ptr_err },
	{ "ERR_PTR", 1, WANT_INT, err_ptr },
	{ "ARRAY_SIZE", 1, WANT_ARRAY, array_size },
};

#define N_MACROS (sizeof(macros) / sizeof(macros[0]))

const char *sema_macro_name(unsigned int i)
{
	return i < N_MACROS ? macros[i].name : NULL;
}

static bool is_wanted(enum want want, struct type t)
{
	switch (want) {
	case WANT_INT:
		return t.kind == TYPE_INT;
	case WANT_ADDRESS:
		return type_is_scalar(t) && t.bytes == 8;
	default:
		return t.kind == TYPE_ARRAY;
	}
}

static struct node *argument(struct sema *s, const struct macro *m, const struct expr *e)
{
	static const char *const what[] = { "integer", "pointer", "array" };
	struct node *n = m->want == WANT_ARRAY ? sema_expr(s, e) : sema_value(s, e);
	char text[TYPE_TEXT];

	if (!n || is_wanted(m->want, n->type))
		return n;
	return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "%s() of '%s', which is no %s", m->name,
			 type_text(s->btf, n->type, text), what[m->want]);
}

static struct node *wrong_count(struct sema *s, const struct expr *e, const char *takes)
{
	return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "%.*s() takes %s, %u given", STR_FMT(e->name),
			 takes, e->n_args + (e->type != NULL));
}

static struct node *call(struct sema *s, const struct expr *e, const struct macro *m)
{
	struct node *arg[2] = { NULL, NULL };

	if (e->n_args != m->n_args)
		return wrong_count(s, e, m->n_args == 1 ? "1 argument" : "2 arguments");
	for (unsigned int i = 0; i < m->n_args; i++) {
		arg[i] = argument(s, m, e->args[i]);
		if (!arg[i])
			return NULL;
	}
	return m->build(s, e, arg);
}

/* What "a.b[2]" leads to from the start of a struct. */
struct designated {
	struct type type;
	uint64_t off;
};

static bool designate(struct sema *s, const struct expr *m, struct designated *d);

static bool designate_member(struct sema *s, const struct expr *m, struct designated *d)
{
	char *name = sema_cstr(s, m->name), text[TYPE_TEXT];
	struct kbtf_member found;

	if (!name)
		return false;
	if (d->type.kind != TYPE_RECORD)
		return sema_fail(s, ERR_TYPE_MISMATCH, m->name_at,
				 "'%s' has no members to look for '%s' in",
				 type_text(s->btf, d->type, text), name);
	if (kbtf_member(s->btf, d->type.id, name, &found) < 0)
		return sema_unknown_member(s, m, d->type, name);
	if (found.bit_size)
		return sema_fail(s, ERR_TYPE_MISMATCH, m->name_at, "a bit-field has no address");
	d->type = type_of_id(s->btf, found.type);
	d->off += found.bit_off / 8;
	return true;
}

static bool designate_element(struct sema *s, const struct expr *m, struct designated *d)
{
	char text[TYPE_TEXT];
	uint64_t size;

	if (!designate(s, m->a, d))
		return false;
	if (d->type.kind != TYPE_ARRAY)
		return sema_fail(s, ERR_TYPE_MISMATCH, m->op_at, "'%s' is no array",
				 type_text(s->btf, d->type, text));
	d->type = type_target(s->btf, d->type);
	if (type_size(s->btf, d->type, &size) < 0)
		return sema_fail(s, ERR_TYPE_MISMATCH, m->op_at, "'%s' has no known size",
				 type_text(s->btf, d->type, text));
	d->off += size * m->b->value;
	return true;
}

static bool designate(struct sema *s, const struct expr *m, struct designated *d)
{
	if (m->kind == EXPR_NAME)
		return designate_member(s, m, d);
	if (m->kind == EXPR_MEMBER && !m->arrow)
		return designate(s, m->a, d) && designate_member(s, m, d);
	if (m->kind == EXPR_INDEX && m->b->kind == EXPR_INT)
		return designate_element(s, m, d);
	return sema_fail(s, ERR_TYPE_MISMATCH, m->at,
			 "container_of() needs a member here, as in name or name.name[2]");
}

/* the struct of which a member is pointed to */
static struct node *container_of(struct sema *s, const struct expr *e)
{
	char x[TYPE_TEXT], y[TYPE_TEXT], z[TYPE_TEXT];
	struct designated d = { .off = 0 };
	struct type record, points_to;
	struct node *p, *n;

	if (e->n_args != 2 || !e->type)
		return wrong_count(s, e, "a pointer, a type and a member");
	p = sema_value(s, e->args[0]);
	if (!p || sema_type(s, e->type, &record) < 0)
		return NULL;
	if (p->type.kind != TYPE_PTR)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->args[0]->at,
				 "container_of() of '%s', which is no pointer",
				 type_text(s->btf, p->type, x));
	d.type = record;
	if (!designate(s, e->args[1], &d))
		return NULL;
	points_to = type_target(s->btf, p->type);
	if (points_to.kind != TYPE_VOID && !sema_types_agree(s, d.type, points_to))
		return sema_fail(s, ERR_TYPE_MISMATCH, e->args[0]->at,
				 "container_of() of '%s', but that member of '%s' is '%s'",
				 type_text(s->btf, p->type, x), type_text(s->btf, record, y),
				 type_text(s->btf, d.type, z));
	n = sema_node(s, NODE_ADDR, e->at, type_pointer_to(record));
	if (!n)
		return NULL;
	n->type.user = p->type.user == 1;
	n->a = p->kind == NODE_ADDR ? p->a : p;
	n->off = (p->kind == NODE_ADDR ? p->off : 0) - (int64_t)d.off;
	return n;
}

struct node *sema_macro(struct sema *s, const struct expr *e)
{
	if (str_eq(e->name, "container_of"))
		return container_of(s, e);
	for (size_t i = 0; i < N_MACROS; i++)
		if (str_eq(e->name, macros[i].name))
			return call(s, e, &macros[i]);
	return NULL;
}
