/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * storm THREADS CALLS: so many threads make so many calls each, all at once, of
 * lseek(-1, offset, SEEK_SET), which fails at once. The offset is the call's own:
 * the thread's number, from 1, in the upper half, that of the call, from 0, in the lower.
 * Each is made by storm_call(offset), which returns -1. At the end it says the most
 * memory that its parent, who may be watching, ever had, and how long all calls took:
 * "peak N kB, took N us".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64

struct caller {
	pthread_t thread;
	pthread_barrier_t *start;
	uint32_t number, calls;
};

int64_t storm_call(uint64_t offset);

__attribute__((noinline, noclone)) int64_t storm_call(uint64_t offset)
{
	return lseek(-1, (off_t)offset, SEEK_SET);
}

static void *make_calls(void *arg)
{
	const struct caller *c = arg;

	pthread_barrier_wait(c->start);
	for (uint32_t i = 0; i < c->calls; i++)
		storm_call((uint64_t)c->number << 32 | i);
	return NULL;
}

/* read() alone: no other call of lseek() than those */
static int say_peak(uint64_t took)
{
	char path[64], text[4096];
	const char *peak;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)getppid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	peak = strstr(text, "VmHWM:");
	if (!peak) {
		fprintf(stderr, "storm: no VmHWM in %s\n", path);
		return 1;
	}
	n = snprintf(path, sizeof(path), "peak %ld kB, took %" PRIu64 " us\n",
		     atol(peak + strlen("VmHWM:")), took);
	return write(STDOUT_FILENO, path, (size_t)n) != n;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct caller callers[MAX_THREADS];
	long threads = argc == 3 ? atol(argv[1]) : 0;
	pthread_barrier_t start;
	uint64_t from;

	if (threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "usage: storm THREADS CALLS\n");
		return 2;
	}
	pthread_barrier_init(&start, NULL, (unsigned int)threads);
	for (long t = 0; t < threads; t++) {
		callers[t] = (struct caller){ .start = &start,
					      .number = (uint32_t)t + 1,
					      .calls = (uint32_t)atol(argv[2]) };
		if (pthread_create(&callers[t].thread, NULL, make_calls, &callers[t])) {
			perror("storm: pthread_create");
			return 1; /* the others wait for it in vain, and end with us */
		}
	}
	from = now();
	for (long t = 0; t < threads; t++)
		pthread_join(callers[t].thread, NULL);
	return say_peak(now() - from);
}
