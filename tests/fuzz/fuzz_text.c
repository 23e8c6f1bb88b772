/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small readers of text: numbers, options of `retcon vm`, UTF-8; and text in JSON. */
#include <math.h>
#include <stdio.h>

static FILE *nowhere;
#undef stderr
#define stderr nowhere /* where options are complained about */
#include "../../src/cli/cmd_vm.c"
#undef stderr

#include "json_check.h"
#include "util/json.h"
#include "util/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* what is read, written and read again is the same */
static void numbers(const char *text)
{
	uint64_t u = 0, again = 1;
	int64_t i = 0, i_again = 1;
	char buf[400];
	double d = 0;

	if (str_to_u64(text, &u) == 0) {
		snprintf(buf, sizeof(buf), "%llu", (unsigned long long)u);
		must(str_to_u64(buf, &again) == 0 && again == u);
	}
	if (str_to_i64(text, &i) == 0) {
		snprintf(buf, sizeof(buf), "%lld", (long long)i);
		must(str_to_i64(buf, &i_again) == 0 && i_again == i);
	}
	if (str_to_double(text, &d) == 0)
		must(isfinite(d));
	str_to_duration(text, &u);
}

static void options(const char *text)
{
	unsigned int n;

	must(parse_cpus(text, &n) < 0 || (n >= 1 && n <= MAX_CPUS));
	must(parse_memory(text, &n) < 0 || (n >= MIN_MEMORY && n <= 1024 * 1024));
	must(parse_timeout(text, &n) < 0 || n <= 10 * 365 * 86400u);
}

static void utf8(const char *s, size_t len)
{
	while (len) {
		uint32_t code;
		size_t n = utf8_decode(s, len, &code);

		must(n >= 1 && n <= len && (code == UTF8_INVALID ? n == 1 : code <= 0x10ffff));
		if (code != UTF8_INVALID)
			must(utf8_width(code) <= 2);
		s += n;
		len -= n;
	}
}

static void json(const char *s, size_t len)
{
	struct buf out = { 0 };
	struct json j = { .out = &out };
	double d;

	json_begin(&j, '[');
	json_strn(&j, s, len);
	json_str(&j, s);
	json_begin(&j, '{');
	json_key(&j, s);
	json_int(&j, (int64_t)len);
	json_end(&j, '}');
	if (len >= sizeof(d)) {
		memcpy(&d, s, sizeof(d));
		json_double(&j, d);
	}
	json_end(&j, ']');
	must(buf_err(&out) || json_check(buf_str(&out)));
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	numbers(text);
	options(text);
	json(text, size);
	free(text);
	/* of its own size: one byte too far is seen */
	text = malloc(size ? size : 1);
	if (text)
		memcpy(text, data, size);
	if (text)
		utf8(text, size);
	free(text);
	return 0;
}
