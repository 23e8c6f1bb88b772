/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Just enough UTF-8 to print other people's bytes safely and under a caret. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID	 UINT32_MAX
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * One code point of s[0..len), len > 0; returns the bytes it takes. A byte that
 * starts no valid sequence (overlong and surrogates included) is UTF8_INVALID
 * and takes 1.
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *code);

/* columns on a terminal: 0, 1 or 2 */
unsigned int utf8_width(uint32_t code);
