/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * faultpoint EVERY FIRST CHECK CMD...: kills CMD between any two of its system calls.
 *
 * CMD is run once under ptrace(2) to count the stops before and behind each of its system
 * calls, until it ends by itself; then once for each EVERYth stop from the FIRST on (1: all),
 * killed there by SIGKILL. Some are run at once, as most of a life is waiting for the kernel
 * to take it apart; then CHECK --wait must succeed. What CMD forks is not followed: it has to
 * end by itself, and may say "ran" only after CMD has said "armed". Prints
 * "stops N armed A tried T armed-then M ran R early E", and exits 1 if anything was not so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AT_ONCE = 8,
	PATIENCE = 60000, /* ms that what CMD forked may live on */
};

/* one run of CMD */
struct life {
	long stops; /* up to its end */
	long armed; /* at this one it had said so; 0: never */
	bool early; /* it ended before the stop it was to be killed at */
	bool ran;
	bool stays; /* somebody still holds its output */
};

struct output {
	int fd;
	char text[4096];
	size_t len;
};

static bool said(const struct output *o, const char *word)
{
	return strstr(o->text, word) != NULL;
}

/* 0: the end; only what fits is kept */
static ssize_t take_output(struct output *o)
{
	char more[512];
	ssize_t n = read(o->fd, more, sizeof(more));
	size_t room = sizeof(o->text) - 1 - o->len;

	if (n > 0) {
		size_t keep = (size_t)n < room ? (size_t)n : room;

		memcpy(o->text + o->len, more, keep);
		o->text[o->len += keep] = '\0';
	}
	return n;
}

static pid_t start(char **argv, int *output)
{
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	*output = out[0];
	return pid;
}

/* what was forked from CMD holds the pipe for as long as it lives */
static bool outlived(struct output *o)
{
	struct pollfd p = { o->fd, POLLIN, 0 };
	ssize_t n;

	while (poll(&p, 1, PATIENCE) > 0) {
		n = take_output(o);
		if (n == 0)
			return false;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return true;
}

/* kill_at 0: let it come to its end */
static int live(char **argv, long kill_at, struct life *l)
{
	struct output o = { .fd = -1 };
	int status, sig = 0;
	pid_t pid;

	*l = (struct life){ .early = kill_at > 0 };
	pid = start(argv, &o.fd);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		return -errno;
	while (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig) == 0 &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		sig = WSTOPSIG(status);
		if (sig == SIGTRAP) /* the exec */
			sig = 0;
		if (sig != (SIGTRAP | 0x80))
			continue;
		sig = 0;
		l->stops++;
		if (!l->armed && take_output(&o) > 0 && said(&o, "armed"))
			l->armed = l->stops;
		if (l->stops != kill_at)
			continue;
		l->early = false;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		break;
	}
	l->stays = outlived(&o);
	l->ran = said(&o, "ran");
	if (!l->armed && said(&o, "armed"))
		l->armed = l->stops;
	if (!kill_at && !l->armed)
		fprintf(stderr, "%s", o.text);
	close(o.fd);
	return 0;
}

/* in a process of its own; what came of it, in the exit status */
enum {
	WAS_ARMED = 1,
	WAS_EARLY = 2,
	HAS_RUN = 4,
	IS_BAD = 8,
};

static pid_t live_apart(char **argv, long kill_at)
{
	struct life l;
	pid_t pid = fork();
	bool bad;

	if (pid)
		return pid;
	bad = live(argv, kill_at, &l) || l.stays || (l.ran && !l.armed);
	if (bad)
		fprintf(stderr, "killed at stop %ld: %s\n", kill_at,
			l.stays ? "what it forked lives on" : "its command ran unarmed");
	_exit((l.armed ? WAS_ARMED : 0) | (l.early ? WAS_EARLY : 0) | (l.ran ? HAS_RUN : 0) |
	      (bad ? IS_BAD : 0));
}

static bool check(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(path, path, "--wait", (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

struct sum {
	long tried, armed, ran, early, bad;
};

/* a few stops, from `at` on; where to go on */
static long try_some(char **argv, long at, long every, long stops, const char *checker,
		     struct sum *sum)
{
	pid_t pids[AT_ONCE];
	long first = at;
	int n = 0, status;

	for (; n < AT_ONCE && at <= stops; at += every)
		pids[n++] = live_apart(argv, at);
	for (int i = 0; i < n; i++) {
		bool ok = waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status);
		int what = ok ? WEXITSTATUS(status) : IS_BAD;

		sum->tried++;
		sum->armed += (what & WAS_ARMED) != 0;
		sum->early += (what & WAS_EARLY) != 0;
		sum->ran += (what & HAS_RUN) != 0;
		sum->bad += (what & IS_BAD) != 0;
	}
	if (!check(checker)) {
		fprintf(stderr, "after stops %ld to %ld: something is left\n", first, at - every);
		sum->bad++;
	}
	return at;
}

int main(int argc, char **argv)
{
	long every = argc > 4 ? atol(argv[1]) : 0, at = argc > 4 ? atol(argv[2]) : 0;
	struct sum sum = { 0 };
	struct life whole;

	if (every < 1 || at < 1) {
		fprintf(stderr, "usage: faultpoint EVERY FIRST CHECK CMD...\n");
		return 2;
	}
	if (live(&argv[4], 0, &whole) || !whole.armed) {
		fprintf(stderr, "faultpoint: %s does not arm\n", argv[4]);
		return 2;
	}
	while (at <= whole.stops)
		at = try_some(&argv[4], at, every, whole.stops, argv[3], &sum);
	printf("stops %ld armed %ld tried %ld armed-then %ld ran %ld early %ld\n", whole.stops,
	       whole.armed, sum.tried, sum.armed, sum.ran, sum.early);
	return sum.bad ? 1 : 0;
}
