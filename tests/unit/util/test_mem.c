/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/json.h"
#include "util/prog.h"

static void buf_grows(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d", i);
	assert_int_equal(b.len, 3000);
	assert_int_equal(strlen(buf_str(&b)), 3000);
	assert_string_equal(buf_str(&b) + 2997, "999");
	assert_int_equal(buf_err(&b), 0);
}

/* every length around a capacity leaves room for the NUL */
static void buf_edges(void **state)
{
	(void)state;
	for (int n = 120; n < 140; n++) {
		_cleanup_buf_ struct buf b = { 0 };

		buf_printf(&b, "%*s", n, "");
		buf_putc(&b, 'x');
		assert_int_equal(strlen(buf_str(&b)), (size_t)n + 1);
		buf_printf(&b, "%s", "beyond");
		assert_string_equal(buf_str(&b) + n, "xbeyond");
	}
}

static void buf_failure_sticks(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };

	(void)state;
	buf_puts(&b, "a");
	buf_add(&b, "b", SIZE_MAX - 1);
	assert_int_equal(buf_err(&b), -ENOMEM);
	buf_puts(&b, "c");
	assert_string_equal(buf_str(&b), "a");
	assert_int_equal(buf_err(&b), -ENOMEM);
	buf_free(&b);
	assert_int_equal(buf_err(&b), 0);
}

static void arena_is_zeroed_and_aligned(void **state)
{
	struct arena *a = NULL;

	(void)state;
	assert_int_equal(arena_new(&a), 0);
	for (size_t size = 0; size < 20000; size = size * 2 + 1) {
		unsigned char *p = arena_alloc(a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_ptr_not_equal(arena_alloc(a, 0), arena_alloc(a, 0));
	assert_string_equal(arena_strndup(a, "abc", 2), "ab");
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_strndup(a, "", SIZE_MAX));
	arena_freep(&a);
	assert_null(a);
	arena_free(NULL);
}

static void json_text(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct json j = { .out = &b };

	(void)state;
	json_begin(&j, '{');
	json_key(&j, "a\"\\\b\f\n\r\t\x01\x7f");
	json_begin(&j, '[');
	json_int(&j, INT64_MIN);
	json_uint(&j, UINT64_MAX);
	json_bool(&j, true);
	json_null(&j);
	json_begin(&j, '[');
	json_end(&j, ']');
	json_end(&j, ']');
	json_key(&j, "b");
	json_strn(&j, "\xc3\xa9\xff\xed\xa0\x80\xf0\x9f", 8);
	json_key(&j, "c");
	json_str(&j, "\xc2\x9b"); /* CSI */
	json_end(&j, '}');
	assert_string_equal(buf_str(&b),
			    "{\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f\":"
			    "[-9223372036854775808,18446744073709551615,true,null,[]],"
			    "\"b\":\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbd\xef\xbf\xbd\",\"c\":\"\\u009b\"}");
}

static void json_numbers(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0.1, "0.1" },	      { 1e300, "1e+300" },
		{ -2.5, "-2.5" },     { 1.0 / 3, "0.3333333333333333" },
		{ INFINITY, "null" }, { NAN, "null" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_buf_ struct buf b = { 0 };
		struct json j = { .out = &b };

		json_double(&j, rows[i].v);
		assert_string_equal(buf_str(&b), rows[i].text);
	}
}

static void prog_is_freed(void **state)
{
	struct prog p = { .n_notes = 2, .n_insns = 1 };

	(void)state;
	p.notes = calloc(2, sizeof(*p.notes));
	p.notes[1].text = strdup("x = 1");
	p.insns = calloc(1, sizeof(*p.insns));
	prog_free(&p);
	assert_null(p.notes);
	assert_int_equal(p.n_insns, 0);
	prog_free(&p);
	prog_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_grows),	      cmocka_unit_test(buf_edges),
		cmocka_unit_test(buf_failure_sticks), cmocka_unit_test(arena_is_zeroed_and_aligned),
		cmocka_unit_test(json_text),	      cmocka_unit_test(json_numbers),
		cmocka_unit_test(prog_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
