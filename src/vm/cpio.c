/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's Documentation/driver-api/early-userspace/buffer-format.rst:
 * a header of 8-digit hexadecimal fields, the name, the data, each padded to
 * four bytes. No links and no times: the kernel needs neither.
 */
#include "vm/cpio.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int pad_entry(FILE *out, size_t len)
{
	static const char zeros[4];
	size_t pad = -len & 3;

	return fwrite(zeros, 1, pad, out) == pad ? 0 : -EIO;
}

static int add_entry(FILE *out, const char *path, mode_t mode, dev_t rdev, const void *data,
		     size_t len)
{
	size_t name_len = strlen(path) + 1;
	int head_len;

	if (len > UINT32_MAX)
		return -EFBIG;
	/* magic, ino, mode, uid, gid, nlink, mtime, size, dev, rdev, name size, check */
	head_len = fprintf(out, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 0u,
			   (unsigned int)mode, 0u, 0u, 1u, 0u, len, 0u, 0u, major(rdev),
			   minor(rdev), name_len, 0u);
	if (head_len < 0 || fwrite(path, 1, name_len, out) != name_len)
		return -EIO;
	if (pad_entry(out, (size_t)head_len + name_len))
		return -EIO;
	if (len && fwrite(data, 1, len, out) != len)
		return -EIO;
	return pad_entry(out, len);
}

int cpio_add_node(FILE *out, const char *path, mode_t mode, dev_t rdev)
{
	return add_entry(out, path, mode, rdev, NULL, 0);
}

int cpio_add_data(FILE *out, const char *path, mode_t mode, const void *data, size_t len)
{
	return add_entry(out, path, S_IFREG | mode, 0, data, len);
}

int cpio_add_fd(FILE *out, const char *path, mode_t mode, int fd)
{
	struct stat st;
	void *map;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	if (!st.st_size)
		return -ENOEXEC;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ret = cpio_add_data(out, path, mode, map, (size_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	return ret;
}

int cpio_finish(FILE *out)
{
	int ret = add_entry(out, "TRAILER!!!", 0, 0, NULL, 0);

	if (ret)
		return ret;
	return fflush(out) ? -EIO : 0;
}
