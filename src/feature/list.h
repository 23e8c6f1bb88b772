/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be overridden on a kernel: what its list and its types say, nothing loaded or
 * attached. Names are those that a rule takes as its target.
 */
#pragma once

#include "kern/host.h"
#include "kern/injectable.h"
#include "util/arena.h"
#include "util/buf.h"

struct list_opts {
	const char *glob;   /* NULL: all */
	bool all;	    /* without glob: security hooks too */
	bool json;	    /* an object a line */
	unsigned int width; /* of the table: prototypes are cut to fit; 0: they are not */
};

enum list_kind { /* in this order */
	LIST_FUNCTION,
	LIST_SYSCALL,
	LIST_SECURITY, /* security_*(): fmod_ret is allowed on those */
	LIST_LSM,
	LIST_KINDS
};

enum list_engine { /* bits */
	LIST_KPROBE_MULTI = 1 << 0,
	LIST_KPROBE = 1 << 1,
	LIST_FMOD_RET = 1 << 2,
	LIST_BY_LSM = 1 << 3,
};

#define LIST_ENGINES  4
#define LIST_WARNINGS 4 /* of one function, at most */

struct list_entry {
	enum list_kind kind;
	const char *target;   /* "syscall:openat", "module:func", "lsm:file_open", "func" */
	const char *function; /* the kernel's name for it */
	const char *module;   /* NULL: of vmlinux */
	enum kern_error_type type;
	unsigned int engines;
	const char *prototype; /* "int (struct bio *bio)"; NULL: nobody says */
	const char *warnings[LIST_WARNINGS];
	unsigned int n_warnings;
};

struct list {
	struct arena *arena; /* has all text that is not the kernel's */
	struct list_entry *entry;
	size_t n, cap;
	struct buf notes; /* about all of it, one a line */
};

/*
 * *out is to be freed after any return, and before k, which has the names. -ENOENT with
 * ERR_UNKNOWN_FUNCTION: nothing matches; the injection list's own error if nothing is
 * left without it.
 */
int list_collect(struct list *out, struct kern *k, const struct host *host,
		 const struct list_opts *opts, struct err *err);
void list_free(struct list *l);
void list_print(const struct list *l, const struct list_opts *opts, struct buf *out);

/* of the running kernel, as text */
int list_live(const struct list_opts *opts, struct buf *text, struct buf *notes, struct err *err);
