/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's scope as the features take it. */
#pragma once

#include "feature/scope.h"
#include "retcon/retcon.h"

/* given may be NULL; what it points to stays the caller's */
int api_scope(struct scope_opts *out, const struct retcon_scope *given, struct err *err);
