/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Only the end of the log is kept: a guest that floods its console must not
 * fill this machine's memory, and what matters after a crash is at the end.
 */
#define _GNU_SOURCE
#include "vm/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_LINES 25
#define CRASH_HEAD 45 /* where it happened and who called */
#define CRASH_TAIL 10 /* how it ended */

static const char cut_mark[] = "------------[ cut here ]------------";
/*
 * What the kernel says of a fault in itself and then goes on. "WARNING: " alone
 * also begins advice, as on mitigations that are off; lockdep's and RCU's begin
 * as below. SLUB's report has no colon: "BUG kmalloc-64 (Not tainted): ...".
 */
static const char *const warn_marks[] = {
	"WARNING: CPU: ",
	"BUG: ",
	"] BUG ",
	"WARNING: possible ",		    /* deadlock, recursive locking */
	"WARNING: inconsistent lock state", /* in an interrupt, and not */
	"-safe -> ",			    /* lock order, WARNING: SOFTIRQ-safe -> */
	"WARNING: bad unlock balance",
	"WARNING: held lock freed",
	"WARNING: lock held when returning",
	"WARNING: suspicious RCU usage",
};

static const char panic_mark[] = "Kernel panic - not syncing";
static const char *const crash_marks[] = {
	"BUG: ", "kernel BUG at ", "Oops: ", "general protection fault", panic_mark,
};

/* The first of the warnings, or NULL. */
static const char *find_warn(const struct console *con)
{
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(warn_marks) / sizeof(warn_marks[0]); i++) {
		const char *at = strstr(con->text, warn_marks[i]);

		if (at && (!first || at < first))
			first = at;
	}
	return first;
}

static void forget_old(struct console *con)
{
	con->text[con->len] = '\0';
	con->warned |= find_warn(con) != NULL;
	con->len = CONSOLE_KEEP / 2;
	memmove(con->text, con->text + CONSOLE_KEEP - con->len, con->len);
}

void console_add(struct console *con, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c != '\n' && c != '\t' && (c < ' ' || c > '~'))
			continue;
		if (con->len == CONSOLE_KEEP)
			forget_old(con);
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
	return con->warned || find_warn(con);
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

/* A report begins at its cut mark, when it has one: the words of a WARN come before its location.
 */
static const char *report_start(const struct console *con, const char *mark)
{
	const char *at = line_start(con, mark);

	for (int lines = 0; lines < 4 && at > con->text; lines++) {
		const char *cut = strstr(at, cut_mark);

		if (cut && cut < mark)
			return at;
		at = line_start(con, at - 1);
	}
	return line_start(con, mark);
}

/* The start of the last n lines, not before from. */
static const char *tail_start(const struct console *con, const char *from, unsigned int n)
{
	const char *end = con->text + con->len;
	const char *at = end;

	while (at > from) {
		if (at[-1] == '\n' && at < end && !--n)
			break;
		at--;
	}
	return at;
}

char *console_last_words(const struct console *con)
{
	return copy_lines(tail_start(con, con->text, LAST_LINES), LAST_LINES);
}

char *console_crash_words(const struct console *con)
{
	const char *first = NULL;
	const char *tail;
	char *head;
	char *all;

	for (size_t i = 0; i < sizeof(crash_marks) / sizeof(crash_marks[0]); i++) {
		const char *at = strstr(con->text, crash_marks[i]);

		if (at && (!first || at < first))
			first = at;
	}
	if (!first)
		return console_last_words(con);
	first = report_start(con, first);
	tail = tail_start(con, first, CRASH_HEAD + CRASH_TAIL);
	if (tail == first)
		return copy_lines(first, CRASH_HEAD + CRASH_TAIL);
	head = copy_lines(first, CRASH_HEAD);
	tail = tail_start(con, first, CRASH_TAIL);
	if (!head || asprintf(&all, "%s\n[...]\n%s", head, tail) < 0)
		return head;
	free(head);
	return all;
}

char *console_warn_words(const struct console *con)
{
	const char *at = find_warn(con);

	return at ? copy_lines(report_start(con, at), LAST_LINES) : NULL;
}
