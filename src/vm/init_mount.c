/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's file systems: below, this machine's own root, read-only over 9p;
 * above, an overlay in memory that takes every write; on top, the guest
 * kernel's own views of itself.
 */
#define _GNU_SOURCE
#include "vm/init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct mount_point {
	const char *type;
	const char *path;
	const char *options;
	unsigned long flags;
	bool optional; /* a kernel given by path may lack it */
};

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* Relative paths: to the new root, before it becomes the root. In this order. */
static const struct mount_point root_mounts[] = {
	{ "proc", "proc", NULL, SAFE, false },
	{ "sysfs", "sys", NULL, SAFE, false },
	{ "devtmpfs", "dev", "mode=0755", MS_NOSUID, false },
	{ "devpts", "dev/pts", "mode=0620,gid=5,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, true },
	{ "tmpfs", "dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, true },
	{ "tmpfs", "run", "mode=0755", MS_NOSUID | MS_NODEV, false },
	{ "debugfs", "sys/kernel/debug", NULL, SAFE, true },
	{ "tracefs", "sys/kernel/tracing", NULL, SAFE, true },
	{ "securityfs", "sys/kernel/security", NULL, SAFE, true },
	{ "bpf", "sys/fs/bpf", "mode=0700", SAFE, true },
	{ "cgroup2", "sys/fs/cgroup", NULL, SAFE, true },
};

static void mount_one(const struct mount_point *m)
{
	if (!strcmp(m->path, "dev/pts") || !strcmp(m->path, "dev/shm"))
		(void)!mkdir(m->path, 0755);
	if (mount(m->type, m->path, m->type, m->flags, m->options) && !m->optional)
		init_die("cannot mount %s on /%s: %s", m->type, m->path, strerror(errno));
}

void init_mount_early(void)
{
	static const struct mount_point early[] = {
		{ "proc", "/proc", NULL, SAFE, false },
		{ "sysfs", "/sys", NULL, SAFE, false },
	};

	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
		mount_one(&early[i]);
	/* The kernel may have done this one already. */
	if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755") && errno != EBUSY)
		init_die("cannot mount devtmpfs on /dev: %s", strerror(errno));
}

static void mount_overlay(const char *hint)
{
	/* Nobody else changes these files from inside: caching them freely is safe. */
	if (mount(VM_ROOT_TAG, "/ro", "9p", MS_RDONLY,
		  "trans=virtio,version=9p2000.L,cache=loose,msize=1048576"))
		init_die("cannot mount this machine's files: %s%s", strerror(errno), hint);
	if (mount("tmpfs", "/rw", "tmpfs", 0, "mode=0755"))
		init_die("cannot mount a tmpfs: %s", strerror(errno));
	if (mkdir("/rw/upper", 0755) || mkdir("/rw/work", 0755))
		init_die("cannot make the overlay's directories: %s", strerror(errno));
	if (mount("overlay", "/root", "overlay", 0,
		  "lowerdir=/ro,upperdir=/rw/upper,workdir=/rw/work"))
		init_die("cannot mount the overlay: %s%s", strerror(errno), hint);
}

static void make_links(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" },
	};

	/* Left out in silence: a program that needs one says so itself. */
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		(void)!symlink(links[i][0], links[i][1]);
	if (!mkdir("run/lock", 0755))
		(void)!chmod("run/lock", 01777);
}

void init_enter_root(const char *hint)
{
	mount_overlay(hint);
	if (chdir("/root"))
		init_die("cannot enter the new root: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(root_mounts) / sizeof(root_mounts[0]); i++)
		mount_one(&root_mounts[i]);
	make_links();
	/* Moved, not only entered: mount namespaces and pivot_root() work as on a real machine. */
	if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		init_die("cannot switch to the new root: %s", strerror(errno));
}
