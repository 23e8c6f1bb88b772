/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everyday constants of system calls: O_*, S_I*, AF_*, SOCK_*, IPPROTO_*. */
#pragma once

#include <stdbool.h>

bool uapi_value(const char *name, int *value); /* false: unknown */
const char *uapi_name(unsigned int i);	       /* NULL after the last */
