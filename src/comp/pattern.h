/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a string is compared with: equality and prefix are globs without and with
 * one star at the end. Stars part the pattern; a part is a row of bytes of the
 * string, each of which has to be one of some.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/str.h"

enum string_test {
	STRING_EQUAL,
	STRING_PREFIX,
	STRING_GLOB,
};

struct piece {
	enum {
		PIECE_BYTE, /* this one */
		PIECE_ANY,  /* any */
		PIECE_SET,  /* any whose bit is set */
	} kind;
	unsigned char byte;
	uint32_t set[8];
};

struct part {
	const struct piece *piece;
	unsigned int n; /* 0: only of the first and the last part */
};

struct pattern {
	struct part *part;
	unsigned int n_parts;  /* stars + 1 */
	unsigned int n_pieces; /* of all parts: no shorter string matches */
	bool literal;	       /* all pieces are bytes */
};

/* -ENOMEM; -EINVAL: malformed, *why says how */
int pattern_parse(struct arena *arena, struct str text, enum string_test test, struct pattern **out,
		  const char **why);

static inline bool piece_has(const struct piece *p, unsigned int byte)
{
	return p->set[byte / 32] >> byte % 32 & 1;
}
