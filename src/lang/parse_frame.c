/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames of chains, in both forms: a function, its parameters, a condition. In
 * a spec one pair of parentheses holds parameters, in a rule it holds the
 * condition; two are parameters, then condition, in both.
 */
#include "lang/parser.h"

#include <errno.h>

#include "util/limits.h"

/* condition = "(" expr ")" | block */
int parse_condition(struct parser *p, struct frame *f)
{
	if (parser_peek(p).kind == TOK_RPAREN) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "empty condition");
		parser_hint(p, "leave the parentheses out for 'always'");
		return p->code;
	}
	f->pred = parse_paren(p);
	if (p->code)
		return p->code;
	if (parser_at(p, TOK_LPAREN)) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "second condition on one frame");
		parser_hint(p, "join conditions with '&&': (a == 1 && b == 2)");
	}
	return p->code;
}

int refuse_clone(struct parser *p, struct str func)
{
	parser_fail(p, -EINVAL, ERR_UNSUPPORTED, p->tok.at,
		    "a compiler's clone of a function cannot be named reliably");
	parser_hint(p, "write '%.*s%s' if the kernel has that too", STR_SHORT(func),
		    p->rule->is_spec ? "()" : "");
	return p->code;
}

/* "module:func", and what looks like a system call's target */
static int refuse_module(struct parser *p, const struct frame *f)
{
	struct token func = parser_peek(p);

	parser_fail(p, -EOPNOTSUPP, ERR_UNSUPPORTED, span_join(f->func_at, p->tok.at),
		    "a caller is named without a prefix");
	if (func.kind != TOK_NAME)
		return p->code;
	parser_hint(p, "write '%s%.*s%s'", str_eq(f->func, "syscall") ? "sys_" : "",
		    STR_SHORT(func.text), p->rule->is_spec ? "()" : "");
	return p->code;
}

/* in a spec a name is directly followed by "(": most ways to get here are habits */
static int refuse_name(struct parser *p, const struct frame *f)
{
	if (parser_at(p, TOK_ASSIGN)) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "'=' in a spec");
		parser_hint(p, "what is to return which value is said by a rule");
		return p->code;
	}
	parser_fail(p, -EINVAL, ERR_SYNTAX, f->func_at, "missing '()' after '%.*s'",
		    STR_SHORT(f->func));
	parser_hint(p, "write '%.*s()'", STR_SHORT(f->func));
	return p->code;
}

/* tokens that begin or join expressions and have no business among parameters */
static bool looks_like_condition(enum token_kind stop)
{
	switch (stop) {
	case TOK_END:
	case TOK_BAD:
	case TOK_NAME:
	case TOK_RPAREN:
	case TOK_COMMA:
	case TOK_ELLIPSIS:
	case TOK_CHAIN:
	case TOK_LBRACE:
	case TOK_LBRACKET:
	case TOK_SEMICOLON:
		return false;
	default:
		return true;
	}
}

/* "(" params ")" */
static int parse_frame_params(struct parser *p, struct frame *f)
{
	struct span outer;

	f->params_at = p->tok.at;
	outer = parser_open(p);
	if (parse_params(p, f) || parser_close(p, outer, "',' or ')'")) {
		if (p->code == -EINVAL && looks_like_condition(p->stop))
			parser_hint(p, "the first parentheses after a function hold its "
				       "parameters, the second its condition");
		return p->code;
	}
	f->params_at = span_join(f->params_at, p->last);
	return 0;
}

/* tok is "(" in a rule: parameters if it is empty or its ")" is followed by another "(" */
static bool params_ahead(const struct parser *p)
{
	struct lexer lx = p->lx;
	unsigned int depth = 1;
	bool empty = true;
	struct token t;

	lx.err = NULL;
	do {
		if (lex_next(&lx, &t) || t.kind == TOK_END)
			return false;
		depth += t.kind == TOK_LPAREN;
		depth -= t.kind == TOK_RPAREN;
		empty = empty && !depth;
	} while (depth);
	lex_next(&lx, &t);
	return empty || t.kind == TOK_LPAREN;
}

/* bcc's habit: parameters alone */
static int refuse_declaration(struct parser *p, const struct frame *f)
{
	struct parser ahead = *p;
	struct token second;

	ahead.err = NULL;
	parser_next(&ahead);
	second = parser_peek(&ahead);
	if (!declaration_ahead(&ahead) || str_eq(second.text, "and") || str_eq(second.text, "or"))
		return 0;
	parser_fail(p, -EINVAL, ERR_SYNTAX, ahead.tok.at, "'%.*s(...)' takes a condition in a rule",
		    STR_SHORT(f->func));
	parser_hint(p, "parameters go before one, '%.*s(params)(condition)', or are left out",
		    STR_SHORT(f->func));
	return p->code;
}

/* func = name [ "(" params ")" ] [ condition ] ; a spec's "(" is never the condition's */
int parse_frame_func(struct parser *p, struct frame *f)
{
	if (*p->tok.text.p == '$')
		return parser_expected(p, "the name of a function");
	f->func = p->tok.text;
	f->func_at = p->tok.at;
	parser_next(p);
	if (p->code)
		return p->code;
	if (parser_at(p, TOK_COLON))
		return refuse_module(p, f);
	if (parser_at(p, TOK_DOT))
		return refuse_clone(p, f->func);
	if (!parser_at(p, TOK_LPAREN))
		return p->rule->is_spec ? refuse_name(p, f) : 0;
	if (p->rule->is_spec || params_ahead(p)) {
		if (parse_frame_params(p, f))
			return p->code;
	} else if (refuse_declaration(p, f)) {
		return p->code;
	}
	return parser_at(p, TOK_LPAREN) ? parse_condition(p, f) : p->code;
}

struct frame *frame_add(struct parser *p, const struct frame *f)
{
	if (p->n_frames == LIMIT_FRAMES) {
		parser_fail(p, -E2BIG, ERR_LIMIT, f->at, "more than %d callers in one rule",
			    LIMIT_FRAMES);
		return NULL;
	}
	p->frames[p->n_frames] = *f;
	return &p->frames[p->n_frames++];
}

bool caller_mark_ahead(const struct parser *p)
{
	struct token t = parser_peek(p);

	return parser_at(p, TOK_LT) && t.kind == TOK_MINUS && t.at.off == p->tok.at.off + 1;
}
