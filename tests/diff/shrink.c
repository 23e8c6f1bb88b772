/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shrink.h"

#include <ctype.h>
#include <string.h>

#include "lang/parse.h"
#include "util/cleanup.h"

/* a failure that shrinks slowly is worth only so much time */
#define TRIES 5000
#define NODES 4096

struct shrink {
	shrink_fails *fails;
	void *arg;
	const char *target;
	struct buf *best;
	unsigned int tries;
	struct expr *node[NODES]; /* outermost first: what cuts most is tried first */
	unsigned int n;
};

static void collect(struct shrink *s, struct expr *e)
{
	if (!e || s->n == NODES)
		return;
	s->node[s->n++] = e;
	collect(s, e->a);
	collect(s, e->b);
	collect(s, e->c);
	for (unsigned int i = 0; i < e->n_args; i++)
		collect(s, e->args[i]);
	for (struct local *l = e->locals; l; l = l->next)
		collect(s, l->init);
}

static struct expr literal(const struct expr *like, uint64_t value)
{
	return (struct expr){ .kind = EXPR_INT, .at = like->at, .value = value };
}

/* the n'th thing to put in e's place; false: there are no more */
static bool substitute(const struct expr *e, unsigned int n, struct expr *out)
{
	struct expr *const child[] = { e->a, e->b, e->c };

	for (unsigned int i = 0; i < 3; i++)
		if (child[i] && n-- == 0) {
			*out = *child[i];
			return true;
		}
	if (n < e->n_args) {
		*out = *e->args[n];
		return true;
	}
	n -= e->n_args;
	for (const struct local *l = e->locals; l; l = l->next)
		if (l->init && n-- == 0) {
			*out = *l->init;
			return true;
		}
	*out = *e;
	if (e->kind == EXPR_INT) {
		out->value = n == 0 ? 0 : n == 1 ? 1 : n == 2 ? e->value >> 32 : e->value / 2;
		return n < 4;
	}
	if (e->kind == EXPR_STRING) {
		out->str.len = n == 0 ? 0 : e->str.len / 2;
		return n < 2;
	}
	if (e->kind == EXPR_BLOCK && n == 2) {
		out->locals = e->locals ? e->locals->next : NULL;
		return e->locals;
	}
	*out = literal(e, n);
	return n < 2;
}

/* the tree as it is now is shorter and fails: it is the best so far */
static bool is_better(struct shrink *s, const struct rule *r)
{
	struct buf text = { 0 };

	rule_print(r, &text);
	s->tries++;
	if (buf_err(&text) || text.len >= s->best->len || !s->fails(s->arg, buf_str(&text))) {
		buf_free(&text);
		return false;
	}
	buf_free(s->best);
	*s->best = text;
	return true;
}

static bool shorten_node(struct shrink *s, const struct rule *r, struct expr *e)
{
	const struct expr whole = *e;
	struct expr part;

	for (unsigned int i = 0; s->tries < TRIES && substitute(&whole, i, &part); i++) {
		*e = part;
		if (is_better(s, r))
			return true;
		*e = whole;
	}
	return false;
}

/* one pass over the best so far; false: nothing gave way */
static bool shorten(struct shrink *s)
{
	_cleanup_(rule_freep) struct rule *r = NULL;
	struct err err = { 0 };
	bool any = false;

	if (spec_parse(&r, "spec", buf_str(s->best), s->target, &err) < 0 || !r->on_target.pred)
		return false;
	s->n = 0;
	collect(s, r->on_target.pred);
	for (unsigned int i = 0; i < s->n && s->tries < TRIES; i++) {
		if (!shorten_node(s, r, s->node[i]))
			continue;
		/* what is below it may be another tree now */
		any = true;
		s->n = i;
		collect(s, s->node[i]);
		i--;
	}
	return any;
}

void shrink_spec(const char *spec, const char *target, shrink_fails *fails, void *arg,
		 struct buf *out)
{
	static struct shrink s;

	s = (struct shrink){ .fails = fails, .arg = arg, .target = target, .best = out };
	buf_puts(out, spec);
	while (s.tries < TRIES && shorten(&s))
		;
}

unsigned int shrink_tokens(const char *text)
{
	unsigned int n = 0;

	while (*text) {
		size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_$");
		size_t blank = strspn(text, " \t\n");
		size_t sign = word || blank ? 0 : strspn(text, "<>=!&|+-");

		n += !blank;
		text += word ? word : blank ? blank : sign ? sign : 1;
	}
	return n;
}
