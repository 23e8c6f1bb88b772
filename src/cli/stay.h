/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stay with something that is armed until a signal, a time, CMD's end or its reader ends it. */
#pragma once

#include "cli/cli.h"
#include "cli/held.h"

struct stay {
	int fd; /* readable when there is something to read */
	/* 0; -errno: it cannot be printed, and nobody hears of it any more; 1: that was enough */
	int (*read)(void *arg);
	void (*disarm)(void *arg);
	void *arg;
	uint64_t limit_ns; /* --for; 0: none */
	struct held *held; /* it ends with these */
	struct child *child;
	/* out: */
	int read_error;
	int command_status;
	bool command_ended;
	bool interrupted; /* by a signal, though CMD may have gone on */
};

/* until then; everything that has been read is. -errno: it could not be waited for */
int stay_with(struct stay *s);
