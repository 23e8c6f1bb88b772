/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gen.h"

#include <stddef.h>
#include <string.h>

#define COUNT(a) (unsigned int)(sizeof(a) / sizeof((a)[0]))

static void number(struct gen *g, unsigned int depth, struct buf *out);

static const char *pick(struct gen *g, const char *const *list, unsigned int n)
{
	return list[gen_below(g, n)];
}

static void literal(struct gen *g, struct buf *out)
{
	static const char *const odd[] = {
		"0",
		"1",
		"-1",
		"2",
		"3",
		"255",
		"'a'",
		"0x7fffffff",
		"0x80000000",
		"0xffffffff",
		"2147483648",
		"4294967295",
		"1u",
		"5UL",
		"0xffffffffffffffff",
		"9223372036854775807",
		"-128",
		"65535u",
		"010",
		"GREEN",
		"BLUE",
		"true",
		"false",
		"sizeof(int)",
		"sizeof(struct object)",
		"htons(80)",
		"MKDEV(8, 1)",
		"ENOMEM",
		"-EINVAL",
		"-ERESTARTSYS",
		"GFP_KERNEL",
		"__GFP_NOFAIL",
		"BIT(31)",
		"BIT(40)",
		"cpu_to_be64(1)",
		"ARRAY_SIZE(obj->grid)",
		"ARRAY_SIZE(obj->many[1].name)",
		"(s8)200",
		"(u16)-1",
	};

	if (gen_below(g, 3))
		buf_puts(out, pick(g, odd, COUNT(odd)));
	else
		buf_printf(out, "0x%llx", (unsigned long long)(gen_value(g) >> gen_below(g, 33)));
}

static void param(struct gen *g, struct buf *out)
{
	static const char *const mixed[] = { "b", "sh", "i", "si", "sl" };
	static const char *const wide[] = { "sb", "h", "l", "flag" };

	if (!gen_below(g, 8))
		buf_printf(out, "arg%u", 1 + gen_below(g, 6));
	else if (g->locals && !gen_below(g, 3))
		buf_printf(out, "v%u", gen_below(g, g->locals));
	else if (g->func[0] == 'm')
		buf_puts(out, pick(g, mixed, COUNT(mixed)));
	else
		buf_puts(out, pick(g, wide, COUNT(wide)));
}

static void masked(struct gen *g, unsigned int depth, const char *mask, struct buf *out)
{
	buf_puts(out, "((");
	number(g, depth ? depth - 1 : 0, out);
	buf_printf(out, ") & %s)", mask);
}

/* a pointer to struct inner, without parentheses around it needed before -> */
void gen_inner(struct gen *g, unsigned int depth, struct buf *out)
{
	switch (gen_below(g, depth ? 6 : 2)) {
	case 0:
		gen_object(g, depth / 2, out);
		buf_puts(out, "->ptr");
		break;
	case 1:
		buf_puts(out, "(&");
		gen_object(g, depth / 2, out);
		buf_puts(out, "->in)");
		break;
	case 2:
		buf_puts(out, "(&");
		gen_object(g, depth / 2, out);
		buf_puts(out, "->many[");
		masked(g, depth - 1, "1", out);
		buf_puts(out, "])");
		break;
	case 3:
		buf_puts(out, "(");
		gen_object(g, depth / 2, out);
		buf_puts(out, "->many + 1)");
		break;
	case 4:
		gen_object(g, depth / 2, out);
		buf_puts(out, "->table[");
		masked(g, depth - 1, "1", out);
		buf_puts(out, "]");
		break;
	default:
		buf_puts(out, "((struct inner *)");
		gen_object(g, depth / 2, out);
		buf_puts(out, "->raw)");
		break;
	}
}

void gen_any_inner(struct gen *g, unsigned int depth, struct buf *out)
{
	if (gen_below(g, 6)) {
		gen_inner(g, depth, out);
		return;
	}
	gen_object(g, depth / 2, out);
	buf_puts(out, "->there");
}

/* the object that something is in, if it is in one */
static void container(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const members[] = { "in", "many[1]", "many[0]" };

	buf_puts(out, "container_of(");
	gen_inner(g, depth, out);
	buf_printf(out, ", struct object, %s)", pick(g, members, COUNT(members)));
}

void gen_object(struct gen *g, unsigned int depth, struct buf *out)
{
	switch (gen_below(g, depth ? 7 : 1)) {
	case 6:
		container(g, depth - 1, out);
		break;
	case 0:
	case 1:
		buf_puts(out, "obj");
		break;
	case 2:
	case 3:
		gen_object(g, depth - 1, out);
		buf_puts(out, "->next");
		break;
	case 4:
		buf_puts(out, "((struct object *)");
		gen_object(g, depth - 1, out);
		buf_puts(out, "->raw)");
		break;
	default:
		buf_puts(out, "(");
		number(g, depth / 2, out);
		buf_puts(out, " ? ");
		gen_object(g, depth - 1, out);
		buf_puts(out, " : ");
		gen_object(g, depth - 1, out);
		buf_puts(out, ")");
		break;
	}
}

static void field(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const of_object[] = {
		"in.b",	       "in.sb",	   "in.h",    "in.sh",	    "in.i",	  "in.si",
		"in.l",	       "in.sl",	   "in.flag", "low",	    "high",	  "both",
		"bits.x",      "bits.y",   "bits.z",  "bits.v",	    "bits.small", "bits.whole",
		"bits.tail",   "color",	   "arr[3]",  "grid[1][2]", "many[1].sh", "in.name[3]",
		"in.label[7]", "many->si",
	};
	static const char *const of_inner[] = {
		"b", "sb", "h", "sh", "i", "si", "l", "sl", "flag", "name[0]", "label[1]",
	};

	switch (gen_below(g, depth ? 6 : 2)) {
	case 0:
		gen_any_inner(g, depth, out);
		buf_printf(out, "->%s", pick(g, of_inner, COUNT(of_inner)));
		break;
	case 3:
		gen_object(g, depth / 2, out);
		buf_puts(out, "->arr[");
		masked(g, depth - 1, "7", out);
		buf_puts(out, "]");
		break;
	case 4:
		buf_puts(out, "*(");
		gen_object(g, depth / 2, out);
		buf_puts(out, "->arr + ");
		masked(g, depth - 1, "3", out);
		buf_puts(out, ")");
		break;
	case 5:
		gen_object(g, depth / 2, out);
		buf_puts(out, "->grid[");
		masked(g, depth / 2, "1", out);
		buf_puts(out, "][");
		masked(g, depth / 2, "3u", out);
		buf_puts(out, "]");
		break;
	default:
		gen_object(g, depth, out);
		buf_printf(out, "->%s", pick(g, of_object, COUNT(of_object)));
		break;
	}
}

/* errors as pointers, and pointers that may be */
static void error_test(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const of_pointer[] = { "IS_ERR", "IS_ERR_OR_NULL", "PTR_ERR" };

	switch (gen_below(g, 4)) {
	case 0:
		buf_puts(out, "ERR_PTR(");
		number(g, depth, out);
		buf_puts(out, ") == ");
		gen_object(g, depth, out);
		break;
	case 1:
		buf_printf(out, "%s(ERR_PTR(", pick(g, of_pointer, COUNT(of_pointer)));
		number(g, depth, out);
		buf_puts(out, "))");
		break;
	case 2:
		buf_puts(out, "IS_ERR_VALUE((u64)");
		number(g, depth, out);
		buf_puts(out, ")");
		break;
	default:
		buf_printf(out, "%s(", pick(g, of_pointer, COUNT(of_pointer)));
		gen_object(g, depth, out);
		buf_puts(out, ")");
		break;
	}
}

static void pointer_test(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const ops[] = { "==", "!=", "<", ">=" };

	buf_puts(out, "(");
	switch (gen_below(g, 7)) {
	case 6:
		error_test(g, depth, out);
		break;
	case 0:
		gen_object(g, depth, out);
		buf_printf(out, " %s ", pick(g, ops, COUNT(ops)));
		gen_object(g, depth, out);
		break;
	case 1:
		gen_inner(g, depth, out);
		buf_puts(out, gen_below(g, 2) ? " == NULL" : " != 0");
		break;
	case 2:
		buf_puts(out, "!");
		gen_object(g, depth, out);
		break;
	case 3:
		buf_puts(out, "(u64)");
		gen_object(g, depth, out);
		buf_puts(out, " & 0xff");
		break;
	case 4:
		buf_puts(out, "obj && ");
		field(g, depth, out);
		break;
	default:
		gen_inner(g, depth, out);
		buf_puts(out, " - ");
		gen_inner(g, depth, out);
		break;
	}
	buf_puts(out, ")");
}

static void block(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const types[] = { "int", "u8", "s16", "unsigned long", "long", "bool" };

	buf_printf(out, "({ %s v%u = ", pick(g, types, COUNT(types)), g->locals);
	number(g, depth - 1, out);
	buf_puts(out, "; ");
	g->locals++;
	number(g, depth - 1, out);
	g->locals--;
	buf_puts(out, "; })");
}

static void binary(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const ops[] = {
		"+", "-", "*", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "&&",
	};
	const char *op = pick(g, ops, COUNT(ops));

	buf_puts(out, "(");
	number(g, depth - 1, out);
	buf_printf(out, " %s ", op);
	number(g, depth - 1, out);
	buf_puts(out, ")");
}

/* a constant divisor of 0 and a constant shift too far are errors: keep off */
static void careful(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const ops[] = { "/", "%", "<<", ">>" };
	unsigned int op = gen_below(g, 4);

	buf_puts(out, "(");
	number(g, depth - 1, out);
	buf_printf(out, " %s ", ops[op]);
	if (op >= 2)
		masked(g, depth - 1, "15", out);
	else if (gen_below(g, 2))
		param(g, out);
	else
		buf_printf(out, "%s%u", gen_below(g, 3) ? "" : "-", 1 + gen_below(g, 9));
	buf_puts(out, ")");
}

static void converted_by(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const pre[] = {
		"!",
		"~",
		"-",
		"+",
		"(u8)",
		"(s8)",
		"(u16)",
		"(s16)",
		"(u32)",
		"(int)",
		"(u64)",
		"(long)",
		"(bool)",
		"(enum color)",
		"(unsigned char)",
		"(short)",
		"htons",
		"htonl",
		"MAJOR",
		"MINOR",
		"cpu_to_be16",
		"be32_to_cpu",
		"be64_to_cpu",
	};

	buf_printf(out, "%s(", pick(g, pre, COUNT(pre)));
	number(g, depth - 1, out);
	buf_puts(out, ")");
}

static void converted(struct gen *g, unsigned int depth, struct buf *out)
{
	if (!gen_below(g, 16)) {
		buf_puts(out, "BIT(");
		masked(g, depth - 1, "63", out);
		buf_puts(out, ")");
		return;
	}
	converted_by(g, depth, out);
}

static void choice(struct gen *g, unsigned int depth, struct buf *out)
{
	buf_puts(out, "(");
	number(g, depth - 1, out);
	buf_puts(out, " ? ");
	number(g, depth - 1, out);
	buf_puts(out, " : ");
	number(g, depth - 1, out);
	buf_puts(out, ")");
}

/* any integer expression, safe inside any other */
static void number(struct gen *g, unsigned int depth, struct buf *out)
{
	unsigned int what = gen_below(g, depth ? 16 : 5);

	if (out->len > 3000)
		what = 0;
	switch (what) {
	case 0:
		literal(g, out);
		break;
	case 1:
	case 2:
		param(g, out);
		break;
	case 3:
	case 4:
	case 5:
		field(g, depth, out);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		binary(g, depth, out);
		break;
	case 10:
		careful(g, depth, out);
		break;
	case 11:
		gen_string_test(g, depth, out);
		break;
	case 12:
		pointer_test(g, depth / 2, out);
		break;
	case 13:
		choice(g, depth, out);
		break;
	case 14:
		if (g->locals < 4)
			block(g, depth, out);
		else
			converted(g, depth, out);
		break;
	default:
		converted(g, depth, out);
		break;
	}
}

void gen_predicate(struct gen *g, unsigned int depth, struct buf *out)
{
	g->locals = 0;
	g->func = gen_below(g, 2) ? "mixed" : "wide";
	buf_printf(out, "%s()(", g->func);
	binary(g, depth, out);
	buf_puts(out, ")");
}
