/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small kernel's types, as C and as BTF made from the same offsets: tests of
 * the compiler need no kernel's BTF, and objects laid out by the C compiler can
 * be read by compiled predicates.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kern/kbtf.h"

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

enum color {
	RED,
	GREEN = 5,
	BLUE = 0x80
};

struct bits {
	u32 x : 3;
	s32 y : 5;
	u32 z : 24;
	u64 w : 33;
	s64 v : 20;
	u8 small : 1;
	s32 whole : 32;
	u32 tail : 17;
};

struct inner {
	u8 b;
	s8 sb;
	u16 h;
	s16 sh;
	u32 i;
	s32 si;
	u64 l;
	s64 sl;
	bool flag;
	char name[15];
	unsigned char label[8];
};

/* as struct qstr */
struct tag {
	union {
		struct {
			u32 hash, len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};

struct opaque;

struct object {
	struct inner in;
	struct inner *ptr;
	struct object *next;
	s32 arr[8];
	struct inner many[2];
	union {
		struct {
			u16 low, high;
		};
		u32 both;
	};
	struct bits bits;
	enum color color;
	const char *text;
	struct opaque *hidden;
	int (*fn)(int);
	u16 grid[2][4];
	struct inner **table;
	void *raw;
	struct tag tag;
	struct tag *tag_ptr;
	const char *path;    /* __user in BTF */
	struct inner *there; /* too */
};

int fixture_btf(struct kbtf **out);
