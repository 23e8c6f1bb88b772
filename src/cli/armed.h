/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that arm a rule have in common: options, output, CMD, the run itself. */
#pragma once

#include <getopt.h>

#include "cli/cli.h"
#include "cli/watch.h"
#include "util/limits.h"

struct armed {
	const char *name;	   /* of the command */
	struct retcon_scope scope; /* once it runs, of what follows */
	pid_t pids[LIMIT_SCOPE], tids[LIMIT_SCOPE];
	const char *comms[LIMIT_SCOPE], *users[LIMIT_SCOPE];
	const char *cgroups[LIMIT_SCOPE], *netns[LIMIT_SCOPE];
	bool verbose, follow, rehearse;
	const char *output;
	const char *engine;
	char **command;
	struct child first; /* CMD, to be rehearsed */
	struct watch_opts watch;
};

#define ARMED_INIT(command_name)                                                                   \
	{                                                                                          \
		.name = (command_name), .scope = RETCON_SCOPE_INIT, .first = CHILD_NONE,           \
		.watch = {                                                                         \
			.out = -1                                                                  \
		}                                                                                  \
	}

enum {
	OPT_FOR = 256,
	OPT_KTHREADS,
	OPT_SYSTEM_WIDE,
	OPT_JSON,
	OPT_ENGINE,
	OPT_COMM,
	OPT_UID,
	OPT_CGROUP,
	OPT_NETNS,
	OPT_DRY_RUN,
	OPT_FOLLOW,
	OPT_REHEARSE,
	OPT_OWN, /* where a command's own begin */
};

#define ARMED_SHORTS "hvp:t:o:"
/* clang-format off */
#define ARMED_LONGS                                                                                \
	{ "help", no_argument, NULL, 'h' },                                                        \
	{ "verbose", no_argument, NULL, 'v' },                                                     \
	{ "pid", required_argument, NULL, 'p' },                                                   \
	{ "tid", required_argument, NULL, 't' },                                                   \
	{ "comm", required_argument, NULL, OPT_COMM },                                             \
	{ "uid", required_argument, NULL, OPT_UID },                                               \
	{ "cgroup", required_argument, NULL, OPT_CGROUP },                                         \
	{ "netns", required_argument, NULL, OPT_NETNS },                                           \
	{ "output", required_argument, NULL, 'o' },                                                \
	{ "for", required_argument, NULL, OPT_FOR },                                               \
	{ "kthreads", no_argument, NULL, OPT_KTHREADS },                                           \
	{ "system-wide", no_argument, NULL, OPT_SYSTEM_WIDE },                                     \
	{ "json", no_argument, NULL, OPT_JSON },                                                   \
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },                                             \
	{ "follow", no_argument, NULL, OPT_FOLLOW },                                               \
	{ "rehearse", no_argument, NULL, OPT_REHEARSE },                                                   \
	{ "engine", required_argument, NULL, OPT_ENGINE }
/* clang-format on */

/* the lines of -h on them */
#define ARMED_SCOPE_USAGE                                                                          \
	"  -p, --pid PID            only this process\n"                                           \
	"  -t, --tid TID            only this thread\n"                                            \
	"      --comm NAME          only tasks of that name\n"                                     \
	"      --uid UID|NAME       only tasks of that user\n"                                     \
	"      --cgroup PATH        only tasks in that cgroup or below it\n"                       \
	"      --netns PATH|PID|NAME\n"                                                            \
	"                           only tasks in that network namespace\n"                        \
	"                           each may be repeated: any of a kind, one of every kind\n"

#define ARMED_FOLLOW_USAGE                                                                            \
	"      --follow             tell what each caller made of it, up to the system call\n"        \
	"      --rehearse           the same, CMD run once before it, to know its callers from the\n" \
	"                           first injection on\n"                                             \
	"      --dry-run            show and count what would be injected, and inject nothing\n"

/* bad usage, said on stderr; returns EXIT_USAGE */
int armed_bad(const struct armed *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* an option of ARMED_LONGS, or one that getopt_long() did not know: 0 or the exit code */
int armed_option(struct armed *a, int opt, const char *arg);

/* --output's file, once the command line is understood; -errno */
int armed_empty_output(const struct armed *a);

/* with CMD, failures of our `own` have a status that CMD's cannot be taken for */
int armed_status(const struct armed *a, int ret, bool own);

/*
 * Spawn CMD, have `prepare` make the session with a->scope, arm it, stay with it. Returns
 * the exit code.
 */
typedef int armed_prepare_fn(struct retcon *ctx, const struct armed *a, void *arg,
			     struct retcon_session **out);
int armed_run(struct armed *a, armed_prepare_fn *prepare, void *arg);
/* the same for what is no session: CMD waits, processes that options name are held */
typedef int armed_run_fn(struct armed *a, struct retcon *ctx, struct child *child,
			 struct held *held, void *arg);
int armed_run_with(struct armed *a, armed_run_fn *run, void *arg);
