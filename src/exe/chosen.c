/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an IFUNC chooses depends on the processor, so it is the same in every process that
 * has this very file (but for GLIBC_TUNABLES of its own). If this one has it, it is asked of
 * the loader: nothing is loaded for it.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "exe/exe_impl.h"

struct search {
	struct stat file;
	const char *name; /* of the object that is it */
	uint64_t base;
};

static int is_it(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *s = ctx;
	struct stat st;

	(void)size;
	if (!info->dlpi_name || info->dlpi_name[0] != '/' || stat(info->dlpi_name, &st) ||
	    st.st_dev != s->file.st_dev || st.st_ino != s->file.st_ino)
		return 0;
	s->name = info->dlpi_name;
	s->base = info->dlpi_addr;
	return 1;
}

bool exe_chosen_here(const struct exe *e, const char *name, uint64_t *addr)
{
	struct search s = { .name = NULL };
	uint64_t found, offset;
	void *handle;

	if (fstat(e->elf.fd, &s.file) || !dl_iterate_phdr(is_it, &s))
		return false;
	handle = dlopen(s.name, RTLD_LAZY | RTLD_NOLOAD);
	if (!handle)
		return false;
	found = (uintptr_t)dlsym(handle, name) - s.base;
	dlclose(handle);
	/* the vDSO's is not in the file */
	if (!elf_offset(&e->elf, found, true, &offset))
		return false;
	*addr = found;
	return true;
}
