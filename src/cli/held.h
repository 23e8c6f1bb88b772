/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and threads that options name, held from before their ids are looked at: so
 * an id cannot come to mean another, and their end is heard of.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "util/limits.h"

enum held_kind {
	HELD_PROCESS,
	HELD_THREAD,
	HELD_KINDS
};

struct held {
	int epoll; /* readable when one has ended; -1: nothing is held */
	int fd[HELD_KINDS][LIMIT_SCOPE];
	unsigned int n[HELD_KINDS], left[HELD_KINDS];
};

#define HELD_NONE                                                                                  \
	{                                                                                          \
		.epoll = -1                                                                        \
	}

/* one that is not there counts as ended; -errno */
int held_take(struct held *h, enum held_kind kind, const pid_t *ids, size_t n);
/* every process, or every thread, that was named has ended: nobody's calls count any more */
bool held_over(struct held *h);
void held_drop(struct held *h);
