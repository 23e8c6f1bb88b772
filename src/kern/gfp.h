/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation flags by name. They are macros, and BTF has at most the numbers of their bits. */
#pragma once

#include "kern/kbtf.h"

/*
 * -ENOENT: no name of that kind is known; -EOPNOTSUPP: it is one, and *why (a phrase
 * after "because") says why its value in this kernel cannot be told.
 */
int gfp_value(const struct kbtf *k, const char *name, uint32_t *value, const char **why);
/* the i-th known name; NULL after the last */
const char *gfp_name(unsigned int i);
