/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing --empty: attaches an empty program to ksys_lseek, says that it is armed, and waits.
 * tracing [--native] RETCON [BPFTRACE]: what it costs a call to be traced, and a tracer to
 * show it, in one run, by turns: under nothing, an empty program, and each tracer with a
 * condition that does not hold and with a row for each call. A worker makes the calls, of
 * lseek(2) or of a function of this program. In a guest that counts them the unit is
 * instructions; with --native, where there may be no kprobes, nanoseconds.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "exe/exe.h"
#include "kern/sys.h"
#include "link.h"
#include "util/cleanup.h"

#define CALLS	 100000
#define SHOWN	 1000 /* as many rows as any tracer's buffer holds */
#define TURNS	 3
#define EVENT_ID "/sys/kernel/tracing/events/syscalls/sys_enter_lseek/id"

struct question {
	bool own; /* bench_probed(), else lseek() */
	unsigned int calls;
};

/* what is traced, in the tracers' words; %s is this program */
struct place {
	const char *name;
	bool own, at_return, tracepoint, native;
	const char *retcon, *bpftrace;	 /* where */
	const char *value, *their_value; /* what is shown, and compared */
};

static const struct place places[] = {
	{ .name = "kprobe",
	  .retcon = "p::ksys_lseek(unsigned int fd, off_t offset)",
	  .bpftrace = "kprobe:ksys_lseek",
	  .value = "offset",
	  .their_value = "arg1" },
	{ .name = "kretprobe",
	  .at_return = true,
	  .retcon = "r::ksys_lseek",
	  .bpftrace = "kretprobe:ksys_lseek",
	  .value = "retval",
	  .their_value = "retval" },
	{ .name = "tracepoint",
	  .tracepoint = true,
	  .native = true,
	  .retcon = "t:syscalls:sys_enter_lseek",
	  .bpftrace = "tracepoint:syscalls:sys_enter_lseek",
	  .value = "args->offset",
	  .their_value = "args->offset" },
	{ .name = "uprobe",
	  .own = true,
	  .native = true,
	  .retcon = "p:%s:bench_probed",
	  .bpftrace = "uprobe:%s:bench_probed",
	  .value = "arg1",
	  .their_value = "arg0" },
	{ .name = "uretprobe",
	  .own = true,
	  .at_return = true,
	  .native = true,
	  .retcon = "r:%s:bench_probed",
	  .bpftrace = "uretprobe:%s:bench_probed",
	  .value = "retval",
	  .their_value = "retval" },
};

struct bench {
	bool native;
	char self[256];
	char *retcon, *bpftrace; /* NULL: none */
	struct bench_worker worker;
};

/* what came of a turn: CPU time of the worker and of the tracer, each of a call, in ns */
struct cost {
	uint64_t call, tracer;
};

int bench_probed(long n);

__attribute__((noinline, noclone)) int bench_probed(long n)
{
	__asm__ volatile("" : "+r"(n));
	return (int)n;
}

static uint64_t work(const void *question)
{
	const struct question *q = question;
	uint64_t from = bench_clock(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned int i = 0; i < q->calls; i++)
		if (q->own)
			bench_probed(7);
		else
			lseek(-1, 7, SEEK_SET);
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID) - from;
}

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "tracing: %s: %s\n", what, why);
	exit(1);
}

static uint64_t ask(const struct bench *b, const struct place *p, unsigned int calls)
{
	const struct question q = { p->own, calls };

	return bench_ask(&b->worker, &q);
}

static uint32_t tracepoint_id(void)
{
	FILE *f = fopen(EVENT_ID, "re");
	uint32_t id = 0;

	if (!f || fscanf(f, "%u", &id) != 1)
		fail(EVENT_ID, "cannot be read");
	fclose(f);
	return id;
}

static int link_own(const struct bench *b, int prog, bool at_return, int *perf)
{
	_cleanup_(exe_freep) struct exe *exe = NULL;
	struct err err = { 0 };
	struct exe_func func;
	struct sys_uprobe u = { .path = b->self, .pid = b->worker.pid, .at_return = at_return };

	if (exe_open(&exe, b->self, &err) || exe_symbol(exe, "bench_probed", 0, &func, &err))
		fail(b->self, err.msg);
	u.offset = func.offset;
	return sys_link_perf_uprobe(prog, &u, 0, perf);
}

static struct cost under_empty(const struct bench *b, const struct place *p)
{
	static const char *const symbol = "ksys_lseek";
	const struct hand_way way = { .type = BPF_PROG_TYPE_TRACEPOINT };
	struct bench_link l = { -1, -1, -1 };
	struct cost c = { 0 };

	l.prog = p->tracepoint ? bench_load_empty_as(&way) : bench_load_empty(!p->own);
	if (l.prog < 0)
		fail("the empty program", strerror(-l.prog));
	l.link = p->tracepoint ? sys_link_perf_tracepoint(l.prog, tracepoint_id(), 0, &l.perf)
		 : p->own      ? link_own(b, l.prog, p->at_return, &l.perf)
			       : hand_link_multi(l.prog, NULL, &symbol, p->at_return);
	if (l.link < 0)
		fail("the empty program's link", strerror(-l.link));
	c.call = ask(b, p, CALLS) / CALLS;
	bench_unlink(&l);
	close(l.prog);
	return c;
}

/* the rows that are there, or come within a while: lines that begin with a process's number */
static unsigned int rows_of(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	unsigned int n = 0, quiet = 0;
	char text[4096], last = '\n';

	for (; quiet < 3; quiet++) {
		ssize_t len = poll(&ready, 1, 100) > 0 ? read(fd, text, sizeof(text)) : 0;

		for (ssize_t i = 0; i < len; last = text[i++])
			if (last == '\n' && isdigit((unsigned char)text[i])) {
				n++;
				quiet = 0;
			}
	}
	return n;
}

/* rows: each call has one; else none */
static struct cost under_tracer(const struct bench *b, const struct place *p, char *const argv[],
				const char *word, bool rows)
{
	unsigned int calls = rows ? SHOWN : CALLS, shown;
	struct bench_child child;
	struct cost c;
	uint64_t before;

	if (bench_start(&child, argv, true) || !bench_wait_for(&child, word))
		fail(argv[0], "did not start");
	rows_of(child.err); /* a head of columns */
	before = bench_clock(child.clock);
	c.call = ask(b, p, calls) / calls;
	shown = rows_of(child.err);
	c.tracer = (bench_clock(child.clock) - before) / calls;
	bench_stop(&child);
	if (shown != (rows ? SHOWN : 0)) {
		fprintf(stderr, "tracing: %s at %s: %u rows of %u calls\n", argv[0], p->name, shown,
			calls);
		exit(1);
	}
	return c;
}

static void put_where(char *out, size_t size, const struct bench *b, const char *where)
{
	const char *self = strstr(where, "%s");
	int before = self ? (int)(self - where) : (int)strlen(where);

	snprintf(out, size, "%.*s%s%s", before, where, self ? b->self : "", self ? self + 2 : "");
}

static struct cost under_retcon(const struct bench *b, const struct place *p, bool rows)
{
	char pid[16], where[320], probe[640];
	char *argv[] = { b->retcon, "trace", "-p", pid, probe, NULL };

	put_where(where, sizeof(where), b, p->retcon);
	snprintf(pid, sizeof(pid), "%d", (int)b->worker.pid);
	if (rows)
		snprintf(probe, sizeof(probe), "%s \"%%lld\", %s", where, p->value);
	else
		snprintf(probe, sizeof(probe), "%s (%s == 12345) \"%%lld\", %s", where, p->value,
			 p->value);
	return under_tracer(b, p, argv, "armed", rows);
}

static struct cost under_bpftrace(const struct bench *b, const struct place *p, bool rows)
{
	char pid[16], where[320], filter[64] = "", script[1024];
	char *argv[] = { b->bpftrace, "-B", "line", "-p", pid, "-e", script, NULL };

	put_where(where, sizeof(where), b, p->bpftrace);
	snprintf(pid, sizeof(pid), "%d", (int)b->worker.pid);
	if (!rows)
		snprintf(filter, sizeof(filter), " && %s == 12345", p->their_value);
	/* -p is about user probes alone; it says that it attaches, not that it has; the probes are
	 * attached in this order */
	snprintf(
		script, sizeof(script),
		"%s /pid == %s%s/ { printf(\"%%-7d %%-7d %%-15s %%-16s %%lld\\n\", pid, tid, comm, "
		"\"%s\", %s); } interval:ms:100 { printf(\"ready\\n\"); }",
		where, pid, filter, p->name, p->their_value);
	return under_tracer(b, p, argv, "ready", rows);
}

static struct cost take_turn(const struct bench *b, const struct place *p, unsigned int kind)
{
	switch (kind) {
	case 0:
		return (struct cost){ .call = ask(b, p, CALLS) / CALLS };
	case 1:
		return under_empty(b, p);
	case 2:
	case 3:
		return under_retcon(b, p, kind == 3);
	default:
		return under_bpftrace(b, p, kind == 5);
	}
}

static void say(const struct bench *b, const char *place, const char *kind, const char *what,
		uint64_t ns)
{
	char name[64];

	snprintf(name, sizeof(name), "trace-%s-%s%s", place, kind, what);
	bench_say(name, (double)ns / (b->native ? 1 : NS_PER_INSN),
		  b->native ? "ns" : "instructions");
}

static void measure(const struct bench *b, const struct place *p)
{
	static const char *const kinds[] = { "nothing",	    "empty",	"retcon",
					     "retcon-rows", "bpftrace", "bpftrace-rows" };
	uint64_t calls[6][TURNS], tracers[6][TURNS], nothing;
	unsigned int n = b->bpftrace ? 6 : 4;

	for (unsigned int t = 0; t < TURNS; t++)
		for (unsigned int k = 0; k < n; k++) {
			const struct cost c = take_turn(b, p, k);

			calls[k][t] = c.call;
			tracers[k][t] = c.tracer;
		}
	nothing = bench_median(calls[0], TURNS);
	for (unsigned int k = 1; k < n; k++) {
		uint64_t each = bench_median(calls[k], TURNS);

		say(b, p->name, kinds[k], "", each > nothing ? each - nothing : 0);
		if (strstr(kinds[k], "rows"))
			say(b, p->name, kinds[k], "-shown", bench_median(tracers[k], TURNS));
	}
}

static int stay_empty(void)
{
	static const char *const symbol = "ksys_lseek";
	int prog = bench_load_empty(true);
	int link = prog < 0 ? prog : hand_link_multi(prog, NULL, &symbol, false);

	if (link < 0)
		fail("the empty program", strerror(-link));
	fputs("armed\n", stderr);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	struct bench b = { .native = argc > 1 && !strcmp(argv[1], "--native") };
	ssize_t len = readlink("/proc/self/exe", b.self, sizeof(b.self) - 1);

	if (argc == 2 && !strcmp(argv[1], "--empty"))
		return stay_empty();
	argv += b.native;
	argc -= b.native;
	if (argc < 2 || argc > 3 || len < 0) {
		fprintf(stderr, "usage: tracing --empty | [--native] RETCON [BPFTRACE]\n");
		return 2;
	}
	b.retcon = argv[1];
	b.bpftrace = argv[2];
	signal(SIGPIPE, SIG_IGN);
	if (!b.native) {
		bench_need_guest("tracing");
		bench_first(1);
	}
	if (bench_worker_start(&b.worker, sizeof(struct question), work))
		return 1;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!b.native || places[i].native)
			measure(&b, &places[i]);
	return 0;
}
