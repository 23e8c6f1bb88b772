/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Only the end of the log is kept: a guest that floods its console must not
 * fill this machine's memory, and what matters after a crash is at the end.
 */
#define _GNU_SOURCE
#include "vm/console.h"

#include <stdlib.h>
#include <string.h>

#define LAST_LINES  25
#define CRASH_LINES 60

static const char panic_mark[] = "Kernel panic - not syncing";
static const char *const crash_marks[] = {
	"BUG: ", "kernel BUG at ", "Oops: ", "general protection fault", panic_mark,
};

void console_add(struct console *con, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c != '\n' && c != '\t' && (c < ' ' || c > '~'))
			continue;
		if (con->len == CONSOLE_KEEP) {
			con->len = CONSOLE_KEEP / 2;
			memmove(con->text, con->text + CONSOLE_KEEP - con->len, con->len);
		}
		con->text[con->len++] = (char)c;
	}
	con->text[con->len] = '\0';
}

bool console_has_panic(const struct console *con)
{
	return strstr(con->text, panic_mark);
}

bool console_has_warn(const struct console *con)
{
	return strstr(con->text, "WARNING: CPU: ");
}

static const char *line_start(const struct console *con, const char *at)
{
	while (at > con->text && at[-1] != '\n')
		at--;
	return at;
}

static char *copy_lines(const char *from, unsigned int max)
{
	const char *end = from;

	while (max-- && *end) {
		end = strchrnul(end, '\n');
		if (*end)
			end++;
	}
	while (end > from && end[-1] == '\n')
		end--;
	return end > from ? strndup(from, (size_t)(end - from)) : NULL;
}

char *console_last_words(const struct console *con)
{
	const char *from = con->text + con->len;
	unsigned int lines = 0;

	while (from > con->text) {
		if (from[-1] == '\n' && from < con->text + con->len && ++lines == LAST_LINES)
			break;
		from--;
	}
	return copy_lines(from, LAST_LINES);
}

char *console_crash_words(const struct console *con)
{
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(crash_marks) / sizeof(crash_marks[0]); i++) {
		const char *at = strstr(con->text, crash_marks[i]);

		if (at && (!first || at < first))
			first = at;
	}
	return first ? copy_lines(line_start(con, first), CRASH_LINES) : console_last_words(con);
}

char *console_warn_words(const struct console *con)
{
	const char *at = strstr(con->text, "WARNING: CPU: ");

	return at ? copy_lines(line_start(con, at), LAST_LINES) : NULL;
}
