/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The job is a row of strings, each ended by a NUL: working directory, umask in
 * octal, the directories of the kernel and of its modules, the number of modules
 * to load, their names, the number of arguments, the arguments, the environment.
 * It travels inside the initramfs, where nothing limits its length, and init
 * takes it apart.
 */
#define _GNU_SOURCE
#include "vm/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vm/cpio.h"
#include "vm/drivers.h"
#include "vm/proto.h"

static void put_string(FILE *out, const char *s)
{
	fwrite(s, 1, strlen(s) + 1, out);
}

static int pack_strings(char **argv, const struct drivers *drivers, char **text, size_t *len)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	mode_t mask = umask(0);
	FILE *out;
	int argc = 0;

	umask(mask);
	if (!cwd)
		return -errno;
	out = open_memstream(text, len);
	if (!out)
		return -errno;
	while (argv[argc])
		argc++;
	put_string(out, cwd);
	fprintf(out, "%o%c", (unsigned int)mask, 0);
	put_string(out, drivers->kernel_dir ? drivers->kernel_dir : "");
	put_string(out, drivers->module_dir ? drivers->module_dir : "");
	fprintf(out, "%u%c", drivers->n, 0);
	for (unsigned int i = 0; i < drivers->n; i++)
		put_string(out, drivers->name[i]);
	fprintf(out, "%d%c", argc, 0);
	for (char **arg = argv; *arg; arg++)
		put_string(out, *arg);
	for (char **env = environ; *env; env++)
		put_string(out, *env);
	return fclose(out) ? -ENOMEM : 0;
}

static int add_init(FILE *out, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : cpio_add_fd(out, "init", 0755, fd);
}

static int add_dirs(FILE *out)
{
	static const char *const dirs[] = {
		"dev", "proc", "sys", "ro", "rw", "root", &VM_MODULES_PATH[1]
	};
	int ret;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		ret = cpio_add_node(out, dirs[i], S_IFDIR | 0755, 0);
		if (ret)
			return ret;
	}
	/* Without it the kernel complains that init has nowhere to write to. */
	return cpio_add_node(out, "dev/console", S_IFCHR | 0600, makedev(5, 1));
}

int job_pack(const struct vm_opts *opts, int *fd, char *msg, size_t len)
{
	_cleanup_close_ int mem = memfd_create("retcon-initramfs", MFD_CLOEXEC);
	_cleanup_fclose_ FILE *out = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_(drivers_clear) struct drivers drivers = { .n = 0 };
	size_t text_len = 0;
	int ret;

	if (mem < 0)
		return -errno;
	/* The stream owns a descriptor of its own, as fclose() will close it. */
	out = fdopen(fcntl(mem, F_DUPFD_CLOEXEC, 3), "w");
	if (!out)
		return -errno;
	ret = add_dirs(out);
	if (ret)
		return ret;
	ret = drivers_pack(out, opts->kernel, &drivers, msg, len);
	if (ret)
		return ret;
	ret = pack_strings(opts->argv, &drivers, &text, &text_len);
	if (ret) {
		snprintf(msg, len, "cannot describe the command: %s", strerror(-ret));
		return ret;
	}
	ret = add_init(out, opts->init_path);
	if (!ret)
		ret = cpio_add_data(out, &VM_JOB_PATH[1], 0600, text, text_len);
	if (!ret)
		ret = cpio_finish(out);
	if (ret) {
		snprintf(msg, len, "cannot pack the guest's init %s: %s", opts->init_path,
			 strerror(-ret));
		return ret;
	}
	*fd = take_fd(&mem);
	return 0;
}
