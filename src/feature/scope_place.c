// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Scopes that are places: a cgroup, a network namespace. Both are numbers to the kernel
 * and files to the user. Files are opened with O_PATH until it is known what they are,
 * so that naming a device or a pipe does nothing to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "feature/scope.h"
#include "util/cleanup.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

/* of every hierarchy's root, as cgroup_setup_root() makes sure (kernel/cgroup/cgroup.c, 6.1) */
#define ROOT_ID 1

_Static_assert(sizeof(ino_t) == 8, "an inode number is the whole id");

bool scope_is_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++) {
		n = n * 10 + (uint64_t)(*c - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return c > text && !*c;
}

static bool is_on(int fd, long magic)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (long)fs.f_type == magic;
}

/* where the second version is mounted, with systemd as without; "" nowhere */
static void find_mount(char *out, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	char at[512];
	size_t room = 0;

	out[0] = '\0';
	while (f && !out[0] && getline(&line, &room, f) > 0)
		if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %511s", at) == 1 &&
		    !strchr(at, '\\'))
			str_copy(out, size, at);
}

static int open_dir(int below, const char *path)
{
	return openat(below, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* *fd is a directory of the hierarchy: as it stands, or below its mount */
static int open_cgroup(const char *path, int *fd, struct err *err)
{
	_cleanup_close_ int as_it_stands = open_dir(AT_FDCWD, path), below = -1;
	int why = as_it_stands < 0 ? errno : 0;
	char mount[512], full[PATH_MAX];

	if (as_it_stands >= 0 && is_on(as_it_stands, CGROUP2_SUPER_MAGIC)) {
		*fd = take_fd(&as_it_stands);
		return 0;
	}
	find_mount(mount, sizeof(mount));
	if (!mount[0])
		return err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
				 "--cgroup needs the cgroup2 hierarchy, which is mounted nowhere "
				 "(mount -t cgroup2 none /sys/fs/cgroup)");
	if ((size_t)snprintf(full, sizeof(full), "%s/%s", mount, path) < sizeof(full))
		below = open_dir(AT_FDCWD, full);
	if (below >= 0 && is_on(below, CGROUP2_SUPER_MAGIC)) {
		*fd = take_fd(&below);
		return 0;
	}
	if (as_it_stands >= 0 && is_on(as_it_stands, CGROUP_SUPER_MAGIC))
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "%s is a cgroup of the first version: --cgroup takes one of the "
				 "second, below %s",
				 path, mount);
	if (why && why != ENOENT && why != ENOTDIR)
		return err_plain(err, -EINVAL, ERR_USAGE, "cannot look at the cgroup %s: %s", path,
				 strerror(why));
	err_plain(err, -EINVAL, ERR_USAGE, "there is no cgroup %s: neither that nor %s/%s", path,
		  mount, path);
	err_note(err, SPAN_NONE,
		 "--cgroup takes a directory of cgroup2, or a path below its mount as "
		 "/proc/PID/cgroup has it");
	return -EINVAL;
}

/*
 * The id is the inode number, of 64 bits as ours is ("kernfs: use 64bit inos if ino_t is
 * 64bit", 5.5). The level is how often one can go up from there to the root.
 */
int scope_cgroup(const char *path, struct comp_cgroup *out, int *fd, struct err *err)
{
	_cleanup_close_ int dir = -1, at = -1;
	struct stat st, up;
	uint32_t level = 0;
	int ret = open_cgroup(path, &dir, err);

	if (ret)
		return ret;
	if (fstat(dir, &st) || (at = dup(dir)) < 0)
		return err_plain(err, -errno, ERR_SYSTEM, "cannot look at the cgroup %s: %s", path,
				 strerror(errno));
	out->id = st.st_ino;
	for (; st.st_ino != ROOT_ID; st = up, level++) {
		int parent = open_dir(at, "..");

		closep(&at);
		at = parent;
		if (at < 0 || fstat(at, &up) || up.st_dev != st.st_dev || up.st_ino == st.st_ino)
			return err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
					 "the root above the cgroup %s is not to be seen from "
					 "here: run retcon outside the container",
					 path);
	}
	out->level = level;
	*fd = take_fd(&dir);
	return 0;
}

/* what of the three it is goes by what it looks like */
static int open_netns(const char *text, int *fd, struct err *err)
{
	char path[PATH_MAX];
	uint64_t pid;

	if (scope_is_number(text, INT32_MAX, &pid)) {
		snprintf(path, sizeof(path), "/proc/%s/ns/net", text);
		*fd = open(path, O_PATH | O_CLOEXEC);
		return *fd >= 0 ? 0
				: err_plain(err, -EINVAL, ERR_NO_PROCESS,
					    "--netns %s: there is no process %s", text, text);
	}
	if (strchr(text, '/'))
		str_copy(path, sizeof(path), text);
	else
		snprintf(path, sizeof(path), "/run/netns/%s", text);
	*fd = open(path, O_PATH | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	if (strchr(text, '/'))
		return err_plain(err, -EINVAL, ERR_USAGE, "cannot look at the namespace %s: %s",
				 text, strerror(errno));
	return err_plain(err, -EINVAL, ERR_USAGE,
			 "there is no network namespace %s: %s is not there (ip netns lists them)",
			 text, path);
}

int scope_netns(const char *text, uint32_t *inum, int *fd, struct err *err)
{
	_cleanup_close_ int at = -1, ns = -1;
	char self[64];
	struct stat st;
	int ret = open_netns(text, &at, err);

	if (ret)
		return ret;
	if (is_on(at, NSFS_MAGIC)) { /* then opening it for real is harmless */
		snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
		ns = open(self, O_RDONLY | O_CLOEXEC);
	}
	if (ns < 0 || ioctl(ns, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(ns, &st))
		return err_plain(err, -EINVAL, ERR_USAGE, "%s is no network namespace", text);
	*inum = (uint32_t)st.st_ino;
	*fd = take_fd(&ns);
	return 0;
}
