/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What looks like a call; the macros are in sema_macro.c, tests of strings in sema_string.c. */
#include <stdio.h>

#include "comp/sema_internal.h"

/* everything that can be called */
static const char *callable(unsigned int i)
{
	static const char *const own[] = { "STRCMP", "STRPREFIX", "GLOB", "container_of" };

	return i < sizeof(own) / sizeof(own[0]) ? own[i]
						: sema_macro_name(i - sizeof(own) / sizeof(own[0]));
}

/* in as many notes as it takes */
static void note_callable(struct sema *s)
{
	const char *start = "there are ";
	char list[160] = "";
	size_t at = 0;

	for (unsigned int i = 0; callable(i); i++) {
		if (at + strlen(callable(i)) + 3 > sizeof(list) - strlen(start)) {
			err_note(s->err, SPAN_NONE, "%s%s,", start, list);
			start = "";
			at = 0;
		}
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
				       callable(i));
	}
	err_note(s->err, SPAN_NONE, "%s%s", start, list);
}

static struct node *unknown_call(struct sema *s, const struct expr *e)
{
	char *name = sema_cstr(s, e->name);
	struct near near;

	if (!name)
		return NULL;
	near_init(&near, name);
	for (unsigned int i = 0; callable(i); i++)
		near_offer(&near, callable(i));
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "no function '%s' to use in a condition", name);
	if (sema_is_c_string_call(e->name))
		err_note(s->err, SPAN_NONE,
			 "strings are compared by p == \"text\", STRPREFIX(p, \"te\") and "
			 "GLOB(p, \"t*t\"), which are true if they match");
	else if (near.n)
		note_near(s, &near);
	else
		note_callable(s);
	return NULL;
}

struct node *sema_call(struct sema *s, const struct expr *e)
{
	struct node *n;

	if (sema_is_string_call(e->name))
		return sema_string_call(s, e);
	n = sema_macro(s, e);
	return n || s->err->code ? n : unknown_call(s, e);
}
