/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lexer of rules and specs: C's tokens, plus `=>` and $names. It knows no
 * keywords; what a name means is the parsers' business.
 */
#include "lang/token.h"

#include <errno.h>
#include <string.h>

#include "util/limits.h"
#include "util/utf8.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name_char(char c)
{
	return is_name_start(c) || is_digit(c);
}

static unsigned int hex_value(char c)
{
	if (is_digit(c))
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

static struct span span_from(size_t off, size_t len)
{
	return (struct span){ (uint32_t)off, (uint32_t)len };
}

/* blanks and comments; an unterminated comment is an error at its opening */
static int skip_space(struct lexer *lx)
{
	const struct source *src = lx->src;

	while (lx->pos < src->len) {
		const char *p = src->text + lx->pos;
		const char *end;

		if (*p == ' ' || (*p >= '\t' && *p <= '\r')) {
			lx->pos++;
			continue;
		}
		if (p[0] != '/' || p[1] != '*')
			break;
		end = strstr(p + 2, "*/");
		if (!end)
			return err_set(lx->err, -EINVAL, ERR_SYNTAX, src, span_from(lx->pos, 2),
				       "comment is not closed");
		lx->pos = (size_t)(end - src->text) + 2;
	}
	return 0;
}

/* name = [ "$" ] ( letter | "_" ) *( letter | digit | "_" ) [ "@user" ] */
static int lex_name(struct lexer *lx, const char *p, struct token *tok)
{
	size_t n = 1;

	while (is_name_char(p[n]))
		n++;
	tok->kind = TOK_NAME;
	tok->at = span_from(lx->pos, n);
	if (*p == '$' && (n == 1 || is_digit(p[1])))
		return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
			       "'$' needs a name, as in $pid");
	if (n > LIMIT_IDENT + (*p == '$'))
		return err_set(lx->err, -E2BIG, ERR_LIMIT, lx->src, tok->at,
			       "name of %zu bytes; at most %d are allowed", n, LIMIT_IDENT);
	tok->user = strncmp(p + n, TOKEN_USER, strlen(TOKEN_USER)) == 0 &&
		    !is_name_char(p[n + strlen(TOKEN_USER)]);
	if (tok->user)
		tok->at.len += (uint32_t)strlen(TOKEN_USER);
	return 0;
}

/* suffix = each of "u" and ( "l" | "ll" ) at most once, in any order and case */
static bool read_suffix(const char *p, size_t n, bool *is_unsigned, bool *is_long)
{
	*is_unsigned = *is_long = false;
	for (size_t i = 0; i < n; i++) {
		if ((p[i] == 'u' || p[i] == 'U') && !*is_unsigned) {
			*is_unsigned = true;
		} else if ((p[i] == 'l' || p[i] == 'L') && !*is_long) {
			*is_long = true;
			i += i + 1 < n && p[i + 1] == p[i];
		} else {
			return false;
		}
	}
	return true;
}

/* the type C11 6.4.4.1 gives it on a 64-bit kernel */
static void type_int(struct token *tok, unsigned int base)
{
	if (tok->value > INT64_MAX)
		tok->is_unsigned = true;
	if (!tok->is_long && !tok->is_unsigned && base != 10 && tok->value > INT32_MAX &&
	    tok->value <= UINT32_MAX)
		tok->is_unsigned = true;
	if (tok->value > (tok->is_unsigned ? UINT32_MAX : INT32_MAX))
		tok->is_long = true;
}

/* int = ( decimal | "0x" hex | "0" octal ) [ suffix ] */
static int lex_int(struct lexer *lx, const char *p, struct token *tok)
{
	unsigned int base = p[0] != '0' ? 10 : (p[1] | 0x20) == 'x' ? 16 : 8;
	size_t n = 0, i = base == 16 ? 2 : 0, first = i;
	bool overflow = false;

	while (is_name_char(p[n]) || p[n] == '.')
		n++;
	tok->kind = TOK_INT;
	tok->at = span_from(lx->pos, n);
	if (memchr(p, '.', n))
		return err_set(lx->err, -EINVAL, ERR_UNSUPPORTED, lx->src, tok->at,
			       "the kernel has no floating point");
	for (; i < n && hex_value(p[i]) < base; i++) {
		overflow |= __builtin_mul_overflow(tok->value, (uint64_t)base, &tok->value);
		overflow |=
			__builtin_add_overflow(tok->value, (uint64_t)hex_value(p[i]), &tok->value);
	}
	if (i < n && is_digit(p[i]))
		return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
			       "digit '%c' in an octal constant", p[i]);
	if (i == first || !read_suffix(p + i, n - i, &tok->is_unsigned, &tok->is_long))
		return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
			       "'%.*s' is no integer", n < 40 ? (int)n : 40, p);
	if (overflow)
		return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
			       "integer does not fit into 64 bits");
	type_int(tok, base);
	return 0;
}

size_t lex_char(const char *p, const char *end, unsigned char *out)
{
	static const char from[] = "abefnrtv\\'\"?", to[] = "\a\b\033\f\n\r\t\v\\'\"?";
	unsigned int v = 0;
	const char *simple;
	size_t n;

	*out = (unsigned char)*p;
	if (*p != '\\')
		return 1;
	if (p + 1 == end)
		return 0;
	if (p[1] == 'x') {
		for (n = 2; p + n < end && hex_value(p[n]) < 16 && v <= 0xff; n++)
			v = v * 16 + hex_value(p[n]);
		*out = (unsigned char)v;
		return n > 2 && v <= 0xff ? n : 0;
	}
	for (n = 1; n < 4 && p + n < end && hex_value(p[n]) < 8; n++)
		v = v * 8 + hex_value(p[n]);
	if (n > 1) {
		*out = (unsigned char)v;
		return v <= 0xff ? n : 0;
	}
	simple = strchr(from, p[1]);
	if (!simple)
		return 0;
	*out = (unsigned char)to[simple - from];
	return 2;
}

/* finds the closing quote; newlines end nothing but the hope for one */
static int lex_quoted(struct lexer *lx, const char *p, struct token *tok)
{
	size_t n = 1;

	while (p[n] && p[n] != '\n' && p[n] != *p)
		n += p[n] == '\\' && p[n + 1] ? 2 : 1;
	tok->at = span_from(lx->pos, n + 1);
	if (p[n] != *p) {
		tok->at.len = 1;
		return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at, "%s is not closed",
			       *p == '"' ? "string" : "character constant");
	}
	return 0;
}

/* char = "'" ( byte | escape ) "'" */
static int lex_char_constant(struct lexer *lx, const char *p, struct token *tok)
{
	int r = lex_quoted(lx, p, tok);
	unsigned char c;
	size_t n;

	tok->kind = TOK_INT;
	if (r)
		return r;
	n = tok->at.len > 2 ? lex_char(p + 1, p + tok->at.len - 1, &c) : 0;
	if (!n)
		return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
			       tok->at.len > 2 ? "malformed escape" : "empty character constant");
	if (n != tok->at.len - 2) {
		r = err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
			    "character constant of more than one byte");
		err_note(lx->err, SPAN_NONE, "a string is written in double quotes");
		return r;
	}
	tok->value = (uint64_t)(int64_t)(signed char)c;
	return 0;
}

static int lex_punct(struct lexer *lx, const char *p, struct token *tok)
{
#define X(id, text) { id, text },
	static const struct {
		enum token_kind kind;
		const char *text;
	} puncts[] = { PUNCTS(X) };
#undef X
	uint32_t code;

	for (size_t i = 0; i < sizeof(puncts) / sizeof(puncts[0]); i++) {
		size_t n = strlen(puncts[i].text);

		if (strncmp(p, puncts[i].text, n))
			continue;
		tok->kind = puncts[i].kind;
		tok->at = span_from(lx->pos, n);
		return 0;
	}
	tok->at = span_from(lx->pos, utf8_decode(p, lx->src->len - lx->pos, &code));
	return err_set(lx->err, -EINVAL, ERR_SYNTAX, lx->src, tok->at,
		       "unexpected character '%.*s'", (int)tok->at.len, p);
}

static int lex_token(struct lexer *lx, const char *p, struct token *tok)
{
	if (is_name_start(*p) || *p == '$')
		return lex_name(lx, p, tok);
	if (is_digit(*p))
		return lex_int(lx, p, tok);
	if (*p == '\'')
		return lex_char_constant(lx, p, tok);
	if (*p == '"') {
		tok->kind = TOK_STRING;
		return lex_quoted(lx, p, tok);
	}
	return lex_punct(lx, p, tok);
}

int lex_next(struct lexer *lx, struct token *tok)
{
	int r = skip_space(lx);
	const char *p = lx->src->text + lx->pos;

	*tok = (struct token){ .kind = TOK_END, .at = span_from(lx->pos, 0) };
	if (!r && lx->pos < lx->src->len)
		r = lex_token(lx, p, tok);
	if (r) {
		tok->kind = TOK_BAD;
		return r;
	}
	tok->text = (struct str){ p, tok->at.len };
	lx->pos += tok->at.len;
	return 0;
}
