/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm [--both] WORD CMD...: what CMD has cost when it says WORD on stderr (with
 * --both on stdout too), from exec on: CPU time in user and kernel as instructions,
 * what it waited, and the most memory it had. The second run counts.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* VmHWM of a process, in KiB */
static long peak_kib(pid_t pid)
{
	char path[32], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static int run(char *const argv[], const char *word, bool both, bool tell)
{
	struct bench_child c;
	uint64_t cpu, wall;
	long kib;

	if (bench_start(&c, argv, both) || !bench_wait_for(&c, word))
		return 1;
	cpu = bench_clock(c.clock) - c.exec_cpu;
	wall = bench_clock(CLOCK_MONOTONIC) - c.exec_wall;
	kib = peak_kib(c.pid);
	bench_stop(&c);
	if (!tell)
		return 0;
	bench_say("armed", (double)(cpu / NS_PER_INSN), "instructions");
	bench_say("waits", wall > cpu ? (double)((wall - cpu) / 1000) : 0, "us");
	bench_say("peak", (double)kib, "KiB");
	return 0;
}

int main(int argc, char **argv)
{
	bool both = argc > 1 && strcmp(argv[1], "--both") == 0;

	bench_need_guest("arm");
	if (argc < 3 + both) {
		fprintf(stderr, "usage: arm [--both] WORD CMD...\n");
		return 2;
	}
	argv += both;
	bench_first(2); /* its word wakes us at once, before it goes on */
	signal(SIGPIPE, SIG_IGN);
	if (run(argv + 2, argv[1], both, false))
		return 1;
	sleep(2); /* what the first one left is freed by others, at last */
	return run(argv + 2, argv[1], both, true);
}
