// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kern/listed.h"

#include <string.h>

#include "util/cleanup.h"
#include "util/str.h"

enum listed list_find(const char *path, const char *func, const char *alias, char *rest,
		      size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0, lines = 0;

	if (!f)
		return LIST_UNREADABLE;
	while (getline(&line, &cap, f) > 0) {
		char *word = line, *next;

		lines++;
		next = word + strcspn(word, " \t\n");
		if (*next)
			*next++ = '\0';
		if (strcmp(word, func) != 0 && strcmp(word, alias) != 0)
			continue;
		next[strcspn(next, " \t\n")] = '\0';
		if (size)
			str_copy(rest, size, next);
		return LIST_HAS;
	}
	return lines ? LIST_LACKS : LIST_UNREADABLE;
}
