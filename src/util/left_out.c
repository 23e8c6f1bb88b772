/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/left_out.h"

#include "util/str.h"

#define NAMED 6

void left_out_add(struct left_out *l, const char *name, const char *why)
{
	if (l->n < NAMED)
		buf_printf(&l->names, "%s%s", l->n ? ", " : "", name);
	if (!l->n++)
		str_copy(l->why, sizeof(l->why), why);
}

void left_out_note(struct left_out *l, const char *what, struct buf *out)
{
	if (l->n)
		buf_printf(out, "%u %s left out: %s%s (%s%s)\n", l->n, what, buf_str(&l->names),
			   l->n > NAMED ? ", ..." : "", l->n > 1 ? "the first: " : "", l->why);
	buf_free(&l->names);
	l->n = 0;
}
