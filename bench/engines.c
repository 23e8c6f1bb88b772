/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engines CONSTANTS RETCON: what a call costs by each way to override, in one run, by
 * turns: under an empty program, under a rule written by hand and under retcon's, each
 * not matching and matching. The rule has no callers, `should_failslab = -ENOMEM`, or
 * `lsm:task_getpgid = -ENOMEM`, and is about one process (-p): another's call does not match.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "hand.h"
#include "link.h"
#include "util/control.h"

#include <linux/bpf.h>

#define CALLS	100000
#define MATCHES 1000 /* as many records as the buffer holds in any case */
#define TURNS	5
#define REGS_SI 104
#define ARG_1	8

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

static struct constants constants;
static char *retcon;

static struct bench_worker worker;

struct job {
	bool hook; /* getpgid(1), else chdir("") */
	int error; /* that each call has to end with */
	unsigned int calls;
};

static int call(const struct job *j)
{
	return j->hook ? getpgid(1) : chdir("");
}

/* ps for a call, 0: one ended otherwise */
static uint64_t work(const void *question)
{
	const struct job *j = question;
	uint64_t from;

	for (int i = 0; i < 10; i++)
		if ((call(j) < 0 ? errno : 0) != j->error)
			return 0;
	from = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned int i = 0; i < j->calls; i++)
		call(j);
	return 1000 * (bench_clock(CLOCK_PROCESS_CPUTIME_ID) - from) / j->calls;
}

static uint64_t ask(bool hook, bool match)
{
	const struct job j = { .hook = hook,
			       .error = match  ? ENOMEM
					: hook ? 0
					       : ENOENT,
			       .calls = match ? MATCHES : CALLS };

	return bench_ask(&worker, &j);
}

struct engine {
	char *name; /* as retcon has it */
	struct hand_way way;
	bool hook, after; /* after: nothing is written by hand */
};

static void find_ways(struct engine e[6])
{
	const __u32 kprobe = BPF_PROG_TYPE_KPROBE, tracing = BPF_PROG_TYPE_TRACING;

	e[0] = (struct engine){
		"kprobe.multi", { kprobe, BPF_TRACE_KPROBE_MULTI, 0, REGS_SI, true }, false, false
	};
	e[1] = (struct engine){ "kprobe", { kprobe, 0, 0, REGS_SI, false }, false, false };
	e[2] = (struct engine){ "fmod_ret",
				{ tracing, BPF_MODIFY_RETURN, constants.target_btf_id, ARG_1,
				  false },
				false,
				false };
	e[3] = (struct engine){ "lsm",
				{ BPF_PROG_TYPE_LSM, BPF_LSM_MAC, constants.hook_btf_id, -1,
				  false },
				true,
				false };
	e[4] = (struct engine){
		"kretprobe.multi", { kprobe, BPF_TRACE_KPROBE_MULTI, 0, REGS_SI, true }, false, true
	};
	e[5] = (struct engine){ "kretprobe", { kprobe, 0, 0, REGS_SI, false }, false, true };
}

static int attach(const struct engine *e, struct bench_link *l)
{
	if (e->way.attach_id)
		l->link = hand_link_trampoline(l->prog);
	else if (e->way.multi)
		l->link = hand_link_multi(l->prog, &constants.target, NULL, e->after);
	else
		return bench_perf_kprobe(l, NULL, constants.target, e->after);
	return l->link;
}

static uint64_t with_empty(const struct engine *e)
{
	struct bench_link l = { bench_load_empty_as(&e->way), -1, -1 };
	uint64_t ps = 0;

	if (l.prog >= 0 && attach(e, &l) >= 0)
		ps = ask(e->hook, false);
	bench_unlink(&l);
	close(l.prog);
	return ps;
}

static uint64_t with_hand(const struct engine *e, bool match)
{
	struct bench_link l = { -1, -1, -1 };
	struct hand h;
	uint64_t ps = 0;
	int ret = hand_flat(&h, &constants, &e->way, (__u32)(match ? worker.pid : getpid()),
			    (__u32)getpid(), (__u32)getppid());

	l.prog = h.target_prog;
	if (ret == 0 && attach(e, &l) >= 0)
		ps = ask(e->hook, match);
	else
		fprintf(stderr, "engines: by hand, %s: %s\n", e->name, strerror(-ret));
	if (ret == 0 &&
	    (h.control->rule.injected != (match ? MATCHES + 10 : 0) || h.control->all.drops))
		ps = 0;
	bench_unlink(&l);
	if (ret == 0)
		hand_disarm(&h);
	return ps;
}

static uint64_t with_retcon(const struct engine *e, bool match)
{
	char pid[16];
	char *const argv[] = { retcon,
			       "override",
			       "--engine",
			       e->name,
			       "-p",
			       pid,
			       e->hook	  ? "lsm:task_getpgid = -ENOMEM"
			       : e->after ? "should_failslab = -ENOMEM after"
					  : "should_failslab = -ENOMEM",
			       NULL };
	struct bench_child c;
	uint64_t ps = 0;

	snprintf(pid, sizeof(pid), "%d", (int)(match ? worker.pid : getpid()));
	if (bench_start(&c, argv, false))
		return 0;
	if (bench_wait_for(&c, "armed"))
		ps = ask(e->hook, match);
	bench_stop(&c);
	return ps;
}

/* in the order in which they are printed */
enum kind {
	NOTHING,
	EMPTY,
	HAND,
	RETCON,
	HAND_MATCH,
	RETCON_MATCH,
	KINDS
};

static const char *const kind_names[] = { "nothing", "empty",	   "hand",
					  "retcon",  "hand-match", "retcon-match" };

static uint64_t measure(const struct engine *e, enum kind kind)
{
	switch (kind) {
	case NOTHING:
		return ask(e->hook, false);
	case EMPTY:
		return with_empty(e);
	case HAND:
	case HAND_MATCH:
		return e->after ? 0 : with_hand(e, kind == HAND_MATCH);
	case RETCON:
	case RETCON_MATCH:
		return with_retcon(e, kind == RETCON_MATCH);
	case KINDS:
		break;
	}
	return 0;
}

/* false: a measurement that there has to be is not there */
static bool print(const struct engine *e, uint64_t ps[KINDS][TURNS])
{
	double nothing = 0;

	for (unsigned int k = 0; k < KINDS; k++) {
		double each = (double)bench_median(ps[k], TURNS) / 1000 / NS_PER_INSN;
		char name[64];

		if (e->after && (k == HAND || k == HAND_MATCH))
			continue;
		for (unsigned int t = 0; t < TURNS; t++)
			if (!ps[k][t]) {
				fprintf(stderr, "engines: %s, %s failed\n", e->name, kind_names[k]);
				return false;
			}
		if (k == NOTHING)
			nothing = each;
		snprintf(name, sizeof(name), "%s-%s", e->name, kind_names[k]);
		bench_say(name, k == NOTHING ? each : each - nothing, "instructions");
	}
	return true;
}

int main(int argc, char **argv)
{
	static uint64_t ps[KINDS][TURNS];
	struct engine engines[6];

	bench_need_guest("engines");
	if (argc != 3 || bench_read_constants(argv[1], &constants)) {
		fprintf(stderr, "usage: engines CONSTANTS RETCON\n");
		return 2;
	}
	retcon = argv[2];
	signal(SIGPIPE, SIG_IGN);
	bench_first(1);
	find_ways(engines);
	if (bench_worker_start(&worker, sizeof(struct job), work))
		return 1;
	for (unsigned int i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		for (unsigned int t = 0; t < TURNS; t++)
			for (unsigned int k = 0; k < KINDS; k++)
				ps[k][t] = measure(&engines[i], (enum kind)k);
		if (!print(&engines[i], ps))
			return 1;
	}
	return 0;
}
