/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules and all they rest on, together because they live and end together. */
#pragma once

#include "feature/scope.h"
#include "session/session.h"

struct injected {
	struct rule *rule;
	struct plan plan;
};

struct injection {
	struct kern *kern;
	struct injected *rules;
	unsigned int n_rules;
	struct scope scope;
	struct session *session;
	struct buf notes; /* of all plans, one a line */
};

struct injection_opts {
	struct scope_opts scope;
	/* of a spec: a rule has its own */
	struct schedule schedule;
	int64_t value;
	bool dry, follow;   /* as session_opts has them */
	bool force;	    /* take a value that the function may not return, and the like */
	const char *engine; /* NULL: the first that works */
	const char *what;   /* of which each call would fail, for a rule that nothing narrows */
};

/* room for n rules, to be parsed into in->rules[i].rule */
int injection_alloc(struct injection *in, unsigned int n, struct err *err);
/*
 * From rules to programs, which are not loaded: plan them against in->kern, check values
 * and scope, compile. What fails leaves *in to injection_free().
 */
int injection_compile(struct injection *in, const struct injection_opts *o, struct err *err);
/* The same on the running kernel, after what can be said about user and kernel before. */
int injection_prepare(struct injection *in, const struct injection_opts *o, struct err *err);
void injection_free(struct injection *in);
