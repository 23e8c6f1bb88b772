/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of the test module's functions: rthammer [-u] [-t THREADS] [-n COUNT] FUNCTION [ARG...]
 *
 *	-u	by rt_outer()
 *	-t, -n	so many threads, and calls in each
 *
 * Says "calls N failed F last R"; those that returned something negative have failed. And
 * as a 32-bit program would call it: rthammer mkdir32 MODE, "mkdir32: -ERROR", of /nowhere/at/all.
 * And two system calls that ask the same security hook: rthammer -t THREADS -n COUNT hook has every
 * other thread call sched_getparam(2), which are the "others"; the rest call sched_getscheduler(2).
 * Several of these may follow each other, with a + between them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../module/retcon_test.h"

#define MAX_THREADS 256
#define NR_MKDIR_32 39

#define RT_NAME(ret, name) #name,
static const char *const names[] = { RT_FUNCS(RT_NAME) };

static struct rt_call wanted;
static int hook;
static unsigned long limit = 1;
static int device = -1;

struct worker {
	pthread_t thread;
	unsigned long calls, failed;
	long last;
	int other;
};

static long ask_hook(int other)
{
	struct sched_param param;

	return other ? sched_getparam(0, &param) : sched_getscheduler(0);
}

static int call_module(long *ret)
{
	struct rt_call call = wanted;

	if (ioctl(device, RT_CALL, &call) < 0)
		return -1;
	*ret = call.ret;
	return 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (w->calls < limit) {
		if (hook)
			w->last = ask_hook(w->other);
		else if (call_module(&w->last) < 0)
			break;
		w->calls++;
		w->failed += w->last < 0;
	}
	return NULL;
}

static int run(int n)
{
	struct worker workers[MAX_THREADS] = { 0 };
	unsigned long calls[2] = { 0 }, failed[2] = { 0 };

	for (int i = 0; hook && i < n; i++)
		workers[i].other = i & 1;
	for (int i = 1; i < n; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
			fprintf(stderr, "rthammer: no thread\n");
			return 2;
		}
	work(&workers[0]); /* the first thread is one of them: what -t of retcon names, calls */
	for (int i = 0; i < n; i++) {
		if (i)
			pthread_join(workers[i].thread, NULL);
		calls[workers[i].other] += workers[i].calls;
		failed[workers[i].other] += workers[i].failed;
	}
	printf("calls %lu failed %lu last %ld", calls[0], failed[0], workers[0].last);
	if (hook)
		printf(" others %lu failed %lu", calls[1], failed[1]);
	printf("\n");
	return 0;
}

/* int $0x80 has room for 32 bits of an address, and zeroes r8 to r11 */
static int mkdir32(int mode)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int ret;

	if (path == MAP_FAILED)
		return 2;
	strcpy(path, "/nowhere/at/all");
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(NR_MKDIR_32), "b"(path), "c"(mode)
			 : "r8", "r9", "r10", "r11", "memory");
	printf("mkdir32: %d\n", ret);
	return 0;
}

static int find(const char *name)
{
	for (int i = 0; i < RT_FUNC_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: rthammer [-u] [-t THREADS] [-n COUNT] {FUNCTION [ARG...] | mkdir32 MODE | hook} "
		"[+ ...]\n");
	return 2;
}

/* one of what is to be done */
static int hammer(int argc, char **argv)
{
	int opt, threads = 1, func;

	wanted = (struct rt_call){ 0 };
	limit = 1;
	optind = 0;
	while ((opt = getopt(argc, argv, "+ut:n:")) != -1) {
		if (opt == 'u')
			wanted.under = 1;
		else if (opt == 't')
			threads = atoi(optarg);
		else if (opt == 'n')
			limit = strtoul(optarg, NULL, 0);
		else
			return usage();
	}
	argv += optind;
	argc -= optind;
	if (threads < 1 || threads > MAX_THREADS)
		return usage();
	if (argc == 2 && !strcmp(argv[0], "mkdir32"))
		return mkdir32((int)strtol(argv[1], NULL, 0));
	hook = argc == 1 && !strcmp(argv[0], "hook");
	if (hook)
		return run(threads);
	func = argc ? find(argv[0]) : -1;
	if (func < 0 || argc > 1 + RT_ARGS)
		return usage();
	wanted.func = (unsigned int)func;
	for (int i = 1; i < argc; i++)
		wanted.arg[i - 1] = strtoull(argv[i], NULL, 0);
	if (device < 0)
		device = open(RT_DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror("rthammer: " RT_DEVICE);
		return 2;
	}
	return run(threads);
}

int main(int argc, char **argv)
{
	int from = 0, ret = 0;

	for (int i = 1; i <= argc && ret == 0; i++) {
		if (i < argc && strcmp(argv[i], "+") != 0)
			continue;
		argv[from] = argv[0];
		argv[i] = NULL;
		ret = hammer(i - from, argv + from);
		from = i;
	}
	return ret;
}
