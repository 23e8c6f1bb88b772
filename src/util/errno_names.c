/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/errno_names.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "util/str.h"

static const struct {
	const char *name;
	int value;
} table[] = {
#define ERRNO(name, value) { #name, value },
#include "util/errno_names.def"
#undef ERRNO
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

const char *errno_name(long value)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (table[i].value == value || -(long)table[i].value == value)
			return table[i].name;
	return NULL;
}

int errno_value(const char *name)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (!strcmp(table[i].name, name))
			return -table[i].value;
	return 0;
}

const char *errno_nearest(const char *name)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (str_distance(name, table[i].name, 1) <= 1)
			return table[i].name;
	return NULL;
}
