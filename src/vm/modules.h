/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modules a guest's kernel must load before it sees this machine's files,
 * and in which order. Text in, text out: src/vm/drivers.c reads the files.
 */
#pragma once

#include <stddef.h>

#include "util/limits.h"

#define RELEASE_MAX 65 /* of struct utsname */

struct module_path {
	const char *at; /* below the directory of modules.dep, in its text */
	size_t len;
};

struct module_order {
	struct module_path path[LIMIT_VM_MODULES];
	unsigned int n;
};

/*
 * The modules to load, in this order, from a modules.dep and a modules.builtin;
 * 0, or -errno, and msg says which is missing and what would provide it.
 */
int modules_order(const char *dep, const char *builtin, struct module_order *out, char *msg,
		  size_t len);

/* "9p" of "kernel/fs/9p/9p.ko.xz"; its length is in *len. */
const char *module_name(const struct module_path *path, size_t *len);

/* The release that a bzImage says it is, as uname -r gives it; -EINVAL when it is none. */
int image_release(const void *image, size_t len, char out[RELEASE_MAX]);
