// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/held.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/proc.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static int open_process(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/*
 * Before "pidfd: add PIDFD_THREAD flag to pidfd_open" (6.9) only a process's end can be
 * heard of: the session then lasts as long as that of the thread.
 */
static int open_thread(pid_t tid)
{
	int fd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	return fd < 0 && errno == EINVAL ? open_process(proc_process_of(tid)) : fd;
}

int held_take(struct held *h, enum held_kind kind, const pid_t *ids, size_t n)
{
	if (n && h->epoll < 0)
		h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (n && h->epoll < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		unsigned int at = h->n[kind]++;
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)kind << 16 | at };
		int fd = kind == HELD_THREAD ? open_thread(ids[i]) : open_process(ids[i]);

		h->fd[kind][at] = fd;
		if (fd < 0)
			continue;
		if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &e))
			return -errno;
		h->left[kind]++;
	}
	return 0;
}

static void hear(struct held *h)
{
	struct epoll_event e;

	while (h->epoll >= 0 && epoll_wait(h->epoll, &e, 1, 0) == 1) {
		unsigned int kind = e.data.u32 >> 16, at = e.data.u32 & 0xffff;

		close(h->fd[kind][at]); /* nobody else has it, so it leaves the set as well */
		h->fd[kind][at] = -1;
		h->left[kind]--;
	}
}

bool held_over(struct held *h)
{
	hear(h);
	for (unsigned int kind = 0; kind < HELD_KINDS; kind++)
		if (h->n[kind] && !h->left[kind])
			return true;
	return false;
}

void held_drop(struct held *h)
{
	for (unsigned int kind = 0; kind < HELD_KINDS; kind++)
		for (unsigned int i = 0; i < h->n[kind]; i++)
			closep(&h->fd[kind][i]);
	closep(&h->epoll);
	*h = (struct held)HELD_NONE;
}
