/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the names in a predicate mean: asked for in every run, looked up in the first. */
#include <errno.h>
#include <string.h>

#include "eval.h"

/* the entry of a place in the tree; NULL: there is none yet */
static bool known(const struct eval_world *w, const void *key, unsigned int *at)
{
	for (*at = 0; *at < w->n_memo; ++*at)
		if (w->memo[*at].key == key)
			return true;
	return false;
}

static void remember(struct eval_world *w, const void *key, struct type t, int64_t value)
{
	if (w->n_memo == EVAL_MEMO)
		return;
	w->memo[w->n_memo].key = key;
	w->memo[w->n_memo].type = t;
	w->memo[w->n_memo++].value = value;
}

int eval_type(struct eval_world *w, const struct type_name *name, struct type *out)
{
	unsigned int at;
	int ret;

	if (known(w, name, &at)) {
		*out = w->memo[at].type;
		return 0;
	}
	ret = type_by_name(w->btf, name, out);
	if (ret == 0)
		remember(w, name, *out, 0);
	return ret;
}

int eval_constant(struct eval_world *w, const struct expr *e, struct type *t, int64_t *value)
{
	char text[LIMIT_IDENT + 1];
	unsigned int at;
	int ret;

	if (known(w, e, &at)) {
		*t = w->memo[at].type;
		*value = w->memo[at].value;
		return 0;
	}
	if (e->name.len > LIMIT_IDENT)
		return -ENOENT;
	memcpy(text, e->name.p, e->name.len);
	text[e->name.len] = '\0';
	ret = kbtf_enum_value(w->btf, text, value);
	if (ret < 0)
		return ret;
	/* int if it fits, as in C; else the first that holds it */
	*t = type_int(4, true);
	if (*value != (int32_t)*value)
		*t = *value == (uint32_t)*value ? type_int(4, false) : type_int(8, true);
	remember(w, e, *t, *value);
	return 0;
}
