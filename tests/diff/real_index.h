/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to choose from in a kernel's BTF. Of equal names only the first: so a rule means
 * it. */
#pragma once

#include <stdbool.h>

#include "kern/kbtf.h"

struct real_func {
	const char *name;
	uint32_t id;
	struct kbtf_proto proto;
};

/* `struct sock`, `gfp_t`, `enum zone_type` */
struct real_type {
	const char *name;
	uint32_t id, kind;
};

struct real_index {
	struct real_func *funcs; /* the first six parameters are named integers and pointers */
	struct real_type *records;
	struct real_type *scalars; /* typedefs and enums of integers */
	const char **constants;	   /* of enums */
	unsigned int n_funcs, n_records, n_scalars, n_constants;
};

/* wanted: which functions to take, NULL: all. -ENOENT: there is none, -ENOMEM */
int real_index_make(struct real_index *x, const struct kbtf *btf,
		    bool (*wanted)(const void *arg, const char *func), const void *arg);
void real_index_free(struct real_index *x);
