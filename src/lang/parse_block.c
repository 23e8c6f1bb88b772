/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks with a value, ({ T x = ...; ...; expr; }): declarations, then one expression. */
#include "lang/parser.h"

#include <errno.h>

/* local = stars name [ "=" expr ] ; the base type stood before the first one */
static struct local *parse_local(struct parser *p, const struct type_name *base)
{
	struct local *l;

	if (!parser_count(p, p->tok.at))
		return NULL;
	l = parser_alloc(p, sizeof(*l));
	if (!l)
		return NULL;
	l->type = *base;
	if (parse_stars(p, &l->type))
		return NULL;
	if (!type_plain_name_ahead(p)) {
		parser_expected(p, "the name of a variable");
		return NULL;
	}
	l->name = p->tok.text;
	l->at = p->tok.at;
	parser_next(p);
	if (parser_at(p, TOK_LBRACKET))
		parser_fail(p, -EINVAL, ERR_UNSUPPORTED, p->tok.at,
			    "variables of a condition cannot be arrays");
	if (parser_take(p, TOK_ASSIGN))
		l->init = parse_expr(p);
	return p->code ? NULL : l;
}

/* decl = base local *( "," local ) ";" */
static struct local **parse_decl(struct parser *p, struct local **tail)
{
	struct type_name base;

	if (parse_type_base(p, &base))
		return tail;
	do {
		*tail = parse_local(p, &base);
		if (!*tail)
			return tail;
		tail = &(*tail)->next;
	} while (parser_take(p, TOK_COMMA));
	if (!parser_take(p, TOK_SEMICOLON))
		parser_expected(p, "';' after a declaration");
	return tail;
}

/* block = "(" "{" *decl expr [ ";" ] "}" ")" ; tok is the "{", behind `open` */
struct expr *parse_block(struct parser *p, struct span open)
{
	struct expr *e = parser_enter(p) ? expr_new(p, EXPR_BLOCK, open) : NULL;
	struct local **tail = e ? &e->locals : NULL;
	bool ended;

	if (!e)
		return NULL;
	parser_next(p);
	while (!p->code && declaration_ahead(p))
		tail = parse_decl(p, tail);
	if (parser_at(p, TOK_RBRACE))
		return expr_fail(p, p->tok.at,
				 "block without a value: its last part is an expression");
	e->a = parse_expr(p);
	ended = parser_take(p, TOK_SEMICOLON);
	if (ended && !parser_at(p, TOK_RBRACE) && !parser_at(p, TOK_RPAREN) &&
	    !parser_at(p, TOK_END))
		return expr_fail(p, p->tok.at,
				 "only declarations may stand before a block's value");
	if (!parser_take(p, TOK_RBRACE))
		return expr_expected(p, "'}'");
	p->depth--;
	return expr_finish(p, e);
}
