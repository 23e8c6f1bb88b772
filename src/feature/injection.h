/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule and all it rests on, together because they live and end together. */
#pragma once

#include "feature/scope.h"
#include "session/session.h"

struct injection {
	struct kern *kern;
	struct rule *rule;
	struct plan plan;
	struct session *session;
};

struct injection_opts {
	struct scope_opts scope;
	/* of a spec: a rule has its own */
	struct schedule schedule;
	int64_t value;
	bool force;	  /* take a value that the function may not return */
	const char *what; /* of which each call would fail, for a rule that nothing narrows */
};

/*
 * From in->rule to programs, which are not loaded: plan it against in->kern, check its
 * value and scope, compile. What fails leaves *in to injection_free().
 */
int injection_compile(struct injection *in, const struct injection_opts *o, struct err *err);
/* The same on the running kernel, after what can be said about user and kernel before. */
int injection_prepare(struct injection *in, const struct injection_opts *o, struct err *err);
void injection_free(struct injection *in);
