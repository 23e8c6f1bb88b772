/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules with which a kernel reaches this machine's files, carried into the guest. */
#pragma once

#include <stdio.h>

#include "util/limits.h"

struct drivers {
	char *kernel_dir;	      /* where the kernel is */
	char *module_dir;	      /* where its modules are; NULL when they are nowhere */
	char *name[LIMIT_VM_MODULES]; /* to be loaded, in this order */
	unsigned int n;
};

/*
 * Add what this kernel needs to an initramfs, as VM_MODULES_PATH/NAME.ko. A file
 * that is no bzImage, or one without modules, is taken to need none. msg says
 * what failed.
 */
int drivers_pack(FILE *cpio, const char *kernel, struct drivers *out, char *msg, size_t len);
void drivers_clear(struct drivers *d);
