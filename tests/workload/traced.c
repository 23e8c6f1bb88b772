/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What probes look at: traced ACTION... does each, once, and says nothing. Its functions
 * are there to be probed, its markers (USDT) by the notes that <sys/sdt.h> would make.
 *
 *	open read write sleep setsockopt udp6 futex exec stat	a system call each
 *	malloc pton thread libopen badread curses		a library's functions
 *	own							traced_own(7, "seven", &there) = -2
 *	nested							traced_nested(3), which calls itself
 *	marker							traced:mark with (42, "answer")
 *	flood N							N calls of getpid(2)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct there {
	int a;
	long b;
};

/* as they are called: neither inlined, nor cloned for the arguments that there are */
#define PROBED __attribute__((noinline, noclone))

int traced_own(int n, const char *text, const struct there *there);
int traced_nested(int n);

PROBED int traced_own(int n, const char *text, const struct there *there)
{
	__asm__ volatile("" ::"r"(text), "r"(there) : "memory");
	return n == 7 ? -2 : n;
}

PROBED int traced_nested(int n)
{
	int below = n ? traced_nested(n - 1) : 0;

	__asm__ volatile("" : "+r"(below));
	return below + n;
}

/* one nop, and a note that says where it is and what is in which register */
static void mark(long number, const char *text)
{
	__asm__ volatile("990: nop\n"
			 ".pushsection .note.stapsdt,\"?\",\"note\"\n"
			 ".balign 4\n"
			 ".4byte 992f-991f, 994f-993f, 3\n"
			 "991: .asciz \"stapsdt\"\n"
			 "992: .balign 4\n"
			 "993: .8byte 990b\n"
			 ".8byte _.stapsdt.base\n"
			 ".8byte 0\n"
			 ".asciz \"traced\"\n"
			 ".asciz \"mark\"\n"
			 ".asciz \"-8@%0 8@%1\"\n"
			 "994: .balign 4\n"
			 ".popsection\n"
			 ".ifndef _.stapsdt.base\n"
			 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
			 ".weak _.stapsdt.base\n"
			 ".hidden _.stapsdt.base\n"
			 "_.stapsdt.base: .space 1\n"
			 ".size _.stapsdt.base, 1\n"
			 ".popsection\n"
			 ".endif\n" ::"r"(number),
			 "r"(text));
}

static void read_zeros(void)
{
	static char buf[30000];
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (read(fd, buf, sizeof(buf)) < 0)
		perror("read");
	close(fd);
}

static void set_tos(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tos = 0x6c;

	setsockopt(fd, SOL_IP, IP_TOS, &tos, sizeof(tos));
	close(fd);
}

static void send_udp6(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(53),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&to, sizeof(to)) == 0)
		send(fd, "x", 1, 0);
	close(fd);
}

static void *nothing(void *arg)
{
	return arg;
}

static void start_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, nothing, NULL) == 0)
		pthread_join(t, NULL);
}

static void execute(void)
{
	char *const argv[] = { "true", NULL };
	pid_t child = fork();

	if (child == 0) {
		execv("/usr/bin/true", argv);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static void nap(void)
{
	const struct timespec t = { .tv_nsec = 1234567 };

	syscall(SYS_nanosleep, &t, NULL);
}

static void linger(void)
{
	const struct timespec t = { .tv_nsec = 500000000 };

	nanosleep(&t, NULL);
}

static void look_up(void)
{
	struct in_addr a;

	inet_pton(AF_INET, "192.0.2.7", &a);
}

static void own(void)
{
	const struct there there = { 5, 6 };

	traced_own(7, "seven", &there);
}

static void nested(void)
{
	traced_nested(3);
}

static void open_file(void)
{
	int fd = (int)syscall(SYS_open, "/etc/hostname", 0);

	close(fd);
}

static void write_line(void)
{
	if (write(STDOUT_FILENO, "line\n", 5) != 5)
		perror("write");
}

static void wake(void)
{
	int word = 0;

	syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void allocate(void)
{
	void *volatile p = malloc(54321);

	free(p);
}

/* with flags that no kernel has: 42 is what the example in bcc's manual looks for */
static void open_42(void)
{
	int fd = open("test.txt", 42);

	if (fd >= 0)
		close(fd);
}

static void fail_to_read(void)
{
	char byte = 0;

	if (read(-1, &byte, 1) >= 0 || write(-1, &byte, 1) >= 0)
		fputs("traced: -1 is a file\n", stderr);
}

/* twice: what the first call returns is read here, so that the second's is in memory */
static void name_curses(void)
{
	void *lib = dlopen("libtinfo.so.6", RTLD_NOW);
	const char *(*version)(void) = NULL;

	if (lib)
		*(void **)&version = dlsym(lib, "curses_version");
	if (!version || !strlen(version()) || !version())
		fputs("traced: no curses_version() in libtinfo.so.6\n", stderr);
}

static void mark_answer(void)
{
	mark(42, "answer");
}

static void look(void)
{
	struct stat st;

	stat("/nowhere/at/all", &st);
}

static const struct {
	const char *name;
	void (*act)(void);
} actions[] = {
	{ "open", open_file },	   { "read", read_zeros },     { "write", write_line },
	{ "sleep", nap },	   { "setsockopt", set_tos },  { "udp6", send_udp6 },
	{ "futex", wake },	   { "exec", execute },	       { "malloc", allocate },
	{ "pton", look_up },	   { "thread", start_thread }, { "own", own },
	{ "nested", nested },	   { "marker", mark_answer },  { "stat", look },
	{ "linger", linger },	   { "libopen", open_42 },     { "badread", fail_to_read },
	{ "curses", name_curses },
};

static int act(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(name, actions[i].name)) {
			actions[i].act();
			return 0;
		}
	fprintf(stderr, "traced: no action '%s'\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "flood") && i + 1 < argc) {
			for (long n = atol(argv[++i]); n > 0; n--)
				syscall(SYS_getpid);
			continue;
		}
		if (act(argv[i]))
			return 2;
	}
	return 0;
}
