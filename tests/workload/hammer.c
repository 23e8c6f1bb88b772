/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that make one system call again and again, and count how often it failed:
 * hammer [-w] CALL THREADS COUNT, COUNT calls in each thread, or COUNT seconds with an 's'.
 * With -w they begin when standard input gives a line.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64

static volatile sig_atomic_t over;
static unsigned long errors[256]; /* by errno */

struct worker {
	pthread_t thread;
	int (*call)(struct worker *w);
	unsigned long limit; /* 0: until it is over */
	unsigned long calls, failed;
	int index;
};

static int call_socket(struct worker *w)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)w;
	return fd < 0 ? -1 : close(fd);
}

static int call_openat(struct worker *w)
{
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	(void)w;
	return fd < 0 ? -1 : close(fd);
}

static int call_mmap(struct worker *w)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)w;
	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int call_connect(struct worker *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7001) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct linger hard = { .l_onoff = 1 };
	int r;
	int e;

	(void)w;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)); /* no TIME_WAIT left behind */
	r = connect(fd, (struct sockaddr *)&a, sizeof(a));
	e = errno;
	close(fd);
	errno = e;
	return r;
}

/* leaves the CPU to others most of the time */
static int call_trickle(struct worker *w)
{
	struct timespec t = { .tv_nsec = 20 * 1000 * 1000 };

	nanosleep(&t, NULL);
	return call_connect(w);
}

static int call_udp(struct worker *w)
{
	static __thread int fd = -1;
	struct sockaddr_in a = { .sin_family = AF_INET };
	char buf[256] = "";

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((unsigned short)(9000 + w->index));
	if (fd < 0) {
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
			return -1;
	}
	if (sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == sizeof(buf) ? 0 : -1;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!over && (w->limit == 0 || w->calls < w->limit)) {
		if (w->call(w) < 0) {
			w->failed++;
			__atomic_add_fetch(&errors[errno & 255], 1, __ATOMIC_RELAXED);
		}
		w->calls++;
	}
	return NULL;
}

static void alarmed(int sig)
{
	(void)sig;
	over = 1;
}

static const struct {
	const char *name;
	int (*call)(struct worker *w);
} CALLS[] = {
	{ "socket", call_socket },   { "openat", call_openat }, { "mmap", call_mmap },
	{ "connect", call_connect }, { "udp", call_udp },	{ "trickle", call_trickle },
};

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	int (*call)(struct worker * w) = NULL;
	unsigned long calls = 0;
	unsigned long failed = 0;
	bool wait_for_line = argc > 1 && strcmp(argv[1], "-w") == 0;
	char **args = argv + (wait_for_line ? 2 : 1);
	unsigned long limit;
	char *unit;
	int n;

	for (size_t i = 0; args[0] && i < sizeof(CALLS) / sizeof(CALLS[0]); i++)
		if (strcmp(CALLS[i].name, args[0]) == 0)
			call = CALLS[i].call;
	if (argc - (args - argv) != 3 || !call || (n = atoi(args[1])) < 1 || n > MAX_THREADS) {
		fprintf(stderr,
			"usage: hammer [-w] socket|openat|mmap|connect|trickle|udp THREADS COUNT[s]\n");
		return 2;
	}
	limit = strtoul(args[2], &unit, 10);
	if (wait_for_line) {
		printf("ready\n");
		fflush(stdout);
		if (getchar() == EOF)
			return 2;
	}
	if (*unit == 's') {
		struct sigaction sa = { .sa_handler = alarmed };
		struct itimerval t = { .it_value.tv_sec = (time_t)limit };

		sigaction(SIGALRM, &sa, NULL);
		setitimer(ITIMER_REAL, &t, NULL);
		limit = 0;
	}
	for (int i = 0; i < n; i++) {
		workers[i] = (struct worker){ .call = call, .limit = limit, .index = i };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
			perror("hammer: pthread_create");
			return 2;
		}
	}
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		calls += workers[i].calls;
		failed += workers[i].failed;
	}
	printf("calls %lu failed %lu", calls, failed);
	for (int e = 0; e < 256; e++)
		if (errors[e])
			printf(" %s %lu", strerrorname_np(e) ? strerrorname_np(e) : "?", errors[e]);
	printf("\n");
	return 0;
}
