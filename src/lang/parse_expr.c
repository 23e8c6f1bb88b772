/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions: C's expressions without side effects. One function per
 * production, from the tightest operator to the loosest; the order of the calls
 * is the precedence.
 */
#include "lang/parser.h"

struct op_row {
	enum token_kind kind;
	enum expr_op op;
};

typedef struct expr *parse_fn(struct parser *p);

static struct expr *parse_unary(struct parser *p);

/* cast = "(" type ")" unary */
static struct expr *parse_cast(struct parser *p)
{
	struct expr *e = expr_new(p, EXPR_CAST, p->tok.at);
	struct span outer;

	if (!e)
		return NULL;
	outer = parser_open(p);
	if (!parse_type_arg(p, e) || parser_close(p, outer, "')' after a type") || !parser_enter(p))
		return NULL;
	e->op_at = span_join(e->at, p->last);
	e->a = parse_unary(p);
	p->depth--;
	if (!e->a)
		return NULL;
	e->at = span_join(e->at, e->a->at);
	return expr_finish(p, e);
}

/* sizeof = "sizeof" ( "(" type ")" | unary ) */
static struct expr *parse_sizeof(struct parser *p)
{
	struct expr *e = expr_new(p, EXPR_SIZEOF, p->tok.at);
	struct span outer;

	if (!e || !parser_enter(p))
		return NULL;
	parser_next(p);
	if (parser_at(p, TOK_LPAREN) && type_in_parens_ahead(p, true)) {
		outer = parser_open(p);
		if (!parse_type_arg(p, e) || parser_close(p, outer, "')' after a type"))
			return NULL;
	} else {
		e->a = parse_unary(p);
	}
	p->depth--;
	e->at = span_join(e->at, p->last);
	return expr_finish(p, e);
}

/* unary = ( "!" | "~" | "-" | "+" | "*" | "&" ) unary | cast | sizeof | postfix */
static struct expr *parse_unary(struct parser *p)
{
	static const struct op_row ops[] = {
		{ TOK_BANG, OP_NOT },  { TOK_TILDE, OP_BITNOT }, { TOK_MINUS, OP_NEG },
		{ TOK_PLUS, OP_PLUS }, { TOK_STAR, OP_DEREF },	 { TOK_AMP, OP_ADDR },
	};
	struct expr *e = NULL;

	if (parser_at(p, TOK_INC) || parser_at(p, TOK_DEC))
		return expr_fail(p, p->tok.at, "conditions have no side effects");
	if (parser_at_word(p, "sizeof"))
		return parse_sizeof(p);
	if (parser_at(p, TOK_LPAREN) && type_in_parens_ahead(p, false))
		return parse_cast(p);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]) && !e; i++) {
		if (!parser_at(p, ops[i].kind))
			continue;
		e = expr_new(p, EXPR_UNARY, p->tok.at);
		if (!e || !parser_enter(p))
			return NULL;
		e->op = ops[i].op;
	}
	if (!e)
		return parse_postfix(p);
	parser_next(p);
	e->a = parse_unary(p);
	p->depth--;
	if (!e->a)
		return NULL;
	e->at = span_join(e->at, e->a->at);
	return expr_finish(p, e);
}

/* level = operand *( op operand ) ; rows ends with TOK_END */
static struct expr *parse_level(struct parser *p, parse_fn *operand, const struct op_row *rows)
{
	struct expr *left = operand(p);

	for (bool chain = false; left; chain = true) {
		const struct op_row *row = rows;
		struct expr *e;

		while (row->kind != TOK_END && row->kind != p->tok.kind)
			row++;
		if (row->kind == TOK_END)
			return left;
		e = expr_new(p, EXPR_BINARY, left->at);
		if (!e)
			return NULL;
		e->op = row->op;
		e->op_at = p->tok.at;
		parser_next(p);
		e->a = left;
		e->b = operand(p);
		if (!e->b)
			return NULL;
		e->at = span_join(e->a->at, e->b->at);
		left = chain ? expr_continue(p, e) : expr_finish(p, e);
	}
	return NULL;
}

#define ROWS(...) ((const struct op_row[]){ __VA_ARGS__, { TOK_END, OP_NONE } })

/* mul = unary *( ( "*" | "/" | "%" ) unary ) */
static struct expr *parse_mul(struct parser *p)
{
	return parse_level(
		p, parse_unary,
		ROWS({ TOK_STAR, OP_MUL }, { TOK_SLASH, OP_DIV }, { TOK_PERCENT, OP_MOD }));
}

/* add = mul *( ( "+" | "-" ) mul ) */
static struct expr *parse_add(struct parser *p)
{
	return parse_level(p, parse_mul, ROWS({ TOK_PLUS, OP_ADD }, { TOK_MINUS, OP_SUB }));
}

/* shift = add *( ( "<<" | ">>" ) add ) */
static struct expr *parse_shift(struct parser *p)
{
	return parse_level(p, parse_add, ROWS({ TOK_SHL, OP_SHL }, { TOK_SHR, OP_SHR }));
}

/* relation = shift *( ( "<" | ">" | "<=" | ">=" ) shift ) */
static struct expr *parse_relation(struct parser *p)
{
	return parse_level(
		p, parse_shift,
		ROWS({ TOK_LT, OP_LT }, { TOK_GT, OP_GT }, { TOK_LE, OP_LE }, { TOK_GE, OP_GE }));
}

/* equality = relation *( ( "==" | "!=" ) relation ) */
static struct expr *parse_equality(struct parser *p)
{
	return parse_level(p, parse_relation, ROWS({ TOK_EQ, OP_EQ }, { TOK_NE, OP_NE }));
}

/* bitand = equality *( "&" equality ) */
static struct expr *parse_bitand(struct parser *p)
{
	return parse_level(p, parse_equality, ROWS({ TOK_AMP, OP_BITAND }));
}

/* bitxor = bitand *( "^" bitand ) */
static struct expr *parse_bitxor(struct parser *p)
{
	return parse_level(p, parse_bitand, ROWS({ TOK_CARET, OP_BITXOR }));
}

/* bitor = bitxor *( "|" bitxor ) */
static struct expr *parse_bitor(struct parser *p)
{
	return parse_level(p, parse_bitxor, ROWS({ TOK_PIPE, OP_BITOR }));
}

/* and = bitor *( "&&" bitor ) */
static struct expr *parse_and(struct parser *p)
{
	return parse_level(p, parse_bitor, ROWS({ TOK_AND, OP_AND }));
}

/* or = and *( "||" and ) */
static struct expr *parse_or(struct parser *p)
{
	return parse_level(p, parse_and, ROWS({ TOK_OR, OP_OR }));
}

/* cond = or [ "?" expr ":" cond ] */
static struct expr *parse_cond(struct parser *p)
{
	struct expr *first = parse_or(p);
	struct expr *e;

	if (!first || !parser_at(p, TOK_QUESTION))
		return first;
	e = expr_new(p, EXPR_COND, first->at);
	if (!e)
		return NULL;
	e->op_at = p->tok.at;
	e->a = first;
	parser_next(p);
	e->b = parse_expr(p);
	if (e->b && !parser_take(p, TOK_COLON))
		return expr_expected(p, "':' of '?:'");
	e->c = parser_enter(p) ? parse_cond(p) : NULL;
	p->depth--;
	if (!e->c)
		return NULL;
	e->at = span_join(first->at, e->c->at);
	return expr_finish(p, e);
}

static struct expr *refuse_assignment(struct parser *p, struct expr *e)
{
	switch (p->tok.kind) {
	case TOK_ASSIGN:
		return expr_fail(p, p->tok.at, "'=' assigns; did you mean '=='?");
	case TOK_SHL_ASSIGN:
	case TOK_SHR_ASSIGN:
	case TOK_ADD_ASSIGN:
	case TOK_SUB_ASSIGN:
	case TOK_MUL_ASSIGN:
	case TOK_DIV_ASSIGN:
	case TOK_MOD_ASSIGN:
	case TOK_AND_ASSIGN:
	case TOK_XOR_ASSIGN:
	case TOK_OR_ASSIGN:
		return expr_fail(p, p->tok.at, "conditions have no side effects");
	case TOK_CHAIN:
		if (span_is_none(p->open))
			return e;
		return refuse_chain_mark(p);
	default:
		return e;
	}
}

/* expr = cond */
struct expr *parse_expr(struct parser *p)
{
	struct expr *e;

	if (!parser_enter(p))
		return NULL;
	e = parse_cond(p);
	p->depth--;
	return e ? refuse_assignment(p, e) : NULL;
}
