/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dying N: threads that die inside the kernel function get_signal(), which a killed task
 * enters and never leaves, N processes with two threads each. Then as many new tasks, which
 * get the dead ones' numbers where pid_max is low, open files: "opened A failed B".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	int opened = 0;
	int failed = 0;

	if (n < 1) {
		fprintf(stderr, "usage: dying N\n");
		return 2;
	}
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t;

			pthread_create(&t, NULL, forever, NULL);
			kill(getpid(), SIGKILL);
		}
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < 2 * n; i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(open("/dev/null", O_RDONLY | O_CLOEXEC) < 0);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			opened++;
		else
			failed++;
	}
	printf("opened %d failed %d\n", opened, failed);
	return 0;
}
