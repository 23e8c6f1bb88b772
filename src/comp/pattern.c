/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the text of a glob to its parts: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before any of them. */
#include "comp/pattern.h"

#include <errno.h>
#include <string.h>

struct reader {
	const unsigned char *at, *end;
	const char *why;
};

static bool fail(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

static bool at_char(const struct reader *r, char c)
{
	return r->at < r->end && *r->at == (unsigned char)c;
}

/* one byte, behind a backslash or not */
static bool read_byte(struct reader *r, unsigned char *out)
{
	if (at_char(r, '\\') && ++r->at == r->end)
		return fail(r, "'\\' with nothing behind it");
	*out = *r->at++;
	return true;
}

static void add_range(struct piece *p, unsigned int from, unsigned int to)
{
	for (unsigned int c = from; c <= to; c++)
		p->set[c / 32] |= 1u << c % 32;
}

/* byte [ "-" byte ] */
static bool read_range(struct reader *r, struct piece *p)
{
	unsigned char from, to;

	if (at_char(r, '[') && r->at + 1 < r->end && strchr(":.=", r->at[1]))
		return fail(r, "classes like [:alpha:] are not supported; '\\[' is the character");
	if (!read_byte(r, &from))
		return false;
	to = from;
	if (at_char(r, '-') && r->at + 1 < r->end && r->at[1] != ']') {
		r->at++;
		if (!read_byte(r, &to))
			return false;
	}
	if (to < from)
		return fail(r, "a range that ends before it begins");
	add_range(p, from, to);
	return true;
}

/* "[" [ "!" | "^" ] range *range "]"; a "]" that comes first is one of the characters */
static bool read_set(struct reader *r, struct piece *p)
{
	bool negated, first = true;

	*p = (struct piece){ .kind = PIECE_SET };
	r->at++;
	negated = at_char(r, '!') || at_char(r, '^');
	r->at += negated;
	for (; first || !at_char(r, ']'); first = false) {
		if (r->at == r->end)
			return fail(r, "'[' without ']'; '\\[' is the character");
		if (!read_range(r, p))
			return false;
	}
	r->at++;
	for (unsigned int i = 0; i < 8 && negated; i++)
		p->set[i] = ~p->set[i];
	p->set[0] &= ~1u; /* NUL ends a string, it is in none */
	return true;
}

static bool read_piece(struct reader *r, bool glob, struct piece *p)
{
	if (glob && *r->at == '[')
		return read_set(r, p);
	*p = (struct piece){ .kind = glob && *r->at == '?' ? PIECE_ANY : PIECE_BYTE };
	if (glob)
		return read_byte(r, &p->byte);
	p->byte = *r->at++;
	return true;
}

static void add_star(struct pattern *p, const struct piece *behind)
{
	struct part *last = &p->part[p->n_parts - 1];

	if (p->n_parts > 1 && last->n == 0) /* ** is * */
		return;
	p->part[p->n_parts++] = (struct part){ .piece = behind };
}

int pattern_parse(struct arena *arena, struct str text, enum string_test test, struct pattern **out,
		  const char **why)
{
	struct piece *piece = arena_alloc(arena, (text.len + 1) * sizeof(*piece));
	struct pattern *p = arena_alloc(arena, sizeof(*p));
	struct reader r = { .at = (const unsigned char *)text.p };

	if (!p || !piece)
		return -ENOMEM;
	p->part = arena_alloc(arena, (text.len + 2) * sizeof(*p->part));
	if (!p->part)
		return -ENOMEM;
	p->part[0] = (struct part){ .piece = piece };
	p->n_parts = 1;
	p->literal = true;
	for (r.end = r.at + text.len; r.at < r.end;) {
		if (test == STRING_GLOB && *r.at == '*') {
			add_star(p, piece);
			r.at++;
			continue;
		}
		if (!read_piece(&r, test == STRING_GLOB, piece)) {
			*why = r.why;
			return -EINVAL;
		}
		p->literal &= piece->kind == PIECE_BYTE;
		p->part[p->n_parts - 1].n++;
		p->n_pieces++;
		piece++;
	}
	if (test == STRING_PREFIX)
		add_star(p, piece);
	*out = p;
	return 0;
}
