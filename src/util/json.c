/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as RFC 8259 has it: UTF-8 only, no NaN, no infinity. */
#include "util/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

static void before_value(struct json *j)
{
	if (j->need_comma)
		buf_putc(j->out, ',');
	j->need_comma = true;
}

void json_begin(struct json *j, char open)
{
	before_value(j);
	buf_putc(j->out, open);
	j->need_comma = false;
}

void json_end(struct json *j, char close)
{
	buf_putc(j->out, close);
	j->need_comma = true;
}

void json_key(struct json *j, const char *key)
{
	json_str(j, key);
	buf_putc(j->out, ':');
	j->need_comma = false;
}

void json_str(struct json *j, const char *s)
{
	json_strn(j, s, strlen(s));
}

static void put_char(struct buf *out, const char *s, size_t len, uint32_t code)
{
	static const char *const shorts[128] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
		['\n'] = "\\n", ['\r'] = "\\r",	 ['\t'] = "\\t",
	};
	unsigned char c = (unsigned char)*s;

	if (c < 128 && shorts[c])
		buf_puts(out, shorts[c]);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(out, "\\u%04x", c);
	else if (utf8_is_harmful(code))
		buf_printf(out, "\\u%04x", code);
	else
		buf_add(out, s, len);
}

void json_strn(struct json *j, const char *s, size_t len)
{
	const char *end = s + len;

	before_value(j);
	buf_putc(j->out, '"');
	while (s < end) {
		uint32_t code;
		size_t n = utf8_decode(s, (size_t)(end - s), &code);

		if (code == UTF8_INVALID)
			buf_puts(j->out, UTF8_REPLACEMENT);
		else
			put_char(j->out, s, n, code);
		s += n;
	}
	buf_putc(j->out, '"');
}

void json_int(struct json *j, int64_t v)
{
	before_value(j);
	buf_printf(j->out, "%" PRId64, v);
}

void json_uint(struct json *j, uint64_t v)
{
	before_value(j);
	buf_printf(j->out, "%" PRIu64, v);
}

void json_bool(struct json *j, bool v)
{
	before_value(j);
	buf_puts(j->out, v ? "true" : "false");
}

/* The shortest text that reads back as v, with a dot whatever the locale says. */
void json_double(struct json *j, double v)
{
	char text[64];
	size_t n;

	if (!isfinite(v)) {
		json_null(j);
		return;
	}
	before_value(j);
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	n = strspn(text, "+-0123456789e");
	buf_add(j->out, text, n);
	if (text[n]) {
		buf_putc(j->out, '.');
		buf_puts(j->out, text + n + strcspn(text + n, "0123456789"));
	}
}

void json_null(struct json *j)
{
	before_value(j);
	buf_puts(j->out, "null");
}
