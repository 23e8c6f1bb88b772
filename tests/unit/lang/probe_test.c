/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a probe's parts are, and the edges of what one may have. Its grammar is in
 * tests/golden/lang. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lang/probe.h"
#include "util/buf.h"

static int parse(struct probe *out, const char *text)
{
	static const struct probe_opts opts;
	struct err err = { 0 };

	return probe_parse(out, "probe", text, &opts, &err);
}

static void parts(void **state)
{
	struct probe p = { 0 };

	(void)state;
	assert_int_equal(parse(&p, "u:/opt/lib:provider:name (arg1) \"a %-5.3llx b\", arg2"), 0);
	assert_int_equal(p.kind, PROBE_USDT);
	assert_string_equal(p.library, "/opt/lib");
	assert_string_equal(p.provider, "provider");
	assert_string_equal(p.func, "name");
	assert_non_null(p.rule->on_target.pred);
	assert_int_equal(p.n_values, 1);
	assert_string_equal(p.values[0].before, "a ");
	assert_string_equal(p.values[0].flags, "-");
	assert_int_equal(p.values[0].width, 5);
	assert_int_equal(p.values[0].precision, 3);
	assert_int_equal(p.values[0].bytes, 8);
	assert_true(p.values[0].sized);
	assert_int_equal(p.values[0].letter, 'x');
	assert_string_equal(p.tail, " b");
	probe_free(&p);
	assert_int_equal(parse(&p, "f+0x1f"), 0);
	assert_int_equal(p.offset, 0x1f);
	probe_free(&p);
	assert_int_equal(parse(&p, "f+010"), 0); /* decimal, as in bcc */
	assert_int_equal(p.offset, 10);
	probe_free(&p);
}

/* n conversions, each with its value */
static int parse_values(unsigned int n)
{
	struct buf text = { 0 };
	struct probe p = { 0 };
	int ret;

	buf_puts(&text, "f \"");
	for (unsigned int i = 0; i < n; i++)
		buf_puts(&text, "%d");
	buf_puts(&text, "\"");
	for (unsigned int i = 0; i < n; i++)
		buf_puts(&text, ", 1");
	ret = parse(&p, buf_str(&text));
	buf_free(&text);
	probe_free(&p);
	return ret;
}

static int parse_width(unsigned int n)
{
	char text[64];
	struct probe p = { 0 };
	int ret;

	snprintf(text, sizeof(text), "f \"%%%u.%ud\", 1", n, n);
	ret = parse(&p, text);
	probe_free(&p);
	return ret;
}

static void edges(void **state)
{
	(void)state;
	assert_int_equal(parse_values(LIMIT_VALUES), 0);
	assert_int_equal(parse_values(LIMIT_VALUES + 1), -E2BIG);
	assert_int_equal(parse_width(LIMIT_WIDTH), 0);
	assert_int_equal(parse_width(LIMIT_WIDTH + 1), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests_name("lang/probe_test", tests, NULL, NULL);
}
