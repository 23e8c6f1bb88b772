/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token supply and failure of the parsers; no grammar here. */
#include "lang/parser.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/limits.h"

int rule_new(struct rule **out, const char *name, const char *text, struct err *err)
{
	_cleanup_(arena_freep) struct arena *a = NULL;
	size_t len = strlen(text);
	struct source *src;
	struct rule *r;

	if (len > LIMIT_RULE_TEXT)
		return err_plain(err, -E2BIG, ERR_LIMIT, "%s of %zu bytes; at most %d are allowed",
				 name, len, LIMIT_RULE_TEXT);
	if (arena_new(&a))
		return err_nomem(err);
	r = arena_alloc(a, sizeof(*r));
	src = arena_alloc(a, sizeof(*src));
	if (!r || !src)
		return err_nomem(err);
	src->name = arena_strndup(a, name, strlen(name));
	src->text = arena_strndup(a, text, len);
	src->len = len;
	r->chains = arena_alloc(a, LIMIT_CHAINS * sizeof(*r->chains));
	r->notes = arena_alloc(a, LIMIT_NOTES * sizeof(*r->notes));
	if (!src->name || !src->text || !r->chains || !r->notes)
		return err_nomem(err);
	r->src = src;
	r->target_at = r->after_at = SPAN_NONE;
	r->schedule = (struct schedule){
		.probability = PROBABILITY_ALWAYS,
		.when_at = SPAN_NONE,
		.interval_at = SPAN_NONE,
		.probability_at = SPAN_NONE,
		.times_at = SPAN_NONE,
	};
	r->on_target =
		(struct frame){ .at = SPAN_NONE, .func_at = SPAN_NONE, .params_at = SPAN_NONE };
	r->arena = take_ptr(a);
	*out = r;
	return 0;
}

void rule_note(struct rule *r, struct span at, const char *fmt, ...)
{
	char text[240];
	va_list ap;

	if (r->n_notes == LIMIT_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->notes[r->n_notes].at = at;
	r->notes[r->n_notes].text = arena_strndup(r->arena, text, strlen(text));
	r->n_notes += r->notes[r->n_notes].text != NULL;
}

void parser_init_at(struct parser *p, struct rule *rule, struct err *err)
{
	*p = (struct parser){
		.rule = rule,
		.arena = rule->arena,
		.src = rule->src,
		.err = err,
		.lx = { .src = rule->src, .err = err },
		.open = SPAN_NONE,
		.frames = arena_alloc(rule->arena, LIMIT_FRAMES * sizeof(*p->frames)),
	};
	if (!p->frames)
		p->code = err_nomem(err);
	p->tok.kind = TOK_BAD;
}

void parser_init(struct parser *p, struct rule *rule, struct err *err)
{
	parser_init_at(p, rule, err);
	parser_next(p);
}

void parser_next(struct parser *p)
{
	int r;

	p->last = p->tok.at;
	if (p->code)
		return;
	r = lex_next(&p->lx, &p->tok);
	if (r)
		p->code = r;
}

bool parser_at(const struct parser *p, enum token_kind kind)
{
	return p->tok.kind == kind;
}

bool parser_at_word(const struct parser *p, const char *word)
{
	return p->tok.kind == TOK_NAME && str_eq(p->tok.text, word);
}

bool parser_take(struct parser *p, enum token_kind kind)
{
	if (p->tok.kind != kind)
		return false;
	parser_next(p);
	return true;
}

struct token parser_peek(const struct parser *p)
{
	struct lexer lx = p->lx;
	struct token tok;

	lx.err = NULL;
	lex_next(&lx, &tok);
	return tok;
}

void *parser_alloc(struct parser *p, size_t size)
{
	void *mem = arena_alloc(p->arena, size);

	if (!mem && !p->code) {
		p->code = err_nomem(p->err);
		p->tok.kind = TOK_BAD;
	}
	return mem;
}

int parser_fail(struct parser *p, int code, enum err_tag tag, struct span at, const char *fmt, ...)
{
	char msg[sizeof(p->err->msg)];
	va_list ap;

	if (p->code)
		return p->code;
	if (parser_at(p, TOK_END) && tag == ERR_SYNTAX && !span_is_none(p->open)) {
		err_set(p->err, code, tag, p->src, p->open, "unbalanced '('");
	} else {
		va_start(ap, fmt);
		vsnprintf(msg, sizeof(msg), fmt, ap);
		va_end(ap);
		err_set(p->err, code, tag, p->src, at, "%s", msg);
	}
	p->code = code;
	p->stop = p->tok.kind;
	p->tok.kind = TOK_BAD;
	return code;
}

int parser_expected(struct parser *p, const char *what)
{
	int len = p->tok.text.len < 40 ? (int)p->tok.text.len : 40;

	if (parser_at(p, TOK_END))
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "expected %s at the end",
				   what);
	return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "expected %s before '%.*s'", what,
			   len, p->tok.text.p);
}

void parser_hint(struct parser *p, const char *fmt, ...)
{
	char msg[sizeof(p->err->note[0].msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_note(p->err, SPAN_NONE, "%s", msg);
}

struct span parser_open(struct parser *p)
{
	struct span outer = p->open;

	p->open = p->tok.at;
	parser_next(p);
	return outer;
}

int parser_close(struct parser *p, struct span outer, const char *what)
{
	if (p->code)
		return p->code;
	if (!parser_at(p, TOK_RPAREN))
		return parser_expected(p, what);
	p->open = outer;
	parser_next(p);
	return p->code;
}
