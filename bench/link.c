/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys.h"

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

int bench_read_constants(const char *path, struct constants *k)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, k, sizeof(*k));

	if (fd >= 0)
		close(fd);
	return n == sizeof(*k) ? 0 : -EIO;
}

static const struct bpf_insn nothing[] = {
	{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0 },
	{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
};

int bench_load_empty(bool multi)
{
	return hand_load("empty", BPF_PROG_TYPE_KPROBE, multi ? BPF_TRACE_KPROBE_MULTI : 0, 0,
			 nothing, 2);
}

int bench_load_empty_as(const struct hand_way *way)
{
	return hand_load("empty", way->type, way->attach_type, way->attach_id, nothing, 2);
}

int bench_load_override(bool multi)
{
	/* if (bpf_get_current_pid_tgid() == -1) bpf_override_return(ctx, -12); no task has that */
	static const struct bpf_insn insns[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid },
		{ BPF_JMP | BPF_JNE | BPF_K, 0, 0, 3, -1 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, -12 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_override_return },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	return hand_load("override", BPF_PROG_TYPE_KPROBE, multi ? BPF_TRACE_KPROBE_MULTI : 0, 0,
			 insns, sizeof(insns) / sizeof(insns[0]));
}

static int kprobe_type(void)
{
	char text[16] = "";
	int fd = open("/sys/bus/event_source/devices/kprobe/type", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? atoi(text) : -ENOENT;
}

int bench_perf_kprobe(struct bench_link *l, const char *symbol, uint64_t addr, bool at_return)
{
	struct perf_event_attr event = { .size = sizeof(event) };
	union bpf_attr attr = { 0 };
	int type = kprobe_type();
	long fd;

	if (type < 0)
		return type;
	event.type = (__u32)type;
	event.kprobe_func = ptr_u64(symbol);
	event.kprobe_addr = addr;
	event.config = at_return; /* bit 0, as format/retprobe in its sysfs directory says */
	fd = sys6(__NR_perf_event_open, (long)(uintptr_t)&event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC,
		  0);
	if (fd < 0)
		return (int)fd;
	l->perf = (int)fd;
	attr.link_create.prog_fd = (__u32)l->prog;
	attr.link_create.target_fd = (__u32)fd;
	attr.link_create.attach_type = BPF_PERF_EVENT;
	l->link = sys_bpf(BPF_LINK_CREATE, &attr, ATTR_UPTO(link_create.flags));
	return l->link < 0 ? l->link : 0;
}

void bench_unlink(struct bench_link *l)
{
	if (l->link >= 0)
		close(l->link);
	if (l->perf >= 0)
		close(l->perf);
	l->link = l->perf = -1;
}
