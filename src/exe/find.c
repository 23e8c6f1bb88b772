/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which file is meant by "c", "libc.so.6", "bash", "./a.out". */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"

#define LD_CACHE     "/etc/ld.so.cache"
#define LD_CACHE_MAX (16 << 20)

/* the loader's own, where there is no cache: in this order */
static const char *const lib_dirs[] = {
	"/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu",
	"/lib64",
	"/usr/lib64",
	"/lib",
	"/usr/lib",
};

/* Where a search goes on. */
struct finder {
	const char *written;
	pid_t pid;
	char root[32]; /* "/proc/PID/root", or "" */
	char *out;     /* of PATH_MAX */
};

int exe_fits(const char *base, const char *written)
{
	size_t len = strlen(written);

	if (!len)
		return 0;
	if (strcmp(base, written) == 0)
		return 2;
	if (strncmp(base, "lib", 3) != 0 || strncmp(base + 3, written, len) != 0)
		return 0;
	base += 3 + len;
	/* libc-2.31.so was the name of the file that libc.so.6 pointed to */
	if (*base == '-')
		while (isdigit((unsigned char)base[1]) ||
		       (base[1] == '.' && isdigit((unsigned char)base[2])))
			base++;
	if (isdigit((unsigned char)*base))
		base++;
	return strncmp(base, ".so", 3) == 0 && (!base[3] || base[3] == '.') ? 1 : 0;
}

/* a path within the process's root, by what leads there from ours */
static int within(const struct finder *f, const char *path, char *out)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	_cleanup_close_ int root = open(f->root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char real[PATH_MAX - sizeof(f->root)], self[64];
	struct stat there, here;
	ssize_t n;

	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0 || fstat(fd, &there))
		return -errno;
	/* its links are followed from its root, where a path through ours would leave it */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, real, sizeof(real) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	real[n] = '\0';
	for (int i = 0; i < 3; i++) {
		int len = snprintf(out, PATH_MAX, "%s%s", i == 1 ? "" : f->root,
				   i == 2 ? path : real);

		if (len < PATH_MAX && stat(out, &here) == 0 && here.st_dev == there.st_dev &&
		    here.st_ino == there.st_ino)
			return 0;
	}
	return -ENOENT;
}

/* true: there is such a file, and its path is f->out */
static bool is_there(const struct finder *f, const char *path, bool runs)
{
	struct stat st;

	if (f->root[0]) {
		if (within(f, path, f->out) < 0)
			return false;
	} else if (snprintf(f->out, PATH_MAX, "%s", path) >= PATH_MAX) {
		return false;
	}
	return stat(f->out, &st) == 0 && S_ISREG(st.st_mode) &&
	       (!runs || st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH));
}

static bool in_maps(const struct finder *f)
{
	_cleanup_free_ char *text = NULL;
	char maps[32], path[PATH_MAX] = "", best[PATH_MAX] = "";
	struct exe_map m, found = { 0 };
	struct stat it, ours;
	const char *at;
	int rank = 0;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)f->pid);
	if (f->pid <= 0 || exe_read_file(maps, LIMIT_MAPS_BYTES, &text, NULL) < 0)
		return false;
	for (at = text; exe_map_next(&at, &m);) {
		int fits;

		if (!m.runs || m.path_len >= sizeof(path) || *m.path != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)m.path_len, m.path);
		fits = exe_fits(exe_base(path), f->written);
		if (fits > rank) {
			rank = fits;
			found = m;
			memcpy(best, path, sizeof(best));
		}
	}
	if (!rank || (!found.deleted && is_there(f, best, false)))
		return rank;
	/* what was replaced meanwhile, by an upgrade perhaps, is still what runs there */
	snprintf(f->out, PATH_MAX, "/proc/%d/map_files/%llx-%llx", (int)f->pid,
		 (unsigned long long)found.start, (unsigned long long)found.end);
	if (stat(f->out, &it))
		return false;
	/* its root is not ours, and its file is not below it */
	if (stat(best, &ours) == 0 && ours.st_dev == it.st_dev && ours.st_ino == it.st_ino)
		memcpy(f->out, best, sizeof(best));
	return true;
}

static bool in_cache(const struct finder *f)
{
	_cleanup_free_ char *data = NULL;
	char path[PATH_MAX];
	const char *found;
	size_t len;

	if (f->root[0] ? within(f, LD_CACHE, path) < 0 : snprintf(path, sizeof(path), LD_CACHE) < 0)
		return false;
	if (exe_read_file(path, LD_CACHE_MAX, &data, &len) < 0)
		return false;
	found = ld_cache_find(data, len, f->written);
	return found && is_there(f, found, false);
}

/* of versions the latest; what the compiler links with may be a text (libc.so) */
static bool in_directory(const struct finder *f, const char *dir)
{
	char path[PATH_MAX], best[NAME_MAX + 1] = "";
	const struct dirent *d;
	int rank = 0;
	DIR *list;

	if (snprintf(path, sizeof(path), "%s%s", f->root, dir) >= (int)sizeof(path))
		return false;
	list = opendir(path);
	while (list && (d = readdir(list))) {
		int fits = exe_fits(d->d_name, f->written);

		if (fits < rank || !fits || (fits == rank && strverscmp(d->d_name, best) < 0))
			continue;
		rank = fits;
		memccpy(best, d->d_name, '\0', sizeof(best));
	}
	if (list)
		closedir(list);
	snprintf(path, sizeof(path), "%s/%s", dir, best);
	return rank && is_there(f, path, false);
}

static bool in_directories(const struct finder *f)
{
	for (size_t i = 0; i < sizeof(lib_dirs) / sizeof(lib_dirs[0]); i++)
		if (in_directory(f, lib_dirs[i]))
			return true;
	return false;
}

static bool on_path(const struct finder *f)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];

	for (; at && *at; at += strcspn(at, ":"), at += *at == ':') {
		int len = (int)strcspn(at, ":");

		if (len &&
		    snprintf(path, sizeof(path), "%.*s/%s", len, at, f->written) < PATH_MAX &&
		    is_there(f, path, true))
			return true;
	}
	return false;
}

int exe_find(const char *written, pid_t pid, char path[PATH_MAX], struct err *err)
{
	char found[PATH_MAX];
	struct finder f = { .written = written, .pid = pid, .out = found };
	char where[64] = "";

	if (pid > 0) {
		snprintf(f.root, sizeof(f.root), "/proc/%d/root", (int)pid);
		if (access(f.root, F_OK))
			return errno == ENOENT ? err_plain(err, -ESRCH, ERR_NO_PROCESS,
							   "there is no process %d", (int)pid)
					       : err_plain(err, -errno, ERR_PERMISSION,
							   "cannot see what process %d sees: %s",
							   (int)pid, strerror(errno));
		snprintf(where, sizeof(where), "process %d has mapped, ", (int)pid);
	}
	if (strchr(written, '/')) {
		/* a relative one is the caller's */
		if (*written != '/')
			f.root[0] = '\0';
		if (!is_there(&f, written, false))
			return err_plain(err, -ENOENT, ERR_USAGE, "there is no file %.200s%s",
					 written, f.root[0] ? " where the process looks" : "");
	} else if (!*written ||
		   !(in_maps(&f) || in_cache(&f) || in_directories(&f) || on_path(&f))) {
		return err_plain(err, -ENOENT, ERR_USAGE,
				 "there is neither a library lib%.64s.so nor a program '%.64s' in "
				 "what %s" LD_CACHE " names, the loader's directories and $PATH",
				 written, written, where);
	}
	memcpy(path, found, sizeof(found));
	return 0;
}
