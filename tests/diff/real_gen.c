/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "real_gen.h"

#include <errno.h>
#include <string.h>

#define COUNT(a) (unsigned int)(sizeof(a) / sizeof((a)[0]))

static const char *pick(struct real *r, const char *const *list, unsigned int n)
{
	return list[gen_below(r->g, n)];
}

static void type_word(struct real *r, struct buf *out)
{
	static const char *const plain[] = {
		"int", "unsigned int", "long", "unsigned long", "u8",	 "s8",
		"u16", "s16",	       "bool", "unsigned char", "short", "u64",
	};
	const struct real_type *t = &r->index->scalars[gen_below(r->g, r->index->n_scalars)];

	if (gen_below(r->g, 2))
		buf_puts(out, pick(r, plain, COUNT(plain)));
	else
		buf_printf(out, "%s%s", t->kind == BTF_KIND_ENUM ? "enum " : "", t->name);
}

/* an enum's constant; those that enums give different values are refused */
static const char *constant(struct real *r)
{
	const char *name;
	int64_t v;

	do
		name = r->index->constants[gen_below(r->g, r->index->n_constants)];
	while (kbtf_enum_value(r->btf, name, &v) == -ENOTUNIQ);
	return name;
}

static void literal(struct real *r, struct buf *out)
{
	static const char *const odd[] = {
		"0",
		"1",
		"-1",
		"2",
		"255",
		"'a'",
		"0x7fffffff",
		"0x80000000",
		"0xffffffff",
		"2147483648",
		"4294967295",
		"5UL",
		"0xffffffffffffffff",
		"-128",
		"65535u",
		"010",
		"htons(80)",
		"MKDEV(8, 1)",
	};
	const struct real_type *t = &r->index->records[gen_below(r->g, r->index->n_records)];

	switch (gen_below(r->g, 6)) {
	case 0:
	case 1:
		buf_puts(out, pick(r, odd, COUNT(odd)));
		break;
	case 2:
		buf_puts(out, constant(r));
		break;
	case 3:
		buf_printf(out, "sizeof(%s %s)", t->kind == BTF_KIND_STRUCT ? "struct" : "union",
			   t->name);
		break;
	default:
		buf_printf(out, "0x%llx",
			   (unsigned long long)(gen_value(r->g) >> gen_below(r->g, 33)));
		break;
	}
}

static void string_test(struct real *r, const struct piece *p, struct buf *out)
{
	uint32_t room = p->t.kind == TYPE_ARRAY ? type_array_len(r->btf, p->t) : 0;

	gen_string_on(r->g, buf_str(&p->text), room && room < 32 ? room : 32, out);
}

static void pointer_number(struct real *r, const struct piece *p, struct buf *out)
{
	static const char *const ops[] = { "==", "!=", "<", ">=" };
	_cleanup_piece_ struct piece other = { 0 };

	switch (gen_below(r->g, 6)) {
	case 0:
		buf_printf(out, "(%s == NULL)", buf_str(&p->text));
		break;
	case 1:
		buf_printf(out, "!%s", buf_str(&p->text));
		break;
	case 2:
		real_path(r, 2, &other);
		if (other.t.kind == TYPE_PTR) {
			buf_printf(out, "(%s %s %s)", buf_str(&p->text), pick(r, ops, COUNT(ops)),
				   buf_str(&other.text));
			break;
		}
		buf_printf(out, "(%s != 0)", buf_str(&p->text));
		break;
	case 3:
		buf_printf(out, "(%s - %s)", buf_str(&p->text), buf_str(&p->text));
		break;
	default:
		buf_printf(out, "((unsigned long)%s & 0xff8)", buf_str(&p->text));
		break;
	}
}

static bool is_text(const struct real *r, struct type t)
{
	return type_is_char(type_target(r->btf, t));
}

static bool has_size(const struct real *r, struct type t)
{
	uint64_t size;

	return type_size(r->btf, t, &size) == 0;
}

/* whatever is at the end of a path as a number */
static void field(struct real *r, unsigned int steps, struct buf *out)
{
	_cleanup_piece_ struct piece p = { 0 };

	real_path(r, steps, &p);
	if (p.t.kind == TYPE_INT)
		buf_puts(out, buf_str(&p.text));
	else if (p.t.kind == TYPE_PTR || p.t.kind == TYPE_ARRAY) {
		if (is_text(r, p.t) && gen_below(r->g, 4))
			string_test(r, &p, out);
		else if (p.t.kind == TYPE_PTR && has_size(r, type_target(r->btf, p.t)))
			pointer_number(r, &p, out);
		else
			buf_printf(out, "((unsigned long)%s & 0xff8)", buf_str(&p.text));
	} else if (p.t.kind == TYPE_RECORD && p.place) {
		buf_printf(out, "%s%s", gen_below(r->g, 2) ? "sizeof " : "(long)&",
			   buf_str(&p.text));
	} else {
		literal(r, out);
	}
}

static void binary(struct real *r, unsigned int depth, struct buf *out)
{
	static const char *const ops[] = {
		"+", "-", "*", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "&&",
	};

	buf_puts(out, "(");
	real_number(r, depth - 1, out);
	buf_printf(out, " %s ", pick(r, ops, COUNT(ops)));
	real_number(r, depth - 1, out);
	buf_puts(out, ")");
}

/* a constant divisor of 0 and a constant shift too far are errors: keep off */
static void careful(struct real *r, unsigned int depth, struct buf *out)
{
	static const char *const ops[] = { "/", "%", "<<", ">>" };
	unsigned int op = gen_below(r->g, 4);

	buf_puts(out, "(");
	real_number(r, depth - 1, out);
	buf_printf(out, " %s ", ops[op]);
	if (op >= 2) {
		buf_puts(out, "((");
		real_number(r, depth - 1, out);
		buf_puts(out, ") & 15)");
	} else {
		buf_printf(out, "%s%u", gen_below(r->g, 3) ? "" : "-", 1 + gen_below(r->g, 9));
	}
	buf_puts(out, ")");
}

static void converted(struct real *r, unsigned int depth, struct buf *out)
{
	static const char *const pre[] = {
		"!", "~", "-", "+", "htons", "htonl", "ntohs", "MAJOR", "MINOR",
	};

	if (gen_below(r->g, 2)) {
		buf_puts(out, pick(r, pre, COUNT(pre)));
	} else {
		buf_puts(out, "(");
		type_word(r, out);
		buf_puts(out, ")");
	}
	buf_puts(out, "(");
	real_number(r, depth - 1, out);
	buf_puts(out, ")");
}

static void choice(struct real *r, unsigned int depth, struct buf *out)
{
	buf_puts(out, "(");
	real_number(r, depth - 1, out);
	buf_puts(out, " ? ");
	real_number(r, depth - 1, out);
	buf_puts(out, " : ");
	real_number(r, depth - 1, out);
	buf_puts(out, ")");
}

/* a declared number, or a declared pointer to some structure */
static void block(struct real *r, unsigned int depth, struct buf *out)
{
	const struct real_type *to = &r->index->records[gen_below(r->g, r->index->n_records)];
	struct type t = type_int(8, true);
	_cleanup_piece_ struct piece p = { 0 };

	if (gen_below(r->g, 2))
		real_path(r, 2, &p);
	if (p.t.kind == TYPE_PTR) {
		t = type_pointer_to(type_of_id(r->btf, to->id));
		buf_printf(out, "({ %s %s *v%u = %s; ",
			   to->kind == BTF_KIND_STRUCT ? "struct" : "union", to->name, r->n_locals,
			   buf_str(&p.text));
	} else {
		buf_printf(out, "({ long v%u = ", r->n_locals);
		real_number(r, depth - 1, out);
		buf_puts(out, "; ");
	}
	r->local[r->n_locals++] = t; /* only now: the initializer may have had its own */
	real_number(r, depth - 1, out);
	r->n_locals--;
	buf_puts(out, "; })");
}

void real_number(struct real *r, unsigned int depth, struct buf *out)
{
	unsigned int what = gen_below(r->g, depth ? 16 : 5);

	if (out->len > 3000)
		what = 0;
	switch (what) {
	case 0:
		literal(r, out);
		break;
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		field(r, 1 + gen_below(r->g, 4), out);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		binary(r, depth, out);
		break;
	case 11:
		careful(r, depth, out);
		break;
	case 12:
		choice(r, depth, out);
		break;
	case 13:
		if (r->n_locals < REAL_LOCALS) {
			block(r, depth, out);
			break;
		}
		converted(r, depth, out);
		break;
	default:
		converted(r, depth, out);
		break;
	}
}

void real_predicate(struct real *r, unsigned int depth, struct buf *out)
{
	buf_printf(out, "%s()(", r->func->name);
	binary(r, depth, out);
	buf_puts(out, ")");
}
