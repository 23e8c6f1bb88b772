/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A spec or rule over the fixture, made ready for comp_rule(). */
#pragma once

#include "comp/comp.h"

struct test_job {
	struct comp_job job; /* to be changed at will before it is used */
	struct kbtf *btf;
	struct rule *rule;
	struct comp_site site;
	struct comp_func funcs[LIMIT_FRAMES];
	struct comp_place places[LIMIT_FRAMES];
	struct comp_chain chains[LIMIT_CHAINS];
	char names[LIMIT_FRAMES][64];
};

/* frees itself when it fails */
int test_job_make(struct test_job *t, const char *spec, const char *target, bool trampolines,
		  struct err *err);
/* the same, of a rule in its own form; its value is not looked at */
int test_job_rule(struct test_job *t, const char *rule, bool trampolines, struct err *err);
void test_job_free(struct test_job *t);
