/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Literals: numbers, strings, and the strings without quotes that bcc takes. */
#include "lang/parser.h"

#include <errno.h>
#include <string.h>

#include "util/limits.h"

/* the unescaped bytes of a literal whose inside is text[0..len) */
static bool read_string(struct parser *p, struct expr *e, const char *text, size_t len)
{
	unsigned char bytes[LIMIT_STRING];
	const char *end = text + len;
	size_t n = 0;

	while (text < end) {
		unsigned char c;
		size_t took = e->raw_string ? 1 : lex_char(text, end, &c);

		if (e->raw_string)
			c = (unsigned char)*text;
		if (!took || !c)
			return expr_fail(p, e->at,
					 took ? "string holds a NUL byte"
					      : "malformed escape in a string");
		if (n == sizeof(bytes))
			return parser_fail(p, -E2BIG, ERR_LIMIT, e->at,
					   "string of more than %d bytes", LIMIT_STRING) == 0;
		bytes[n++] = c;
		text += took;
	}
	e->str = (struct str){ arena_strndup(p->arena, (const char *)bytes, n), n };
	if (!e->str.p)
		return parser_fail(p, -ENOMEM, ERR_MEMORY, SPAN_NONE, "out of memory") == 0;
	return true;
}

struct expr *parse_string(struct parser *p)
{
	struct expr *e = expr_new(p, EXPR_STRING, p->tok.at);

	if (!e || !read_string(p, e, p->tok.text.p + 1, p->tok.text.len - 2))
		return NULL;
	parser_next(p);
	return expr_finish(p, e);
}

struct expr *parse_int(struct parser *p)
{
	struct expr *e = expr_new(p, EXPR_INT, p->tok.at);

	if (!e)
		return NULL;
	e->value = p->tok.value;
	e->is_unsigned = p->tok.is_unsigned;
	e->is_long = p->tok.is_long;
	parser_next(p);
	return expr_finish(p, e);
}

/* where a bare literal that starts at s ends, before its ")"; NULL: nowhere */
static const char *bare_end(const char *s)
{
	unsigned int depth = 0;

	/* quotes that survived the shell hide parentheses if they end the argument */
	for (const char *q = *s == '\'' ? strchr(s + 1, '\'') : NULL; q; q = strchr(q + 1, '\''))
		if (q[1 + strspn(q + 1, " \t\n")] == ')')
			return q + 1;
	for (; *s; s++) {
		if (*s == ')' && !depth--)
			return s;
		depth += *s == '(';
	}
	return NULL;
}

/*
 * bare = any text with balanced parentheses, blanks at its ends dropped, up to
 *        the ")" of the call; once more without 'single quotes' if it has them
 *
 * bcc's STRCMP(ptr, literal) has no quotes of its own: the ones in its manual
 * end those of the shell. tok is the comma; the text behind it is no C.
 */
struct expr *parse_bare_string(struct parser *p)
{
	const char *s = p->src->text + p->lx.pos;
	struct expr *e;
	const char *end;

	s += strspn(s, " \t\n");
	if (*s == '"') {
		parser_next(p);
		return p->code ? NULL : parse_string(p);
	}
	end = bare_end(s);
	if (!end) {
		p->tok.kind = TOK_END; /* it took everything */
		return expr_expected(p, "')'");
	}
	p->lx.pos = (size_t)(end - p->src->text);
	while (end > s && strchr(" \t\n", end[-1]))
		end--;
	p->last = (struct span){ (uint32_t)(s - p->src->text), (uint32_t)(end - s) };
	if (end == s)
		return expr_fail(p, p->tok.at, "STRCMP without a string to compare with");
	e = expr_new(p, EXPR_STRING, p->last);
	if (!e)
		return NULL;
	e->raw_string = true;
	if (*s == '\'' && end - s >= 2 && end[-1] == '\'') {
		s++;
		end--;
	}
	if (!read_string(p, e, s, (size_t)(end - s)))
		return NULL;
	p->tok.at = p->last;
	parser_next(p);
	return expr_finish(p, e);
}
