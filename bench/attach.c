/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach FUNCTION ADDRESS: what it costs to attach an empty program to a function, by each
 * mechanism, in nanoseconds of CPU time; each twice, the second counted.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *function;
static uint64_t address;

static long long cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int load_empty(uint32_t attach_type)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int multi(int prog, int by_name)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.cnt = 1;
	if (by_name)
		attr.link_create.kprobe_multi.syms = (uintptr_t)&function;
	else
		attr.link_create.kprobe_multi.addrs = (uintptr_t)&address;
	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static int perf(int prog, int by_name)
{
	struct perf_event_attr attr;
	int type = -1;
	int fd;
	FILE *f = fopen("/sys/bus/event_source/devices/kprobe/type", "re");

	if (!f || fscanf(f, "%d", &type) != 1)
		return -1;
	fclose(f);
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = (uint32_t)type;
	if (by_name)
		attr.kprobe_func = (uintptr_t)function;
	else
		attr.kprobe_addr = address;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -1;
	return fd;
}

static const struct {
	const char *name;
	uint32_t attach_type;
	int (*attach)(int prog, int by_name);
	int by_name;
} WAYS[] = {
	{ "kprobe.multi-by-name", BPF_TRACE_KPROBE_MULTI, multi, 1 },
	{ "kprobe.multi-by-address", BPF_TRACE_KPROBE_MULTI, multi, 0 },
	{ "perf-kprobe-by-name", 0, perf, 1 },
	{ "perf-kprobe-by-address", 0, perf, 0 },
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: attach FUNCTION ADDRESS\n");
		return 2;
	}
	function = argv[1];
	address = strtoull(argv[2], NULL, 0);
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		long long took = 0;

		for (int round = 0; round < 2; round++) {
			int prog = load_empty(WAYS[i].attach_type);
			long long begun = cpu_ns();
			int fd = WAYS[i].attach(prog, WAYS[i].by_name);

			took = cpu_ns() - begun;
			if (prog < 0 || fd < 0) {
				perror(WAYS[i].name);
				return 1;
			}
			close(fd);
			close(prog);
		}
		printf("%s %lld\n", WAYS[i].name, took);
	}
	return 0;
}
