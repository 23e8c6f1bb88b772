/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "util/errno_names.h"
#include "util/limits.h"
#include "util/str.h"

static void u64(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t v;
	} rows[] = {
		{ "0", 0, 0 },
		{ "10", 0, 10 },
		{ "010", 0, 8 },
		{ "0x1F", 0, 31 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "0x10000000000000000", -ERANGE, 0 },
		{ "99999999999999999999x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "08", -EINVAL, 0 },
		{ "1u", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 0;

		assert_int_equal(str_to_u64(rows[i].text, &v), rows[i].r);
		assert_true(v == rows[i].v);
	}
}

static void i64(void **state)
{
	int64_t v = 7;

	(void)state;
	assert_int_equal(str_to_i64("-9223372036854775808", &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(str_to_i64("9223372036854775807", &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(str_to_i64("-9223372036854775809", &v), -ERANGE);
	assert_int_equal(str_to_i64("9223372036854775808", &v), -ERANGE);
	assert_int_equal(str_to_i64("--1", &v), -EINVAL);
	assert_int_equal(str_to_i64("-", &v), -EINVAL);
	assert_int_equal(str_to_i64("-0x10", &v), 0);
	assert_true(v == -16);
}

static void doubles(void **state)
{
	double v = 7;

	(void)state;
	assert_int_equal(str_to_double("0.25", &v), 0);
	assert_true(v == 0.25);
	assert_int_equal(str_to_double("1e-2", &v), 0);
	assert_true(v == 0.01);
	assert_int_equal(str_to_double("1e999", &v), -ERANGE);
	assert_int_equal(str_to_double("inf", &v), -EINVAL);
	assert_int_equal(str_to_double("nan", &v), -EINVAL);
	assert_int_equal(str_to_double("0x1p3", &v), -EINVAL);
	assert_int_equal(str_to_double("", &v), -EINVAL);
	assert_int_equal(str_to_double(".", &v), -EINVAL);
	assert_int_equal(str_to_double(" 1", &v), -EINVAL);
	assert_int_equal(str_to_double("1,5", &v), -EINVAL);
	assert_true(v == 0.01);
}

static void durations(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(str_to_duration("30", &v), 0);
	assert_true(v == 30000000000ULL);
	assert_int_equal(str_to_duration("250ms", &v), 0);
	assert_true(v == 250000000);
	assert_int_equal(str_to_duration("5m", &v), 0);
	assert_true(v == 300000000000ULL);
	assert_int_equal(str_to_duration("2h", &v), 0);
	assert_true(v == 7200000000000ULL);
	assert_int_equal(str_to_duration("18446744073", &v), 0);
	assert_int_equal(str_to_duration("18446744074", &v), -ERANGE);
	assert_int_equal(str_to_duration("s", &v), -EINVAL);
	assert_int_equal(str_to_duration("", &v), -EINVAL);
	assert_int_equal(str_to_duration("1 s", &v), -EINVAL);
	assert_int_equal(str_to_duration("-1s", &v), -EINVAL);
	assert_int_equal(str_to_duration("1.5s", &v), -EINVAL);
}

static void distance(void **state)
{
	char a[LIMIT_IDENT + 2], b[LIMIT_IDENT + 2];

	(void)state;
	assert_int_equal(str_distance("", "", 3), 0);
	assert_int_equal(str_distance("count", "coutn", 3), 1);
	assert_int_equal(str_distance("kitten", "sitting", 9), 3);
	assert_int_equal(str_distance("kitten", "sitting", 2), 3);
	assert_int_equal(str_distance("abcdef", "uvwxyz", 2), 3);
	assert_int_equal(str_distance("ab", "ba", 0), 1);
	assert_int_equal(str_distance("a", "abcdefgh", 3), 4);
	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	a[LIMIT_IDENT] = b[LIMIT_IDENT] = '\0';
	assert_int_equal(str_distance(a, b, 3), 0);
	a[LIMIT_IDENT] = b[LIMIT_IDENT] = 'a';
	a[LIMIT_IDENT + 1] = b[LIMIT_IDENT + 1] = '\0';
	assert_int_equal(str_distance(a, b, 3), 4);
}

static void copies(void **state)
{
	char dst[4];

	(void)state;
	assert_true(str_copy(dst, sizeof(dst), "abc"));
	assert_string_equal(dst, "abc");
	assert_false(str_copy(dst, sizeof(dst), "abcd"));
	assert_string_equal(dst, "abc");
	assert_false(str_copy(dst, 0, "a"));
	assert_true(str_eq((struct str){ NULL, 0 }, ""));
	assert_false(str_eq((struct str){ "abc", 2 }, "abc"));
	assert_true(str_same((struct str){ "abc", 2 }, (struct str){ "abd", 2 }));
}

static void errnos(void **state)
{
	(void)state;
	assert_string_equal(errno_name(12), "ENOMEM");
	assert_string_equal(errno_name(-12), "ENOMEM");
	assert_string_equal(errno_name(-11), "EAGAIN");
	assert_string_equal(errno_name(512), "ERESTARTSYS");
	assert_string_equal(errno_name(-524), "ENOTSUPP");
	assert_string_equal(errno_name(517), "EPROBE_DEFER");
	assert_null(errno_name(0));
	assert_null(errno_name(4096));
	assert_null(errno_name(INT64_MIN));
	assert_string_equal(errno_nearest("ENOMEM"), "ENOMEM");
	assert_string_equal(errno_nearest("ENOMME"), "ENOMEM");
	assert_string_equal(errno_nearest("NOMEM"), "ENOMEM");
	assert_null(errno_nearest("NF_DROP"));
	assert_null(errno_nearest(""));
	assert_int_equal(errno_value("ENOMEM"), -ENOMEM);
	assert_int_equal(errno_value("EWOULDBLOCK"), -EAGAIN);
	assert_int_equal(errno_value("EHWPOISON"), -133);
	assert_int_equal(errno_value("enomem"), 0);
	assert_int_equal(errno_value(""), 0);
	/* each name of a value finds the value again */
	for (long v = 1; v < 4096; v++)
		if (errno_name(v))
			assert_int_equal(errno_value(errno_name(v)), -v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64),	     cmocka_unit_test(i64),	 cmocka_unit_test(doubles),
		cmocka_unit_test(durations), cmocka_unit_test(distance), cmocka_unit_test(copies),
		cmocka_unit_test(errnos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
