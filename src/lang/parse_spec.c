/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bcc's chain spec: `b() => a(int x)(x == 1)` is "in b, called from a with
 * x == 1". Everything bcc accepts and means is accepted and means the same;
 * what it accepts and drops or turns around (a second condition, a condition on
 * the target that does not come first) is an error that says what to write.
 */
#include "lang/parse.h"

#include <errno.h>
#include <string.h>

#include "lang/parser.h"
#include "util/cleanup.h"
#include "util/limits.h"

/* condition = "(" expr ")" | block */
static int parse_condition(struct parser *p, struct frame *f)
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

/* a name that is not directly followed by "(": most ways to get here are habits */
static int refuse_name(struct parser *p, const struct frame *f)
{
	if (parser_at(p, TOK_COLON))
		return parser_fail(p, -EOPNOTSUPP, ERR_UNSUPPORTED,
				   span_join(f->func_at, p->tok.at),
				   "functions of modules are not supported in a spec yet");
	if (parser_at(p, TOK_DOT)) {
		parser_fail(p, -EINVAL, ERR_UNSUPPORTED, p->tok.at,
			    "a compiler's clone of a function cannot be named reliably");
		parser_hint(p, "write '%.*s()' if the kernel has that too", STR_FMT(f->func));
		return p->code;
	}
	parser_fail(p, -EINVAL, ERR_SYNTAX, f->func_at, "missing '()' after '%.*s'",
		    f->func.len < 200 ? (int)f->func.len : 200, f->func.p);
	parser_hint(p, "write '%.*s()'", f->func.len < 200 ? (int)f->func.len : 200, f->func.p);
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

/* func = name "(" params ")" */
static int parse_func(struct parser *p, struct frame *f)
{
	struct span outer;

	if (*p->tok.text.p == '$')
		return parser_expected(p, "the name of a function");
	f->func = p->tok.text;
	f->func_at = p->tok.at;
	parser_next(p);
	if (p->code)
		return p->code;
	if (!parser_at(p, TOK_LPAREN))
		return refuse_name(p, f);
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

/* frame = condition | func [ condition ] */
static int parse_frame(struct parser *p, struct frame *f)
{
	*f = (struct frame){ .at = p->tok.at, .func_at = SPAN_NONE, .params_at = SPAN_NONE };
	switch (p->tok.kind) {
	case TOK_BAD:
		return p->code;
	case TOK_LPAREN:
		if (parse_condition(p, f))
			return p->code;
		break;
	case TOK_NAME:
		if (parse_func(p, f))
			return p->code;
		if (parser_at(p, TOK_LPAREN) && parse_condition(p, f))
			return p->code;
		break;
	case TOK_CHAIN:
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "empty frame before '=>'");
	case TOK_RPAREN:
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "unmatched ')'");
	case TOK_END:
		if (p->last.len)
			return parser_fail(p, -EINVAL, ERR_SYNTAX, p->last,
					   "empty frame after '=>'");
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "empty spec");
		parser_hint(p, "write '(true)' to mean every call");
		return p->code;
	default:
		return parser_expected(p, "a function or '('");
	}
	f->at = span_join(f->at, p->last);
	return p->code;
}

/* what follows a frame must be "=>" or the end */
static int parse_separator(struct parser *p, bool *more)
{
	const char *text = p->src->text + p->tok.at.off;

	*more = parser_at(p, TOK_CHAIN);
	if (*more || parser_at(p, TOK_END)) {
		parser_take(p, TOK_CHAIN);
		return p->code;
	}
	if (parser_at(p, TOK_RPAREN))
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "unmatched ')'");
	if (parser_at(p, TOK_ARROW) || parser_at(p, TOK_GE) || parser_at(p, TOK_ASSIGN))
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
				   "expected '=>' between frames, not '%.*s'",
				   STR_FMT(p->tok.text));
	if (parser_at(p, TOK_LT) && text[1] == '-') {
		parser_fail(p, -EINVAL, ERR_SYNTAX, (struct span){ p->tok.at.off, 2 },
			    "'<-' in a spec");
		parser_hint(p, "in a spec chains are written callee => caller");
		return p->code;
	}
	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "text after the last frame");
	parser_hint(p, "frames are joined by '=>'");
	return p->code;
}

static bool is_target(const struct rule *r, const struct frame *f)
{
	return !f->func.len || str_eq(f->func, r->target);
}

/* bcc would attach the injection to the frame on its left (peers B3) */
static int refuse_late_target(struct parser *p, const struct frame *f)
{
	struct span at = span_is_none(f->func_at) ? f->pred->at : f->func_at;

	parser_fail(p, -EINVAL, ERR_SYNTAX, at, "a frame about '%.100s' must come first",
		    p->rule->target);
	parser_hint(p, "write '%.*s => ...'", f->at.len < 120 ? (int)f->at.len : 120,
		    p->src->text + f->at.off);
	return p->code;
}

/* spec = frame *( "=>" frame ) */
static int parse_chain(struct parser *p)
{
	struct rule *r = p->rule;
	struct chain *c = r->chains;
	bool more, first = true;

	do {
		struct frame f;

		if (parse_frame(p, &f))
			return p->code;
		if (first && is_target(r, &f)) {
			r->on_target = f;
		} else if (is_target(r, &f)) {
			return refuse_late_target(p, &f);
		} else if (c->n_frames == LIMIT_FRAMES) {
			return parser_fail(p, -E2BIG, ERR_LIMIT, f.at,
					   "chain of more than %d callers", LIMIT_FRAMES);
		} else {
			c->at = c->n_frames ? span_join(c->at, f.at) : f.at;
			c->frames[c->n_frames++] = f;
			r->n_chains = 1;
		}
		first = false;
		if (parse_separator(p, &more))
			return p->code;
	} while (more);
	return 0;
}

/* the rule and a copy of its text, in one arena */
static int rule_new(struct rule **out, const char *name, const char *text, size_t len,
		    const char *target)
{
	_cleanup_(arena_freep) struct arena *a = NULL;
	struct source *src;
	struct rule *r;

	if (arena_new(&a))
		return -ENOMEM;
	r = arena_alloc(a, sizeof(*r));
	src = arena_alloc(a, sizeof(*src));
	if (!r || !src)
		return -ENOMEM;
	src->name = arena_strndup(a, name, strlen(name));
	src->text = arena_strndup(a, text, len);
	src->len = len;
	r->chains = arena_alloc(a, sizeof(*r->chains));
	if (!src->name || !src->text || !r->chains)
		return -ENOMEM;
	r->chains->frames = arena_alloc(a, LIMIT_FRAMES * sizeof(*r->chains->frames));
	if (!r->chains->frames)
		return -ENOMEM;
	r->src = src;
	r->is_spec = true;
	r->target = target;
	r->target_at = SPAN_NONE;
	r->schedule.probability = PROBABILITY_ALWAYS;
	r->on_target =
		(struct frame){ .at = SPAN_NONE, .func_at = SPAN_NONE, .params_at = SPAN_NONE };
	r->arena = take_ptr(a);
	*out = r;
	return 0;
}

int spec_parse(struct rule **out, const char *name, const char *text, const char *target,
	       struct err *err)
{
	_cleanup_(rule_freep) struct rule *r = NULL;
	size_t len = strlen(text);
	struct parser p;

	if (len > LIMIT_RULE_TEXT)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "spec of %zu bytes; at most %d are allowed", len, LIMIT_RULE_TEXT);
	if (rule_new(&r, name, text, len, target))
		return err_nomem(err);
	parser_init(&p, r, err);
	p.bare_strings = true;
	if (parse_chain(&p))
		return p.code;
	*out = take_ptr(r);
	return 0;
}
