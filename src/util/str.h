/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict text helpers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A slice of somebody else's text. */
struct str {
	const char *p;
	size_t len;
};

#define STR_FMT(s) (int)(s).len, (s).p

bool str_eq(struct str s, const char *text);
bool str_same(struct str a, struct str b);

/* both for hundreds of names: libc's comparisons take long for a text that ends a page */
static inline bool str_is(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

static inline bool str_begins(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return !*prefix;
}

/* whole text or -EINVAL; range errors -ERANGE; decimal, 0x, leading 0 octal */
int str_to_u64(const char *text, uint64_t *out);
int str_to_i64(const char *text, int64_t *out);
int str_to_double(const char *text, double *out); /* finite, C locale, whole text */
/* "30", "30s", "5m", "2h", "250ms" -> nanoseconds */
int str_to_duration(const char *text, uint64_t *out_ns);

/* edit distance with adjacent swaps, for "did you mean"; cut off above max */
unsigned int str_distance(const char *a, const char *b, unsigned int max);
bool str_copy(char *dst, size_t size, const char *src); /* false if cut */
