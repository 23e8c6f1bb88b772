/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of many names those nearest to one that is not among them, for "did you mean". */
#pragma once

#include "util/err.h"

#define NEAREST_MAX 16

struct nearest {
	const char *name;
	const char **out; /* nearest first; borrowed from who offers them */
	unsigned int distance[NEAREST_MAX];
	unsigned int n, max;
};

void nearest_init(struct nearest *s, const char *name, const char **out, unsigned int max);
void nearest_offer(struct nearest *s, const char *name);
/* note: did you mean 'a', 'b' or 'c'? Nothing if there are none */
void nearest_note(const struct nearest *s, struct err *err);
