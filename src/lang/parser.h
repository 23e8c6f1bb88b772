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

/* %.*s of as much of a name as a message bears */
#define STR_SHORT(s) (s).len < 80 ? (int)(s).len : 80, (s).p

struct parser {
	struct rule *rule;
	struct arena *arena;
	const struct source *src;
	struct err *err;
	int code;
	enum token_kind stop; /* the token parser_fail() stood at */
	struct lexer lx;      /* stands behind tok */
	struct token tok;
	struct span last; /* the token before tok */
	struct span open; /* innermost parenthesis still open; SPAN_NONE */
	unsigned int depth;
	unsigned int nodes;
	bool bare_strings;     /* STRCMP takes bcc's unquoted literal */
	bool clauses;	       /* a clause may follow an expression */
	bool probe;	       /* a probe's: NAME@user, STRCMP("text", p), ctx */
	bool bin_cmp;	       /* and STRCMP("{0x01}", p) compares bytes */
	struct frame *frames;  /* room for LIMIT_FRAMES: the chains' slices, in order */
	unsigned int n_frames; /* in use */
};

/* an empty rule with a copy of its text and room for its parts, all in one arena */
int rule_new(struct rule **out, const char *name, const char *text, struct err *err);
/* for callers to print; silently full after LIMIT_NOTES */
void rule_note(struct rule *r, struct span at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void parser_init(struct parser *p, struct rule *rule, struct err *err);
/* the same, with no token read yet: lx.pos may be moved first */
void parser_init_at(struct parser *p, struct rule *rule, struct err *err);
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

/* parse_node.c */
/* one level deeper into the text, left by p->depth--; false after a failure */
bool parser_enter(struct parser *p);
/* one more node; false after a failure */
bool parser_count(struct parser *p, struct span at);
struct expr *expr_new(struct parser *p, enum expr_kind kind, struct span at);
/* the last step of making a node: its height, now that the children are in */
struct expr *expr_finish(struct parser *p, struct expr *e);
/* the same of an operator whose left side is one of its level: a chain is flat */
struct expr *expr_continue(struct parser *p, struct expr *e);
/* parser_fail() and parser_expected() where a node would be returned: NULL */
struct expr *expr_fail(struct parser *p, struct span at, const char *msg);
struct expr *expr_expected(struct parser *p, const char *what);

/* parse_literal.c */
struct expr *parse_int(struct parser *p);
struct expr *parse_string(struct parser *p);
/* tok is the comma before a literal without quotes */
struct expr *parse_bare_string(struct parser *p);

/* parse_bytes.c */
/* call, or what STRCMP("{0x01, 0x02}", p) stands for: each byte compared */
struct expr *parse_bytes_test(struct parser *p, struct expr *call);

/* parse_block.c */
/* tok is the "{" behind the "(" at `open` */
struct expr *parse_block(struct parser *p, struct span open);

/* parse_primary.c */
/* tok is "=>" in an expression */
struct expr *refuse_chain_mark(struct parser *p);
/* tok is "(" */
struct expr *parse_paren(struct parser *p);
struct expr *parse_postfix(struct parser *p);

/* parse_expr.c */
struct expr *parse_expr(struct parser *p);

/* parse_frame.c */
/* tok is "(": a condition in parentheses, the only one of its frame */
int parse_condition(struct parser *p, struct frame *f);
/* tok is the name of a function */
int parse_frame_func(struct parser *p, struct frame *f);
/* room behind the other frames, which f is copied to; NULL over the limit */
struct frame *frame_add(struct parser *p, const struct frame *f);
/* tok is "<" directly followed by "-" */
bool caller_mark_ahead(const struct parser *p);
/* tok is "." behind a function's name */
int refuse_clone(struct parser *p, struct str func);

/* parse_clause.c */
bool is_clause_word(struct str s);
/* where an operator could stand: t starts a clause, by what the lexer has behind it */
bool starts_clause(const struct token *t, struct lexer behind);
/* everything behind the value, to the end */
int parse_clauses(struct parser *p);
/* the clause that tok starts stood at `first` already */
int refuse_twice(struct parser *p, struct span first);

/* parse_schedule.c: each is called with tok at its word, and takes the number */
int parse_times(struct parser *p);
int parse_when(struct parser *p);
int parse_probability(struct parser *p);
int parse_interval(struct parser *p);

/* parse_type.c */
/* tok is a word that can only start a type: struct, unsigned, const ... */
bool type_word_ahead(const struct parser *p);
/* tok is a word of C that no condition can hold: if, return, static ... */
bool type_keyword_ahead(const struct parser *p);
/* tok is a name that can name a thing */
bool type_plain_name_ahead(const struct parser *p);
bool type_is_plain_name(struct str s);
/* u32, size_t and the like: in parentheses always a type */
bool type_is_fixed_width(struct str s);
/* tok is "(" and a type in parentheses follows: a cast, or sizeof(type) */
bool type_in_parens_ahead(const struct parser *p, bool is_sizeof);
/* in a block: "T x", "T *x =" and the like */
bool declaration_ahead(const struct parser *p);
int parse_type_base(struct parser *p, struct type_name *t);
int parse_stars(struct parser *p, struct type_name *t);
int parse_type_name(struct parser *p, struct type_name *t);
/* a type name where an expression would stand, into e->type; false after a failure */
bool parse_type_arg(struct parser *p, struct expr *e);
/* tok is behind "(" ; takes up to but not the ")" */
int parse_params(struct parser *p, struct frame *f);
