/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void bench_need_guest(const char *name)
{
	char text[2048] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *save, *word;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (strcmp(word, "retcon.guest=1") == 0)
			return;
	fprintf(stderr, "%s: this changes what the kernel returns and is for a guest only\n", name);
	exit(3);
}

uint64_t bench_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void bench_first(int priority)
{
	const struct sched_param p = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &p) == 0)
		return;
	perror("sched_setscheduler");
	exit(1);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t bench_median(uint64_t *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

void bench_say(const char *name, double value, const char *unit)
{
	printf("%s %.*f %s\n", name, value < 10000 && value != (double)(long)value ? 1 : 0, value,
	       unit);
	fflush(stdout);
}

static _Noreturn void run_child(char *const argv[], int err, bool both, uint64_t *exec)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (sched_getscheduler(0) == SCHED_FIFO) /* we were, then the child is */
		bench_first(1);
	dup2(null, 0);
	dup2(both ? err : null, 1);
	dup2(err, 2);
	exec[1] = bench_clock(CLOCK_MONOTONIC);
	exec[0] = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	execvp(argv[0], argv);
	_exit(127);
}

/* where the child leaves its clocks; one child at a time is timed */
static uint64_t *exec_clocks(void)
{
	static uint64_t *page;

	if (!page) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			exit(1);
		page[0] = 0; /* touched, so that the child does not fault on it */
	}
	return page;
}

static _Noreturn void answer_all(int ask, int answer, size_t size,
				 uint64_t (*work)(const void *question))
{
	char question[64];

	while (size <= sizeof(question) && read(ask, question, size) == (ssize_t)size) {
		uint64_t value = work(question);

		if (write(answer, &value, sizeof(value)) != sizeof(value))
			break;
	}
	_exit(0);
}

int bench_worker_start(struct bench_worker *w, size_t size, uint64_t (*work)(const void *question))
{
	int ask[2], answer[2];

	if (pipe(ask) || pipe(answer))
		return 1;
	*w = (struct bench_worker){ fork(), ask[1], answer[0], size };
	if (w->pid)
		return w->pid < 0;
	close(ask[1]);
	answer_all(ask[0], answer[1], size, work);
}

uint64_t bench_ask(const struct bench_worker *w, const void *question)
{
	uint64_t value;

	if (write(w->ask, question, w->size) != (ssize_t)w->size ||
	    read(w->answer, &value, sizeof(value)) != sizeof(value)) {
		fprintf(stderr, "bench: the worker is gone\n");
		exit(1);
	}
	return value;
}

int bench_start(struct bench_child *c, char *const argv[], bool both)
{
	uint64_t *exec = exec_clocks();
	int err[2];

	if (pipe2(err, O_CLOEXEC))
		return -errno;
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (!c->pid)
		run_child(argv, err[1], both, exec);
	close(err[1]);
	c->err = err[0];
	return clock_getcpuclockid(c->pid, &c->clock) ? -ESRCH : 0;
}

bool bench_wait_for(struct bench_child *c, const char *word)
{
	uint64_t *exec = exec_clocks();
	char text[4096];
	size_t len = 0;

	for (;;) {
		ssize_t n = read(c->err, text + len, sizeof(text) - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		text[len + (n > 0 ? (size_t)n : 0)] = '\0';
		if (n <= 0) {
			fprintf(stderr, "%s", text);
			return false;
		}
		len += (size_t)n;
		if (strstr(text, word))
			break;
		if (len > sizeof(text) / 2) {
			len -= sizeof(text) / 4;
			memmove(text, text + sizeof(text) / 4, len);
		}
	}
	c->exec_wall = exec[1];
	c->exec_cpu = exec[0];
	return true;
}

void bench_stop(struct bench_child *c)
{
	int status;

	kill(c->pid, SIGTERM);
	close(c->err);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
}
