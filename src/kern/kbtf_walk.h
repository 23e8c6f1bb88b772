/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kbtf.c and kbtf_text.c share: kinds, and a walk over types of some kinds. */
#pragma once

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
#define KBTF_ENUMS	(uint32_t)(KBTF_BIT(BTF_KIND_ENUM) | KBTF_BIT(KBTF_ENUM64))
#define KBTF_SIZED                                                                                 \
	(KBTF_COMPOSITE | KBTF_BIT(BTF_KIND_INT) | KBTF_BIT(BTF_KIND_ENUM) |                       \
	 KBTF_BIT(BTF_KIND_FLOAT) | KBTF_BIT(BTF_KIND_DATASEC) | KBTF_BIT(KBTF_ENUM64))
#define KBTF_TRANSPARENT                                                                           \
	(KBTF_BIT(BTF_KIND_TYPEDEF) | KBTF_BIT(BTF_KIND_CONST) | KBTF_BIT(BTF_KIND_VOLATILE) |     \
	 KBTF_BIT(BTF_KIND_RESTRICT) | KBTF_BIT(KBTF_TYPE_TAG))

struct kbtf_walk {
	const struct kbtf *k;
	const struct btf_type *next;
	uint32_t kinds;	   /* bit per kind wanted */
	uint32_t name_off; /* 0: any name */
	uint32_t id;	   /* of the type returned last */
};

void kbtf_walk_from(struct kbtf_walk *w, const struct kbtf *k, uint32_t kinds, uint32_t name_off);
const struct btf_type *kbtf_walk(struct kbtf_walk *w); /* NULL at the end */
