// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/stay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "cli/watch.h"
#include "util/cleanup.h"

static int open_timer(uint64_t ns)
{
	struct itimerspec t = { .it_value = { (time_t)(ns / 1000000000),
					      (long)(ns % 1000000000) } };
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &t, NULL))
		return -1;
	return take_fd(&fd);
}

/* true: it is over */
static bool on_signal(struct stay *s, int fd)
{
	struct signalfd_siginfo si;
	int status;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return false;
	if (si.ssi_signo == SIGCHLD) {
		if (s->child->pid <= 0 || waitpid(s->child->pid, &status, WNOHANG) != s->child->pid)
			return false;
		s->child->pid = -1;
		s->command_status = child_exit_code(status);
		s->command_ended = true;
		return true;
	}
	s->interrupted = true;
	if (s->child->pid <= 0)
		return true;
	/* from a terminal CMD has its own copy; otherwise it would never hear of it */
	if (si.ssi_code <= 0)
		kill(s->child->pid, (int)si.ssi_signo);
	return false;
}

/* no more of it; but CMD, if there is one, goes on and is waited for */
static bool stop(struct stay *s, struct pollfd *p)
{
	s->disarm(s->arg);
	p->fd = -1;
	return s->child->pid <= 0;
}

static int loop(struct stay *s, int timer, int sigs)
{
	struct pollfd p[] = { { s->fd, POLLIN, 0 },
			      { sigs, POLLIN, 0 },
			      { timer, POLLIN, 0 },
			      { s->held->epoll, POLLIN, 0 } };
	bool over = false;

	while (!over) {
		if (poll(p, 4, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents) {
			s->read_error = s->read(s->arg);
			if (s->read_error)
				over = stop(s, &p[0]);
		}
		if (p[1].revents)
			over |= on_signal(s, sigs);
		if (p[2].revents)
			over |= stop(s, &p[2]);
		if (p[3].revents)
			over |= held_over(s->held);
	}
	return 0;
}

int stay_with(struct stay *s)
{
	_cleanup_close_ int timer = s->limit_ns ? open_timer(s->limit_ns) : -1;
	_cleanup_close_ int sigs = -1;
	struct pollfd left = { s->fd, POLLIN, 0 };
	sigset_t set;
	int ret;

	watch_signals(&set);
	sigs = signalfd(-1, &set, SFD_CLOEXEC);
	if (sigs < 0 || (s->limit_ns && timer < 0))
		return -errno;
	ret = loop(s, timer, sigs);
	s->disarm(s->arg);
	while (!s->read_error && poll(&left, 1, 0) > 0)
		s->read_error = s->read(s->arg);
	if (s->read_error > 0)
		s->read_error = 0;
	return ret;
}
