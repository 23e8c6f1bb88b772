/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * N threads inside the test module's rt_gate() at the same time, called by rt_outer(). The gate
 * opens once all of them wait there: "calls N failed F last R"; those that returned something
 * negative have failed. Before that, as many times as is asked for, a process with N such
 * threads is killed while they wait: rtgate N [ROUNDS]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../module/retcon_test.h"

#define STACK_SIZE (16UL * 1024)

static int device;
static int failed, last;

static void *caller(void *arg)
{
	struct rt_call call = { .func = RT_rt_gate, .under = 1 };

	if (ioctl(device, RT_CALL, &call) < 0)
		return arg;
	if (call.ret < 0)
		__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&last, (int)call.ret, __ATOMIC_RELAXED);
	return NULL;
}

static void nap(void)
{
	struct timespec t = { .tv_nsec = 20000000 };

	nanosleep(&t, NULL);
}

/* until they all wait; those whom a rule turns away never do */
static int wait_for(int n)
{
	for (int tries = 0; tries < 3000; tries++) {
		if (ioctl(device, RT_GATE, 2) == n)
			return 0;
		nap();
	}
	fprintf(stderr, "rtgate: %d of %d wait\n", ioctl(device, RT_GATE, 2), n);
	return -1;
}

static int start(int n, pthread_t *threads)
{
	char *stacks = mmap(NULL, STACK_SIZE * (size_t)n, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (stacks == MAP_FAILED)
		return -1;
	for (int i = 0; i < n; i++) {
		pthread_attr_t attr;
		int e;

		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, stacks + STACK_SIZE * (size_t)i, STACK_SIZE);
		e = pthread_create(&threads[i], &attr, caller, NULL);
		pthread_attr_destroy(&attr);
		if (e) {
			fprintf(stderr, "rtgate: no thread %d\n", i);
			return -1;
		}
	}
	return wait_for(n);
}

/* a process whose threads are killed where they wait */
static int kill_round(int n, pthread_t *threads)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		if (start(n, threads) == 0)
			kill(getpid(), SIGKILL);
		_exit(2);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? wait_for(0) : -1;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, rounds = argc > 2 ? atoi(argv[2]) : 0;
	pthread_t *threads;

	if (n < 1) {
		fprintf(stderr, "usage: rtgate N [ROUNDS]\n");
		return 2;
	}
	threads = calloc((size_t)n, sizeof(*threads));
	device = open(RT_DEVICE, O_RDWR | O_CLOEXEC);
	if (!threads || device < 0 || ioctl(device, RT_GATE, 1) < 0) {
		perror("rtgate");
		return 2;
	}
	for (int i = 0; i < rounds; i++)
		if (kill_round(n, threads) < 0)
			return 2;
	if (start(n, threads) < 0)
		return 2;
	ioctl(device, RT_GATE, 0);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("calls %d failed %d last %d\n", n, failed, last);
	return 0;
}
