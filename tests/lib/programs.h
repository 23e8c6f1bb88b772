/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs made of tests/fixtures/program.c. */
#pragma once

#include <stddef.h>

/* the path of "program", "program-static", "program-stripped.so", "program-32" */
void program_path(const char *name, char *path, size_t size);
