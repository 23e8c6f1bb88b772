/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What random predicates are about: types, memory with objects of them, arguments. */
#pragma once

#include "comp/type.h"
#include "gen.h"
#include "real_index.h"
#include "region.h"
#include "util/buf.h"

struct subject;

struct subject_ops {
	/* the whole predicate as a spec; gen.func says on which function */
	void (*predicate)(struct subject *s, struct buf *out);
	/* what is in memory and in the registers for the run'th time */
	void (*values)(struct subject *s, unsigned int run, uint64_t args[6]);
	/* puts something likely where a value of this type is about to be read; may be NULL */
	void (*touch)(void *subject, uint64_t address, struct type t);
};

struct subject {
	const struct subject_ops *ops;
	struct kbtf *btf;
	struct region region;
	struct gen gen;
	/* real types only */
	struct real_index index;
	const struct real_func *func;
	struct {
		uint32_t at, len;
	} touched[64]; /* in this run */
	unsigned int n_touched;
};

/* the types of tests/fixtures/kernel.c */
int subject_fixture(struct subject *s);
/* takes the BTF; wanted: see real_index.h */
int subject_real(struct subject *s, struct kbtf *btf,
		 bool (*wanted)(const void *arg, const char *func), const void *arg);
void subject_free(struct subject *s);
