/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error values: fixed size, no allocation, self-contained once set. */
#include "util/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/str.h"

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* vsnprintf() that shows where it cut, never inside a UTF-8 sequence */
__attribute__((format(printf, 3, 0))) static void format(char *dst, size_t size, const char *fmt,
							 va_list ap)
{
	int n = vsnprintf(dst, size, fmt, ap);
	size_t cut = size - sizeof("...");

	if (n < 0)
		str_copy(dst, size, "(unprintable)");
	if (n < 0 || (size_t)n < size)
		return;
	while (cut && is_continuation(dst[cut]))
		cut--;
	memcpy(dst + cut, "...", sizeof("..."));
}

/* copy the part of the line around the caret; most lines fit whole */
static void place_set(struct err_place *p, const struct source *src, struct span at)
{
	size_t line_len, room = sizeof(p->text) - 1, from = 0, to;
	const char *line;

	source_locate(src, at.off, &p->line, &p->col, &line, &line_len);
	str_copy(p->name, sizeof(p->name), src->name ? src->name : "text");
	if (p->col - 1 > room / 2 && line_len > room)
		from = p->col - 1 - room / 2;
	while (from && from < line_len && is_continuation(line[from]))
		from++;
	to = line_len - from > room ? from + room : line_len;
	while (to > from && to < line_len && is_continuation(line[to]))
		to--;
	memcpy(p->text, line + from, to - from);
	p->text[to - from] = '\0';
	p->cut_left = from > 0;
	p->cut_right = to < line_len;
	/* a run of continuation bytes is no text; keep the caret inside all the same */
	p->off = (uint32_t)(p->col - 1 > from ? p->col - 1 - from : 0);
	if (p->off > to - from)
		p->off = (uint32_t)(to - from);
	p->len = at.len < to - from - p->off ? at.len : (uint32_t)(to - from - p->off);
}

int err_set(struct err *err, int code, enum err_tag tag, const struct source *src, struct span at,
	    const char *fmt, ...)
{
	va_list ap;

	if (!err || err->code)
		return code;
	err_clear(err);
	err->code = code;
	err->tag = tag;
	err->src = src;
	err->at = at;
	if (src && !span_is_none(at))
		place_set(&err->place, src, at);
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int err_locate(struct err *err, const struct source *src, struct span at)
{
	if (!err || !err->code)
		return 0;
	if (!src || span_is_none(at) || err->place.line)
		return err->code;
	err->src = src;
	err->at = at;
	place_set(&err->place, src, at);
	return err->code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char head[sizeof(err->msg)];
	size_t len, room;
	va_list ap;

	if (!err || !err->code)
		return 0;
	/* the innermost message is the one that helps: the context gives way */
	len = strlen(err->msg);
	room = sizeof(err->msg) - len;
	if (room < sizeof("...: "))
		return err->code;
	va_start(ap, fmt);
	format(head, room - strlen(": "), fmt, ap);
	va_end(ap);
	memmove(err->msg + strlen(head) + 2, err->msg, len + 1);
	memcpy(err->msg, head, strlen(head));
	memcpy(err->msg + strlen(head), ": ", 2);
	return err->code;
}

void err_note(struct err *err, struct span at, const char *fmt, ...)
{
	va_list ap;

	if (!err || !err->code || err->n_notes == ERR_NOTES)
		return;
	err->note[err->n_notes].at = at;
	if (err->src && !span_is_none(at))
		place_set(&err->note[err->n_notes].place, err->src, at);
	va_start(ap, fmt);
	format(err->note[err->n_notes].msg, sizeof(err->note[0].msg), fmt, ap);
	va_end(ap);
	err->n_notes++;
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	memset(err, 0, sizeof(*err));
	err->at = SPAN_NONE;
}

const char *err_tag_name(enum err_tag tag)
{
#define X(id, text) [id] = text,
	static const char *const names[] = { ERR_TAGS(X) };
#undef X

	return (unsigned int)tag < ERR_TAG_COUNT ? names[tag] : "unknown";
}

int err_nomem(struct err *err)
{
	return err_plain(err, -ENOMEM, ERR_MEMORY, "out of memory");
}
