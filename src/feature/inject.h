/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bcc's inject: a mode and a chain spec become an injection. */
#pragma once

#include "feature/injection.h"

struct inject_opts {
	const char *mode;
	const char *spec;
	double probability;
	uint64_t count;
	bool dry, follow;   /* as injection_opts has them */
	const char *engine; /* NULL: the first that works */
	struct scope_opts scope;
};

struct inject_mode {
	const char *name;
	const char *target;
	int64_t value;
};

const struct inject_mode *inject_mode(const char *name, struct err *err); /* NULL: none such */
int inject_prepare(struct injection *out, const struct inject_opts *opts, struct err *err);
