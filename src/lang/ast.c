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

static void dump_chain(const struct chain *c, struct buf *out)
{
	for (unsigned int i = 0; i < c->n_frames; i++)
		dump_frame("frame", &c->frames[i], out);
}

static void dump_schedule(const struct schedule *s, struct buf *out)
{
	if (s->when_first)
		buf_printf(out, "when %" PRIu64 " to %" PRIu64 " step %" PRIu64 "\n", s->when_first,
			   s->when_last, s->when_step);
	if (s->interval)
		buf_printf(out, "interval %" PRIu64 "\n", s->interval);
	if (s->probability != PROBABILITY_ALWAYS)
		buf_printf(out, "probability %" PRIu64 " of 2^32\n", s->probability);
	if (s->times)
		buf_printf(out, "times %" PRIu64 "\n", s->times);
}

static void dump_target(const struct rule *r, struct buf *out)
{
	static const char *const kinds[] = {
		[TARGET_FUNC] = "target",
		[TARGET_SYSCALL] = "target syscall",
		[TARGET_LSM] = "target lsm",
	};

	buf_printf(out, "%s %s", kinds[r->target_kind], r->target);
	if (r->module)
		buf_printf(out, " module %s", r->module);
	if (r->mode)
		buf_printf(out, " mode %s", r->mode);
	buf_puts(out, "\nvalue\n");
	dump_expr(r->value, 1, out);
	if (r->on_target.pred)
		buf_puts(out, "if\n");
	dump_expr(r->on_target.pred, 1, out);
}

void rule_dump(const struct rule *r, struct buf *out)
{
	if (!r->is_spec)
		dump_target(r, out);
	else if (r->on_target.func.len || r->on_target.pred)
		dump_frame("target", &r->on_target, out);
	for (unsigned int i = 0; i < r->n_chains; i++) {
		if (!r->is_spec)
			buf_puts(out, r->chains[i].negated ? "not under\n" : "under\n");
		dump_chain(&r->chains[i], out);
	}
	dump_schedule(&r->schedule, out);
	buf_puts(out, r->after ? "after\n" : "");
}
