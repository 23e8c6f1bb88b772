/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs and libraries of user space: which file is meant, where in it a function or a
 * marker is, and what function an address is in. Files are read, never loaded.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "exe/usdt.h"
#include "util/err.h"

struct exe;

/*
 * What was written as in bcc: "c" or "pthread" (lib*.so.* as the loader has it), "libc.so.6",
 * "/path", "./path", "bash" (of $PATH). With pid, what that process has mapped comes first,
 * and paths are as it sees them: through /proc/PID/root. -ENOENT says where was looked;
 * -ESRCH: no such process.
 */
int exe_find(const char *written, pid_t pid, char path[PATH_MAX], struct err *err);

/* What is to be in the file: a function, or a marker of some provider or of any (NULL). */
struct exe_want {
	const char *func;
	const char *provider, *marker;
};

/*
 * Both: the file meant, opened. Should it lack what is wanted and have been merged into
 * libc, as libpthread and others were by glibc 2.34, and libc has it, then libc.
 */
int exe_lookup(const char *written, pid_t pid, const struct exe_want *want, struct exe **out,
	       struct err *err);

/* -ENOEXEC: it is no ELF file, or not of a machine like this */
int exe_open(struct exe **out, const char *path, struct err *err);
void exe_free(struct exe *e);
void exe_freep(struct exe **e);
const char *exe_path(const struct exe *e);

struct exe_func {
	const char *name;    /* borrowed from the file */
	uint64_t addr;	     /* as the file is linked */
	uint64_t size;	     /* 0: not said */
	uint64_t offset;     /* in the file: where a uprobe goes */
	unsigned int others; /* functions of the same name that are elsewhere: static ones */
};

/*
 * A function by name, `plus` bytes into it. Of several versions the one that new programs
 * are linked with. -ENOENT with those that may be meant; -ERANGE: it is not so long;
 * -EOPNOTSUPP: the name is of one that chooses another (IFUNC), and nobody says which.
 */
int exe_symbol(struct exe *e, const char *name, uint64_t plus, struct exe_func *out,
	       struct err *err);
/* all whose name matches the pattern (fnmatch), by name, each place once; malloc'ed */
int exe_match(struct exe *e, const char *glob, struct exe_func **out, unsigned int *n,
	      struct err *err);
/* the function at an address of the file: *plus how far in; -ENOENT */
int exe_at(struct exe *e, uint64_t addr, struct exe_func *out, uint64_t *plus);

/* A marker (USDT) at one place. */
struct exe_marker {
	const char *provider, *name;
	uint64_t offset;    /* in the file: where a uprobe goes */
	uint64_t semaphore; /* in the file; 0: none. Of the engine, ref_ctr_offset */
	const char *text;   /* of the arguments */
	unsigned int n_args;
	struct usdt_arg arg[LIMIT_USDT_ARGS];
};

/*
 * All places of a marker (compilers copy code), malloc'ed; strings are borrowed from e.
 * provider NULL: of any. -ENOENT with those that may be meant
 */
int exe_markers(struct exe *e, const char *provider, const char *name, struct exe_marker **out,
		unsigned int *n, struct err *err);
