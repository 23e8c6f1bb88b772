/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types by their names, of which BTF may have none, or several. */
#include <stdio.h>

#include "comp/sema_internal.h"
#include "util/buf.h"
#include "util/cleanup.h"

static int unknown_type(struct sema *s, const struct type_name *name, unsigned int kind,
			const char *prefix)
{
	const char *near[NEAREST];
	char *text = sema_cstr(s, name->name);
	unsigned int n;

	if (!text)
		return -ENOMEM;
	sema_fail(s, ERR_UNKNOWN_TYPE, name->at, "no type '%s%s' in the kernel's BTF", prefix,
		  text);
	n = kbtf_nearest(s->btf, kind, text, near, NEAREST);
	note_names(s, prefix, near, n);
	return -EINVAL;
}

static const struct btf_member *members(const struct btf_type *t)
{
	return (const void *)(t + 1);
}

/* the first member as declared; nothing if there is none */
static void note_one_of(struct sema *s, uint32_t id)
{
	const struct btf_type *t = kbtf_type(s->btf, id);
	unsigned int n = BTF_INFO_VLEN(t->info);
	char first[128] = "nothing in it";

	if (n)
		kbtf_declare(s->btf, members(t)->type, kbtf_str(s->btf, members(t)->name_off),
			     first, sizeof(first));
	err_note(s->err, SPAN_NONE, "one has %u bytes, %u member%s, and first %s", t->size, n,
		 n == 1 ? "" : "s", first);
}

/*
 * Files of their own may call different things the same, as two drivers do. Where a
 * parameter or member has the type, it is known which; a name alone is none of them.
 */
static int refuse_ambiguous(struct sema *s, const struct type_name *name, uint32_t id)
{
	const struct btf_type *t = kbtf_type(s->btf, id);
	const char *prefix = name->tag == TYPE_UNION ? "union " : "struct ";
	const char *text = kbtf_name(s->btf, id);
	unsigned int kind = BTF_INFO_KIND(t->info), said = 0;

	sema_fail(s, ERR_UNKNOWN_TYPE, name->at, "'%s%s' is several types in this kernel's BTF",
		  prefix, text);
	for (uint32_t at = 0; said < 2 && kbtf_find_next(s->btf, kind, text, at, &at) == 0; said++)
		note_one_of(s, at);
	err_note(s->err, SPAN_NONE, "read it by offsets: *(u32 *)((char *)p + 8)");
	return -EINVAL;
}

int sema_type(struct sema *s, const struct type_name *name, struct type *out)
{
	int ret = type_by_name(s->btf, name, out);

	if (ret == 0 && (name->tag == TYPE_STRUCT || name->tag == TYPE_UNION) &&
	    type_has_rivals(s->btf, out->id))
		return refuse_ambiguous(s, name, out->id);
	if (ret == 0)
		return 0;
	if (ret == -EINVAL) {
		sema_fail(s, ERR_UNKNOWN_TYPE, name->at, "'%.*s' is not a type",
			  STR_FMT(name->name));
		return ret;
	}
	switch (name->tag) {
	case TYPE_STRUCT:
		return unknown_type(s, name, BTF_KIND_STRUCT, "struct ");
	case TYPE_UNION:
		return unknown_type(s, name, BTF_KIND_UNION, "union ");
	case TYPE_ENUM:
		return unknown_type(s, name, BTF_KIND_ENUM, "enum ");
	default:
		return unknown_type(s, name, BTF_KIND_TYPEDEF, "");
	}
}
