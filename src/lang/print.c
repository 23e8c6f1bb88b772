/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Expressions as text again: the fewest parentheses that parse back to the same
 * tree. Where the parser guesses at types (see parse_type.c), this knows the
 * guess and steers around it.
 */
#include <inttypes.h>

#include "lang/parser.h"
#include "util/utf8.h"

/* how tightly an expression binds; a looser one inside needs parentheses */
enum binding {
	BIND_COND,
	BIND_OR,
	BIND_AND,
	BIND_BITOR,
	BIND_BITXOR,
	BIND_BITAND,
	BIND_EQUALITY,
	BIND_RELATION,
	BIND_SHIFT,
	BIND_ADD,
	BIND_MUL,
	BIND_UNARY,
	BIND_POSTFIX,
	BIND_ALWAYS,
};

static void print(const struct expr *e, enum binding least, struct buf *out);

static enum binding op_binding(enum expr_op op)
{
	static const unsigned char table[] = {
		[OP_MUL] = BIND_MUL,	 [OP_DIV] = BIND_MUL,	    [OP_MOD] = BIND_MUL,
		[OP_ADD] = BIND_ADD,	 [OP_SUB] = BIND_ADD,	    [OP_SHL] = BIND_SHIFT,
		[OP_SHR] = BIND_SHIFT,	 [OP_LT] = BIND_RELATION,   [OP_GT] = BIND_RELATION,
		[OP_LE] = BIND_RELATION, [OP_GE] = BIND_RELATION,   [OP_EQ] = BIND_EQUALITY,
		[OP_NE] = BIND_EQUALITY, [OP_BITAND] = BIND_BITAND, [OP_BITXOR] = BIND_BITXOR,
		[OP_BITOR] = BIND_BITOR, [OP_AND] = BIND_AND,	    [OP_OR] = BIND_OR,
	};

	return table[op];
}

static enum binding expr_binding(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_COND:
		return BIND_COND;
	case EXPR_BINARY:
		return op_binding(e->op);
	case EXPR_UNARY:
	case EXPR_CAST:
	case EXPR_SIZEOF:
		return BIND_UNARY;
	default:
		return BIND_POSTFIX;
	}
}

static void print_int(const struct expr *e, struct buf *out)
{
	/* only a character constant can be negative without a sign */
	if (!e->is_unsigned && e->value > INT64_MAX)
		buf_printf(out, "'\\x%02x'", (unsigned int)(e->value & 0xff));
	else
		buf_printf(out, "%" PRIu64 "%s%s", e->value, e->is_unsigned ? "U" : "",
			   e->is_long ? "L" : "");
}

void string_print(struct str s, struct buf *out)
{
	buf_putc(out, '"');
	while (s.len) {
		uint32_t code;
		size_t n = utf8_decode(s.p, s.len, &code);

		if (code == '"' || code == '\\')
			buf_printf(out, "\\%c", *s.p);
		else if (code < 0x20 || code == 0x7f || code == UTF8_INVALID)
			/* always three digits: one may follow */
			buf_printf(out, "\\%03o", (unsigned int)(unsigned char)*s.p);
		else
			buf_add(out, s.p, n);
		s.p += n;
		s.len -= n;
	}
	buf_putc(out, '"');
}

static void print_unary(const struct expr *e, struct buf *out)
{
	buf_puts(out, expr_op_text(e->op));
	/* "--", "++" and "&&" are other tokens */
	if (e->a->kind == EXPR_UNARY && e->a->op == e->op &&
	    (e->op == OP_NEG || e->op == OP_PLUS || e->op == OP_ADDR))
		buf_putc(out, ' ');
	print(e->a, BIND_UNARY, out);
}

/* (name)-x would read as a difference, (name)times as a clause behind one: (name)(-x) */
static void print_cast(const struct expr *e, struct buf *out)
{
	bool wrap = e->type->tag == TYPE_WORDS && !e->type->stars &&
		    (e->a->kind == EXPR_UNARY ||
		     (e->a->kind == EXPR_NAME && is_clause_word(e->a->name)));

	buf_putc(out, '(');
	type_name_print(e->type, out);
	buf_putc(out, ')');
	if (wrap)
		buf_putc(out, '(');
	print(e->a, wrap ? BIND_COND : BIND_UNARY, out);
	if (wrap)
		buf_putc(out, ')');
}

/* sizeof(size_t) is a type to the parser, sizeof size_t a name */
static void print_sizeof(const struct expr *e, struct buf *out)
{
	bool is_name = !e->type && e->a->kind == EXPR_NAME;

	buf_puts(out, is_name ? "sizeof " : "sizeof(");
	if (e->type)
		type_name_print(e->type, out);
	else
		print(e->a, BIND_COND, out);
	if (!is_name)
		buf_putc(out, ')');
}

static void print_call(const struct expr *e, struct buf *out)
{
	buf_printf(out, "%.*s(", STR_FMT(e->name));
	for (unsigned int i = 0; i < e->n_args; i++) {
		buf_puts(out, i ? ", " : "");
		print(e->args[i], BIND_COND, out);
		if (!i && e->type) {
			buf_puts(out, ", ");
			type_name_print(e->type, out);
		}
	}
	buf_putc(out, ')');
}

static void print_block(const struct expr *e, struct buf *out)
{
	buf_puts(out, "({ ");
	for (const struct local *l = e->locals; l; l = l->next) {
		type_name_print(&l->type, out);
		buf_printf(out, "%s%.*s", l->type.stars ? "" : " ", STR_FMT(l->name));
		if (l->init) {
			buf_puts(out, " = ");
			print(l->init, BIND_COND, out);
		}
		buf_puts(out, "; ");
	}
	print(e->a, BIND_COND, out);
	buf_puts(out, "; })");
}

static void print_binary(const struct expr *e, struct buf *out)
{
	enum binding own = op_binding(e->op);

	print(e->a, own, out);
	buf_printf(out, " %s ", expr_op_text(e->op));
	print(e->b, own + 1, out);
}

static void print_cond(const struct expr *e, struct buf *out)
{
	print(e->a, BIND_OR, out);
	buf_puts(out, " ? ");
	print(e->b, BIND_COND, out);
	buf_puts(out, " : ");
	print(e->c, BIND_COND, out);
}

static void print_bare(const struct expr *e, struct buf *out)
{
	switch (e->kind) {
	case EXPR_INT:
		print_int(e, out);
		break;
	case EXPR_STRING:
		string_print(e->str, out);
		break;
	case EXPR_NAME:
		buf_add(out, e->name.p, e->name.len);
		buf_puts(out, e->user ? TOKEN_USER : "");
		break;
	case EXPR_UNARY:
		print_unary(e, out);
		break;
	case EXPR_BINARY:
		print_binary(e, out);
		break;
	case EXPR_COND:
		print_cond(e, out);
		break;
	case EXPR_MEMBER:
		/* "5.x" is a broken number */
		print(e->a, e->a->kind == EXPR_INT ? BIND_ALWAYS : BIND_POSTFIX, out);
		buf_printf(out, "%s%.*s", e->arrow ? "->" : ".", STR_FMT(e->name));
		break;
	case EXPR_INDEX:
		print(e->a, BIND_POSTFIX, out);
		buf_putc(out, '[');
		print(e->b, BIND_COND, out);
		buf_putc(out, ']');
		break;
	case EXPR_CAST:
		print_cast(e, out);
		break;
	case EXPR_SIZEOF:
		print_sizeof(e, out);
		break;
	case EXPR_CALL:
		print_call(e, out);
		break;
	case EXPR_BLOCK:
		print_block(e, out);
		break;
	}
}

static void print(const struct expr *e, enum binding least, struct buf *out)
{
	bool wrap = expr_binding(e) < least;

	if (wrap)
		buf_putc(out, '(');
	print_bare(e, out);
	if (wrap)
		buf_putc(out, ')');
}

void expr_print(const struct expr *e, struct buf *out)
{
	print(e, BIND_COND, out);
}

void type_name_print(const struct type_name *t, struct buf *out)
{
	static const char *const tags[] = {
		[TYPE_WORDS] = "",
		[TYPE_STRUCT] = "struct ",
		[TYPE_UNION] = "union ",
		[TYPE_ENUM] = "enum ",
	};

	buf_printf(out, "%s%.*s", tags[t->tag], STR_FMT(t->name));
	for (unsigned int i = 1; i <= t->stars; i++)
		buf_printf(out, "%s%s*", i > 1 ? "" : " ", i == t->user ? "__user " : "");
	if (t->is_array && t->user > t->stars)
		buf_puts(out, " __user");
}
