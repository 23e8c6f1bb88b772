/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a predicate means, by walking its syntax tree: slow, obvious, and sharing
 * no code with the compiler but the naming of types.
 */
#pragma once

#include "lang/ast.h"
#include "tests/diff/fixture.h"

enum eval_result {
	EVAL_FALSE = 0,
	EVAL_TRUE = 1,
	EVAL_FAULT = 2,	  /* a read that cannot succeed */
	EVAL_UNKNOWN = 3, /* read memory that is not ours: anything may be there */
	EVAL_BROKEN = 4,  /* the evaluator does not know this */
};

struct eval_world {
	const struct kbtf *btf;
	const char *func; /* whose parameters the names are */
	const char *text; /* that was parsed */
	const uint64_t *args;
	uint64_t base; /* where the kernel has what we have at mem */
	const uint8_t *mem;
	size_t len;
};

enum eval_result eval_predicate(const struct eval_world *w, const struct expr *e);
