/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stages CMD...: where CMD's instructions go until it says "armed", by stopping it at
 * each system call: a line for each bpf() and perf_event_open(), and between them lines
 * for its own code with the small system calls. What the stops cost is taken off.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* glibc and the kernel both define it, with different tags */
struct stop_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp;
	union {
		struct {
			uint64_t nr, args[6];
		} entry;
		uint64_t max[10];
	};
};

static const char *const commands[] = {
	[BPF_MAP_CREATE] = "create a map",
	[BPF_MAP_UPDATE_ELEM] = "write into a map",
	[BPF_PROG_LOAD] = "load a program",
	[BPF_PROG_TEST_RUN] = "run the symbol look-up",
	[BPF_BTF_GET_NEXT_ID] = "next BTF id",
	[BPF_BTF_GET_FD_BY_ID] = "open kernel BTF",
	[BPF_OBJ_GET_INFO_BY_FD] = "ask about an object (read BTF)",
	[BPF_RAW_TRACEPOINT_OPEN] = "attach to the trampoline",
	[BPF_BTF_LOAD] = "load BTF",
	[BPF_LINK_CREATE] = "attach kprobe.multi",
	[BPF_MAP_FREEZE] = "freeze a map",
};

static pid_t child;
static clockid_t child_clock;
static uint64_t stop_cost; /* ns */

static uint64_t child_cpu(void)
{
	return bench_clock(child_clock);
}

/* to the next beginning or end of a system call; false: it is gone */
static bool next_stop(void)
{
	int status;

	do {
		if (ptrace(PTRACE_SYSCALL, child, 0, 0) || waitpid(child, &status, 0) != child ||
		    !WIFSTOPPED(status))
			return false;
	} while (WSTOPSIG(status) != (SIGTRAP | 0x80));
	return true;
}

static void get_info(struct stop_info *i)
{
	memset(i, 0, sizeof(*i));
	ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(*i), i);
}

static uint64_t less(uint64_t ns, unsigned int stops)
{
	return ns > stops * stop_cost ? ns - stops * stop_cost : 0;
}

static void line(const char *what, uint64_t ns)
{
	printf("stage %9llu  %s\n", (unsigned long long)(ns / NS_PER_INSN), what);
}

static bool has_line(const struct stop_info *in)
{
	return in->entry.nr == SYS_bpf || in->entry.nr == SYS_perf_event_open ||
	       in->entry.nr == SYS_execve;
}

static const char *name_of(const struct stop_info *in)
{
	uint64_t cmd = in->entry.args[0];

	if (in->entry.nr == SYS_execve)
		return "exec";
	if (in->entry.nr == SYS_perf_event_open)
		return "open a perf event";
	if (cmd < sizeof(commands) / sizeof(commands[0]) && commands[cmd])
		return commands[cmd];
	return "another bpf() command";
}

/* does this write(2) say it? */
static bool says_armed(const struct stop_info *in)
{
	union {
		long word;
		char text[sizeof(long)];
	} u;

	if (in->entry.nr != SYS_write || in->entry.args[0] != 2)
		return false;
	u.word = ptrace(PTRACE_PEEKDATA, child, in->entry.args[1], 0);
	return memcmp(u.text, "armed", 5) == 0;
}

static int trace(bool tell)
{
	uint64_t own = 0, calls = 0, last = child_cpu();
	struct stop_info in;

	while (next_stop()) { /* into a system call */
		uint64_t at = child_cpu();

		get_info(&in);
		own += less(at - last, 1);
		if (says_armed(&in)) {
			if (tell)
				line("its own code, and small system calls", own + calls);
			return 0;
		}
		if (!next_stop())
			break;
		last = child_cpu();
		if (!has_line(&in)) {
			calls += less(last - at, 1);
			continue;
		}
		if (tell && own + calls >= 20000ULL * NS_PER_INSN)
			line("its own code, and small system calls", own + calls);
		if (tell && less(last - at, 1) >= 10000ULL * NS_PER_INSN)
			line(name_of(&in), less(last - at, 1));
		own = calls = 0;
	}
	return 1;
}

static int start(char **argv)
{
	child = fork();
	if (child < 0)
		return 1;
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (argv)
			execv(argv[0], argv);
		for (int i = 0; !argv && i < 1000; i++)
			syscall(SYS_getppid);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0,
	       PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	return clock_getcpuclockid(child, &child_clock) != 0;
}

static void stop(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* what one stop costs the child */
static int calibrate(void)
{
	uint64_t from;

	if (start(NULL))
		return 1;
	from = child_cpu();
	for (int i = 0; i < 1000; i++)
		if (!next_stop())
			return 1;
	stop_cost = (child_cpu() - from) / 1000;
	stop();
	return 0;
}

int main(int argc, char **argv)
{
	int ret;

	bench_need_guest("stages");
	if (argc < 2) {
		fprintf(stderr, "usage: stages CMD...\n");
		return 2;
	}
	bench_first(1);
	ret = calibrate();
	for (int i = 0; i < 2 && !ret; i++) {
		ret = start(argv + 1) || trace(i == 1);
		stop();
		sleep(2); /* see arm.c */
	}
	return ret;
}
