/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random well-typed predicates over whatever types BTF has, as text. real_path.c
 * walks from a parameter through members, pointers and arrays; real_gen.c makes
 * numbers of what it finds there, and of numbers more numbers.
 */
#pragma once

#include "subject.h"

#define REAL_LOCALS 4
/* an object may reach so far behind where a pointer points */
#define REAL_REACH (48u << 10)

struct real {
	struct gen *g;
	const struct kbtf *btf;
	const struct real_index *index;
	const struct real_func *func;
	struct type local[REAL_LOCALS]; /* v0 .. */
	unsigned int n_locals;
};

/* an expression as far as it is written, and what it is */
struct piece {
	struct buf text;
	struct type t;
	bool place; /* has an address */
	bool bits;
};

#define _cleanup_piece_ __attribute__((cleanup(piece_free)))

void piece_free(struct piece *p);
void piece_wrap(struct piece *p, const char *before, const char *behind);

/* up to so many steps from a parameter or local; anything may be at the end but a bit of nothing */
void real_path(struct real *r, unsigned int steps, struct piece *out);
/* an integer expression, safe inside any other */
void real_number(struct real *r, unsigned int depth, struct buf *out);
void real_predicate(struct real *r, unsigned int depth, struct buf *out);
