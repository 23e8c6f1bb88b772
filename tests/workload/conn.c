/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talks to itself over loopback and says in one line how that went: the workload
 * whose connects are made to fail, and the bystanders whose must not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char GREETING[] = "hello";
#define GREETING_LEN 5
#define MAX_CROWD    400

static int complain(const char *what)
{
	int e = errno;
	const char *name = strerrorname_np(e);

	printf("%s: %s (%s)\n", what, strerror(e), name ? name : "?");
	fflush(stdout);
	return 1;
}

/* "7001" or "10.0.0.7:7001" */
static struct sockaddr_in address(const char *where)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strrchr(where, ':');
	char host[INET_ADDRSTRLEN] = "127.0.0.1";

	if (colon && (size_t)(colon - where) < sizeof(host)) {
		memcpy(host, where, (size_t)(colon - where));
		host[colon - where] = '\0';
	}
	a.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : where));
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
		fprintf(stderr, "conn: no address: %s\n", where);
		exit(2);
	}
	return a;
}

/* Serves for ever: what comes in goes back. One poll loop, as many clients as fit. */
static int tcp_server(const char *where)
{
	struct sockaddr_in a = address(where);
	struct pollfd fds[512];
	nfds_t n = 1;
	int on = 1;

	fds[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[0].events = POLLIN;
	if (fds[0].fd < 0)
		return complain("socket");
	setsockopt(fds[0].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fds[0].fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return complain("bind");
	if (listen(fds[0].fd, 512) < 0)
		return complain("listen");
	printf("listening\n");
	fflush(stdout);

	for (;;) {
		if (poll(fds, n, -1) < 0)
			continue;
		for (nfds_t i = n; i-- > 1;) {
			char buf[64];
			ssize_t got;

			if (!fds[i].revents)
				continue;
			got = read(fds[i].fd, buf, sizeof(buf));
			if (got > 0 && write(fds[i].fd, buf, (size_t)got) == got)
				continue;
			close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (fds[0].revents && n < 512) {
			int fd = accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0)
				fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
}

static int echo(int fd, const char *path)
{
	struct timeval patience = { .tv_sec = 20 };
	char buf[GREETING_LEN];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (write(fd, GREETING, GREETING_LEN) != GREETING_LEN)
		return complain("write");
	if (read(fd, buf, sizeof(buf)) != GREETING_LEN || memcmp(buf, GREETING, GREETING_LEN))
		return complain("read");
	printf("%s, echoed %d bytes\n", path, GREETING_LEN);
	fflush(stdout);
	return 0;
}

static int tcp_client(const char *where)
{
	struct sockaddr_in a = address(where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return complain("socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		r = complain("connect");
	else
		r = echo(fd, "connected");
	close(fd);
	return r;
}

/* A socket that sends to itself. */
static int udp(const char *where)
{
	struct sockaddr_in a = address(where);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return complain("socket");
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return complain("bind");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return complain("connect");
	return echo(fd, "connected");
}

static int unix_stream(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[GREETING_LEN];
	int server;
	int r;

	if (listener < 0 || client < 0)
		return complain("socket");
	if ((size_t)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return complain("bind");
	}
	unlink(path);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0)
		return complain("bind");
	if (listen(listener, 1) < 0)
		return complain("listen");
	if (connect(client, (struct sockaddr *)&a, sizeof(a)) < 0) {
		r = complain("connect");
		unlink(path);
		return r;
	}
	unlink(path);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		return complain("accept");
	/* both ends are ours: answer before asking, then ask */
	if (write(server, GREETING, GREETING_LEN) != GREETING_LEN)
		return complain("write");
	r = echo(client, "connected");
	if (r == 0 && read(server, buf, sizeof(buf)) != GREETING_LEN)
		return complain("read");
	return r;
}

struct crowd {
	pthread_barrier_t start;
	pthread_barrier_t connected;
	struct sockaddr_in address;
	int succeeded;
};

static void *crowd_member(void *arg)
{
	struct crowd *c = arg;
	struct sockaddr_in a = c->address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ok;

	pthread_barrier_wait(&c->start);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (ok)
		__atomic_add_fetch(&c->succeeded, 1, __ATOMIC_RELAXED);
	/* all are open at the same time before the first is closed */
	pthread_barrier_wait(&c->connected);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static volatile sig_atomic_t enough;

static void had_enough(int sig)
{
	(void)sig;
	enough = 1;
}

/* n connections open at once, in rounds, for at least `ms` milliseconds or until SIGTERM */
static int many(int n, const char *where, int ms)
{
	struct timespec t0;
	struct timespec t;
	int rounds = 0;
	int wanted = 0;
	int got = 0;

	signal(SIGTERM, had_enough);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	do {
		struct crowd c = { .address = address(where) };
		pthread_t threads[MAX_CROWD];

		pthread_barrier_init(&c.start, NULL, (unsigned int)n);
		pthread_barrier_init(&c.connected, NULL, (unsigned int)n);
		for (int i = 0; i < n; i++)
			if (pthread_create(&threads[i], NULL, crowd_member, &c) != 0)
				return complain("pthread_create");
		for (int i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
		wanted += n;
		got += c.succeeded;
		rounds++;
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (!enough &&
		 (t.tv_sec - t0.tv_sec) * 1000 + (t.tv_nsec - t0.tv_nsec) / 1000000 < ms);
	printf("%d of %d connected, %d at a time, %d rounds\n", got, wanted, n, rounds);
	return got == wanted ? 0 : 1;
}

/* The same client three ways: a child that execs, a daemon no longer related, and here. */
static int spawn(const char *self, const char *where)
{
	char *argv[] = { (char *)self, (char *)"tcp", (char *)where, NULL };
	int done[2];
	char byte;
	pid_t child;
	int status;
	int r;

	child = fork();
	if (child == 0) {
		printf("child: ");
		fflush(stdout);
		execv(self, argv);
		_exit(complain("exec"));
	}
	waitpid(child, &status, 0);

	if (pipe(done) < 0)
		return complain("pipe");
	child = fork();
	if (child == 0) {
		setsid();
		if (fork() > 0)
			_exit(0);
		close(done[0]);
		printf("daemon: ");
		fflush(stdout);
		_exit(tcp_client(where));
	}
	close(done[1]);
	waitpid(child, &status, 0);
	while (read(done[0], &byte, 1) > 0)
		;
	printf("parent: ");
	fflush(stdout);
	r = tcp_client(where);
	return r;
}

static int usage(void)
{
	fprintf(stderr, "usage: conn tcp-server WHERE | tcp WHERE | udp WHERE | unix PATH\n"
			"       conn many N WHERE [MS] | spawn WHERE\n"
			"       WHERE is [ADDRESS:]PORT\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && strcmp(mode, "tcp-server") == 0)
		return tcp_server(argv[2]);
	if (argc == 3 && strcmp(mode, "tcp") == 0)
		return tcp_client(argv[2]);
	if (argc == 3 && strcmp(mode, "udp") == 0)
		return udp(argv[2]);
	if (argc == 3 && strcmp(mode, "unix") == 0)
		return unix_stream(argv[2]);
	if (argc == 3 && strcmp(mode, "spawn") == 0)
		return spawn("/proc/self/exe", argv[2]);
	if ((argc == 4 || argc == 5) && strcmp(mode, "many") == 0 && atoi(argv[2]) > 0 &&
	    atoi(argv[2]) <= MAX_CROWD)
		return many(atoi(argv[2]), argv[3], argc == 5 ? atoi(argv[4]) : 0);
	return usage();
}
