/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random well-typed predicates over the fixture, as text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

struct gen {
	uint64_t state;
	const char *func;    /* "mixed" or "wide" */
	unsigned int locals; /* v0 .. are in scope */
	unsigned int made;
};

uint64_t gen_random(struct gen *g);
unsigned int gen_below(struct gen *g, unsigned int n);
uint64_t gen_value(struct gen *g); /* likely to be at an edge */
/* pointers to struct object and struct inner, good before -> */
void gen_object(struct gen *g, unsigned int depth, struct buf *out);
void gen_inner(struct gen *g, unsigned int depth, struct buf *out);
void gen_any_inner(struct gen *g, unsigned int depth, struct buf *out); /* in user memory too */
/* gen_string.c */
void gen_string_test(struct gen *g, unsigned int depth, struct buf *out);
/* a test of this expression, with at most so many bytes */
void gen_string_on(struct gen *g, const char *what, unsigned int most, struct buf *out);
void gen_text(struct gen *g, char *text, size_t size); /* filled up with NULs, if not full */
void gen_predicate(struct gen *g, unsigned int depth, struct buf *out);
