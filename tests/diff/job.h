/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A spec over the fixture, made ready for comp_rule(). */
#pragma once

#include "comp/comp.h"

struct test_job {
	struct comp_job job; /* to be changed at will before it is used */
	struct kbtf *btf;
	struct rule *rule, *more[LIMIT_CHAINS];
	unsigned int n_more;
	struct comp_func target, funcs[LIMIT_FRAMES];
	struct comp_place places[LIMIT_FRAMES];
	struct comp_chain chains[LIMIT_CHAINS];
	char names[LIMIT_FRAMES][64];
};

/* frees itself when it fails */
int test_job_make(struct test_job *t, const char *spec, const char *target, bool trampolines,
		  struct err *err);
/* a further chain, its condition and callers as a spec says them */
int test_job_chain(struct test_job *t, const char *spec, bool negated, bool trampolines,
		   struct err *err);
void test_job_free(struct test_job *t);
