/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Just enough UTF-8 to print other people's bytes safely and under a caret. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define UTF8_INVALID	 UINT32_MAX
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * One code point of s[0..len), len > 0; returns the bytes it takes. A byte that
 * starts no valid sequence (overlong and surrogates included) is UTF8_INVALID
 * and takes 1.
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *code);

/* what a terminal would obey, not show: controls, C1 among them, and what turns text around */
bool utf8_is_harmful(uint32_t code);
/* the first character of len bytes: as it is, or as \xNN if it is harmful or none; its bytes */
size_t utf8_put_safe(struct buf *out, const char *s, size_t len);
/* columns on a terminal: 0, 1 or 2 */
unsigned int utf8_width(uint32_t code);
