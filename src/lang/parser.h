/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parsers share: one token of look-ahead, sticky failure, node and
 * depth budgets. Every parse_*() returns NULL or a code after a failure, which
 * is in p->code and, worded, in p->err; the current token is then TOK_BAD, so
 * no loop goes on.
 */
#pragma once

#include "lang/ast.h"
#include "lang/token.h"

struct parser {
	struct rule *rule;
	struct arena *arena;
	const struct source *src;
	struct err *err;
	int code;
	enum token_kind stop; /* the token parser_fail() stood at */
	struct lexer lx; /* stands behind tok */
	struct token tok;
	struct span last;    /* the token before tok */
	struct span open;    /* innermost parenthesis still open; SPAN_NONE */
	unsigned int depth;
	unsigned int nodes;
	bool bare_strings; /* STRCMP takes bcc's unquoted literal */
};

void parser_init(struct parser *p, struct rule *rule, struct err *err);
void parser_next(struct parser *p);
bool parser_at(const struct parser *p, enum token_kind kind);
bool parser_at_word(const struct parser *p, const char *word);
bool parser_take(struct parser *p, enum token_kind kind); /* next if it is there */
/* the token after tok, silently */
struct token parser_peek(const struct parser *p);
void *parser_alloc(struct parser *p, size_t size);

/* record the first failure; returns its code. At the end of the text, an open parenthesis it is. */
int parser_fail(struct parser *p, int code, enum err_tag tag, struct span at, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* "expected WHAT before 'tok'" */
int parser_expected(struct parser *p, const char *what);
void parser_hint(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "(": remembers it for messages; the value goes back into parser_close() */
struct span parser_open(struct parser *p);
int parser_close(struct parser *p, struct span outer, const char *what);

/* parse_expr.c */
struct expr *parse_expr(struct parser *p);
/* tok is "(" */
struct expr *parse_paren(struct parser *p);

/* parse_type.c */
/* tok is a word that can only start a type: struct, unsigned, const ... */
bool type_word_ahead(const struct parser *p);
/* tok is a word of C that no condition can hold: if, return, static ... */
bool type_keyword_ahead(const struct parser *p);
/* tok is a name that can name a thing */
bool type_plain_name_ahead(const struct parser *p);
/* tok is "(" and a type in parentheses follows: a cast, or sizeof(type) */
bool type_in_parens_ahead(const struct parser *p, bool is_sizeof);
/* in a block: "T x", "T *x =" and the like */
bool declaration_ahead(const struct parser *p);
int parse_type_base(struct parser *p, struct type_name *t);
int parse_stars(struct parser *p, struct type_name *t);
int parse_type_name(struct parser *p, struct type_name *t);
/* tok is behind "(" ; takes up to but not the ")" */
int parse_params(struct parser *p, struct frame *f);
