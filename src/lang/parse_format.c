/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * printf's formats, as far as a kernel has values for them: integers, characters, strings,
 * pointers; and %K and %U, the symbol of a kernel's or the process's address, and %e, a
 * number and the error it stands for.
 */
#include <errno.h>
#include <string.h>

#include "lang/parse_probe.h"

/* the literal being read: text is its inside, and where that is in the source */
struct format {
	struct parser *p;
	const char *text, *end;
	uint32_t off;
	char *out; /* literal text, unescaped */
	size_t n;
};

static struct span format_span(const struct format *f, const char *from, const char *to)
{
	return (struct span){ f->off + (uint32_t)(from - f->text), (uint32_t)(to - from) };
}

/* digits, at most LIMIT_WIDTH */
static bool read_number(struct format *f, const char **s, int *out)
{
	const char *from = *s;

	*out = 0;
	for (; *s < f->end && **s >= '0' && **s <= '9'; (*s)++) {
		*out = *out * 10 + (**s - '0');
		if (*out > LIMIT_WIDTH)
			return parser_fail(f->p, -E2BIG, ERR_LIMIT, format_span(f, from, *s + 1),
					   "a width of more than %d", LIMIT_WIDTH) == 0;
	}
	return true;
}

static void read_flags(const struct format *f, const char **s, struct conversion *c)
{
	size_t n = 0;

	for (; *s < f->end && **s && strchr("-+ #0", **s); (*s)++)
		if (!strchr(c->flags, **s))
			c->flags[n++] = **s;
}

static void read_length(const struct format *f, const char **s, struct conversion *c)
{
	static const struct {
		const char *text;
		unsigned int bytes;
	} lengths[] = {
		{ "hh", 1 }, { "h", 2 }, { "ll", 8 }, { "l", 8 },
		{ "q", 8 },  { "j", 8 }, { "z", 8 },  { "t", 8 },
	};

	c->bytes = 4;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && !c->sized; i++) {
		size_t n = strlen(lengths[i].text);

		if ((size_t)(f->end - *s) < n || strncmp(*s, lengths[i].text, n) != 0)
			continue;
		c->sized = true;
		c->bytes = lengths[i].bytes;
		*s += n;
	}
}

/* s is behind the % */
static const char *read_conversion(struct format *f, const char *s, struct conversion *c)
{
	const char *start = s - 1;

	c->precision = -1;
	read_flags(f, &s, c);
	if (!read_number(f, &s, &c->width))
		return NULL;
	if (s < f->end && *s == '.') {
		s++;
		if (!read_number(f, &s, &c->precision))
			return NULL;
	}
	read_length(f, &s, c);
	c->letter = s < f->end ? *s : 0;
	c->at = format_span(f, start, s < f->end ? s + 1 : s);
	if (c->letter == 'i')
		c->letter = 'd';
	if (c->letter && strchr("duoxXcspKUe", c->letter))
		return s + 1;
	if (s == f->end) {
		parser_fail(f->p, -EINVAL, ERR_SYNTAX, c->at, "'%.*s' at the end lacks its letter",
			    (int)c->at.len, f->p->src->text + c->at.off);
		parser_hint(f->p, "a percent sign is written %%%%");
	} else {
		parser_fail(f->p, -EINVAL, ERR_SYNTAX, c->at, "no conversion '%.*s'",
			    (int)c->at.len, f->p->src->text + c->at.off);
		parser_hint(f->p,
			    strchr("fFgGaAE", c->letter)
				    ? "the kernel has no floating point"
				    : "there are %%d %%u %%x %%X %%o %%c %%s %%p, %%K and %%U "
				      "(symbols), %%e (error)");
	}
	return NULL;
}

/* what was read of the literal so far becomes a string of its own */
static const char *take_text(struct format *f)
{
	char *copy = arena_strndup(f->p->arena, f->out, f->n);

	if (!copy)
		parser_fail(f->p, -ENOMEM, ERR_MEMORY, SPAN_NONE, "out of memory");
	f->n = 0;
	return copy;
}

static bool read_format(struct format *f, struct probe *probe)
{
	for (const char *s = f->text; s < f->end;) {
		struct conversion *c = &probe->values[probe->n_values];
		unsigned char byte;
		size_t took;

		if (*s == '%' && s + 1 < f->end && s[1] != '%') {
			if (probe->n_values == LIMIT_VALUES)
				return parser_fail(f->p, -E2BIG, ERR_LIMIT,
						   format_span(f, s, s + 1),
						   "more than %d values in one format",
						   LIMIT_VALUES) == 0;
			c->before = take_text(f);
			s = read_conversion(f, s + 1, c);
			if (!s || f->p->code)
				return false;
			probe->n_values++;
			continue;
		}
		if (*s == '%' && s + 1 == f->end)
			return read_conversion(f, s + 1, c) != NULL;
		took = *s == '%' ? 2 : lex_char(s, f->end, &byte);
		if (!took || (*s != '%' && !byte))
			return parser_fail(f->p, -EINVAL, ERR_SYNTAX, format_span(f, s, s + 1),
					   took ? "format holds a NUL byte"
						: "malformed escape in a format") == 0;
		f->out[f->n++] = *s == '%' ? '%' : (char)byte;
		s += took;
	}
	probe->tail = take_text(f);
	return probe->tail != NULL;
}

bool parse_format(struct parser *p, struct probe *probe)
{
	struct format f = {
		.p = p,
		.text = p->tok.text.p + 1,
		.end = p->tok.text.p + p->tok.text.len - 1,
		.off = p->tok.at.off + 1,
	};

	f.out = parser_alloc(p, p->tok.text.len);
	probe->values = parser_alloc(p, (LIMIT_VALUES + 1) * sizeof(*probe->values));
	if (!f.out || !probe->values || !read_format(&f, probe))
		return false;
	probe->has_format = true;
	parser_next(p);
	return !p->code;
}
