/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of strings: the string is fetched byte by byte, then matched by the plainest
 * of matchers, which tries everything.
 */
#include <string.h>

#include "eval_walk.h"

#define MOST 600

struct text {
	uint64_t at;
	bool user, counted;
	uint64_t len;  /* if counted */
	uint32_t room; /* of an array, or 0 */
	size_t n;
	unsigned char byte[MOST];
};

/* one character of a glob, its length; `c` matches it? */
static size_t one(const char *p, const char *end, unsigned char c, bool *yes)
{
	const char *q = p + 1;
	bool not, in = false;

	*yes = *p == '?' || (unsigned char)*p == c;
	if (*p == '\\') {
		*yes = (unsigned char)p[1] == c;
		return 2;
	}
	if (*p != '[')
		return 1;
	not = *q == '!' || *q == '^';
	q += not ;
	for (const char *first = q; q < end && (q == first || *q != ']'); q++) {
		unsigned char from, to;

		q += *q == '\\';
		from = to = (unsigned char)*q;
		if (q + 2 < end && q[1] == '-' && q[2] != ']') {
			q += 2;
			q += *q == '\\';
			to = (unsigned char)*q;
		}
		in |= from <= c && c <= to;
	}
	*yes = in != not &&c;
	return (size_t)(q + 1 - p);
}

static bool glob(const char *p, const char *end, const unsigned char *s, size_t n)
{
	size_t took;
	bool yes;

	if (p == end)
		return n == 0;
	if (*p == '*') {
		while (p < end && *p == '*')
			p++;
		if (p == end)
			return true;
		for (size_t i = 0; i <= n; i++)
			if (glob(p, end, s + i, n - i))
				return true;
		return false;
	}
	if (n == 0)
		return false;
	took = one(p, end, *s, &yes);
	return yes && glob(p + took, end, s + 1, n - 1);
}

/* characters it needs, in all, before the first star and behind the last one */
static unsigned int measure(struct str lit, unsigned int *stars, unsigned int *first,
			    unsigned int *last)
{
	const char *end = lit.p + lit.len;
	unsigned int n = 0;
	bool yes, in_star = false;

	*stars = *first = *last = 0;
	for (const char *p = lit.p; p < end;) {
		if (*p == '*') {
			*stars += !in_star;
			*last = 0;
			in_star = true;
			p++;
			continue;
		}
		in_star = false;
		p += one(p, end, 0, &yes);
		n++;
		*first += !*stars;
		(*last)++;
	}
	return n;
}

static bool bad(struct walk *k, enum eval_result why)
{
	eval_give_up(k, why);
	return false;
}

/* more than any test looks at, of an array too */
static size_t visible(const struct text *t)
{
	return t->room && t->room < MOST ? t->room : MOST;
}

static bool fetch(struct walk *k, struct text *t, size_t most)
{
	if (!t->user)
		eval_touch(k, t->at, (struct type){ .kind = TYPE_ARRAY });
	if (most > MOST) /* a kernel's arrays may be long */
		most = MOST;
	for (t->n = 0; t->n < most && k->stop == EVAL_TRUE; t->n++) {
		t->byte[t->n] = eval_peek(k, t->user, t->at + t->n);
		if (!t->counted && !t->byte[t->n])
			break;
	}
	return k->stop == EVAL_TRUE;
}

/* where the string is: looks into structs and through pointers to them */
static void locate(struct walk *k, const struct expr *e, struct text *t)
{
	struct val v = eval_expr(k, e);

	if (v.place && v.type.kind == TYPE_ARRAY)
		t->room = type_array_len(k->w->btf, v.type);
	if (!v.place || v.type.kind != TYPE_RECORD) {
		v = eval_read(k, v);
		if (type_target(k->w->btf, v.type).kind == TYPE_RECORD)
			v = eval_deref(k, v);
	}
	if (v.place) {
		t->counted = true;
		t->len = eval_read(k, eval_field(k, v, "len")).v;
		v = eval_field(k, v, "name");
		t->user = v.user; /* until it is read */
		t->at = v.v;
		return;
	}
	t->at = v.v;
	t->user = v.type.user == 1;
}

static bool plain(struct walk *k, struct text *t, struct str lit, bool prefix)
{
	if (!fetch(k, t, visible(t)))
		return false;
	if (prefix ? t->n < lit.len : t->n != lit.len)
		return false;
	return !lit.len || !memcmp(t->byte, lit.p, lit.len);
}

static bool starts(struct str lit, const unsigned char *s, unsigned int first)
{
	const char *p = lit.p, *end = lit.p + lit.len;
	bool yes = true;

	for (unsigned int i = 0; i < first && yes; i++)
		p += one(p, end, s[i], &yes);
	return yes;
}

/* a counted string: nothing of it is read unless its length can be right */
static bool counted(struct walk *k, struct text *t, struct str test, struct str lit)
{
	unsigned int stars = 0, first, last = 0, need = (unsigned int)lit.len;
	bool is_glob = str_eq(test, "GLOB"), prefix = str_eq(test, "STRPREFIX");
	struct val name = { .type = type_pointer_to(type_void()), .v = t->at, .place = true };

	if (is_glob)
		need = measure(lit, &stars, &first, &last);
	if (prefix || stars ? t->len < need : t->len != need)
		return false;
	if (!need)
		return true;
	name.user = t->user;
	name = eval_read(k, name);
	t->at = name.v;
	t->user = name.type.user == 1;
	if (!is_glob)
		return fetch(k, t, lit.len) && !memcmp(t->byte, lit.p, lit.len);
	if (stars > 1 && t->len > LIMIT_GLOB) {
		if (!fetch(k, t, LIMIT_GLOB + 1) || !starts(lit, t->byte, first))
			return false;
		if (last)
			return bad(k, EVAL_FAULT);
		t->len = LIMIT_GLOB + 1;
		return fetch(k, t, t->len) &&
		       (glob(lit.p, lit.p + lit.len, t->byte, t->n) || bad(k, EVAL_FAULT));
	}
	if (t->len > MOST)
		return bad(k, EVAL_UNKNOWN);
	return fetch(k, t, t->len) && glob(lit.p, lit.p + lit.len, t->byte, t->n);
}

/* a string longer than what is seen of it is no match, or nothing is known */
static bool long_glob(struct walk *k, struct text *t, struct str lit)
{
	unsigned int stars, first, last, need = measure(lit, &stars, &first, &last), seen;

	if (!fetch(k, t, visible(t)))
		return false;
	seen = stars > 1 ? LIMIT_GLOB : LIMIT_STRING;
	if (stars && t->n > seen && (stars > 1 || last)) {
		if (t->n < need || !starts(lit, t->byte, first))
			return false;
		if (last)
			return bad(k, EVAL_FAULT);
		return glob(lit.p, lit.p + lit.len, t->byte, seen + 1) || bad(k, EVAL_FAULT);
	}
	return glob(lit.p, lit.p + lit.len, t->byte, t->n);
}

bool eval_string(struct walk *k, struct str test, const struct expr *subject, struct str lit)
{
	struct text t = { 0 };

	locate(k, subject, &t);
	if (k->dry || k->stop != EVAL_TRUE)
		return false;
	if (t.counted)
		return counted(k, &t, test, lit);
	if (str_eq(test, "GLOB"))
		return long_glob(k, &t, lit);
	return plain(k, &t, lit, str_eq(test, "STRPREFIX"));
}
