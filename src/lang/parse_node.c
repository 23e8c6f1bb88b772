/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The nodes of a condition. Two budgets keep hostile text harmless to everything
 * that walks the tree: LIMIT_NODES, and LIMIT_EXPR_DEPTH for the nesting of text and
 * tree. a + b + c ... does not nest, though each of its operators has the one before as
 * its left side: what walks that side by recursion goes LIMIT_NODES / 2 deep.
 */
#include "lang/parser.h"

#include <errno.h>

#include "util/limits.h"

struct expr *expr_fail(struct parser *p, struct span at, const char *msg)
{
	parser_fail(p, -EINVAL, ERR_SYNTAX, at, "%s", msg);
	return NULL;
}

struct expr *expr_expected(struct parser *p, const char *what)
{
	parser_expected(p, what);
	return NULL;
}

static struct expr *too_deep(struct parser *p, struct span at)
{
	parser_fail(p, -E2BIG, ERR_LIMIT, at, "expression nests deeper than %d levels",
		    LIMIT_EXPR_DEPTH);
	return NULL;
}

bool parser_enter(struct parser *p)
{
	if (p->code)
		return false;
	if (p->depth == LIMIT_EXPR_DEPTH)
		too_deep(p, p->tok.at);
	else
		p->depth++;
	return !p->code;
}

bool parser_count(struct parser *p, struct span at)
{
	if (!p->code && ++p->nodes > LIMIT_NODES)
		parser_fail(p, -E2BIG, ERR_LIMIT, at, "rule of more than %d parts", LIMIT_NODES);
	return !p->code;
}

struct expr *expr_new(struct parser *p, enum expr_kind kind, struct span at)
{
	struct expr *e;

	if (!parser_count(p, at))
		return NULL;
	e = parser_alloc(p, sizeof(*e));
	if (!e)
		return NULL;
	e->kind = kind;
	e->at = at;
	e->op_at = at;
	e->name_at = SPAN_NONE;
	return e;
}

static void raise(struct expr *e, const struct expr *child)
{
	if (child && child->height >= e->height)
		e->height = child->height + 1;
}

struct expr *expr_finish(struct parser *p, struct expr *e)
{
	if (p->code)
		return NULL;
	e->height = 1;
	raise(e, e->a);
	raise(e, e->b);
	raise(e, e->c);
	for (unsigned int i = 0; i < e->n_args; i++)
		raise(e, e->args[i]);
	for (const struct local *l = e->locals; l; l = l->next)
		raise(e, l->init);
	return e->height > LIMIT_EXPR_DEPTH ? too_deep(p, e->op_at) : e;
}

struct expr *expr_continue(struct parser *p, struct expr *e)
{
	if (p->code)
		return NULL;
	e->height = e->a->height;
	raise(e, e->b);
	return e->height > LIMIT_EXPR_DEPTH ? too_deep(p, e->op_at) : e;
}
