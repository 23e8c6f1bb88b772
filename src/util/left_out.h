/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of many, those that could not be had: the first by name, with the reason of the first. */
#pragma once

#include "util/buf.h"

struct left_out {
	struct buf names;
	char why[160];
	unsigned int n;
};

void left_out_add(struct left_out *l, const char *name, const char *why);
/* "3 <what> left out: a, b, c (the first: why)" as a line; empties it. Nothing if there are none */
void left_out_note(struct left_out *l, const char *what, struct buf *out);
