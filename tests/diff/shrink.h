/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a predicate that fails to a short one that still does: subtrees give way to
 * their children, to small constants, literals to smaller ones, until nothing does.
 */
#pragma once

#include <stdbool.h>

#include "util/buf.h"

typedef bool shrink_fails(void *arg, const char *spec);

/* spec parses and fails; target is its function. In out a spec that fails, at most as long. */
void shrink_spec(const char *spec, const char *target, shrink_fails *fails, void *arg,
		 struct buf *out);
/* words, numbers and operators of a text */
unsigned int shrink_tokens(const char *text);
