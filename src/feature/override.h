/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The native form: rules that name target and value themselves become an injection. */
#pragma once

#include "feature/injection.h"

struct override_opts {
	const char *const *rules;
	unsigned int n_rules;
	struct scope_opts scope;
	bool dry, follow;   /* as injection_opts has them */
	const char *engine; /* NULL: the first that works */
	bool force;	    /* a value that the function may not return is meant, and the like */
	bool timed;	    /* it will be ended by the clock */
};

int override_prepare(struct injection *out, const struct override_opts *opts, struct err *err);
