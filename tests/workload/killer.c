/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * killer ROUNDS SEED CMD...: starts CMD, which prints "armed" when it is, and kills it with SIGKILL
 * at a random moment, ROUNDS times: between its start and half as long again as it needs to be
 * armed. Says how many had printed "armed" by then: so many died armed, the others on the way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* reproducible: the same moments for the same SEED, which is not 0 */
static unsigned long long seed;

static unsigned long draw(unsigned long below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned long)(seed % below);
}

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static pid_t start(char **argv, int *output)
{
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0) {
		perror("killer: pipe");
		exit(2);
	}
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	*output = out[0];
	return pid;
}

/* does the output, to its end or to that word, hold "armed"? */
static int read_armed(int fd)
{
	char buf[4096] = "";
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0) {
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, "armed"))
			return 1;
	}
	return 0;
}

static int kill_it(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status);
}

/* the second of two starts: the first reads files in */
static long long time_to_armed(char **argv)
{
	long long took = 0;

	for (int i = 0; i < 2; i++) {
		long long begun = now_us();
		int out;
		pid_t pid = start(argv, &out);

		if (!read_armed(out)) {
			fprintf(stderr, "killer: %s does not arm\n", argv[0]);
			exit(2);
		}
		took = now_us() - begun;
		kill_it(pid);
		close(out);
	}
	return took;
}

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[1]) : 0;
	long long took;
	int armed = 0;
	int early = 0;

	seed = argc > 3 ? strtoull(argv[2], NULL, 0) : 0;
	if (rounds < 1 || seed == 0) {
		fprintf(stderr, "usage: killer ROUNDS SEED CMD...\n");
		return 2;
	}
	argv += 3;
	took = time_to_armed(argv);
	for (int i = 0; i < rounds; i++) {
		unsigned long us = draw((unsigned long)(took + took / 2));
		struct timespec t = { .tv_sec = (time_t)(us / 1000000),
				      .tv_nsec = (long)(us % 1000000) * 1000 };
		int out;
		pid_t pid = start(argv, &out);

		while (nanosleep(&t, &t) < 0 && errno == EINTR)
			;
		early += !kill_it(pid);
		armed += read_armed(out);
		close(out);
	}
	printf("killed %d armed %d early %d, of %lld ms\n", rounds, armed, early, took / 1000);
	return early ? 1 : 0;
}
