/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel whose drivers are modules: the few that lead to the machine's files
 * come with the initramfs, the others are found where modprobe looks.
 */
#define _GNU_SOURCE
#include "vm/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static void load(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), VM_MODULES_PATH "/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		init_die("cannot load the kernel's module %s: %s", name, strerror(errno));
	close(fd);
	unlink(path); /* its memory is the guest's */
}

void init_load_modules(char *const *names, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		load(names[i]);
}

/* A link to what the machine has elsewhere, where it has none itself. */
static void link_missing(const char *dir, const char *file, const char *path)
{
	char target[PATH_MAX];

	if (snprintf(target, sizeof(target), "%s%s", dir, file) >= (int)sizeof(target))
		return;
	if (access(path, F_OK) && !access(target, F_OK))
		(void)!symlink(target, path);
}

void init_link_kernel(const char *kernel_dir, const char *module_dir)
{
	char config[96];
	char modules[96];
	struct utsname u;

	if (!*module_dir || uname(&u))
		return;
	(void)!mkdir("/lib/modules", 0755);
	snprintf(modules, sizeof(modules), "/lib/modules/%.64s", u.release);
	link_missing(module_dir, "", modules);
	(void)!mkdir("/boot", 0755);
	snprintf(config, sizeof(config), "/boot/config-%.64s", u.release);
	link_missing(kernel_dir, strrchr(config, '/'), config);
}
