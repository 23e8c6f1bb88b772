/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's end of the conversation. Nothing is read before there is room to
 * pass it on, in both directions: a command that does not read its stdin holds
 * up its stdin only, and output waits in the command's pipe, not here.
 */
#define _GNU_SOURCE
#include "vm/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct frame {
	struct vm_frame_head head;
	char data[VM_DATA_MAX];
};

struct stage {
	struct frame to_host;
	size_t to_host_at;
	size_t to_host_len; /* 0 when empty */

	struct frame from_host; /* head and data as far as received */
	size_t got;
	size_t passed; /* of its data, to the command's stdin */
	bool deaf;     /* end of stdin sent, or the host went away */
};

enum {
	WAIT_PORT,
	WAIT_IN,
	WAIT_OUT,
	WAIT_ERR,
	WAIT_CHILD,
	WAIT_COUNT,
};

static struct stage stage;

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * The port copies what it is given, and says that it can be written to even when there is no
 * memory for that: because a rule of the command's own fails our allocations (-p 1), say.
 */
static bool lacks_memory(ssize_t written)
{
	if (written >= 0 || errno != ENOMEM)
		return false;
	poll(NULL, 0, 1);
	return true;
}

/* The command has: what it left running is of no use any more, and may be what takes our memory. */
static void end_the_rest(void)
{
	kill(-1, SIGKILL);
}

int relay_send(int port, enum vm_frame_type type, const void *data, size_t len)
{
	static struct frame frame;
	struct pollfd pfd = { .fd = port, .events = POLLOUT };
	size_t at = 0;

	frame.head.type = type;
	frame.head.len = (uint32_t)len;
	memcpy(frame.data, data, len);
	len += sizeof(frame.head);
	while (at < len) {
		ssize_t n = write(port, (const char *)&frame + at, len - at);

		if (lacks_memory(n)) {
			if (type == VM_FRAME_VERDICT)
				end_the_rest();
		} else if (n > 0) {
			at += (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -errno;
		} else {
			poll(&pfd, 1, -1);
		}
	}
	return 0;
}

/* False when there was no memory to pass it on. */
static bool flush_to_host(const struct relay *r)
{
	struct stage *s = &stage;
	ssize_t n;

	n = write(r->port, (const char *)&s->to_host + s->to_host_at,
		  s->to_host_len - s->to_host_at);
	if (n > 0)
		s->to_host_at += (size_t)n;
	if (s->to_host_at == s->to_host_len)
		s->to_host_at = s->to_host_len = 0;
	return !lacks_memory(n);
}

/* True when something was taken from the command. */
static bool take_output(const struct relay *r, int *fd, enum vm_frame_type type)
{
	struct stage *s = &stage;
	ssize_t n = read(*fd, s->to_host.data, sizeof(s->to_host.data));

	if (n > 0) {
		s->to_host.head.type = type;
		s->to_host.head.len = (uint32_t)n;
		s->to_host_len = sizeof(s->to_host.head) + (size_t)n;
		flush_to_host(r);
		return true;
	}
	if (!n || (errno != EAGAIN && errno != EINTR))
		close_end(fd);
	return false;
}

/* Has a whole frame been received? */
static bool input_is_whole(const struct stage *s)
{
	return s->got >= sizeof(s->from_host.head) &&
	       s->got == sizeof(s->from_host.head) + s->from_host.head.len;
}

static void receive_input(struct relay *r)
{
	struct stage *s = &stage;
	size_t want = sizeof(s->from_host.head);
	ssize_t n;

	if (s->got >= sizeof(s->from_host.head))
		want += s->from_host.head.len;
	n = read(r->port, (char *)&s->from_host + s->got, want - s->got);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		s->got += (size_t)n;
	if (n <= 0 ||
	    (s->got >= sizeof(s->from_host.head) &&
	     (s->from_host.head.type != VM_FRAME_IN || s->from_host.head.len > VM_DATA_MAX))) {
		s->deaf = true;
		close_end(&r->in);
		return;
	}
	if (input_is_whole(s) && !s->from_host.head.len) {
		s->deaf = true;
		close_end(&r->in);
	}
}

static void pass_input(struct relay *r)
{
	struct stage *s = &stage;
	ssize_t n;

	if (r->in >= 0) {
		n = write(r->in, s->from_host.data + s->passed, s->from_host.head.len - s->passed);
		if (n > 0)
			s->passed += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			close_end(&r->in);
	}
	/* Nobody reads it any more: drop it, and go on listening for the end. */
	if (r->in < 0 || s->passed == s->from_host.head.len)
		s->got = s->passed = 0;
}

/* Process 1 inherits every orphan; only the command's own end counts. */
static bool reap(int child, pid_t pid, int *status)
{
	struct signalfd_siginfo info;
	bool ended = false;
	pid_t got;
	int one;

	while (read(child, &info, sizeof(info)) > 0)
		;
	while ((got = waitpid(-1, &one, WNOHANG)) > 0) {
		if (got == pid) {
			*status = one;
			ended = true;
		}
	}
	return ended;
}

static void set_polls(const struct relay *r, struct pollfd *pfd)
{
	const struct stage *s = &stage;
	bool pending = s->to_host_len;
	bool input = input_is_whole(s);

	pfd[WAIT_PORT].fd = r->port;
	pfd[WAIT_PORT].events =
		(short)((pending ? POLLOUT : 0) | (!input && !s->deaf ? POLLIN : 0));
	if (!pfd[WAIT_PORT].events)
		pfd[WAIT_PORT].fd = -1;
	pfd[WAIT_IN].fd = input ? r->in : -1;
	pfd[WAIT_IN].events = POLLOUT;
	pfd[WAIT_OUT].fd = pending ? -1 : r->out;
	pfd[WAIT_OUT].events = POLLIN;
	pfd[WAIT_ERR].fd = pending ? -1 : r->err;
	pfd[WAIT_ERR].events = POLLIN;
	pfd[WAIT_CHILD].fd = r->child;
	pfd[WAIT_CHILD].events = POLLIN;
}

/* What is in the pipes when the command has ended; what it left running may write on for ever. */
static void drain_output(struct relay *r)
{
	struct pollfd pfd = { .fd = r->port, .events = POLLOUT };
	bool more = true;

	while (more) {
		while (stage.to_host_len) {
			poll(&pfd, 1, -1);
			if (!flush_to_host(r))
				end_the_rest();
		}
		more = r->out >= 0 && take_output(r, &r->out, VM_FRAME_OUT);
		if (!more)
			more = r->err >= 0 && take_output(r, &r->err, VM_FRAME_ERR);
	}
}

int relay_run(struct relay *r, pid_t pid)
{
	struct pollfd pfd[WAIT_COUNT];
	int status = 0;

	for (;;) {
		set_polls(r, pfd);
		if (poll(pfd, WAIT_COUNT, -1) < 0)
			continue;
		if (pfd[WAIT_PORT].revents & POLLOUT)
			flush_to_host(r);
		if (pfd[WAIT_PORT].revents & ~POLLOUT && !input_is_whole(&stage))
			receive_input(r);
		if (pfd[WAIT_IN].revents || (input_is_whole(&stage) && r->in < 0))
			pass_input(r);
		if (pfd[WAIT_OUT].revents && !stage.to_host_len)
			take_output(r, &r->out, VM_FRAME_OUT);
		if (pfd[WAIT_ERR].revents && !stage.to_host_len)
			take_output(r, &r->err, VM_FRAME_ERR);
		if (pfd[WAIT_CHILD].revents && reap(r->child, pid, &status))
			break;
	}
	drain_output(r);
	return status;
}
