/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a type as written to a type: C's own words, then what BTF knows. */
#include <errno.h>
#include <string.h>

#include "comp/type.h"

/* counts of C's words in "unsigned long int" */
struct words {
	unsigned int n_char, n_short, n_int, n_long, n_signed, n_unsigned, n_void, n_bool;
	bool other;
};

static unsigned int *word_count(struct words *w, struct str s)
{
	const struct {
		const char *word;
		unsigned int *count;
	} known[] = {
		{ "char", &w->n_char }, { "short", &w->n_short },   { "int", &w->n_int },
		{ "long", &w->n_long }, { "signed", &w->n_signed }, { "unsigned", &w->n_unsigned },
		{ "void", &w->n_void }, { "_Bool", &w->n_bool },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(s, known[i].word))
			return known[i].count;
	return NULL;
}

static void count_words(struct str name, struct words *w)
{
	while (name.len) {
		const char *space = memchr(name.p, ' ', name.len);
		struct str word = { name.p, space ? (size_t)(space - name.p) : name.len };
		unsigned int *count = word_count(w, word);

		if (count)
			(*count)++;
		else
			w->other = true;
		name.p += word.len + (space != NULL);
		name.len -= word.len + (space != NULL);
	}
}

/* plain char is what the kernel was built with: unsigned since 6.2 */
static struct type plain_char(const struct kbtf *k)
{
	uint32_t id;

	if (kbtf_find(k, BTF_KIND_INT, "char", &id) == 0 && type_is_char(type_of_id(k, id)))
		return type_of_id(k, id);
	return type_int(1, true);
}

static int of_words(const struct kbtf *k, const struct words *w, struct type *out)
{
	unsigned int sized = w->n_char + w->n_short + !!w->n_long;
	bool is_signed = !w->n_unsigned;

	if (w->other || w->n_signed + w->n_unsigned > 1 || w->n_int > 1 || w->n_long > 2 ||
	    sized > 1 || (w->n_char && w->n_int))
		return -EINVAL;
	if (w->n_void || w->n_bool) {
		if (w->n_void + w->n_bool + w->n_int + sized + w->n_signed + w->n_unsigned != 1)
			return -EINVAL;
		*out = w->n_void ? type_void() : type_bool();
	} else if (w->n_char) {
		*out = w->n_signed || w->n_unsigned ? type_int(1, is_signed) : plain_char(k);
	} else {
		*out = type_int(w->n_short ? 2 : w->n_long ? 8 : 4, is_signed);
	}
	return 0;
}

/* BTF's entry of that name, complete if there is one */
static int find_tagged(const struct kbtf *k, unsigned int kind, const char *name, uint32_t *id)
{
	if (kbtf_find(k, kind, name, id) == 0)
		return 0;
	if (kind == BTF_KIND_ENUM)
		return kbtf_find(k, BTF_KIND_ENUM64, name, id);
	return kbtf_find(k, BTF_KIND_FWD, name, id);
}

/* their members have the same names, places and, by name, types */
static bool looks_alike(const struct kbtf *k, const struct btf_type *a, const struct btf_type *b)
{
	const struct btf_member *x = (const void *)(a + 1), *y = (const void *)(b + 1);
	char of_x[TYPE_TEXT], of_y[TYPE_TEXT];

	if (a->size != b->size || a->info != b->info)
		return false;
	for (unsigned int i = 0; i < BTF_INFO_VLEN(a->info); i++) {
		kbtf_type_name(k, x[i].type, of_x, sizeof(of_x));
		kbtf_type_name(k, y[i].type, of_y, sizeof(of_y));
		if (x[i].offset != y[i].offset || strcmp(of_x, of_y) != 0 ||
		    strcmp(kbtf_str(k, x[i].name_off), kbtf_str(k, y[i].name_off)) != 0)
			return false;
	}
	return true;
}

bool type_has_rivals(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t = kbtf_type(k, id);
	unsigned int kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;

	if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION)
		return false;
	for (uint32_t other = id; kbtf_find_next(k, kind, kbtf_name(k, id), other, &other) == 0;)
		if (!looks_alike(k, t, kbtf_type(k, other)))
			return true;
	return false;
}

static int find_base(const struct kbtf *k, const struct type_name *name, struct type *out)
{
	char text[LIMIT_IDENT + 1];
	struct words words = { 0 };
	uint32_t id;
	int ret;

	if (name->tag == TYPE_WORDS) {
		count_words(name->name, &words);
		if (!words.other)
			return of_words(k, &words, out);
	}
	if (name->name.len > LIMIT_IDENT)
		return -ENOENT;
	memcpy(text, name->name.p, name->name.len);
	text[name->name.len] = '\0';
	if (name->tag == TYPE_WORDS) {
		ret = kbtf_find(k, BTF_KIND_TYPEDEF, text, &id);
		if (ret < 0 && !strcmp(text, "bool")) {
			*out = type_bool();
			return 0;
		}
	} else {
		ret = find_tagged(k,
				  name->tag == TYPE_STRUCT  ? BTF_KIND_STRUCT
				  : name->tag == TYPE_UNION ? BTF_KIND_UNION
							    : BTF_KIND_ENUM,
				  text, &id);
	}
	if (ret < 0)
		return -ENOENT;
	*out = type_of_id(k, id);
	return 0;
}

int type_by_name(const struct kbtf *k, const struct type_name *name, struct type *out)
{
	unsigned int stars;
	struct type t;
	int ret = find_base(k, name, &t);

	if (ret < 0)
		return ret;
	for (unsigned int i = 0; i < name->stars; i++)
		t = type_pointer_to(t);
	if (name->is_array || name->is_funcptr)
		t = type_pointer_to(name->is_funcptr ? type_void() : t);
	stars = name->stars + name->is_array;
	if (name->user && name->user <= stars)
		t.user = (uint8_t)(stars - name->user + 1);
	*out = t;
	return 0;
}
