/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"

/* what runs here, and has the registers that arguments are in */
static int check_kind(const struct elf *e, const char *path, struct err *err)
{
	if (e->machine != EM_X86_64 && e->machine != EM_386)
		return err_plain(err, -ENOEXEC, ERR_USAGE, "%s is for another kind of machine",
				 path);
	if (e->type != ET_EXEC && e->type != ET_DYN)
		return err_plain(err, -ENOEXEC, ERR_USAGE,
				 "%s is neither a program nor a library, but an object file or a "
				 "core",
				 path);
	return 0;
}

int exe_open(struct exe **out, const char *path, struct err *err)
{
	_cleanup_(exe_freep) struct exe *e = calloc(1, sizeof(*e));
	struct stat st;
	int fd, r;

	if (!e)
		return err_nomem(err);
	e->elf.fd = -1;
	e->path = strdup(path);
	if (!e->path)
		return err_nomem(err);
	/* to open what is no file, a device or a pipe, may do something */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_plain(err, -ENOEXEC, ERR_USAGE,
				 "%s is neither a program nor a library: it is no file", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		r = -errno;
		return err_plain(err, r, r == -EACCES ? ERR_PERMISSION : ERR_USAGE,
				 "cannot open %s: %s", path, strerror(-r));
	}
	r = elf_open(&e->elf, fd, path, err);
	if (r == 0)
		r = check_kind(&e->elf, path, err);
	if (r < 0)
		return r;
	*out = take_ptr(e);
	return 0;
}

void exe_free(struct exe *e)
{
	if (!e)
		return;
	elf_close(&e->elf);
	for (size_t i = 0; i < sizeof(e->strings) / sizeof(e->strings[0]); i++)
		free(e->strings[i]);
	free(e->syms);
	free(e->by_addr);
	free(e->notes);
	free(e->path);
	free(e);
}

void exe_freep(struct exe **e)
{
	exe_free(*e);
}

const char *exe_path(const struct exe *e)
{
	return e->path;
}

const char *exe_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
