// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon trace: bcc's trace, in its words. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/armed.h"
#include "cli/stay.h"
#include "cli/trace_rows.h"
#include "util/cleanup.h"
#include "util/str.h"

static const char usage[] =
	"usage: retcon trace [OPTIONS] PROBE... [-- CMD...]\n"
	"\n"
	"Show calls of functions of the kernel and of programs, and events, as they happen.\n"
	"\n"
	"  PROBE        PLACE[(PARAMETERS)] [(CONDITION)] [\"FORMAT\", VALUE...]\n"
	"                 FUNC, p::FUNC        a function of the kernel is called; FUNC+OFFSET\n"
	"                 r::FUNC              it returns: retval, $latency, and its arguments\n"
	"                 LIB:FUNC, p:LIB:FUNC, r:LIB:FUNC\n"
	"                                      the same of a library or program\n"
	"                 t:CATEGORY:EVENT     a tracepoint: args->FIELD\n"
	"                 u:LIB:PROBE, u:LIB:PROVIDER:PROBE\n"
	"                                      a USDT probe: arg1, arg2, ...\n"
	"               FUNC may be a pattern (*, ?). Conditions and values are C over parameters,\n"
	"               arg1 to arg6 and $pid, $tid, $comm, ...: retcon-rule(5). FORMAT is printf's,\n"
	"               and %K, %U: symbol of a kernel's or the process's address, %e: error\n"
	"  CMD          only CMD and its descendants are looked at; its status is returned\n"
	"\n"
	"  -p, --pid PID            only this process\n"
	"  -L, --tid TID            only this thread\n"
	"      --uid UID|NAME       only tasks of that user\n"
	"      --comm NAME          only tasks of that name\n"
	"  -c, --cgroup PATH        only tasks in that cgroup or below it\n"
	"      --netns PATH|PID|NAME\n"
	"                           only tasks in that network namespace\n"
	"      --system-wide        put user probes into every process, not only CMD or -p's\n"
	"  -n, --name TEXT          only tasks whose name has this in it\n"
	"  -f, --msg-filter TEXT    only messages that have this in them\n"
	"  -S, --include-self       retcon's own calls too\n"
	"      --for TIME           stop after TIME: 500ms, 30s, 5m\n"
	"  -M, --max-events N       stop after N events\n"
	"  -A, --aggregate          count equal messages, print them at the end; needs -M\n"
	"  -K, --kernel-stack       print the kernel's stack\n"
	"  -U, --user-stack         print the process's\n"
	"  -a, --address            addresses in stacks\n"
	"  -t, --timestamp          seconds since the start\n"
	"  -u, --unix-timestamp     with -t, of the epoch\n"
	"  -T, --time               time of day\n"
	"  -C, --print_cpu          which CPU\n"
	"  -Z, --string-size N      bytes kept of a string (default: 80)\n"
	"  -b, --buffer-pages N     pages of the event buffer for each CPU (default: 64)\n"
	"  -B, --bin_cmp            STRCMP(\"{0x01, 0x00}\", p) compares bytes\n"
	"      --json               one JSON object a line\n"
	"  -o, --output FILE        rows go to FILE (default: stdout; with CMD: stderr)\n"
	"  -v, --verbose            first print each program as C beside its instructions\n"
	"  -I, --include FILE       accepted, as types need no headers\n"
	"  -s, --sym_file_list LIST accepted, as symbols come from what a process has mapped\n"
	"  -h, --help               this text\n"
	"\n"
	"  retcon trace 'r::tcp_v4_connect \"ret: %d\", retval'\n"
	"  retcon trace 'c:malloc (arg1 > 4096) \"size = %d\", arg1' -p 1234\n"
	"  retcon trace -K 't:block:block_rq_complete \"sectors=%d\", args->nr_sector'\n";

/* A message, and how often. */
struct tally {
	uint64_t n;
	char text[];
};

struct tracer {
	struct armed a; /* scope, output, CMD: what it shares with those that change something */
	struct retcon_trace_opts o;
	struct trace_rows rows;
	struct retcon_trace *trace;
	const char *name, *message; /* -n, -f */
	uint64_t max, shown;
	bool aggregate, unix_time, since, time_of_day;
	void *tallies; /* tsearch(3) */
	struct buf out;
};

static int take_number(struct tracer *t, const char *option, const char *arg, uint64_t max,
		       uint64_t *out)
{
	if (str_to_u64(arg, out) || !*out || *out > max)
		return armed_bad(&t->a, "%s takes a number from 1 to %llu, not '%s'", option,
				 (unsigned long long)max, arg);
	return 0;
}

static void say_unneeded(const char *option, const char *why)
{
	fprintf(stderr, "retcon: note: %s is not needed: %s\n", option, why);
}

/* the options that say how it looks; 1: none of them */
static int take_style(struct tracer *t, int opt)
{
	switch (opt) {
	case 't':
		t->since = true;
		return 0;
	case 'u':
		t->unix_time = true;
		return 0;
	case 'T':
		t->time_of_day = true;
		return 0;
	case 'C':
		t->rows.cpu = true;
		return 0;
	case 'K':
		t->o.kernel_stack = true;
		return 0;
	case 'U':
		t->o.user_stack = true;
		return 0;
	case 'a':
		t->o.addresses = true;
		return 0;
	case 'A':
		t->aggregate = true;
		return 0;
	default:
		return 1;
	}
}

static int take_option(struct tracer *t, int opt, const char *arg)
{
	uint64_t n = 0;
	int ret = take_style(t, opt);

	if (ret <= 0)
		return ret;
	ret = 0;
	switch (opt) {
	case 'L':
		return armed_option(&t->a, 't', arg);
	case 'c':
		return armed_option(&t->a, OPT_CGROUP, arg);
	case 'n':
		t->name = arg;
		break;
	case 'f':
		t->message = arg;
		break;
	case 'S':
		t->o.include_self = true;
		break;
	case 'M':
		return take_number(t, "-M", arg, INT64_MAX, &t->max);
	case 'Z':
		ret = take_number(t, "-Z", arg, LIMIT_TRACE_STRING, &n);
		t->o.string_size = (unsigned int)n;
		break;
	case 'b':
		ret = take_number(t, "-b", arg, 65536, &n);
		t->o.buffer_pages = (unsigned int)n;
		break;
	case 'B':
		t->o.bin_cmp = true;
		break;
	case 'I':
		say_unneeded("-I", "types come from the kernel's BTF");
		break;
	case 's':
		say_unneeded("-s", "symbols come from the files that the process has mapped");
		break;
	default:
		return armed_option(&t->a, opt, arg);
	}
	return ret;
}

static const struct option longs[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "pid", required_argument, NULL, 'p' },
	{ "tid", required_argument, NULL, 'L' },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "uid", required_argument, NULL, OPT_UID },
	{ "cgroup", required_argument, NULL, OPT_CGROUP },
	{ "cgroup-path", required_argument, NULL, OPT_CGROUP },
	{ "netns", required_argument, NULL, OPT_NETNS },
	{ "output", required_argument, NULL, 'o' },
	{ "for", required_argument, NULL, OPT_FOR },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "system-wide", no_argument, NULL, OPT_SYSTEM_WIDE },
	{ "name", required_argument, NULL, 'n' },
	{ "msg-filter", required_argument, NULL, 'f' },
	{ "include-self", no_argument, NULL, 'S' },
	{ "max-events", required_argument, NULL, 'M' },
	{ "aggregate", no_argument, NULL, 'A' },
	{ "kernel-stack", no_argument, NULL, 'K' },
	{ "user-stack", no_argument, NULL, 'U' },
	{ "address", no_argument, NULL, 'a' },
	{ "timestamp", no_argument, NULL, 't' },
	{ "unix-timestamp", no_argument, NULL, 'u' },
	{ "time", no_argument, NULL, 'T' },
	{ "print_cpu", no_argument, NULL, 'C' },
	{ "string-size", required_argument, NULL, 'Z' },
	{ "buffer-pages", required_argument, NULL, 'b' },
	{ "bin_cmp", no_argument, NULL, 'B' },
	{ "include", required_argument, NULL, 'I' },
	{ "sym_file_list", required_argument, NULL, 's' },
	{ 0 },
};

static int parse(struct tracer *t, int argc, char **argv)
{
	int opt, ret;

	argc = cli_split_command(argc, argv, &t->a.command);
	while ((opt = getopt_long(argc, argv, "hvp:L:o:c:n:f:SM:AKUatuTCZ:b:BI:s:", longs, NULL)) !=
	       -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		ret = take_option(t, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind == argc)
		return armed_bad(&t->a, "a probe is missing, for instance 'r::tcp_v4_connect "
					"\"ret: %%d\", retval'");
	if (t->aggregate && !t->max)
		return armed_bad(&t->a, "-A prints at the end: say with -M when that is");
	if (t->unix_time && !t->since)
		return armed_bad(&t->a, "-u goes with -t");
	if (t->aggregate && t->a.watch.json)
		return armed_bad(&t->a, "-A counts rows: it does not go with --json");
	if (t->a.scope.n_pids && t->a.scope.n_tids)
		return armed_bad(&t->a,
				 "-p and -L exclude each other: a thread is one of a process");
	t->rows.clock = t->since && t->unix_time ? CLOCK_UNIX
			: t->since		 ? CLOCK_SINCE
			: t->time_of_day	 ? CLOCK_TIME
						 : CLOCK_NONE;
	t->o.probes = (const char *const *)&argv[optind];
	t->o.n_probes = (size_t)(argc - optind);
	return 0;
}

static int flush(struct tracer *t)
{
	int (*put)(int, const char *, size_t) = t->a.watch.json ? watch_write : watch_print;
	int ret = buf_err(&t->out) ? buf_err(&t->out)
				   : put(t->a.watch.out, buf_str(&t->out), t->out.len);

	t->out.len = 0;
	return ret;
}

static int compare_tallies(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->text, ((const struct tally *)b)->text);
}

static int count(struct tracer *t, const char *text)
{
	struct tally *one = calloc(1, sizeof(*one) + strlen(text) + 1);
	struct tally **found;

	if (!one)
		return -ENOMEM;
	memcpy(one->text, text, strlen(text) + 1);
	found = tsearch(one, &t->tallies, compare_tallies);
	if (!found || *found != one)
		free(one);
	if (!found)
		return -ENOMEM;
	(*found)->n++;
	return 0;
}

static int on_event(void *arg, const struct retcon_trace_event *e)
{
	struct tracer *t = arg;
	size_t before = t->out.len;
	int ret = 0;

	if ((t->name && !strstr(e->comm, t->name)) ||
	    (t->message && !strstr(e->message, t->message)))
		return 0;
	trace_row(&t->rows, e, &t->out);
	if (t->aggregate) {
		ret = buf_err(&t->out) ? buf_err(&t->out) : count(t, t->out.data + before);
		t->out.len = before;
	}
	t->shown++;
	return ret ? ret : t->max && t->shown >= t->max;
}

/* what is read at once is written at once */
static int read_events(void *arg)
{
	struct tracer *t = arg;
	int ret = retcon_trace_events(t->trace, on_event, t), written = flush(t);

	return written ? written : ret;
}

static void disarm(void *arg)
{
	struct tracer *t = arg;

	retcon_trace_disarm(t->trace);
}

static void put_tally(const void *node, VISIT which, void *arg)
{
	const struct tally *one = *(const struct tally *const *)node;

	if (which == postorder || which == leaf)
		buf_printf(arg, "%llu --> %s", (unsigned long long)one->n, one->text);
}

static int start(struct tracer *t)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	t->rows.start = watch_now();
	t->rows.wall_skew =
		(int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec - (int64_t)t->rows.start;
	t->rows.json = t->a.watch.json;
	t->rows.messages = retcon_trace_has_messages(t->trace);
	cli_say_notes(retcon_trace_notes(t->trace));
	fprintf(stderr, "armed: %zu probe%s\n", t->o.n_probes, t->o.n_probes == 1 ? "" : "s");
	trace_rows_header(&t->rows, &t->out);
	return flush(t);
}

/* rows end up where they were asked for; what is missing in them is said to people on stderr */
static int finish(struct tracer *t)
{
	struct retcon_trace_stats stats = { .sz = sizeof(stats) };
	struct buf words = { 0 };

	twalk_r(t->tallies, put_tally, &t->out);
	tdestroy(t->tallies, free);
	t->tallies = NULL;
	retcon_trace_stats(t->trace, &stats);
	trace_rows_summary(&t->rows, &stats, t->rows.json ? &t->out : &words);
	if (words.len)
		watch_write(STDERR_FILENO, buf_str(&words), words.len);
	buf_free(&words);
	return flush(t);
}

static int trace_armed(struct tracer *t, struct child *child, struct held *held)
{
	struct stay s = {
		.read = read_events,
		.disarm = disarm,
		.arg = t,
		.limit_ns = t->a.watch.limit_ns,
		.held = held,
		.child = child,
	};
	int ret = start(t), code;

	if (!ret && child->pid > 0) {
		code = child_release(child, t->a.command);
		if (code) {
			retcon_trace_disarm(t->trace);
			return code;
		}
	}
	s.fd = retcon_trace_fd(t->trace);
	if (!ret)
		ret = stay_with(&s);
	if (!ret)
		ret = s.read_error;
	code = finish(t);
	t->a.watch.command_ended = s.command_ended;
	if (ret || code)
		fprintf(stderr, "retcon: cannot print events: %s\n", strerror(ret ? -ret : -code));
	return s.command_ended ? s.command_status : ret || code ? EXIT_FAILED : EXIT_DONE;
}

static int say(struct retcon *ctx)
{
	fputs(retcon_error(ctx), stderr);
	return (int)retcon_failure(ctx);
}

/* JSON lines stay JSON lines, as in armed.c */
static int list_programs(struct tracer *t)
{
	const char *text = retcon_trace_listing(t->trace);
	int to = t->a.watch.json ? STDERR_FILENO : STDOUT_FILENO;

	return text ? watch_write(to, text, strlen(text)) : -ENOMEM;
}

static int run(struct armed *a, struct retcon *ctx, struct child *child, struct held *held,
	       void *arg)
{
	struct tracer *t = arg;
	int ret;

	t->o.scope = &a->scope;
	if (retcon_trace(ctx, &t->o, &t->trace))
		return say(ctx);
	cli_say_notes(retcon_trace_notes(t->trace));
	ret = armed_empty_output(a);
	if (!ret && a->verbose)
		ret = list_programs(t);
	if (ret) {
		fprintf(stderr, "retcon: cannot print: %s\n", strerror(-ret));
		ret = EXIT_FAILED;
	} else if (held_over(held)) {
		ret = armed_bad(a, "what -p or -L names has ended");
	} else if (watch_block_signals()) {
		ret = EXIT_FAILED;
	} else if (retcon_trace_arm(t->trace)) {
		ret = say(ctx);
	} else {
		ret = trace_armed(t, child, held);
	}
	retcon_trace_free(t->trace);
	buf_free(&t->out);
	return ret;
}

int cmd_trace(int argc, char **argv)
{
	struct tracer t = {
		.a = ARMED_INIT("trace"),
		.o = RETCON_TRACE_OPTS_INIT,
	};
	int ret = parse(&t, argc, argv);

	if (ret == -1)
		return EXIT_DONE;
	return ret ? armed_status(&t.a, ret, true) : armed_run_with(&t.a, run, &t);
}
