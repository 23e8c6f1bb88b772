/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One system call, or a few that belong together, and one line on what it returned.
 * Nothing in between: no library that would allocate, retry or explain.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int said(const char *what, int failed, int e)
{
	const char *name = failed ? strerrorname_np(e) : NULL;

	if (failed)
		printf("%s: %s (%s)\n", what, strerror(e), name ? name : "?");
	else
		printf("%s: ok\n", what);
	return failed ? 1 : 0;
}

/* getdents64 until it has said everything: -1 or how many entries there are */
static int count_entries(const char *path)
{
	static char buf[32768];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = 0;
	long got;

	if (fd < 0)
		return -1;
	while ((got = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < got;) {
			struct dirent64 *d = (void *)(buf + at);

			at += d->d_reclen;
			n++;
		}
	close(fd);
	return got < 0 ? -1 : n;
}

static int read_all(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		;
	close(fd);
	return got < 0 ? -1 : 0;
}

/* what a pipe of 16 pages takes: every page allocated by pipe_write() */
static int pipe_pages(void)
{
	static char buf[4096];
	int fds[2];
	int r = 0;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	for (int i = 0; i < 16 && r == 0; i++)
		r = write(fds[1], buf, sizeof(buf)) == sizeof(buf) ? 0 : -1;
	return r;
}

/* one datagram whose pages beyond the first 16 KiB are asked for two at a time */
static int datagram(void)
{
	static char buf[24000];
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	return send(fds[0], buf, sizeof(buf), 0) == sizeof(buf) ? 0 : -1;
}

/* a descriptor through a socket: an skb, and then something allocated for it */
static int pass_descriptor(void)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fds[0], sizeof(int));
	return sendmsg(fds[0], &msg, 0) == 1 ? 0 : -1;
}

/* one sector, past the page cache */
static int read_sector(const char *device, const char *number)
{
	static char buf[512] __attribute__((aligned(512)));
	int fd = open(device, O_RDONLY | O_CLOEXEC | O_DIRECT);

	if (fd < 0)
		return -1;
	return pread(fd, buf, sizeof(buf), atol(number) * 512) == sizeof(buf) ? 0 : -1;
}

/* the path lies across two pages that nobody has touched yet */
static int open_cold(const char *path)
{
	const size_t page = 4096, at = page - 3;
	int file = memfd_create("cold", MFD_CLOEXEC);
	char *p;

	if (file < 0 || ftruncate(file, 2 * (off_t)page) < 0 ||
	    pwrite(file, path, strlen(path) + 1, (off_t)at) < 0)
		return -1;
	p = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE, file, 0);
	return p == MAP_FAILED ? -1 : open(p + at, O_RDONLY | O_CLOEXEC);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: call create|open|open-cold|read|mkdir|rmdir|ls|umount PATH | socket | udp-socket "
		"| pipe | datagram | pass-descriptor | memfd | getpid\n"
		"       call mount SOURCE TARGET TYPE [DATA]\n"
		"       call sector DEVICE NUMBER\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *path = argc > 2 ? argv[2] : NULL;
	int r;

	if (strcmp(what, "socket") == 0)
		r = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	else if (strcmp(what, "udp-socket") == 0)
		r = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	else if (strcmp(what, "pipe") == 0)
		r = pipe_pages();
	else if (strcmp(what, "datagram") == 0)
		r = datagram();
	else if (strcmp(what, "memfd") == 0)
		r = memfd_create("a-name", MFD_CLOEXEC);
	else if (strcmp(what, "getpid") == 0) /* takes no argument: defined by another macro */
		r = (int)syscall(SYS_getpid);
	else if (strcmp(what, "pass-descriptor") == 0)
		r = pass_descriptor();
	else if (strcmp(what, "sector") == 0 && argc == 4)
		r = read_sector(argv[2], argv[3]);
	else if (strcmp(what, "mount") == 0 && argc >= 5)
		r = mount(argv[2], argv[3], argv[4], 0, argc > 5 ? argv[5] : NULL);
	else if (!path)
		return usage();
	else if (strcmp(what, "create") == 0)
		r = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	else if (strcmp(what, "open") == 0)
		r = open(path, O_RDONLY | O_CLOEXEC);
	else if (strcmp(what, "open-cold") == 0)
		r = open_cold(path);
	else if (strcmp(what, "read") == 0)
		r = read_all(path);
	else if (strcmp(what, "mkdir") == 0)
		r = mkdir(path, 0755);
	else if (strcmp(what, "rmdir") == 0)
		r = rmdir(path);
	else if (strcmp(what, "ls") == 0)
		r = count_entries(path);
	else if (strcmp(what, "umount") == 0)
		r = umount2(path, 0);
	else
		return usage();
	return said(what, r < 0, errno);
}
