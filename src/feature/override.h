/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The native form: a rule that names target and value itself becomes an injection. */
#pragma once

#include "feature/injection.h"

struct override_opts {
	const char *rule;
	struct scope_opts scope;
	bool force; /* a value that the function may not return is meant */
	bool timed; /* it will be ended by the clock */
};

int override_prepare(struct injection *out, const struct override_opts *opts, struct err *err);
