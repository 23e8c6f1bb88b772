/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/span.h"

#include <string.h>

void source_locate(const struct source *src, uint32_t off, unsigned int *line, unsigned int *col,
		   const char **line_text, size_t *line_len)
{
	size_t at = off < src->len ? off : src->len;
	const char *start = src->text;
	const char *nl;

	*line = 1;
	while ((nl = memchr(start, '\n', at - (size_t)(start - src->text)))) {
		start = nl + 1;
		(*line)++;
	}
	nl = memchr(start, '\n', src->len - (size_t)(start - src->text));
	*col = (unsigned int)(at - (size_t)(start - src->text)) + 1;
	*line_text = start;
	*line_len = nl ? (size_t)(nl - start) : src->len - (size_t)(start - src->text);
}
