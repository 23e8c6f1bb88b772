/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * killer ROUNDS MAX_US CMD...: starts CMD and kills it with SIGKILL after a time between
 * 0 and MAX_US microseconds, ROUNDS times. Says how many had printed "armed" by then: so
 * many died armed, the others on the way there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* reproducible: the same moments in every run */
static unsigned long long seed = 88172645463325252ULL;

static unsigned long draw(unsigned long below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned long)(seed % below);
}

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[1]) : 0;
	unsigned long max_us = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	int armed = 0;
	int early = 0;

	if (rounds < 1 || max_us < 1) {
		fprintf(stderr, "usage: killer ROUNDS MAX_US CMD...\n");
		return 2;
	}
	for (int i = 0; i < rounds; i++) {
		unsigned long us = draw(max_us);
		struct timespec t = { .tv_sec = (time_t)(us / 1000000),
				      .tv_nsec = (long)(us % 1000000) * 1000 };
		static char buf[4096];
		int out[2];
		int status;
		ssize_t n;
		pid_t pid;

		if (pipe2(out, O_CLOEXEC) < 0) {
			perror("killer: pipe");
			return 2;
		}
		pid = fork();
		if (pid == 0) {
			dup2(out[1], STDOUT_FILENO);
			dup2(out[1], STDERR_FILENO);
			execvp(argv[3], argv + 3);
			_exit(127);
		}
		close(out[1]);
		while (nanosleep(&t, &t) < 0 && errno == EINTR)
			;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (!WIFSIGNALED(status))
			early++;
		n = read(out[0], buf, sizeof(buf) - 1);
		buf[n > 0 ? n : 0] = '\0';
		armed += strstr(buf, "armed") != NULL;
		close(out[0]);
	}
	printf("killed %d armed %d ended-by-itself %d\n", rounds, armed, early);
	return early ? 1 : 0;
}
