// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/armed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "util/cleanup.h"
#include "util/str.h"

int armed_bad(const struct armed *a, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "retcon %s: ", a->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n(retcon %s -h tells how it is used)\n", a->name);
	return EXIT_USAGE;
}

static int take_id(struct armed *a, const char *option, const char *arg, pid_t *ids, size_t *n)
{
	uint64_t id;

	if (str_to_u64(arg, &id) || id == 0 || id > INT32_MAX)
		return armed_bad(a, "%s takes a %s id, not '%s'", option,
				 ids == a->pids ? "process" : "thread", arg);
	if (*n == LIMIT_SCOPE)
		return armed_bad(a, "more than %d of %s", LIMIT_SCOPE, option);
	ids[(*n)++] = (pid_t)id;
	return 0;
}

static int take_text(struct armed *a, const char *option, const char *arg, const char **texts,
		     size_t *n)
{
	if (*n == LIMIT_SCOPE)
		return armed_bad(a, "more than %d of %s", LIMIT_SCOPE, option);
	texts[(*n)++] = arg;
	return 0;
}

static int take_scope(struct armed *a, int opt, const char *arg)
{
	switch (opt) {
	case 'p':
		return take_id(a, "-p", arg, a->pids, &a->scope.n_pids);
	case 't':
		return take_id(a, "-t", arg, a->tids, &a->scope.n_tids);
	case OPT_COMM:
		return take_text(a, "--comm", arg, a->comms, &a->scope.n_comms);
	case OPT_UID:
		return take_text(a, "--uid", arg, a->users, &a->scope.n_users);
	case OPT_CGROUP:
		return take_text(a, "--cgroup", arg, a->cgroups, &a->scope.n_cgroups);
	default:
		return take_text(a, "--netns", arg, a->netns, &a->scope.n_netns);
	}
}

int armed_option(struct armed *a, int opt, const char *arg)
{
	switch (opt) {
	case 'p':
	case 't':
	case OPT_COMM:
	case OPT_UID:
	case OPT_CGROUP:
	case OPT_NETNS:
		return take_scope(a, opt, arg);
	case OPT_FOR:
		if (str_to_duration(arg, &a->watch.limit_ns) || !a->watch.limit_ns)
			return armed_bad(a, "--for takes a time like 500ms, 30s or 5m, not '%s'",
					 arg);
		return 0;
	case 'v':
		a->verbose = true;
		return 0;
	case 'o':
		a->output = arg;
		return 0;
	case OPT_KTHREADS:
		a->scope.kthreads = true;
		return 0;
	case OPT_SYSTEM_WIDE:
		a->scope.system_wide = true;
		return 0;
	case OPT_ENGINE:
		a->engine = arg;
		return 0;
	case OPT_DRY_RUN:
		a->watch.dry = true;
		return 0;
	case OPT_REHEARSE:
		a->rehearse = a->follow = true;
		return 0;
	case OPT_FOLLOW:
		a->follow = true;
		return 0;
	case OPT_JSON:
		a->watch.json = true;
		return 0;
	default:
		return cli_bad_option(a->name);
	}
}

static int open_output(struct armed *a)
{
	a->watch.out = a->command ? STDERR_FILENO : STDOUT_FILENO;
	if (!a->output)
		return 0;
	/* root writes here: never through somebody's symbolic link */
	a->watch.out =
		open(a->output, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644);
	if (a->watch.out >= 0)
		return 0;
	fprintf(stderr, "retcon: cannot write %s: %s\n", a->output,
		errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	return EXIT_FAILED;
}

static int say(struct retcon *ctx)
{
	fputs(retcon_error(ctx), stderr);
	return (int)retcon_failure(ctx);
}

/* JSON lines stay JSON lines: the listing then goes where people look */
static int list_programs(const struct armed *a, struct retcon_session *s)
{
	const char *text = retcon_session_listing(s);
	int to = a->watch.json ? STDERR_FILENO : a->watch.out;

	return text ? watch_write(to, text, strlen(text)) : -ENOMEM;
}

/* what was in the file stays until there is something to say instead */
int armed_empty_output(const struct armed *a)
{
	if (a->output && ftruncate(a->watch.out, 0) && errno != EINVAL)
		return -errno;
	return 0;
}

static int arm(struct armed *a, struct retcon *ctx, struct retcon_session *s, struct child *child)
{
	int ret;

	cli_say_notes(retcon_session_notes(s));
	ret = armed_empty_output(a);
	if (!ret && a->verbose)
		ret = list_programs(a, s);
	if (ret) {
		fprintf(stderr, "retcon: cannot print: %s\n", strerror(-ret));
		return EXIT_FAILED;
	}
	a->watch.start = watch_now();
	a->watch.command = a->command;
	ret = watch_block_signals();
	if (ret)
		return ret;
	if (retcon_session_arm(s))
		return say(ctx);
	if (a->verbose)
		cli_say_notes(retcon_session_tried(s));
	return watch_session(s, &a->watch, child);
}

static void point_at_scope(struct armed *a, const struct child *child)
{
	a->scope.pids = a->pids;
	a->scope.tids = a->tids;
	a->scope.comms = a->comms;
	a->scope.users = a->users;
	a->scope.cgroups = a->cgroups;
	a->scope.netns = a->netns;
	a->scope.command = child->pid > 0 ? child->pid : 0;
}

/* how a command makes its session, for run_session() */
struct preparation {
	armed_prepare_fn *prepare;
	void *arg;
};

/*
 * CMD once before the run that counts, with nothing injected: what is on the stacks where it
 * would be, the context remembers.
 */
static int rehearse(struct armed *a, struct retcon *ctx, const struct preparation *p)
{
	const struct retcon_scope scope = a->scope;
	const struct watch_opts watch = a->watch;
	struct retcon_stats stats = { .sz = sizeof(stats) };
	struct retcon_session *s = NULL;
	int ret;

	a->scope.command = a->first.pid;
	a->watch.dry = a->watch.quiet = true;
	a->watch.command = a->command;
	a->follow = false;
	ret = p->prepare(ctx, a, p->arg, &s) ? say(ctx) : watch_block_signals();
	if (!ret && retcon_session_arm(s))
		ret = say(ctx);
	if (!ret) {
		ret = watch_session(s, &a->watch, &a->first);
		retcon_session_stats(s, &stats);
		fprintf(stderr, "retcon: rehearsed: %llu would have been injected\n",
			(unsigned long long)stats.injected);
		if (a->watch.command_ended && !a->watch.interrupted)
			ret = 0; /* whatever CMD made of it: it is run once more */
	}
	retcon_session_free(s);
	if (!ret)
		ret = watch_heed_signals();
	a->scope = scope;
	a->watch = watch;
	a->follow = true;
	return ret;
}

static int run_session(struct armed *a, struct retcon *ctx, struct child *child, struct held *held,
		       void *arg)
{
	const struct preparation *p = arg;
	struct retcon_session *s = NULL;
	int ret;

	a->watch.held = held;
	ret = a->rehearse ? rehearse(a, ctx, p) : 0;
	if (ret)
		return ret;
	if (p->prepare(ctx, a, p->arg, &s))
		return say(ctx);
	if (held_over(held))
		ret = armed_bad(a, "what -p or -t names has ended");
	else
		ret = arm(a, ctx, s, child);
	retcon_session_free(s);
	return ret;
}

static int hold_and_run(struct armed *a, struct retcon *ctx, struct child *child, armed_run_fn *run,
			void *arg)
{
	_cleanup_(held_drop) struct held held = HELD_NONE;
	int ret;

	point_at_scope(a, child);
	ret = held_take(&held, HELD_PROCESS, a->pids, a->scope.n_pids);
	if (!ret)
		ret = held_take(&held, HELD_THREAD, a->tids, a->scope.n_tids);
	if (ret) {
		fprintf(stderr, "retcon: cannot hold a process: %s\n", strerror(-ret));
		return EXIT_FAILED;
	}
	return run(a, ctx, child, &held, arg);
}

/* a descriptor for each place that is attached to; CMD keeps what it had before */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int armed_status(const struct armed *a, int ret, bool own)
{
	return a->command && own && ret && ret < EXIT_OWN_FAILURE ? EXIT_OWN_FAILURE : ret;
}

int armed_run(struct armed *a, armed_prepare_fn *prepare, void *arg)
{
	struct preparation p = { prepare, arg };

	return armed_run_with(a, run_session, &p);
}

int armed_run_with(struct armed *a, armed_run_fn *run, void *arg)
{
	struct child child = CHILD_NONE;
	struct retcon *ctx = NULL;
	bool own = true; /* the status is retcon's, not CMD's */
	int ret = 0;

	if (a->command && !a->command[0])
		ret = armed_bad(a, "there is no command behind --");
	if (!ret && a->rehearse && !a->command)
		ret = armed_bad(a, "--rehearse needs a command to run, behind --");
	if (!ret && a->follow && a->watch.dry)
		ret = armed_bad(a, "--dry-run injects nothing that --follow could follow");
	if (!ret)
		ret = open_output(a);

	if (!ret && a->command &&
	    ((a->rehearse && child_spawn(&a->first, a->command)) ||
	     child_spawn(&child, a->command))) {
		fprintf(stderr, "retcon: cannot start a process: %s\n", strerror(errno));
		ret = EXIT_FAILED;
	}
	if (!ret) { /* only now: CMD inherits what signals and limits were to us before */
		raise_file_limit();
		ret = watch_heed_signals();
	}
	if (!ret && retcon_new(&ctx))
		ret = EXIT_FAILED;
	if (!ret) {
		ret = hold_and_run(a, ctx, &child, run, arg);
		own = !a->watch.command_ended;
	}
	child_abandon(&a->first);
	child_abandon(&child);
	retcon_free(ctx);
	if (a->output)
		closep(&a->watch.out);
	return armed_status(a, ret, own);
}
