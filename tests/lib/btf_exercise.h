/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls everything the BTF reader has on a blob that need not be sane. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "comp/type.h"
#include "kern/kbtf.h"

/* so many ids of a blob are looked at: which, its length says */
#ifndef BTF_EXERCISE_IDS
#define BTF_EXERCISE_IDS 256
#endif

/* every member by its own name, and what its type is */
static inline void btf_exercise_members(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t = kbtf_type(k, kbtf_strip(k, id));
	const struct btf_member *m;
	char text[TYPE_TEXT];
	uint64_t size;

	if (!t ||
	    (BTF_INFO_KIND(t->info) != BTF_KIND_STRUCT && BTF_INFO_KIND(t->info) != BTF_KIND_UNION))
		return;
	m = (const void *)(t + 1);
	for (unsigned int i = 0; i < BTF_INFO_VLEN(t->info) && i < 16; i++) {
		struct kbtf_member found;
		struct type type;

		if (kbtf_member(k, id, kbtf_str(k, m[i].name_off), &found) < 0)
			continue;
		type = type_of_id(k, found.type);
		type_size(k, type, &size);
		type_text(k, type, text);
		type_array_len(k, type);
		type_text(k, type_target(k, type), text);
		type_same_record(k, type, type_target(k, type));
	}
}

static inline void btf_exercise_type(const struct kbtf *k, uint32_t id)
{
	const char *near[2] = { "", "" };
	struct kbtf_member m;
	struct kbtf_proto p;
	uint64_t size;
	char text[64];
	unsigned int i;

	kbtf_strip(k, id);
	kbtf_size(k, id, &size);
	kbtf_type_name(k, id, text, sizeof(text));
	kbtf_type_name(k, id, text, 5);
	kbtf_member(k, id, "nobody", &m);
	btf_exercise_members(k, id);
	if (kbtf_nearest_member(k, id, "nam", near, 2))
		kbtf_member(k, id, near[0], &m);
	if (kbtf_func_by_id(k, id, &p) == 0)
		for (i = 0; i < p.n_params && i < 8; i++) {
			kbtf_type_name(k, p.params[i].type, text, sizeof(text));
			if (strlen(kbtf_str(k, p.params[i].name_off)) > 1u << 28)
				abort();
		}
}

static inline void btf_exercise_all(const struct kbtf *k, size_t len)
{
	uint32_t id, found, step = kbtf_count(k) / BTF_EXERCISE_IDS + 1;
	const char *near[3];
	int64_t value;
	unsigned int kind;

	for (id = (uint32_t)len % step; id <= kbtf_count(k) + 1; id += step) {
		const char *name = kbtf_name(k, id);

		btf_exercise_type(k, id);
		for (kind = 0; *name && kind < 33; kind += 6) {
			kbtf_count_named(k, kind, name);
			if (kbtf_find(k, kind, name, &found) == 0 &&
			    strcmp(kbtf_name(k, found), name) != 0)
				abort();
		}
		kbtf_enum_value(k, name, &value);
	}
	for (kind = 0; kind < 20; kind++)
		kbtf_nearest(k, kind, "should_fial", near, 3);
}

/* takes a copy of the blob, of its exact size: one byte too far is seen */
static inline int btf_exercise_split(const struct kbtf *base, const void *data, size_t len)
{
	void *copy = malloc(len ? len : 1);
	struct kbtf *k;

	if (!copy)
		return 0;
	if (len)
		memcpy(copy, data, len);
	if (kbtf_open_split(&k, base, copy, len, false, NULL) < 0)
		return -1;
	/* of those that continue others, the last ones */
	for (uint32_t i = 0; base && i < 8 && i < kbtf_count(k); i++)
		btf_exercise_type(k, kbtf_count(k) - i);
	btf_exercise_all(k, len);
	kbtf_free(k);
	return 0;
}

static inline int btf_exercise(const void *data, size_t len)
{
	return btf_exercise_split(NULL, data, len);
}
