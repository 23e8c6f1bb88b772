/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text to tokens, one at a time and without state but a position, so that the
 * parsers can look ahead by lexing from a copy.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"
#include "util/span.h"
#include "util/str.h"

/* longest first: the lexer takes the first that fits */
#define PUNCTS(X)                                                                                  \
	X(TOK_SHL_ASSIGN, "<<=")                                                                   \
	X(TOK_SHR_ASSIGN, ">>=")                                                                   \
	X(TOK_ELLIPSIS, "...")                                                                     \
	X(TOK_ARROW, "->")                                                                         \
	X(TOK_INC, "++")                                                                           \
	X(TOK_DEC, "--")                                                                           \
	X(TOK_SHL, "<<")                                                                           \
	X(TOK_SHR, ">>")                                                                           \
	X(TOK_LE, "<=")                                                                            \
	X(TOK_GE, ">=")                                                                            \
	X(TOK_EQ, "==")                                                                            \
	X(TOK_NE, "!=")                                                                            \
	X(TOK_AND, "&&")                                                                           \
	X(TOK_OR, "||")                                                                            \
	X(TOK_ADD_ASSIGN, "+=")                                                                    \
	X(TOK_SUB_ASSIGN, "-=")                                                                    \
	X(TOK_MUL_ASSIGN, "*=")                                                                    \
	X(TOK_DIV_ASSIGN, "/=")                                                                    \
	X(TOK_MOD_ASSIGN, "%=")                                                                    \
	X(TOK_AND_ASSIGN, "&=")                                                                    \
	X(TOK_XOR_ASSIGN, "^=")                                                                    \
	X(TOK_OR_ASSIGN, "|=")                                                                     \
	X(TOK_CHAIN, "=>")                                                                         \
	X(TOK_LPAREN, "(")                                                                         \
	X(TOK_RPAREN, ")")                                                                         \
	X(TOK_LBRACKET, "[")                                                                       \
	X(TOK_RBRACKET, "]")                                                                       \
	X(TOK_LBRACE, "{")                                                                         \
	X(TOK_RBRACE, "}")                                                                         \
	X(TOK_DOT, ".")                                                                            \
	X(TOK_COMMA, ",")                                                                          \
	X(TOK_SEMICOLON, ";")                                                                      \
	X(TOK_COLON, ":")                                                                          \
	X(TOK_QUESTION, "?")                                                                       \
	X(TOK_PLUS, "+")                                                                           \
	X(TOK_MINUS, "-")                                                                          \
	X(TOK_STAR, "*")                                                                           \
	X(TOK_SLASH, "/")                                                                          \
	X(TOK_PERCENT, "%")                                                                        \
	X(TOK_AMP, "&")                                                                            \
	X(TOK_PIPE, "|")                                                                           \
	X(TOK_CARET, "^")                                                                          \
	X(TOK_BANG, "!")                                                                           \
	X(TOK_TILDE, "~")                                                                          \
	X(TOK_LT, "<")                                                                             \
	X(TOK_GT, ">")                                                                             \
	X(TOK_ASSIGN, "=")

#define X(id, text) id,
enum token_kind {
	TOK_END,
	TOK_BAD,    /* an error was reported, or would have been */
	TOK_NAME,   /* identifier, keyword, or $name */
	TOK_INT,    /* integer or character constant */
	TOK_STRING, /* still quoted and escaped */
	PUNCTS(X)
};
#undef X

#define TOKEN_USER "@user"

struct token {
	enum token_kind kind;
	struct span at;
	struct str text;
	uint64_t value; /* TOK_INT; a character is sign-extended as in C */
	bool is_unsigned, is_long;
	bool user; /* TOK_NAME: TOKEN_USER stands behind it, and is in the text */
};

struct lexer {
	const struct source *src;
	size_t pos;
	struct err *err; /* may be NULL: look-ahead is silent */
};

/* 0, or the error's code with tok->kind TOK_BAD; at the end TOK_END again and again */
int lex_next(struct lexer *lx, struct token *tok);

/*
 * One possibly escaped byte of the inside of a literal; returns the source
 * bytes it takes, 0 if the escape is malformed.
 */
size_t lex_char(const char *p, const char *end, unsigned char *out);
