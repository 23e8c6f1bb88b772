/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kern/kbtf.h"

int btf_file_open(const char *path, struct kbtf **out);
/* what the kernel has and what a module adds, in one */
int btf_file_join(const char *kernel, const char *module, struct kbtf **out);
