/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who must not be hurt: retcon, the processes it came from, and init. */
#pragma once

#include <sys/types.h>

#include "util/err.h"
#include "util/limits.h"

struct exempt {
	uint32_t self;
	uint32_t pid[LIMIT_EXEMPT + 1]; /* ancestors, nearest first, then init */
	unsigned int n;
};

/*
 * wanted: processes named by the user, which are taken off the list.
 * -EOPNOTSUPP in a pid namespace: the kernel's ids are not ours there. -E2BIG: more
 * than LIMIT_EXEMPT.
 */
int exempt_collect(struct exempt *out, const uint32_t *wanted, unsigned int n_wanted,
		   struct err *err);
