/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bcc trace -B: in STRCMP("{0x6C, 0x00}", p) the text is an array of bytes. It becomes
 * ((unsigned char *)p)[0] == 0x6C && ..., of all bytes: bcc left the last one out.
 */
#include <errno.h>
#include <string.h>

#include "lang/parser.h"

/* number, then "," or "}": where to read on; NULL: it is none */
static const char *read_byte(const char *s, unsigned int *byte)
{
	char digits[8];
	uint64_t v;
	size_t n;

	s += strspn(s, " \t");
	n = strcspn(s, ", \t}");
	if (!n || n >= sizeof(digits))
		return NULL;
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (str_to_u64(digits, &v) || v > 0xff)
		return NULL;
	*byte = (unsigned int)v;
	s += n;
	s += strspn(s, " \t");
	return *s == ',' || *s == '}' ? s : NULL;
}

static struct expr *number(struct parser *p, struct span at, uint64_t v)
{
	struct expr *e = expr_new(p, EXPR_INT, at);

	if (!e)
		return NULL;
	e->value = v;
	return expr_finish(p, e);
}

static struct expr *binary(struct parser *p, enum expr_op op, struct expr *a, struct expr *b)
{
	struct expr *e = a && b ? expr_new(p, EXPR_BINARY, a->at) : NULL;

	if (!e)
		return NULL;
	e->op = op;
	e->a = a;
	e->b = b;
	return op == OP_AND ? expr_continue(p, e) : expr_finish(p, e);
}

/* ((unsigned char *)q)[i] == byte */
static struct expr *byte_test(struct parser *p, struct expr *q, unsigned int i, unsigned int byte)
{
	struct expr *cast = expr_new(p, EXPR_CAST, q->at), *index;
	struct type_name *type = parser_alloc(p, sizeof(*type));

	if (!cast || !type)
		return NULL;
	*type = (struct type_name){ .at = q->at, .name = { "unsigned char", 13 }, .stars = 1 };
	cast->type = type;
	cast->a = q;
	if (!expr_finish(p, cast))
		return NULL;
	index = expr_new(p, EXPR_INDEX, q->at);
	if (!index)
		return NULL;
	index->a = cast;
	index->b = number(p, q->at, i);
	return binary(p, OP_EQ, expr_finish(p, index), number(p, q->at, byte));
}

/* an address that is told once for each byte: nothing that could multiply on its own */
static bool is_simple(const struct expr *e)
{
	if (!e)
		return true;
	switch (e->kind) {
	case EXPR_NAME:
	case EXPR_INT:
	case EXPR_MEMBER:
	case EXPR_INDEX:
	case EXPR_CAST:
		break;
	case EXPR_UNARY:
	case EXPR_BINARY:
		if (e->op != OP_DEREF && e->op != OP_ADDR && e->op != OP_ADD && e->op != OP_SUB)
			return false;
		break;
	default:
		return false;
	}
	return is_simple(e->a) && is_simple(e->b);
}

struct expr *parse_bytes_test(struct parser *p, struct expr *call)
{
	struct expr *all = NULL, *one;
	const char *s;

	if (!str_eq(call->name, "STRCMP") || call->n_args != 2 ||
	    call->args[0]->kind != EXPR_STRING || *call->args[0]->str.p != '{')
		return call;
	if (!is_simple(call->args[1]))
		return expr_fail(p, call->args[1]->at, "bytes are compared at a plain address");
	s = call->args[0]->str.p;
	for (unsigned int i = 0; *s != '}'; i++) {
		unsigned int byte;

		s = read_byte(s + 1, &byte);
		if (!s)
			return expr_fail(p, call->args[0]->at,
					 "no array of bytes, as in {0x6C, 0x00}");
		one = byte_test(p, call->args[1], i, byte);
		all = all ? binary(p, OP_AND, all, one) : one;
		if (!all)
			return NULL;
	}
	return s[1] ? expr_fail(p, call->args[0]->at, "text behind the array of bytes") : all;
}
