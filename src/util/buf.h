/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A growing string. Appending never fails visibly: after the first failed
 * allocation the buffer is sticky-failed, and buf_err() says so once.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NUL-terminated once anything was appended; NULL before */
	size_t len;
	size_t cap;
	bool failed;
};

#define _cleanup_buf_ __attribute__((cleanup(buf_free)))

void buf_free(struct buf *b);
void buf_add(struct buf *b, const char *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
const char *buf_str(const struct buf *b); /* "" if empty; never NULL */
int buf_err(const struct buf *b);	  /* 0 or -ENOMEM */
