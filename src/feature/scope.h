/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose calls a rule is about, and that somebody said so. */
#pragma once

#include <sys/types.h>

#include "plan/plan.h"

struct scope_opts {
	pid_t pid;     /* only this process; 0: any */
	pid_t command; /* only this process, waiting to exec, and its descendants; 0: any */
	bool kthreads;
	bool system_wide; /* no chain, scope or condition is needed */
};

/* what can be said before a rule is looked at: options that exclude each other, no such process */
int scope_check_opts(const struct scope_opts *o, struct err *err);
/*
 * Refuses a rule that nothing narrows: no caller, no scope, no condition that a call
 * could make false. `what` is what would fail, in words.
 */
int scope_check_rule(const struct scope_opts *o, const struct plan *p, struct kern *kern,
		     const char *what, struct err *err);
