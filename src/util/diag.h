/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Render an error: one line, the source line with a caret block, the notes. */
#pragma once

#include "util/buf.h"
#include "util/err.h"

/*
 *   spec:1:23: error: unbalanced '(' [syntax]
 *     tcp_v4_connect(struct sock *sk
 *                   ^
 *   note: ...
 *
 * Without a source: "error: message [tag]". A prefix other than NULL or "" comes
 * first on the first line, followed by ": ". Every line ends in '\n'. Tabs, UTF-8 width and long
 * lines (cut around the caret to 100 columns) are handled here and only here.
 */
void diag_render(const struct err *err, const char *prefix, struct buf *out);
