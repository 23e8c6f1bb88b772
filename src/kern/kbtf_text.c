/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF for people: C spelling of types, and names near a mistyped one. */
#include <stdio.h>
#include <string.h>

#include "kern/kbtf_impl.h"
#include "util/limits.h"
#include "util/nearest.h"

/* The part of a declaration around the (absent) name: "*const *", "(*)[16]". */
struct declarator {
	char text[160];
};

static void put_before(struct declarator *d, const char *what)
{
	struct declarator old = *d;

	/* more than this many stars and brackets are cut, not refused */
	snprintf(d->text, sizeof(d->text), "%s%.140s", what, old.text);
}

static void put_behind(struct declarator *d, const char *what)
{
	size_t len = strlen(d->text);

	snprintf(d->text + len, sizeof(d->text) - len, "%s", what);
}

/* [] and () bind tighter than *: "int (*)[2]", "int (*)(...)" */
static void parenthesize(struct declarator *d)
{
	if (d->text[0] != '*')
		return;
	put_before(d, "(");
	put_behind(d, ")");
}

static const char *qualifier(uint32_t kind)
{
	switch (kind) {
	case BTF_KIND_CONST:
		return "const ";
	case BTF_KIND_VOLATILE:
		return "volatile ";
	case BTF_KIND_RESTRICT:
		return "restrict ";
	default:
		return "";
	}
}

static const char *keyword(const struct btf_type *t)
{
	switch (KBTF_KIND(t->info)) {
	case BTF_KIND_STRUCT:
		return "struct ";
	case BTF_KIND_UNION:
		return "union ";
	case BTF_KIND_FWD:
		return t->info >> 31 ? "union " : "struct ";
	case BTF_KIND_ENUM:
	case KBTF_ENUM64:
		return "enum ";
	default:
		return "";
	}
}

/* a qualifier in front of a pointer belongs behind its star: "*const" */
static void put_qualifier(struct declarator *d, char *base_quals, size_t size,
			  const struct btf_type *qualified, uint32_t kind)
{
	size_t len;

	if (qualified && KBTF_KIND(qualified->info) == BTF_KIND_PTR) {
		char text[16];

		snprintf(text, sizeof(text), "%s", qualifier(kind));
		if (!d->text[0] || d->text[0] == ')' || d->text[0] == '[')
			text[strlen(text) - 1] = '\0';
		put_before(d, text);
		return;
	}
	len = strlen(base_quals);
	snprintf(base_quals + len, size - len, "%s", qualifier(kind));
}

void kbtf_declare(const struct kbtf *k, uint32_t id, const char *name, char *buf, size_t size)
{
	struct declarator d = { "" };
	const char *base = "void", *word = "";
	char quals[64] = "", dim[24];
	unsigned int depth;

	snprintf(d.text, sizeof(d.text), "%.100s", name);
	for (depth = 0; id; depth++) {
		const struct btf_type *t = kbtf_type(k, id);
		uint32_t kind = t ? KBTF_KIND(t->info) : BTF_KIND_UNKN;

		if (!t || depth > LIMIT_BTF_DEPTH) {
			base = "?";
			break;
		}
		if (kind == BTF_KIND_PTR) {
			put_before(&d, "*");
		} else if (kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE ||
			   kind == BTF_KIND_RESTRICT) {
			put_qualifier(&d, quals, sizeof(quals), kbtf_type(k, t->type), kind);
		} else if (kind == BTF_KIND_ARRAY) {
			const struct btf_array *a = (const void *)(t + 1);

			parenthesize(&d);
			dim[0] = '\0'; /* flexible */
			if (a->nelems)
				snprintf(dim, sizeof(dim), "%u", a->nelems);
			put_behind(&d, "[");
			put_behind(&d, dim);
			put_behind(&d, "]");
			id = a->type;
			continue;
		} else if (kind == BTF_KIND_FUNC_PROTO) {
			parenthesize(&d);
			put_behind(&d, KBTF_VLEN(t->info) ? "(...)" : "(void)");
		} else if (kind != BTF_KIND_FUNC && kind != BTF_KIND_VAR && kind != KBTF_TYPE_TAG &&
			   kind != KBTF_DECL_TAG) {
			word = keyword(t);
			base = kbtf_str(k, t->name_off);
			if (!*base)
				base = "{...}";
			break;
		}
		id = t->type;
	}
	snprintf(buf, size, "%s%s%s%s%s", quals, word, base,
		 d.text[0] && d.text[0] != '[' ? " " : "", d.text);
}

void kbtf_type_name(const struct kbtf *k, uint32_t id, char *buf, size_t size)
{
	kbtf_declare(k, id, "", buf, size);
}

unsigned int kbtf_nearest(const struct kbtf *k, unsigned int kind, const char *name,
			  const char **out, unsigned int max)
{
	const struct btf_type *t;
	struct kbtf_walk w;
	struct nearest s;

	if (!max || kind >= 32 || strlen(name) > LIMIT_IDENT)
		return 0;
	nearest_init(&s, name, out, max);
	kbtf_walk_from(&w, k, (uint32_t)KBTF_BIT(kind));
	while ((t = kbtf_walk(&w)))
		nearest_offer(&s, kbtf_str(k, t->name_off));
	return s.n;
}

static void offer_constants(struct nearest *s, const struct kbtf *k, const struct btf_type *t)
{
	const struct kbtf_enum64 *e64 = (const void *)(t + 1);
	const struct btf_enum *e = (const void *)(t + 1);
	bool wide = KBTF_KIND(t->info) != BTF_KIND_ENUM;

	for (uint32_t i = 0; i < KBTF_VLEN(t->info); i++)
		nearest_offer(s, kbtf_str(k, wide ? e64[i].name_off : e[i].name_off));
}

unsigned int kbtf_nearest_constant(const struct kbtf *k, const char *name, const char **out,
				   unsigned int max)
{
	const struct btf_type *t;
	struct kbtf_walk w;
	struct nearest s;

	if (!max || strlen(name) > LIMIT_IDENT)
		return 0;
	nearest_init(&s, name, out, max);
	kbtf_walk_from(&w, k, KBTF_ENUMS);
	while ((t = kbtf_walk(&w)))
		offer_constants(&s, k, t);
	return s.n;
}

static void offer_members(struct nearest *s, const struct kbtf *k, uint32_t id, unsigned int depth,
			  unsigned int *budget)
{
	const struct btf_type *t = kbtf_type(k, kbtf_strip(k, id));
	const struct btf_member *m, *end;

	if (!t || !(KBTF_BIT(KBTF_KIND(t->info)) & KBTF_COMPOSITE) || depth > LIMIT_BTF_DEPTH)
		return;
	m = (const void *)(t + 1);
	for (end = m + KBTF_VLEN(t->info); m < end && *budget; m++) {
		const char *name = kbtf_str(k, m->name_off);

		--*budget;
		if (*name)
			nearest_offer(s, name);
		else
			offer_members(s, k, m->type, depth + 1, budget);
	}
}

unsigned int kbtf_nearest_member(const struct kbtf *k, uint32_t id, const char *name,
				 const char **out, unsigned int max)
{
	unsigned int budget = KBTF_MEMBER_BUDGET;
	struct nearest s;

	if (!max || strlen(name) > LIMIT_IDENT)
		return 0;
	nearest_init(&s, name, out, max);
	offer_members(&s, k, id, 0, &budget);
	return s.n;
}

/* members by value lie inside; behind a pointer only what it points to itself is looked at */
static bool find_inside(const struct kbtf *k, uint32_t id, const char *name, unsigned int depth,
			unsigned int *budget, char *buf, size_t size)
{
	const struct btf_type *t = kbtf_type(k, kbtf_strip(k, id)), *of;
	const struct btf_member *m, *end;
	struct kbtf_member found;

	if (!t || !(KBTF_BIT(KBTF_KIND(t->info)) & KBTF_COMPOSITE) || depth > 3)
		return false;
	m = (const void *)(t + 1);
	for (end = m + KBTF_VLEN(t->info); m < end && *budget; m++) {
		const char *own = kbtf_str(k, m->name_off);
		const char *glue = ".";
		uint32_t inner = kbtf_strip(k, m->type);
		size_t len;

		--*budget;
		of = kbtf_type(k, inner);
		if (of && KBTF_KIND(of->info) == BTF_KIND_PTR && *own && depth == 0) {
			inner = kbtf_strip(k, of->type);
			glue = "->";
		}
		len = (size_t)snprintf(buf, size, "%s%s", own, *own ? glue : "");
		if (len >= size)
			continue;
		if (*own && kbtf_member(k, inner, name, &found) == 0)
			return (size_t)snprintf(buf + len, size - len, "%s", name) < size - len;
		if (*glue == '.' &&
		    find_inside(k, inner, name, depth + 1, budget, buf + len, size - len))
			return true;
	}
	return false;
}

bool kbtf_member_inside(const struct kbtf *k, uint32_t id, const char *name, char *buf, size_t size)
{
	unsigned int budget = 1024; /* each may be a search of its own */

	return find_inside(k, id, name, 0, &budget, buf, size);
}
