/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree in general: freeing and the indented dump. Its canonical text is in
 * print.c; making nodes is the parsers' business.
 */
#include "lang/ast.h"

#include <inttypes.h>

void rule_free(struct rule *r)
{
	if (r)
		arena_free(r->arena);
}

void rule_freep(struct rule **r)
{
	rule_free(*r);
	*r = NULL;
}

const char *expr_op_text(enum expr_op op)
{
	static const char *const texts[] = {
		[OP_NONE] = "",	   [OP_NOT] = "!",    [OP_BITNOT] = "~", [OP_NEG] = "-",
		[OP_PLUS] = "+",   [OP_DEREF] = "*",  [OP_ADDR] = "&",	 [OP_MUL] = "*",
		[OP_DIV] = "/",	   [OP_MOD] = "%",    [OP_ADD] = "+",	 [OP_SUB] = "-",
		[OP_SHL] = "<<",   [OP_SHR] = ">>",   [OP_LT] = "<",	 [OP_GT] = ">",
		[OP_LE] = "<=",	   [OP_GE] = ">=",    [OP_EQ] = "==",	 [OP_NE] = "!=",
		[OP_BITAND] = "&", [OP_BITXOR] = "^", [OP_BITOR] = "|",	 [OP_AND] = "&&",
		[OP_OR] = "||",
	};

	_Static_assert(sizeof(texts) / sizeof(texts[0]) == OP_OR + 1, "an operator without text");
	return texts[op];
}

static void indent(struct buf *out, unsigned int depth)
{
	buf_printf(out, "%*s", (int)depth * 2, "");
}

static void dump_type(const char *what, const struct type_name *t, struct buf *out)
{
	buf_puts(out, what);
	type_name_print(t, out);
	if (t->is_array)
		buf_puts(out, " []");
	if (t->is_funcptr)
		buf_puts(out, " (*)()");
}

static void dump_head(const struct expr *e, struct buf *out)
{
	switch (e->kind) {
	case EXPR_INT:
		buf_printf(out, "int %" PRIu64 "%s%s", e->value, e->is_unsigned ? " unsigned" : "",
			   e->is_long ? " long" : "");
		break;
	case EXPR_STRING:
		buf_puts(out, "string ");
		expr_print(e, out);
		break;
	case EXPR_NAME:
		buf_printf(out, "name %.*s", STR_FMT(e->name));
		break;
	case EXPR_UNARY:
		buf_printf(out, "unary %s", expr_op_text(e->op));
		break;
	case EXPR_BINARY:
		buf_printf(out, "binary %s", expr_op_text(e->op));
		break;
	case EXPR_COND:
		buf_puts(out, "cond");
		break;
	case EXPR_MEMBER:
		buf_printf(out, "member %s%.*s", e->arrow ? "->" : ".", STR_FMT(e->name));
		break;
	case EXPR_INDEX:
		buf_puts(out, "index");
		break;
	case EXPR_CAST:
		dump_type("cast ", e->type, out);
		break;
	case EXPR_SIZEOF:
		buf_puts(out, "sizeof");
		if (e->type)
			dump_type(" ", e->type, out);
		break;
	case EXPR_CALL:
		buf_printf(out, "call %.*s", STR_FMT(e->name));
		if (e->type)
			dump_type(" ", e->type, out);
		break;
	case EXPR_BLOCK:
		buf_puts(out, "block");
		break;
	}
	buf_putc(out, '\n');
}

static void dump_expr(const struct expr *e, unsigned int depth, struct buf *out)
{
	if (!e)
		return;
	indent(out, depth);
	dump_head(e, out);
	for (const struct local *l = e->locals; l; l = l->next) {
		indent(out, depth + 1);
		dump_type("local ", &l->type, out);
		buf_printf(out, " %.*s\n", STR_FMT(l->name));
		dump_expr(l->init, depth + 2, out);
	}
	dump_expr(e->a, depth + 1, out);
	dump_expr(e->b, depth + 1, out);
	dump_expr(e->c, depth + 1, out);
	for (unsigned int i = 0; i < e->n_args; i++)
		dump_expr(e->args[i], depth + 1, out);
}

static void dump_frame(const char *what, const struct frame *f, struct buf *out)
{
	buf_puts(out, what);
	if (f->func.len)
		buf_printf(out, " %.*s", STR_FMT(f->func));
	buf_puts(out, f->has_params && !f->n_params ? " (void)\n" : "\n");
	for (unsigned int i = 0; i < f->n_params; i++) {
		dump_type("  param ", &f->params[i].type, out);
		if (f->params[i].name.len)
			buf_printf(out, " %.*s", STR_FMT(f->params[i].name));
		buf_putc(out, '\n');
	}
	dump_expr(f->pred, 1, out);
}

void rule_dump(const struct rule *r, struct buf *out)
{
	if (r->on_target.func.len || r->on_target.pred)
		dump_frame("target", &r->on_target, out);
	for (unsigned int c = 0; c < r->n_chains; c++)
		for (unsigned int i = 0; i < r->chains[c].n_frames; i++)
			dump_frame("frame", &r->chains[c].frames[i], out);
}
