// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the running kernel has its BTF, and its modules' theirs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/live.h"
#include "kern/sys.h"
#include "util/cleanup.h"
#include "util/limits.h"

static int map_file(const char *path, void **data, size_t *len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return -ENOENT;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*data = p;
	*len = (size_t)st.st_size;
	return 0;
}

static void *map_anonymous(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int copy_btf_object(void **data, size_t *len)
{
	_cleanup_close_ int fd = sys_btf_fd("vmlinux");
	uint32_t size = 0, got;
	void *p;
	int r;

	if (fd < 0)
		return fd;
	r = sys_btf_read(fd, NULL, &size);
	if (r < 0)
		return r;
	if (!size || size > LIMIT_BTF_BYTES)
		return -E2BIG;
	p = map_anonymous(size);
	if (!p)
		return -ENOMEM;
	got = size;
	r = sys_btf_read(fd, p, &got);
	if (r < 0 || got != size) {
		munmap(p, size);
		return r < 0 ? r : -EINVAL;
	}
	*data = p;
	*len = size;
	return 0;
}

static int read_file(const char *path, void **data, size_t *len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size, done = 0;
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > LIMIT_BTF_BYTES)
		return -E2BIG;
	size = (size_t)st.st_size;
	p = map_anonymous(size);
	if (!p)
		return -ENOMEM;
	while (done < size) {
		ssize_t n = read(fd, p + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			munmap(p, size);
			return n < 0 ? -errno : -EIO;
		}
		done += (size_t)n;
	}
	*data = p;
	*len = size;
	return 0;
}

/*
 * Cheapest first: mapped (kernels that let us, from about 6.16), copied at once, or
 * read page by page through sysfs, which costs nearly twice the copy.
 */
int live_read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	int r = map_file(KERN_BTF_PATH, data, len);

	(void)ctx;
	if (r < 0)
		r = copy_btf_object(data, len);
	if (r < 0)
		r = read_file(KERN_BTF_PATH, data, len);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_plain(err, r, ERR_SYSTEM, "cannot read %s: %s", KERN_BTF_PATH,
				 strerror(-r));
	*unmap = true;
	return 0;
}

static int no_module_btf(const char *module, struct err *err)
{
	char path[32 + KSYM_MODULE];

	/* code that is built in has a directory too, but no state */
	snprintf(path, sizeof(path), "/sys/module/%.63s/initstate", module);
	if (access(path, F_OK) < 0)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "no module '%.63s' is loaded",
				 module);
	err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "module %.63s has no BTF", module);
	err_note(err, SPAN_NONE,
		 "it takes a kernel with CONFIG_DEBUG_INFO_BTF_MODULES=y, and pahole when the "
		 "module is built");
	return -ENOENT;
}

int live_read_module_btf(void *ctx, const char *module, void **data, size_t *len, bool *unmap,
			 struct err *err)
{
	char path[32 + KSYM_MODULE];
	int r;

	(void)ctx;
	snprintf(path, sizeof(path), "/sys/kernel/btf/%.63s", module);
	r = read_file(path, data, len);
	if (r == -ENOENT)
		return no_module_btf(module, err);
	if (r < 0)
		return err_plain(err, r, ERR_SYSTEM, "cannot read %s: %s", path, strerror(-r));
	*unmap = true;
	return 0;
}

int live_module_btf_fd(void *ctx, const char *module, struct err *err)
{
	int fd = sys_btf_fd(module);

	(void)ctx;
	if (fd == -ENOENT)
		return no_module_btf(module, err);
	if (fd == -EPERM)
		return err_plain(err, fd, ERR_PERMISSION,
				 "finding the BTF of module %.63s needs CAP_SYS_ADMIN", module);
	if (fd < 0)
		return err_plain(err, fd, ERR_SYSTEM, "cannot open the BTF of module %.63s: %s",
				 module, strerror(-fd));
	return fd;
}
