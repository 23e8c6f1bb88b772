/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the BTF reader share: its inside, kinds, walks over types. */
#pragma once

#include <string.h>

#include "kern/kbtf.h"

/* one index entry per so many types */
#define KBTF_BLOCK 8
/* members one search may look at: anonymous ones can share types, and so multiply */
#define KBTF_MEMBER_BUDGET 65536

/* newer than some headers */
enum {
	KBTF_DECL_TAG = 17,
	KBTF_TYPE_TAG = 18,
	KBTF_ENUM64 = 19,
};

struct kbtf_enum64 {
	uint32_t name_off, lo, hi;
};

/*
 * Wider than today's fields (5 and 16 bits); the bits between are zero in a valid
 * blob, and what they would mean otherwise is refused or found out of bounds.
 */
#define KBTF_KIND(info) ((info) >> 24 & 0x7f)
#define KBTF_VLEN(info) ((info)&0xffffff)
#define KBTF_BIT(kind)	(1ULL << (kind))

#define KBTF_COMPOSITE (KBTF_BIT(BTF_KIND_STRUCT) | KBTF_BIT(BTF_KIND_UNION))
#define KBTF_ENUMS     (uint32_t)(KBTF_BIT(BTF_KIND_ENUM) | KBTF_BIT(KBTF_ENUM64))
#define KBTF_SIZED                                                                                 \
	(KBTF_COMPOSITE | KBTF_BIT(BTF_KIND_INT) | KBTF_BIT(BTF_KIND_ENUM) |                       \
	 KBTF_BIT(BTF_KIND_FLOAT) | KBTF_BIT(BTF_KIND_DATASEC) | KBTF_BIT(KBTF_ENUM64))
#define KBTF_TRANSPARENT                                                                           \
	(KBTF_BIT(BTF_KIND_TYPEDEF) | KBTF_BIT(BTF_KIND_CONST) | KBTF_BIT(BTF_KIND_VOLATILE) |     \
	 KBTF_BIT(BTF_KIND_RESTRICT) | KBTF_BIT(KBTF_TYPE_TAG))

struct kbtf_block {
	uint32_t off;	/* of its first type */
	uint32_t kinds; /* bit per kind */
	uint32_t funcs; /* FUNCs in all blocks before */
};

/*
 * A module's types continue the kernel's, its base: ids and offsets of strings go on where
 * those end, and refer to both. Everything but `count` and `first`s is about the own part.
 */
struct kbtf {
	const struct kbtf *base; /* NULL: this is the kernel's */
	void *data;
	size_t len;
	bool unmap;
	const char *types;
	const char *strs;
	uint32_t type_len, str_len;
	uint32_t first;	    /* so many ids are the base's */
	uint32_t str_first; /* so many bytes of strings are */
	uint32_t count;	    /* the last id; the base's counted in */
	uint32_t n_funcs, n_blocks;
	uint32_t release;
	struct kbtf_block *blocks;
	uint32_t *funcs; /* name offsets of all FUNCs, in order of id */
	struct kbtf_hash *hash;
};

/* remembers how often it was asked; fills itself when that pays (kbtf_find.c) */
struct kbtf_hash *kbtf_hash_new(void);
void kbtf_hash_free(struct kbtf_hash *h);
uint32_t kbtf_hash_name(const char *s);

const struct btf_type *kbtf_next(const struct btf_type *t);

/* A name looked for, so that most others differ from it in one comparison. */
struct kbtf_want {
	const char *name;
	uint64_t head, mask; /* first 8 bytes, or up to and with the NUL */
};

static inline struct kbtf_want kbtf_want(const char *name)
{
	struct kbtf_want w = { .name = name, .mask = UINT64_MAX };
	size_t len = strlen(name) + 1;

	memcpy(&w.head, name, len < 8 ? len : 8);
	if (len < 8)
		memset((char *)&w.mask + len, 0, 8 - len);
	return w;
}

static inline bool kbtf_is(const struct kbtf *k, const struct kbtf_want *w, uint32_t off)
{
	uint64_t head;

	/* below the first, it wraps around and is no less than any length */
	if ((uint64_t)(uint32_t)(off - k->str_first) + sizeof(head) <= k->str_len) {
		memcpy(&head, k->strs + (off - k->str_first), sizeof(head));
		if ((head ^ w->head) & w->mask)
			return false;
	}
	return strcmp(kbtf_str(k, off), w->name) == 0;
}

/* all types of some kinds: the module's, then the kernel's */
struct kbtf_walk {
	const struct kbtf *k; /* the part that is walked */
	const struct btf_type *next;
	uint32_t kinds; /* bit per kind wanted */
	uint32_t id;	/* of the type returned last; before any of the part, its `first` */
};

void kbtf_walk_from(struct kbtf_walk *w, const struct kbtf *k, uint32_t kinds);
const struct btf_type *kbtf_walk(struct kbtf_walk *w); /* NULL at the end */
