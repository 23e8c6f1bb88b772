/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict readers: the whole text is the number, or it is an error. */
#include "util/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/limits.h"

bool str_eq(struct str s, const char *text)
{
	return s.len == strlen(text) && (!s.len || !memcmp(s.p, text, s.len));
}

bool str_same(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1; /* no digit */
}

/* digits only, at least one, up to end; malformed text beats a range error */
static int read_digits(const char *p, const char *end, unsigned int base, uint64_t *out)
{
	bool overflow = false;
	uint64_t v = 0;

	if (p == end)
		return -EINVAL;
	for (; p < end; p++) {
		int d = digit_value(*p);

		if (d < 0 || (unsigned int)d >= base)
			return -EINVAL;
		overflow |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		overflow |= __builtin_add_overflow(v, (uint64_t)d, &v);
	}
	if (overflow)
		return -ERANGE;
	*out = v;
	return 0;
}

int str_to_u64(const char *text, uint64_t *out)
{
	const char *end = text + strlen(text);

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return read_digits(text + 2, end, 16, out);
	if (text[0] == '0' && text[1])
		return read_digits(text + 1, end, 8, out);
	return read_digits(text, end, 10, out);
}

int str_to_i64(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t v;
	int r = str_to_u64(text + negative, &v);

	if (r)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int str_to_double(const char *text, double *out)
{
	locale_t c_locale;
	char *end;
	double v;

	/* strtod() also takes spaces, "inf", "nan" and hex floats; we do not */
	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return -EINVAL;
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return -ENOMEM;
	v = strtod_l(text, &end, c_locale);
	freelocale(c_locale);
	if (*end)
		return -EINVAL;
	if (!isfinite(v))
		return -ERANGE;
	*out = v;
	return 0;
}

int str_to_duration(const char *text, uint64_t *out_ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{ "", 1000000000 },	 { "s", 1000000000 },	    { "ms", 1000000 },
		{ "m", 60000000000ULL }, { "h", 3600000000000ULL },
	};
	const char *end = text + strspn(text, "0123456789");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t v;
		int r;

		if (strcmp(end, units[i].suffix))
			continue;
		r = read_digits(text, end, 10, &v);
		if (r)
			return r;
		if (__builtin_mul_overflow(v, units[i].ns, &v))
			return -ERANGE;
		*out_ns = v;
		return 0;
	}
	return -EINVAL;
}

static unsigned int min_uint(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int str_distance(const char *a, const char *b, unsigned int max)
{
	unsigned int rows[3][LIMIT_IDENT + 1];
	unsigned int *prev2 = rows[0], *prev = rows[1], *row = rows[2];
	size_t la = strlen(a), lb = strlen(b);

	if (la > LIMIT_IDENT || lb > LIMIT_IDENT || (la > lb ? la - lb : lb - la) > max)
		return max + 1;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int *spare = prev2;
		unsigned int best = (unsigned int)i;

		prev2 = prev;
		prev = row;
		row = spare;
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = min_uint(prev[j], row[j - 1]) + 1;
			row[j] = min_uint(row[j], prev[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_uint(row[j], prev2[j - 2] + 1);
			best = min_uint(best, row[j]);
		}
		/* a swap can still come back from the row before, at the price of 1 */
		if (best > max + 1)
			return max + 1;
	}
	return min_uint(row[lb], max + 1);
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size);
	bool fits = len < size;

	if (!size)
		return false;
	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}
