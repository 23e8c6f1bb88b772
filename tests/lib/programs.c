/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs.h"

#include <stdio.h>

void program_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", PROGRAMS, name);
}
