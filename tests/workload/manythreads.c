/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * N threads inside unix_stream_sendmsg() at the same time: they wait for room in a full
 * socket, and allocate once there is some. Before it says "ready" it fills the socket; then
 * it waits for a line, starts the threads, waits until all of them sleep, and makes room.
 *
 *	manythreads N		each sends once: "sent A failed B other C"
 *	manythreads N late	is ready, and waits, once they are all inside
 *	manythreads N die	no room is made: the threads are killed where they wait, by
 *				the end of their process, and another round begins (4 rounds)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE (16UL * 1024)

static int ends[2];
static int entered;
static int sent, failed, other;

static void nap(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void *sender(void *arg)
{
	ssize_t r;

	(void)arg;
	__atomic_add_fetch(&entered, 1, __ATOMIC_RELAXED);
	r = send(ends[0], "x", 1, MSG_NOSIGNAL);
	if (r == 1)
		__atomic_add_fetch(&sent, 1, __ATOMIC_RELAXED);
	else if (errno == ENOBUFS || errno == ENOMEM)
		__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
	else
		__atomic_add_fetch(&other, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* how many tasks of the whole system want a CPU, this one included */
static int running(void)
{
	char buf[128] = "";
	int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	int n = 0;

	if (fd >= 0) {
		if (read(fd, buf, sizeof(buf) - 1) > 0)
			sscanf(buf, "%*s %*s %*s %d/", &n);
		close(fd);
	}
	return n;
}

static int start(int n, pthread_t *threads)
{
	char *stacks = mmap(NULL, STACK_SIZE * (size_t)n, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pthread_attr_t attr;

	if (stacks == MAP_FAILED) {
		perror("mmap");
		return -1;
	}
	for (int i = 0; i < n; i++) {
		int e;

		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, stacks + STACK_SIZE * (size_t)i, STACK_SIZE);
		e = pthread_create(&threads[i], &attr, sender, NULL);
		pthread_attr_destroy(&attr);
		if (e) {
			fprintf(stderr, "thread %d: %s\n", i, strerror(e));
			return -1;
		}
	}
	/* all have begun; then nobody else wants a CPU, three times in a row */
	for (int calm = 0, tries = 0; calm < 3 && tries < 200; tries++) {
		nap(50);
		calm = __atomic_load_n(&entered, __ATOMIC_RELAXED) == n && running() <= 1 ? calm + 1
											  : 0;
	}
	return 0;
}

static void make_room(int n)
{
	static char buf[65536];

	/* everything is taken out again and again, lest one that was let in fills it up */
	for (int tries = 0; tries < 3000; tries++) {
		while (recv(ends[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
		if (__atomic_load_n(&sent, __ATOMIC_RELAXED) +
			    __atomic_load_n(&failed, __ATOMIC_RELAXED) +
			    __atomic_load_n(&other, __ATOMIC_RELAXED) ==
		    n)
			break;
		nap(10);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	int die = argc > 2 && strcmp(argv[2], "die") == 0;
	int late = argc > 2 && strcmp(argv[2], "late") == 0;
	pthread_t *threads;

	if (n < 1) {
		fprintf(stderr, "usage: manythreads N [die|late]\n");
		return 2;
	}
	threads = calloc((size_t)n, sizeof(*threads));
	if (!threads || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		perror("manythreads");
		return 2;
	}
	while (send(ends[0], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		;
	if (late && start(n, threads) < 0)
		return 2;
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	if (getchar() == EOF)
		return 2;

	for (int round = 0; die && round < 4; round++) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			if (start(n, threads) < 0)
				_exit(2);
			kill(getpid(), SIGKILL);
		}
		waitpid(child, &status, 0);
		if (!WIFSIGNALED(status))
			return 2;
	}
	if (!late && start(n, threads) < 0)
		return 2;
	make_room(n);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("sent %d failed %d other %d\n", sent, failed, other);
	return 0;
}
