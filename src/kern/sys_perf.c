/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * perf_event_open(2) for probes: the event says where, a link runs the program there.
 * One event is enough for a probe or tracepoint on all processors: the program runs
 * before perf looks whether this processor has an event (perf_trace_*(), kprobe_perf_func(),
 * uprobe_perf_func()).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "kern/sys.h"
#include "kern/sys_impl.h"
#include "util/cleanup.h"
#include "util/str.h"

/* PERF_PROBE_CONFIG_IS_RETPROBE, PERF_UPROBE_REF_CTR_OFFSET_SHIFT; sysfs says the same */
#define CONFIG_AT_RETURN       1ULL
#define CONFIG_SEMAPHORE_SHIFT 32

/* the number the kernel gave its event source "kprobe" or "uprobe"; needs no tracefs */
static int pmu_type(const char *name)
{
	_cleanup_close_ int fd = -1;
	char path[64], text[16];
	uint64_t type;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -EOPNOTSUPP;
	text[n - (text[n - 1] == '\n')] = '\0';
	if (str_to_u64(text, &type) < 0 || type > INT32_MAX)
		return -EOPNOTSUPP;
	return (int)type;
}

/* of a process: wherever it runs; else of the machine, which is asked through processor 0 */
static int event_open(struct perf_event_attr *attr, pid_t pid)
{
	long fd;

	attr->size = sizeof(*attr);
	fd = syscall(__NR_perf_event_open, attr, pid > 0 ? pid : -1, pid > 0 ? -1 : 0, -1,
		     PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* perf: the event, or why there is none */
static int link_event(int prog_fd, int perf, uint64_t cookie, int *perf_fd)
{
	_cleanup_close_ int event = perf;
	union bpf_attr attr;
	int link;

	if (event < 0)
		return event;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.target_fd = (uint32_t)event;
	attr.link_create.attach_type = BPF_PERF_EVENT;
	attr.link_create.perf_event.bpf_cookie = cookie;
	link = sys_bpf(BPF_LINK_CREATE, &attr, ATTR_UPTO(link_create.perf_event));
	if (link == -EINVAL || link == -EOPNOTSUPP) {
		/* no perf links here: the program then lives as long as the event does */
		if (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0)
			return link;
		link = fcntl(event, F_DUPFD_CLOEXEC, 0);
		if (link < 0)
			return -errno;
	}
	if (link >= 0)
		*perf_fd = take_fd(&event);
	return link;
}

int sys_link_perf_kprobe(int prog_fd, const char *symbol, uint64_t addr, bool at_return,
			 uint64_t cookie, int *perf_fd)
{
	struct perf_event_attr attr;
	int type = pmu_type("kprobe");

	if (type < 0)
		return type;
	memset(&attr, 0, sizeof(attr));
	attr.type = (uint32_t)type;
	attr.config = at_return ? CONFIG_AT_RETURN : 0;
	attr.kprobe_func = ptr_u64(addr ? NULL : symbol);
	attr.kprobe_addr = addr; /* shares its place with probe_offset */
	return link_event(prog_fd, event_open(&attr, 0), cookie, perf_fd);
}

int sys_link_perf_uprobe(int prog_fd, const struct sys_uprobe *u, uint64_t cookie, int *perf_fd)
{
	struct perf_event_attr attr;
	int type = pmu_type("uprobe");

	if (type < 0)
		return type;
	if (u->semaphore > UINT32_MAX)
		return -ERANGE;
	memset(&attr, 0, sizeof(attr));
	attr.type = (uint32_t)type;
	attr.config = u->semaphore << CONFIG_SEMAPHORE_SHIFT;
	attr.config |= u->at_return ? CONFIG_AT_RETURN : 0;
	attr.uprobe_path = ptr_u64(u->path);
	attr.probe_offset = u->offset;
	return link_event(prog_fd, event_open(&attr, u->pid), cookie, perf_fd);
}

int sys_link_perf_tracepoint(int prog_fd, uint32_t id, uint64_t cookie, int *perf_fd)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = id;
	return link_event(prog_fd, event_open(&attr, 0), cookie, perf_fd);
}
