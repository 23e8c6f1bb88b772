/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that make the same system call one after the other, when told to.
 *
 *	turns N		"ready PID TID..." with the ids of N threads beside the first
 *
 * Lines it is given: "all": each calls mkdir() where nothing can be made, and a line
 * says what each was told, in order; "end K": the K-th of the N ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 8

struct thread {
	pthread_t id;
	sem_t turn, done;
	pid_t tid;
	int ended; /* 1: it is to end, and then it has */
	int error;
};

static void call(struct thread *t)
{
	t->error = mkdir("/nowhere/at/all", 0755) ? errno : 0;
}

static void *live(void *arg)
{
	struct thread *t = arg;

	t->tid = gettid();
	for (sem_post(&t->done); sem_wait(&t->turn) == 0 && !t->ended; sem_post(&t->done))
		call(t);
	return NULL;
}

static int start(struct thread *t)
{
	if (sem_init(&t->turn, 0, 0) || sem_init(&t->done, 0, 0) ||
	    pthread_create(&t->id, NULL, live, t))
		return -1;
	return sem_wait(&t->done);
}

static void end(struct thread *t)
{
	t->ended = 1;
	sem_post(&t->turn);
	pthread_join(t->id, NULL);
}

static void all(struct thread *threads, int n)
{
	struct thread first = { .ended = 0 };

	call(&first);
	printf("%s", first.error ? strerrorname_np(first.error) : "ok");
	for (int i = 0; i < n; i++) {
		struct thread *t = &threads[i];

		if (t->ended)
			continue;
		sem_post(&t->turn);
		sem_wait(&t->done);
		printf(" %s", t->error ? strerrorname_np(t->error) : "ok");
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	static struct thread threads[MOST];
	int n = argc == 2 ? atoi(argv[1]) : -1, k;
	char line[32];

	if (n < 0 || n > MOST) {
		fprintf(stderr, "usage: turns N, of at most %d\n", MOST);
		return 2;
	}
	setlinebuf(stdout);
	for (int i = 0; i < n; i++)
		if (start(&threads[i]))
			return 2;
	printf("ready %d", (int)getpid());
	for (int i = 0; i < n; i++)
		printf(" %d", (int)threads[i].tid);
	printf("\n");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "all\n"))
			all(threads, n);
		else if (sscanf(line, "end %d", &k) == 1 && k > 0 && k <= n)
			end(&threads[k - 1]);
	}
	return 0;
}
