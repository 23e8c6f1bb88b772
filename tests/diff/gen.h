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
/* a string, filled up with NULs, perhaps with none: as kernels do */
void gen_text(struct gen *g, char *text, size_t size);
void gen_predicate(struct gen *g, unsigned int depth, struct buf *out);
