/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing string with a sticky failure; see buf.h. */
#include "util/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_MIN 128

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

/* room for len more bytes and the NUL; false once anything has failed */
static bool reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : BUF_MIN;
	char *data;

	if (b->failed)
		return false;
	if (len >= SIZE_MAX / 2 - b->len)
		goto fail;
	if (b->len + len < b->cap)
		return true;
	while (cap <= b->len + len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		goto fail;
	b->data = data;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

void buf_add(struct buf *b, const char *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->failed ? 0 : b->cap - b->len;
	va_list again;
	int need;

	va_copy(again, ap);
	need = vsnprintf(room ? b->data + b->len : NULL, room, fmt, again);
	va_end(again);
	if (need < 0 || ((size_t)need >= room && !reserve(b, (size_t)need))) {
		b->failed = true;
		if (room)
			b->data[b->len] = '\0';
		return;
	}
	if ((size_t)need >= room)
		vsnprintf(b->data + b->len, (size_t)need + 1, fmt, ap);
	b->len += (size_t)need;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

int buf_err(const struct buf *b)
{
	return b->failed ? -ENOMEM : 0;
}
