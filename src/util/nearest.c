/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/nearest.h"

#include <stdio.h>
#include <string.h>

#include "util/str.h"

void nearest_init(struct nearest *s, const char *name, const char **out, unsigned int max)
{
	*s = (struct nearest){ .name = name, .out = out };
	s->max = max < NEAREST_MAX ? max : NEAREST_MAX;
}

/* further away than a third of its letters, a name is another name */
static unsigned int tolerance(const struct nearest *s)
{
	unsigned int most = (unsigned int)strlen(s->name) / 3 + 1;

	if (s->n == s->max && s->distance[s->n - 1] < most)
		most = s->distance[s->n - 1];
	return most;
}

/*
 * How far from the wanted name is one that has it and goes on: that is how the kernel renames a
 * function that got a sibling or a parameter, as __kmalloc became __kmalloc_noprof in v6.10
 * (7bd230a26648 "mm/slab: enable slab allocation tagging for kmalloc and friends"). 0 if it does
 * not go on like this; less than four letters are how everything begins.
 */
static unsigned int continued(const char *name, size_t a, const char *wanted, size_t b)
{
	if (b < 4 || a <= b + 1 || name[b] != '_' || memcmp(name, wanted, b) != 0)
		return 0;
	return 1 + (unsigned int)(a - b) / 8;
}

void nearest_offer(struct nearest *s, const char *name)
{
	unsigned int most = tolerance(s), d, i;
	size_t a = strlen(name), b = strlen(s->name);

	d = continued(name, a, s->name, b);
	if (!d) {
		if (!*name || (a > b ? a - b : b - a) > most)
			return;
		d = str_distance(name, s->name, most);
		if (d > most || d >= b)
			return;
	}
	if (s->n == s->max && d >= s->distance[s->n - 1])
		return;
	for (i = 0; i < s->n; i++)
		if (strcmp(s->out[i], name) == 0)
			return;
	i = s->n < s->max ? s->n++ : s->n - 1;
	for (; i && s->distance[i - 1] > d; i--) {
		s->distance[i] = s->distance[i - 1];
		s->out[i] = s->out[i - 1];
	}
	s->distance[i] = d;
	s->out[i] = name;
}

void nearest_note(const struct nearest *s, struct err *err)
{
	char list[200] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < s->n && i < 3 && at < sizeof(list); i++) {
		bool last = i + 1 == s->n || i == 2;

		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s'%.60s'",
				       i == 0 ? ""
				       : last ? " or "
					      : ", ",
				       s->out[i]);
	}
	if (s->n)
		err_note(err, SPAN_NONE, "did you mean %s?", list);
}
