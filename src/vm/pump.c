/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One poll loop. Nothing is read before there is room for it, so a slow reader
 * slows the guest down and no byte is dropped. stdin, stdout and stderr are
 * shared with other processes and so never made non-blocking: a write is small
 * enough not to block once poll() has said that there is room.
 */
#define _GNU_SOURCE
#include "vm/pump.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	WAIT_PORT,
	WAIT_CONSOLE,
	WAIT_LOG,
	WAIT_STDIN,
	WAIT_OUTPUT,
	WAIT_COUNT,
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void end_with(struct pump *p, enum pump_end end)
{
	p->ended = true;
	p->end = end;
}

/* The descriptor that the bytes at hand go to, or -1. */
static int output_fd(const struct pump *p)
{
	if (p->at == p->len || !p->left)
		return -1;
	if (p->head.type == VM_FRAME_OUT)
		return STDOUT_FILENO;
	if (p->head.type == VM_FRAME_ERR)
		return STDERR_FILENO;
	return -1;
}

static size_t write_limit(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) ? VM_FRAME_MAX : PIPE_BUF;
}

static int pass_output(struct pump *p, char *msg, size_t len)
{
	int fd = output_fd(p);
	size_t n = p->len - p->at;
	ssize_t done;

	if (n > p->left)
		n = p->left;
	if (n > write_limit(fd))
		n = write_limit(fd);
	done = write(fd, p->buf + p->at, n);
	if (done < 0) {
		if (errno == EINTR || errno == EAGAIN)
			return 0;
		snprintf(msg, len, "cannot write the command's %s: %s",
			 fd == STDOUT_FILENO ? "stdout" : "stderr", strerror(errno));
		return -errno;
	}
	p->at += (size_t)done;
	p->left -= (size_t)done;
	return 0;
}

static int end_of_frame(struct pump *p)
{
	p->head_len = 0;
	switch (p->head.type) {
	case VM_FRAME_READY:
		p->ready = true;
		return 0;
	case VM_FRAME_OUT:
	case VM_FRAME_ERR:
		return 0;
	case VM_FRAME_VERDICT:
		if (p->say_len != sizeof(p->verdict))
			return -EPROTO;
		memcpy(&p->verdict, p->say, sizeof(p->verdict));
		end_with(p, PUMP_VERDICT);
		return 0;
	case VM_FRAME_FAIL:
		p->say[p->say_len] = '\0';
		end_with(p, PUMP_FAIL);
		return 0;
	}
	return -EPROTO;
}

static size_t take_bytes(struct pump *p, void *to, size_t want)
{
	size_t n = p->len - p->at;

	if (n > want)
		n = want;
	memcpy(to, p->buf + p->at, n);
	p->at += n;
	return n;
}

/* Goes through what was received, up to bytes that have to wait for room in an output. */
static int parse_frames(struct pump *p)
{
	size_t n;
	int ret;

	while (!p->ended) {
		if (p->head_len < sizeof(p->head)) {
			if (p->at == p->len)
				return 0;
			p->head_len += take_bytes(p, (char *)&p->head + p->head_len,
						  sizeof(p->head) - p->head_len);
			if (p->head_len < sizeof(p->head))
				return 0;
			if (p->head.len > VM_DATA_MAX)
				return -EPROTO;
			p->left = p->head.len;
			p->say_len = 0;
		}
		if (p->left) {
			if (p->at == p->len || output_fd(p) >= 0)
				return 0;
			n = take_bytes(p, p->say + p->say_len, p->left);
			p->say_len += n;
			p->left -= n;
			continue;
		}
		ret = end_of_frame(p);
		if (ret)
			return ret;
	}
	return 0;
}

static int receive(struct pump *p)
{
	ssize_t n = recv(p->qemu->port, p->buf, sizeof(p->buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		/* QEMU killed with unread input resets the connection: lost just the same. */
		end_with(p, PUMP_LOST);
		return 0;
	}
	p->at = 0;
	p->len = (size_t)n;
	return 0;
}

static void read_stdin(struct pump *p)
{
	struct vm_frame_head head = { .type = VM_FRAME_IN };
	ssize_t n = read(STDIN_FILENO, p->in + sizeof(head), VM_DATA_MAX);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* An unreadable stdin is an empty one: the command must not wait for it. */
	if (n <= 0) {
		n = 0;
		p->in_eof = true;
	}
	head.len = (uint32_t)n;
	memcpy(p->in, &head, sizeof(head));
	p->in_at = 0;
	p->in_len = sizeof(head) + (size_t)n;
}

static void send_stdin(struct pump *p)
{
	ssize_t n = send(p->qemu->port, p->in + p->in_at, p->in_len - p->in_at,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	/* A broken connection is noticed where it is read. */
	if (n > 0)
		p->in_at += (size_t)n;
}

static void read_log(int fd, struct console *con, bool *open)
{
	char data[4096];
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		console_add(con, data, (size_t)n);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		*open = false;
}

void pump_drain_logs(struct pump *p)
{
	struct pollfd pfd = { .fd = p->qemu->console, .events = POLLIN };

	while (p->console_open && poll(&pfd, 1, 0) > 0)
		read_log(p->qemu->console, p->console, &p->console_open);
	pfd.fd = p->qemu->log;
	while (p->log_open && poll(&pfd, 1, 0) > 0)
		read_log(p->qemu->log, p->log, &p->log_open);
}

static void set_polls(const struct pump *p, struct pollfd *pfd)
{
	bool in_pending = p->in_at < p->in_len;
	int out = output_fd(p);

	pfd[WAIT_PORT].fd = p->qemu->port;
	pfd[WAIT_PORT].events = (short)((out < 0 ? POLLIN : 0) | (in_pending ? POLLOUT : 0));
	if (!pfd[WAIT_PORT].events)
		pfd[WAIT_PORT].fd = -1;
	pfd[WAIT_CONSOLE].fd = p->console_open ? p->qemu->console : -1;
	pfd[WAIT_CONSOLE].events = POLLIN;
	pfd[WAIT_LOG].fd = p->log_open ? p->qemu->log : -1;
	pfd[WAIT_LOG].events = POLLIN;
	pfd[WAIT_STDIN].fd = p->ready && !in_pending && !p->in_eof ? STDIN_FILENO : -1;
	pfd[WAIT_STDIN].events = POLLIN;
	pfd[WAIT_OUTPUT].fd = out;
	pfd[WAIT_OUTPUT].events = POLLOUT;
}

static int handle_polls(struct pump *p, const struct pollfd *pfd, char *msg, size_t len)
{
	int ret = 0;

	if (pfd[WAIT_CONSOLE].revents)
		read_log(p->qemu->console, p->console, &p->console_open);
	if (pfd[WAIT_LOG].revents)
		read_log(p->qemu->log, p->log, &p->log_open);
	if (pfd[WAIT_STDIN].revents)
		read_stdin(p);
	if (pfd[WAIT_PORT].revents & POLLOUT)
		send_stdin(p);
	if (pfd[WAIT_OUTPUT].revents)
		ret = pass_output(p, msg, len);
	else if (pfd[WAIT_PORT].revents & ~POLLOUT && output_fd(p) < 0)
		ret = receive(p);
	if (ret)
		return ret;
	ret = parse_frames(p);
	if (ret)
		snprintf(msg, len, "the guest's init sent what cannot be understood");
	return ret;
}

int pump_run(struct pump *p, char *msg, size_t len)
{
	struct pollfd pfd[WAIT_COUNT];
	int timeout = -1;
	int ret;

	while (!p->ended) {
		if (p->deadline_ms) {
			int64_t rest = p->deadline_ms - now_ms();

			if (rest <= 0) {
				end_with(p, PUMP_TIMEOUT);
				break;
			}
			timeout = rest > INT_MAX ? INT_MAX : (int)rest;
		}
		set_polls(p, pfd);
		if (poll(pfd, WAIT_COUNT, timeout) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		ret = handle_polls(p, pfd, msg, len);
		if (ret)
			return ret;
	}
	return 0;
}
