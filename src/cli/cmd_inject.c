// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon inject: bcc's words, and what was missing beside them. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cli/cli.h"
#include "cli/watch.h"
#include "util/cleanup.h"
#include "util/str.h"

static const char usage[] =
	"usage: retcon inject [OPTIONS] {kmalloc,bio,alloc_page} SPEC [-- CMD...]\n"
	"\n"
	"Make an allocation or a block request fail where SPEC says, and show each time.\n"
	"\n"
	"  kmalloc      slab allocations fail (should_failslab returns -ENOMEM)\n"
	"  bio          block requests fail (should_fail_bio returns -EIO)\n"
	"  alloc_page   page allocations fail (should_fail_alloc_page returns true)\n"
	"\n"
	"  SPEC         callers that must be active, callee first: 'b() => a()(x == 1)'.\n"
	"               FUNC(PARAMS)(CONDITION): types come from the kernel itself, PARAMS may\n"
	"               stay empty; a leading (CONDITION) alone speaks about the mode's function\n"
	"  CMD          only CMD and its descendants are affected; its status is returned\n"
	"\n"
	"  -p, --pid PID            only this process\n"
	"  -P, --probability P      inject with probability P, from 0 to 1\n"
	"  -c, --count N            inject at most N times\n"
	"      --for TIME           stop after TIME: 500ms, 30s, 5m\n"
	"      --kthreads           kernel threads too\n"
	"      --system-wide        allow a rule without caller, process, command or condition;\n"
	"                           needs --for or -c\n"
	"      --json               one JSON object a line\n"
	"  -o, --output FILE        events go to FILE (default: stdout; with CMD: stderr)\n"
	"  -v, --verbose            first print each program as C beside its instructions\n"
	"  -I, --include HEADER     accepted, not needed\n"
	"  -h, --help               this text\n"
	"\n"
	"  retcon inject kmalloc 'tcp_v4_connect()' -- curl http://127.0.0.1/\n"
	"  retcon inject kmalloc -P 0.01 'SyS_mount()'\n"
	"  retcon inject alloc_page '(order == 1) => ext4_readdir()'\n";

struct options {
	struct retcon_inject_opts inject;
	struct watch_opts watch;
	const char *output;
	bool verbose;
	char **command;
};

enum {
	OPT_FOR = 256,
	OPT_KTHREADS,
	OPT_SYSTEM_WIDE,
	OPT_JSON
};

__attribute__((format(printf, 1, 2))) static int bad(const char *fmt, ...)
{
	va_list ap;

	fputs("retcon inject: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n(retcon inject -h tells how it is used)\n", stderr);
	return EXIT_USAGE;
}

static int take_count(struct options *o, const char *arg)
{
	uint64_t n;

	if (strcmp(arg, "-1") == 0) /* bcc's word for "no limit" */
		return 0;
	if (str_to_u64(arg, &n) || n == 0)
		return bad("-c takes a number from 1 up, not '%s'", arg);
	o->inject.count = n;
	return 0;
}

static int take_pid(struct options *o, const char *arg)
{
	uint64_t n;

	if (str_to_u64(arg, &n) || n == 0 || n > INT32_MAX)
		return bad("-p takes a process id, not '%s'", arg);
	o->inject.pid = (pid_t)n;
	return 0;
}

static int take_option(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case 'P':
		if (str_to_double(arg, &o->inject.probability) || !(o->inject.probability >= 0) ||
		    !(o->inject.probability <= 1))
			return bad("-P takes a fraction from 0 to 1, not '%s'", arg);
		return 0;
	case 'c':
		return take_count(o, arg);
	case 'p':
		return take_pid(o, arg);
	case OPT_FOR:
		if (str_to_duration(arg, &o->watch.limit_ns) || !o->watch.limit_ns)
			return bad("--for takes a time like 500ms, 30s or 5m, not '%s'", arg);
		return 0;
	case 'I':
		fprintf(stderr,
			"retcon: note: -I %s is not needed: types come from the kernel itself\n",
			arg);
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case OPT_KTHREADS:
		o->inject.kthreads = true;
		return 0;
	case OPT_SYSTEM_WIDE:
		o->inject.system_wide = true;
		return 0;
	case OPT_JSON:
		o->watch.json = true;
		return 0;
	default:
		return bad("this option is unknown, incomplete or ambiguous");
	}
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "include", required_argument, NULL, 'I' },
		{ "probability", required_argument, NULL, 'P' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "count", required_argument, NULL, 'c' },
		{ "pid", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "kthreads", no_argument, NULL, OPT_KTHREADS },
		{ "system-wide", no_argument, NULL, OPT_SYSTEM_WIDE },
		{ "json", no_argument, NULL, OPT_JSON },
		{ 0 },
	};
	int opt, ret;

	argc = cli_split_command(argc, argv, &o->command);
	while ((opt = getopt_long(argc, argv, "hI:P:vc:p:o:", longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		ret = take_option(o, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind == argc)
		return bad("the mode is missing: kmalloc, bio or alloc_page");
	if (optind + 1 == argc)
		return bad("the spec is missing: what must be active, for instance "
			   "'tcp_v4_connect()'");
	if (optind + 2 < argc)
		return bad("'%s' is one too many: a command goes behind --", argv[optind + 2]);
	if (o->command && !o->command[0])
		return bad("there is no command behind --");
	if (o->inject.system_wide && !o->watch.limit_ns && !o->inject.count)
		return bad("--system-wide needs a bound: --for TIME or -c N");
	o->inject.mode = argv[optind];
	o->inject.spec = argv[optind + 1];
	return 0;
}

static int open_output(struct options *o)
{
	o->watch.out = o->command ? STDERR_FILENO : STDOUT_FILENO;
	if (!o->output)
		return 0;
	/* root writes here: never through somebody's symbolic link */
	o->watch.out =
		open(o->output, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644);
	if (o->watch.out >= 0)
		return 0;
	fprintf(stderr, "retcon: cannot write %s: %s\n", o->output,
		errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	return EXIT_FAILED;
}

static int say(struct retcon *ctx)
{
	fputs(retcon_error(ctx), stderr);
	return (int)retcon_failure(ctx);
}

static void say_notes(const char *notes)
{
	while (*notes) {
		const char *end = strchr(notes, '\n');
		int len = end ? (int)(end - notes) : (int)strlen(notes);

		fprintf(stderr, "retcon: note: %.*s\n", len, notes);
		notes += len + (end != NULL);
	}
}

/* JSON lines stay JSON lines: the listing then goes where people look */
static int list_programs(const struct options *o, struct retcon_session *s)
{
	const char *text = retcon_session_listing(s);
	int to = o->watch.json ? STDERR_FILENO : o->watch.out;

	return text ? watch_write(to, text, strlen(text)) : -ENOMEM;
}

static int run(struct options *o, struct retcon *ctx, struct child *child)
{
	struct retcon_session *s = NULL;
	_cleanup_close_ int pidfd = -1;
	int ret = 0;

	o->inject.command = child->pid > 0 ? child->pid : 0;
	/* held before the id is looked at, so that it cannot come to mean another process */
	if (o->inject.pid)
		pidfd = o->watch.pidfd = (int)syscall(SYS_pidfd_open, o->inject.pid, 0);
	if (retcon_inject(ctx, &o->inject, &s))
		return say(ctx);
	if (o->inject.pid && pidfd < 0) {
		retcon_session_free(s);
		return bad("there is no process %d any more", (int)o->inject.pid);
	}
	say_notes(retcon_session_notes(s));
	/* what was in the file stays until there is something to say instead */
	if (o->output && ftruncate(o->watch.out, 0) && errno != EINVAL)
		ret = -errno;
	if (!ret && o->verbose)
		ret = list_programs(o, s);
	if (ret) {
		retcon_session_free(s);
		fprintf(stderr, "retcon: cannot print: %s\n", strerror(-ret));
		return EXIT_FAILED;
	}
	o->watch.mode = o->inject.mode;
	o->watch.spec = o->inject.spec;
	o->watch.start = watch_now();
	o->watch.command = o->command;
	ret = retcon_session_arm(s) ? say(ctx) : watch_session(s, &o->watch, child);
	retcon_session_free(s);
	return ret;
}

int cmd_inject(int argc, char **argv)
{
	struct options o = { .inject = RETCON_INJECT_OPTS_INIT,
			     .watch = { .out = -1, .pidfd = -1 } };
	struct child child = CHILD_NONE;
	struct retcon *ctx = NULL;
	bool own = true; /* the status is retcon's, not CMD's */
	int ret = parse(&o, argc, argv);

	if (ret == -1)
		return EXIT_DONE;
	if (!ret)
		ret = open_output(&o);
	if (!ret && o.command && child_spawn(&child, o.command)) {
		fprintf(stderr, "retcon: cannot start a process: %s\n", strerror(errno));
		ret = EXIT_FAILED;
	}
	if (!ret) /* only now: CMD inherits what signals were to us before */
		ret = watch_block_signals();
	if (!ret && retcon_new(&ctx))
		ret = EXIT_FAILED;
	if (!ret) {
		ret = run(&o, ctx, &child);
		own = !o.watch.command_ended;
	}
	child_abandon(&child);
	retcon_free(ctx);
	if (o.output)
		closep(&o.watch.out);
	return o.command && own && ret && ret < EXIT_OWN_FAILURE ? EXIT_OWN_FAILURE : ret;
}
