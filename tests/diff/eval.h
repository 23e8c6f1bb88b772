/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a predicate means, by walking its syntax tree: slow, obvious, and sharing
 * no code with the compiler but the naming of types.
 */
#pragma once

#include "comp/type.h"
#include "lang/ast.h"

#define EVAL_MEMO 64

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
	/* before a value of type t is read; an array: a string. NULL: nobody wants to know */
	void (*touch)(void *arg, uint64_t address, struct type t);
	void *touch_arg;
	enum expr_op broken; /* this operator is off by one: tests of the shrinker */
	/* what names in the text mean, found once: BTF is searched from end to end */
	struct {
		const void *key;
		struct type type;
		int64_t value;
	} memo[EVAL_MEMO];
	unsigned int n_memo;
};

enum eval_result eval_predicate(struct eval_world *w, const struct expr *e);

/* eval_names.c */
int eval_type(struct eval_world *w, const struct type_name *name, struct type *out);
/* an enum's constant; -ENOENT: there is none */
int eval_constant(struct eval_world *w, const struct expr *e, struct type *t, int64_t *value);
