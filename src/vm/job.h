/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest boots into: the initramfs with init and the command to run. */
#pragma once

#include "vm/vm.h"

/* A sealed-off descriptor on the initramfs for opts, in memory only. msg says what failed. */
int job_pack(const struct vm_opts *opts, int *fd, char *msg, size_t len);
