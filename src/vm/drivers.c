/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A distribution's kernel has its drivers as modules. They are looked for where
 * the kernel is: in the tree of a package that was unpacked, beside it, and on
 * this machine. Compressed ones are unpacked here by their tool, for a kernel may
 * be unable to (CONFIG_MODULE_DECOMPRESS, 5.17).
 */
#define _GNU_SOURCE
#include "vm/drivers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vm/cpio.h"
#include "vm/modules.h"
#include "vm/proto.h"

/* the release is at most 0xffff bytes behind the boot sector */
#define IMAGE_HEAD (128 * 1024)

static const struct {
	const char *suffix;
	const char *tool;
} packers[] = {
	{ ".xz", "xz" },
	{ ".zst", "zstd" },
	{ ".gz", "gzip" },
};

static int read_release(const char *kernel, char release[RELEASE_MAX])
{
	_cleanup_free_ char *head = malloc(IMAGE_HEAD);
	_cleanup_fclose_ FILE *f = fopen(kernel, "re");
	size_t n;

	if (!head)
		return -ENOMEM;
	if (!f)
		return -errno;
	n = fread(head, 1, IMAGE_HEAD, f);
	return ferror(f) ? -EIO : image_release(head, n, release);
}

static int find_modules(const char *kernel_dir, const char *release, char **out)
{
	static const char *const below[] = { "/../", "/../usr/", "/" };
	_cleanup_free_ char *path = NULL;

	for (size_t i = 0; i <= sizeof(below) / sizeof(below[0]); i++) {
		bool own = i < sizeof(below) / sizeof(below[0]);

		freep(&path);
		if (asprintf(&path, "%s%slib/modules/%s", own ? kernel_dir : "",
			     own ? below[i] : "/", release) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		*out = realpath(path, NULL);
		if (*out || errno == ENOMEM)
			return *out ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* All of a file as a string; an empty one when there is no such file. */
static int read_text(const char *dir, const char *name, char **out)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	size_t size = 0;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	f = fopen(path, "re");
	if (!f && errno != ENOENT)
		return -errno;
	if ((!f || getdelim(&text, &size, '\0', f) < 0) && (!f || !ferror(f))) {
		free(text);
		text = strdup("");
	}
	if (!text)
		return -ENOMEM;
	if (f && ferror(f))
		return -EIO;
	*out = take_ptr(text);
	return 0;
}

/* What the tool makes of fd's file, into memory. */
static int unpack(const char *tool, int fd, int *out)
{
	_cleanup_close_ int mem = memfd_create("retcon-module", MFD_CLOEXEC);
	char *const argv[] = { (char *)tool, (char *)"-dc", NULL };
	posix_spawn_file_actions_t actions;
	int status = 0;
	pid_t pid;
	int err;

	if (mem < 0)
		return -errno;
	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return -err;
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, mem, STDOUT_FILENO);
	err = posix_spawnp(&pid, tool, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (status)
		return -EBADMSG;
	*out = take_fd(&mem);
	return 0;
}

static const char *packer_of(const struct module_path *path)
{
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		size_t n = strlen(packers[i].suffix);

		if (path->len > n && !memcmp(path->at + path->len - n, packers[i].suffix, n))
			return packers[i].tool;
	}
	return NULL;
}

static int say_unusable(int err, const char *file, const char *tool, char *msg, size_t len)
{
	if (tool && err == -ENOENT)
		snprintf(msg, len, "the module %s is compressed, and %s is not installed", file,
			 tool);
	else
		snprintf(msg, len, "cannot read the module %s: %s", file, strerror(-err));
	return err;
}

static int add_module(FILE *cpio, const struct module_path *path, struct drivers *d, char *msg,
		      size_t len)
{
	const char *tool = packer_of(path);
	_cleanup_free_ char *file = NULL;
	_cleanup_free_ char *entry = NULL;
	_cleanup_close_ int packed = -1;
	_cleanup_close_ int fd = -1;
	const char *name;
	size_t name_len;
	int ret;

	name = module_name(path, &name_len);
	if (asprintf(&file, "%s/%.*s", d->module_dir, (int)path->len, path->at) < 0)
		return -ENOMEM;
	if (asprintf(&entry, "%s/%.*s.ko", &VM_MODULES_PATH[1], (int)name_len, name) < 0)
		return -ENOMEM;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return say_unusable(-errno, file, NULL, msg, len);
	if (tool) {
		packed = take_fd(&fd);
		ret = unpack(tool, packed, &fd);
		if (ret)
			return say_unusable(ret, file, tool, msg, len);
	}
	ret = cpio_add_fd(cpio, entry, 0600, fd);
	if (ret)
		return say_unusable(ret, file, NULL, msg, len);
	d->name[d->n] = strndup(name, name_len);
	if (!d->name[d->n])
		return -ENOMEM;
	d->n++;
	return 0;
}

static int pack_modules(FILE *cpio, const char *release, struct drivers *d, char *msg, size_t len)
{
	_cleanup_free_ char *builtin = NULL;
	_cleanup_free_ char *dep = NULL;
	struct module_order order;
	char why[256];
	int ret;

	ret = read_text(d->module_dir, "modules.dep", &dep);
	if (!ret)
		ret = read_text(d->module_dir, "modules.builtin", &builtin);
	if (ret) {
		snprintf(msg, len, "cannot read what is in %s: %s", d->module_dir, strerror(-ret));
		return ret;
	}
	ret = modules_order(dep, builtin, &order, why, sizeof(why));
	if (ret) {
		snprintf(msg, len, "the kernel %s cannot be a guest: by %s, %s", release,
			 d->module_dir, why);
		return ret;
	}
	for (unsigned int i = 0; i < order.n; i++) {
		ret = add_module(cpio, &order.path[i], d, msg, len);
		if (ret)
			return ret;
	}
	return 0;
}

int drivers_pack(FILE *cpio, const char *kernel, struct drivers *out, char *msg, size_t len)
{
	_cleanup_(drivers_clear) struct drivers d = { .n = 0 };
	char release[RELEASE_MAX];
	int ret;

	/* Links are followed: a distribution's /vmlinuz is one. */
	d.kernel_dir = realpath(kernel, NULL);
	if (!d.kernel_dir)
		return -errno;
	ret = read_release(d.kernel_dir, release);
	*strrchr(d.kernel_dir, '/') = '\0';
	if (ret == -EINVAL)
		return 0; /* QEMU will say what it thinks of it. */
	if (!ret)
		ret = find_modules(d.kernel_dir, release, &d.module_dir);
	if (!ret)
		ret = pack_modules(cpio, release, &d, msg, len);
	else if (ret == -ENOENT)
		ret = 0;
	if (ret)
		return ret;
	*out = d;
	memset(&d, 0, sizeof(d));
	return 0;
}

void drivers_clear(struct drivers *d)
{
	for (unsigned int i = 0; i < d->n; i++)
		free(d->name[i]);
	free(d->kernel_dir);
	free(d->module_dir);
	memset(d, 0, sizeof(*d));
}
