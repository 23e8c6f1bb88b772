/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that arm a rule have in common: options, output, CMD, the run itself. */
#pragma once

#include <getopt.h>

#include "cli/cli.h"
#include "cli/watch.h"

struct armed {
	const char *name; /* of the command */
	pid_t pid;
	bool kthreads;
	bool system_wide;
	bool verbose;
	const char *output;
	const char *engine;
	char **command;
	struct watch_opts watch;
};

#define ARMED_INIT(command_name)                                                                   \
	{                                                                                          \
		.name = (command_name), .watch = {.out = -1, .pidfd = -1 }                         \
	}

enum {
	OPT_FOR = 256,
	OPT_KTHREADS,
	OPT_SYSTEM_WIDE,
	OPT_JSON,
	OPT_ENGINE,
	OPT_OWN, /* where a command's own begin */
};

#define ARMED_SHORTS "hvp:o:"
/* clang-format off */
#define ARMED_LONGS                                                                                \
	{ "help", no_argument, NULL, 'h' },                                                        \
	{ "verbose", no_argument, NULL, 'v' },                                                     \
	{ "pid", required_argument, NULL, 'p' },                                                   \
	{ "output", required_argument, NULL, 'o' },                                                \
	{ "for", required_argument, NULL, OPT_FOR },                                               \
	{ "kthreads", no_argument, NULL, OPT_KTHREADS },                                           \
	{ "system-wide", no_argument, NULL, OPT_SYSTEM_WIDE },                                     \
	{ "json", no_argument, NULL, OPT_JSON },                                                   \
	{ "engine", required_argument, NULL, OPT_ENGINE }
/* clang-format on */

/* bad usage, said on stderr; returns EXIT_USAGE */
int armed_bad(const struct armed *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* an option of ARMED_LONGS, or one that getopt_long() did not know: 0 or the exit code */
int armed_option(struct armed *a, int opt, const char *arg);

/* with CMD, failures of our `own` have a status that CMD's cannot be taken for */
int armed_status(const struct armed *a, int ret, bool own);

/*
 * Spawn CMD, have `prepare` make the session, arm it, stay with it. Returns the exit
 * code. `prepare` is told the process to follow, if any.
 */
typedef int armed_prepare_fn(struct retcon *ctx, const struct armed *a, pid_t command, void *arg,
			     struct retcon_session **out);
int armed_run(struct armed *a, armed_prepare_fn *prepare, void *arg);
