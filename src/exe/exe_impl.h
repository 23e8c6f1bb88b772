/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of struct exe, for the files that fill it. */
#pragma once

#include <stddef.h>

#include "exe/elf.h"
#include "exe/exe.h"

struct exe_sym {
	const char *name;
	uint64_t addr, size;
	/* of several of one name, the least is meant: SYM_* */
	uint8_t rank;
	bool chooses; /* IFUNC: what is there returns the address of what is called */
};

enum {
	SYM_OLD = 1,	 /* of a version that new programs are not linked with */
	SYM_LOCAL = 2,	 /* static */
	SYM_UNTYPED = 4, /* of an assembler's file that does not say what it is */
	SYM_DATA = 8,
};

struct exe {
	struct elf elf;
	char *path;
	bool has_symbols;     /* they have been read */
	struct exe_sym *syms; /* by name, then rank, then address */
	size_t n_syms, max_syms;
	uint32_t *by_addr; /* functions among them, once asked for */
	size_t n_by_addr;
	char *strings[3];
	char *notes; /* of markers, once asked for */
	size_t notes_len;
};

/* on first use; a file without symbols has none */
int exe_read_symbols(struct exe *e, struct err *err);
/* the same, with files of debug information in dir, by build id */
int exe_read_symbols_with(struct exe *e, const char *dir, struct err *err);
/* any symbol's address, data too: the first as above; NULL: none. No err */
const struct exe_sym *exe_sym(const struct exe *e, const char *name, size_t len);
/* "main" of "/usr/bin/main" */
const char *exe_base(const char *path);
/* what this process, which has the file loaded, would call by that name; false: nobody knows */
bool exe_chosen_here(const struct exe *e, const char *name, uint64_t *addr);

/* how well a file's name fits what was written: 2 the same, 1 lib*.so*, 0 not */
int exe_fits(const char *base, const char *written);

/* the file that fits in the text of an /etc/ld.so.cache; NULL: none. Pure */
const char *ld_cache_find(const char *data, size_t len, const char *written);

/* One line of /proc/PID/maps. */
struct exe_map {
	uint64_t start, end, offset, dev, inode;
	bool runs;
	bool deleted;	  /* the path is where it was */
	const char *path; /* "": none. Of the line's text */
	size_t path_len;
};

/* the next line that makes sense, from *at; false: no more */
bool exe_map_next(const char **at, struct exe_map *out);
/* a small file of /proc, or the first `max` bytes, malloc'ed and with a NUL behind */
int exe_read_file(const char *path, size_t max, char **text, size_t *len);
