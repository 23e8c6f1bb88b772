/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's list of functions whose callers take an injected error, as data. Reading it
 * is for globs, for values that look odd and for `retcon list`: never on the way to armed.
 */
#pragma once

#include "kern/kern.h"

struct injectable {
	const char *name;   /* the first of its names: __do_sys_getpid for __x64_sys_getpid */
	const char *module; /* NULL: of vmlinux */
	enum kern_error_type type;
	unsigned int line; /* of the list as it is read */
	uint64_t addr;	   /* 0 before kern_injectable_addrs(), and if it is gone by then */
};

struct injectables {
	char *text; /* names lie in it */
	struct injectable *entry;
	size_t n, lines;
	bool has_addrs, sorted;
};

/* takes the malloc'ed text */
int injectables_parse(struct injectables *out, char *text, struct err *err);
void injectables_free(struct injectables *l);
/* by name, then module; a line twice becomes one entry. Half of what parsing costs */
void injectables_sort(struct injectables *l);
const struct injectable *injectables_find(struct injectables *l, const char *name,
					  const char *module);

/*
 * Borrowed; read on first use. -ENOENT, -EACCES with the remedy if there is no list to be
 * had.
 */
int kern_injectables(struct kern *k, bool sorted, const struct injectable **out, size_t *n,
		     struct err *err);
/*
 * Fills in the addresses of all: at once where the kernel's own list can be read, which
 * costs little; else by looking up each name.
 */
int kern_injectable_addrs(struct kern *k, struct err *err);
const char *kern_error_type_name(enum kern_error_type type); /* as in the list; "?" */
