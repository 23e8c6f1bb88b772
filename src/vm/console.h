/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last part of what the guest kernel said, and the telling lines in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifndef CONSOLE_KEEP /* fuzzing fills less */
#define CONSOLE_KEEP (128 * 1024)
#endif

struct console {
	char text[CONSOLE_KEEP + 1]; /* printable, always ended by a NUL */
	size_t len;
	bool warned; /* in what was dropped already */
};

void console_add(struct console *con, const char *data, size_t len);
bool console_has_panic(const struct console *con);
bool console_has_warn(const struct console *con);

/* Allocated; NULL when there is nothing to show. */
char *console_crash_words(const struct console *con);
char *console_warn_words(const struct console *con);
char *console_last_words(const struct console *con);
