/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call once, with zeros, from a thread that makes no other: it is told which by
 * memory, and tells what came of it by memory. Reads lines "NAME NUMBER", or "NAME iNUMBER" for
 * int $0x80; says "ready TID", then "NAME RESULT" of each. A call that does not come back (it
 * was let through, and waits) ends everything: what is behind it was not tried.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct turn {
	atomic_int tid;
	atomic_bool wanted;
	bool narrow; /* as a 32-bit program would call it */
	long number, result;
};

static struct turn turn;

static long call_wide(long number)
{
	register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0, r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(0), "S"(0), "d"(0), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* int $0x80 zeroes r8 to r11, and keeps the rest */
static long call_narrow(long number)
{
	int ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"((int)number), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

static void *caller(void *arg)
{
	(void)arg;
	turn.tid = gettid();
	for (;;) {
		while (!turn.wanted)
			__builtin_ia32_pause();
		turn.result = turn.narrow ? call_narrow(turn.number) : call_wide(turn.number);
		turn.wanted = false;
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool make(const char *number, double patience)
{
	double end = now() + patience;

	turn.narrow = *number == 'i';
	if (sscanf(number + turn.narrow, "%ld", &turn.number) != 1)
		return false;
	turn.wanted = true;
	while (turn.wanted)
		if (now() > end)
			return false;
	return true;
}

int main(void)
{
	char name[128], number[32], line[256];
	pthread_t thread;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pthread_create(&thread, NULL, caller, NULL))
		return 1;
	while (!turn.tid)
		usleep(1000);
	printf("ready %d\n", (int)turn.tid);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%127s %31s", name, number) != 2)
			continue;
		if (!make(number, 20)) {
			printf("%s did not return\n", name);
			_exit(1);
		}
		printf("%s %ld\n", name, turn.result);
	}
	_exit(0); /* exit() would wait for nobody, but the thread may be in anything */
}
