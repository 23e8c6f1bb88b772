/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operators work on: names, calls, parentheses, and the members and elements of these. */
#include "lang/parser.h"

#include <errno.h>
#include <string.h>

#include "util/limits.h"

static struct expr *parse_name(struct parser *p)
{
	struct expr *e;

	if (type_word_ahead(p))
		return expr_fail(p, p->tok.at, "a type cannot stand here");
	e = expr_new(p, EXPR_NAME, p->tok.at);
	if (!e)
		return NULL;
	e->name = p->tok.text;
	e->name_at = p->tok.at;
	e->user = p->tok.user;
	if (e->user)
		e->name.len -= strlen(TOKEN_USER);
	if (e->user && !p->probe)
		return expr_fail(p, p->tok.at,
				 "'@user' is for probes: a rule casts, (char *)name, and system "
				 "calls' pointers are the process's anyway");
	parser_next(p);
	return expr_finish(p, e);
}

/* args = [ arg *( "," arg ) ] ; arg = expr, or a bare string, or a type name */
static bool parse_args(struct parser *p, struct expr *call)
{
	bool is_strcmp = p->bare_strings && str_eq(call->name, "STRCMP");
	bool is_container = str_eq(call->name, "container_of");
	struct expr *args[LIMIT_ARGS];
	unsigned int n = 0;

	if (parser_at(p, TOK_RPAREN))
		return true;
	args[n++] = parse_expr(p);
	while (parser_at(p, TOK_COMMA)) {
		if (n == LIMIT_ARGS)
			return parser_fail(p, -E2BIG, ERR_LIMIT, p->tok.at,
					   "more than %d arguments", LIMIT_ARGS) == 0;
		if (is_strcmp && n == 1) {
			args[n++] = parse_bare_string(p);
			continue;
		}
		parser_next(p);
		if (is_container && !call->type) {
			if (!parse_type_arg(p, call))
				return false;
			continue;
		}
		args[n++] = parse_expr(p);
	}
	if (p->code)
		return false;
	call->args = parser_alloc(p, n * sizeof(*args));
	if (!call->args)
		return false;
	memcpy(call->args, args, n * sizeof(*args));
	call->n_args = n;
	return true;
}

/* call = name "(" args ")" */
static struct expr *parse_call(struct parser *p)
{
	struct expr *e = expr_new(p, EXPR_CALL, p->tok.at);
	struct span outer;

	if (!e)
		return NULL;
	e->name = p->tok.text;
	e->name_at = p->tok.at;
	parser_next(p);
	outer = parser_open(p);
	if (!parse_args(p, e) || parser_close(p, outer, "',' or ')'"))
		return NULL;
	e->at = span_join(e->at, p->last);
	e = expr_finish(p, e);
	return e && p->bin_cmp ? parse_bytes_test(p, e) : e;
}

static struct expr *refuse_statements(struct parser *p)
{
	expr_fail(p, p->tok.at, "statements cannot stand here");
	parser_hint(p, "a block with a value is written ({ ...; value; })");
	return NULL;
}

struct expr *refuse_chain_mark(struct parser *p)
{
	expr_fail(p, p->tok.at, "'=>' inside an expression");
	parser_hint(p, p->rule->is_spec
			       ? "'=>' separates the frames of a chain; to compare, write '>='"
			       : "to compare, write '>='");
	return NULL;
}

/* paren = "(" expr ")" | block */
struct expr *parse_paren(struct parser *p)
{
	struct span start = p->tok.at;
	struct span outer = parser_open(p);
	struct expr *e;

	if (parser_at(p, TOK_RPAREN))
		return expr_expected(p, "an expression");
	e = parser_at(p, TOK_LBRACE) ? parse_block(p, start) : parse_expr(p);
	if (!e)
		return NULL;
	if (parser_at(p, TOK_COMMA))
		return expr_fail(p, p->tok.at, "the comma operator has no use in a condition");
	if (parser_at(p, TOK_SEMICOLON))
		return refuse_statements(p);
	if (parser_at_word(p, "and") || parser_at_word(p, "or"))
		return expr_fail(p, p->tok.at,
				 *p->tok.text.p == 'a' ? "did you mean '&&'?"
						       : "did you mean '||'?");
	if (parser_close(p, outer, "')'"))
		return NULL;
	e->at = span_join(start, p->last);
	return e;
}

/* primary = INT | STRING | name | call | paren */
static struct expr *parse_primary(struct parser *p)
{
	switch (p->tok.kind) {
	case TOK_INT:
		return parse_int(p);
	case TOK_STRING:
		return parse_string(p);
	case TOK_LPAREN:
		return parse_paren(p);
	case TOK_NAME:
		if (type_keyword_ahead(p))
			return expr_fail(p, p->tok.at,
					 "a condition is one expression, not statements");
		return parser_peek(p).kind == TOK_LPAREN ? parse_call(p) : parse_name(p);
	case TOK_LBRACE:
		return refuse_statements(p);
	case TOK_CHAIN:
		return refuse_chain_mark(p);
	default:
		return expr_expected(p, "an expression");
	}
}

/* index = e "[" expr "]" */
static struct expr *parse_index(struct parser *p, struct expr *a)
{
	struct expr *e = expr_new(p, EXPR_INDEX, a->at);

	if (!e)
		return NULL;
	e->op_at = p->tok.at;
	e->a = a;
	parser_next(p);
	e->b = parse_expr(p);
	if (!p->code && !parser_take(p, TOK_RBRACKET))
		return expr_expected(p, "']'");
	e->at = span_join(a->at, p->last);
	return expr_finish(p, e);
}

/* member = e ( "." | "->" ) name */
static struct expr *parse_member(struct parser *p, struct expr *a)
{
	struct expr *e = expr_new(p, EXPR_MEMBER, a->at);

	if (!e)
		return NULL;
	e->op_at = p->tok.at;
	e->arrow = parser_at(p, TOK_ARROW);
	e->a = a;
	parser_next(p);
	if (!parser_at(p, TOK_NAME) || *p->tok.text.p == '$')
		return expr_expected(p, "the name of a member");
	e->name = p->tok.text;
	e->name_at = p->tok.at;
	parser_next(p);
	e->at = span_join(a->at, p->last);
	return expr_finish(p, e);
}

/* postfix = primary *( member | index ) */
struct expr *parse_postfix(struct parser *p)
{
	struct expr *e = parse_primary(p);

	while (e) {
		switch (p->tok.kind) {
		case TOK_LBRACKET:
			e = parse_index(p, e);
			break;
		case TOK_DOT:
		case TOK_ARROW:
			e = parse_member(p, e);
			break;
		case TOK_LPAREN:
			return expr_fail(p, p->tok.at, "only a function's name can be called");
		case TOK_INC:
		case TOK_DEC:
			return expr_fail(p, p->tok.at, "conditions have no side effects");
		default:
			return e;
		}
	}
	return NULL;
}
