/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mode turns the input of a block into text; see golden.c. */
#pragma once

#include "util/buf.h"

#define GOLDEN_KEYS 16

struct golden_input {
	struct {
		char key[32];
		struct buf value;
	} pair[GOLDEN_KEYS];
	unsigned int n;
};

/* the value of a key, NULL if the block has none */
const char *golden_get(const struct golden_input *in, const char *key);

/* appends the result; an error as "%%FAIL tag\n" and diag_render()'s block */
typedef void golden_fn(const struct golden_input *in, struct buf *out);

golden_fn golden_comp;
golden_fn golden_compile;
golden_fn golden_doctor;
golden_fn golden_lang;
golden_fn golden_probe;
golden_fn golden_rule;
