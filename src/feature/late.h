/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is better known, but not worth waiting for: looked for once the rules are armed. */
#pragma once

#include "feature/injection.h"

/* what may keep calls from the rules' targets: one line each */
int late_warnings(const struct injection *in, struct buf *out);
