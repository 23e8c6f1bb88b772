/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stay with an armed session until something ends it; print what happens. */
#pragma once

#include <signal.h>

#include "cli/cli.h"
#include "cli/held.h"
#include "retcon/retcon.h"

struct watch_opts {
	bool json, dry;
	bool quiet;	   /* nothing is told but failures */
	int out;	   /* events go here */
	uint64_t limit_ns; /* --for; 0: none */
	struct held *held; /* the scope ends with these */
	uint64_t start;	   /* from watch_now(), before arming: text counts from here */
	const char *mode;  /* NULL: the rules say all */
	char **command;
	bool interrupted;   /* out: by a signal, of which CMD has been told */
	bool command_ended; /* out: the returned status is CMD's own */
};

/* those that end a watch, or tell of CMD's end */
void watch_signals(sigset_t *set);
/* with nothing armed: all but SIGCHLD end the process at once; a CMD that waits ends by its pipe */
int watch_heed_signals(void);
/* before arming: SIGINT, SIGTERM, SIGCHLD and, unless ignored, SIGHUP are read, not taken */
int watch_block_signals(void);
uint64_t watch_now(void); /* CLOCK_MONOTONIC, ns */
/* returns the exit code; the session is disarmed */
int watch_session(struct retcon_session *s, struct watch_opts *o, struct child *child);
int watch_write(int fd, const char *text, size_t len); /* all of it, or -errno */
/* the same of whole lines for people, in colour on a terminal that has it */
int watch_print(int fd, const char *text, size_t len);
