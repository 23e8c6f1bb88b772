/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What looks like a call: string comparison; the kernel's macros are in sema_macro.c. */
#include <stdio.h>

#include "comp/sema_internal.h"

/* pointer to characters, for STRCMP */
static struct node *string_pointer(struct sema *s, const struct expr *e)
{
	struct node *p = sema_value(s, e);
	char text[TYPE_TEXT];
	struct type t;

	if (!p)
		return NULL;
	t = type_target(s->btf, p->type);
	if (p->type.kind == TYPE_PTR && (type_is_char(t) || t.kind == TYPE_VOID))
		return p;
	return sema_fail(s, ERR_TYPE_MISMATCH, e->at, "'%s' is no string",
			 type_text(s->btf, p->type, text));
}

static struct node *string_compare(struct sema *s, const struct expr *e, bool prefix)
{
	const struct expr *text = e->n_args == 2 ? e->args[1] : NULL;
	struct node *n;
	unsigned int need;

	if (!text)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at,
				 "%.*s(pointer, \"text\") takes 2 "
				 "arguments, %u given",
				 STR_FMT(e->name), e->n_args);
	if (text->kind != EXPR_STRING)
		return sema_fail(s, ERR_TYPE_MISMATCH, text->at, "%.*s needs a string literal here",
				 STR_FMT(e->name));
	if (memchr(text->str.p ? text->str.p : "", '\0', text->str.len))
		return sema_fail(s, ERR_UNSUPPORTED, text->at,
				 "a string with a NUL inside never "
				 "compares equal");
	n = sema_node(s, NODE_STRCMP, e->at, type_int(4, true));
	if (!n)
		return NULL;
	n->prefix = prefix;
	n->lit = text->str;
	n->a = string_pointer(s, e->args[0]);
	need = (unsigned int)text->str.len + 2;
	if (need > s->pred->buf_bytes)
		s->pred->buf_bytes = need;
	return n->a ? n : NULL;
}

/* everything that can be called */
static const char *callable(unsigned int i)
{
	static const char *const own[] = { "STRCMP", "STRPREFIX", "container_of" };

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
	if (near.n)
		note_near(s, &near);
	else
		note_callable(s);
	return NULL;
}

struct node *sema_call(struct sema *s, const struct expr *e)
{
	struct node *n;

	if (str_eq(e->name, "STRCMP"))
		return string_compare(s, e, false);
	if (str_eq(e->name, "STRPREFIX"))
		return string_compare(s, e, true);
	if (str_eq(e->name, "GLOB"))
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "GLOB is not supported yet; STRCMP and STRPREFIX are");
	n = sema_macro(s, e);
	return n || s->err->code ? n : unknown_call(s, e);
}
