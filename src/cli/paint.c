// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/paint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLAIN "\033[0m"

/* from there to the end of the line */
static const struct {
	const char *from, *colour;
	bool at_start;
} parts[] = {
	{ "PID ", "\033[1m", true },	      { "TIME ", "\033[1m", true },
	{ "CPU ", "\033[1m", true },	      { " = -", "\033[31m", false },
	{ " would be -", "\033[31m", false }, { " returned -", "\033[31m", false },
	{ " <- ", "\033[33m", false },
};

bool paint_wanted(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}

static void paint_line(const char *line, size_t len, struct buf *out)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t n = strlen(parts[i].from);
		const char *at = parts[i].at_start ? line : memmem(line, len, parts[i].from, n);

		if (!at || len < n || memcmp(at, parts[i].from, n) != 0)
			continue;
		buf_add(out, line, (size_t)(at - line));
		buf_puts(out, parts[i].colour);
		buf_add(out, at, len - (size_t)(at - line));
		buf_puts(out, PLAIN);
		return;
	}
	buf_add(out, line, len);
}

void paint(const char *text, size_t len, struct buf *out)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		paint_line(text, n, out);
		if (end)
			buf_putc(out, '\n');
		n += end != NULL;
		text += n;
		len -= n;
	}
}
