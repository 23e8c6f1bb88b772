/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach CONSTANTS: what it costs to attach one program that may override to
 * should_failslab, and to detach it, by each mechanism. The program never overrides.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "hand.h"
#include "link.h"
#include "sys.h"

#define RUNS 5

static int load_look_up(int map)
{
	const struct bpf_insn insns[] = {
		{ BPF_LD | BPF_IMM | BPF_DW, 6, BPF_PSEUDO_MAP_VALUE, 0, map },
		{ 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 64 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 4, 6, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 64 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_kallsyms_lookup_name },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SYSCALL,
				.insns = ptr_u64(insns),
				.insn_cnt = sizeof(insns) / sizeof(insns[0]),
				.license = ptr_u64("GPL"),
				.prog_flags = BPF_F_SLEEPABLE };

	return sys_bpf(BPF_PROG_LOAD, &attr, ATTR_UPTO(attach_prog_fd));
}

/* bpf_kallsyms_lookup_name() in a program, with map and all; 0: not found */
static __u64 look_up(const char *name)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 72, .max_entries = 1
	};
	int fd = sys_bpf(BPF_MAP_CREATE, &map, ATTR_UPTO(map_extra));
	union bpf_attr elem = { 0 }, run = { 0 };
	int prog = load_look_up(fd);
	char value[72] = "";
	__u64 addr = 0;
	__u32 key = 0;

	snprintf(value, 64, "%s", name);
	elem.map_fd = (__u32)fd;
	elem.key = ptr_u64(&key);
	elem.value = ptr_u64(value);
	run.test.prog_fd = (__u32)prog;
	if (prog >= 0 && !sys_bpf(BPF_MAP_UPDATE_ELEM, &elem, ATTR_UPTO(flags)) &&
	    !sys_bpf(BPF_PROG_TEST_RUN, &run, ATTR_UPTO(test.cpu)) &&
	    !sys_bpf(BPF_MAP_LOOKUP_ELEM, &elem, ATTR_UPTO(flags)))
		memcpy(&addr, value + 64, sizeof(addr));
	close(prog);
	close(fd);
	return addr;
}

static int by_symbol(const struct constants *k, struct bench_link *l)
{
	static const char *const symbol = "should_failslab";

	(void)k;
	l->link = hand_link_multi(l->prog, NULL, &symbol, false);
	return l->link;
}

static int by_address(const struct constants *k, struct bench_link *l)
{
	l->link = hand_link_multi(l->prog, &k->target, NULL, false);
	return l->link;
}

static int by_looked_up_address(const struct constants *k, struct bench_link *l)
{
	__u64 addr = look_up("should_failslab");

	if (addr != k->target)
		return -ENOENT;
	l->link = hand_link_multi(l->prog, &addr, NULL, false);
	return l->link;
}

static int by_perf_symbol(const struct constants *k, struct bench_link *l)
{
	(void)k;
	return bench_perf_kprobe(l, "should_failslab", 0, false);
}

static int by_perf_address(const struct constants *k, struct bench_link *l)
{
	return bench_perf_kprobe(l, NULL, k->target, false);
}

static const struct mechanism {
	const char *name;
	bool multi;
	int (*attach)(const struct constants *k, struct bench_link *l);
} mechanisms[] = {
	{ "multi-by-name", true, by_symbol },
	{ "multi-by-address", true, by_address },
	{ "multi-by-looked-up-address", true, by_looked_up_address },
	{ "perf-by-name", false, by_perf_symbol },
	{ "perf-by-address", false, by_perf_address },
};

static void say(const char *what, const struct mechanism *m, double value, const char *unit)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%s", what, m->name);
	bench_say(name, value, unit);
}

static int measure(const struct mechanism *m, const struct constants *k)
{
	uint64_t on[RUNS], off[RUNS], waits[RUNS];

	for (unsigned int i = 0; i < RUNS; i++) {
		struct bench_link l = { bench_load_override(m->multi), -1, -1 };
		uint64_t cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
		uint64_t wall = bench_clock(CLOCK_MONOTONIC);
		int ret = l.prog < 0 ? l.prog : m->attach(k, &l);

		if (ret < 0) {
			fprintf(stderr, "attach: %s: %s\n", m->name, strerror(-ret));
			return 1;
		}
		on[i] = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		cpu += on[i];
		bench_unlink(&l);
		off[i] = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall = bench_clock(CLOCK_MONOTONIC) - wall;
		waits[i] = wall > on[i] + off[i] ? wall - on[i] - off[i] : 0;
		close(l.prog);
	}
	say("attach", m, (double)(bench_median(on, RUNS) / NS_PER_INSN), "instructions");
	say("detach", m, (double)(bench_median(off, RUNS) / NS_PER_INSN), "instructions");
	say("waits", m, (double)(bench_median(waits, RUNS) / 1000), "us");
	return 0;
}

int main(int argc, char **argv)
{
	struct constants k;
	int ret = 0;

	bench_need_guest("attach");
	if (argc != 2 || bench_read_constants(argv[1], &k)) {
		fprintf(stderr, "usage: attach CONSTANTS\n");
		return 2;
	}
	bench_first(1);
	for (unsigned int i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]) && !ret; i++)
		ret = measure(&mechanisms[i], &k);
	return ret;
}
