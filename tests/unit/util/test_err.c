/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/diag.h"
#include "util/err.h"

static const char text[] = "a() =>\n\tb(int x)(x = 1)\n";
static const struct source src = { "spec", text, sizeof(text) - 1 };

static void first_error_wins(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_plain(&err, -EINVAL, ERR_SYNTAX, "one %d", 1), -EINVAL);
	assert_int_equal(err_plain(&err, -EPERM, ERR_PERMISSION, "two"), -EPERM);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.msg, "one 1");
	assert_true(span_is_none(err.at));
}

static void null_is_welcome(void **state)
{
	(void)state;
	assert_int_equal(err_plain(NULL, -EINVAL, ERR_SYNTAX, "x"), -EINVAL);
	assert_int_equal(err_wrap(NULL, "x"), 0);
	assert_int_equal(err_nomem(NULL), -ENOMEM);
	err_note(NULL, SPAN_NONE, "x");
	err_clear(NULL);
}

static void success_stays_untouched(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_wrap(&err, "doing"), 0);
	err_note(&err, SPAN_NONE, "note");
	assert_int_equal(err.code, 0);
	assert_int_equal(err.n_notes, 0);
	assert_string_equal(err.msg, "");
}

static void wrap_prepends(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_plain(&err, -ENOENT, ERR_SYSTEM, "no such file");
	assert_int_equal(err_wrap(&err, "reading %s", "x"), -ENOENT);
	assert_string_equal(err.msg, "reading x: no such file");
}

/* the inner message survives any number of contexts */
static void wrap_gives_way(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_plain(&err, -ENOENT, ERR_SYSTEM, "no such file");
	for (int i = 0; i < 100; i++) {
		err_wrap(&err, "a context of many words, number %d", i);
		assert_non_null(strstr(err.msg, "no such file"));
		assert_true(strlen(err.msg) < sizeof(err.msg));
	}
}

static void long_messages_show_the_cut(void **state)
{
	struct err err = { 0 };
	char big[1000];

	(void)state;
	for (size_t len = sizeof(err.msg) - 3; len <= sizeof(err.msg) + 3; len++) {
		/* two-byte characters, at even and odd offsets */
		for (size_t i = 0; i < len; i++)
			big[i] = i < len % 2 ? 'a' : (i - len % 2) % 2 ? '\xa9' : '\xc3';
		big[len] = '\0';
		err_clear(&err);
		err_plain(&err, -EINVAL, ERR_SYNTAX, "%s", big);
		if (len < sizeof(err.msg)) {
			assert_string_equal(err.msg, big);
			continue;
		}
		assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
		assert_int_equal((unsigned char)err.msg[strlen(err.msg) - 4], 0xa9);
	}
}

static void notes_are_limited(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_plain(&err, -EINVAL, ERR_SYNTAX, "x");
	for (int i = 0; i < ERR_NOTES + 1; i++)
		err_note(&err, SPAN_NONE, "note %d", i);
	assert_int_equal(err.n_notes, ERR_NOTES);
	assert_string_equal(err.note[ERR_NOTES - 1].msg, "note 3");
}

static void every_tag_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_TAG_COUNT; i++)
		assert_non_null(err_tag_name((enum err_tag)i));
	assert_string_equal(err_tag_name(ERR_TYPE_MISMATCH), "type-mismatch");
	assert_string_equal(err_tag_name(ERR_TAG_COUNT), "unknown");
}

/* the rule and its text are gone by the time the error is printed */
static void error_outlives_its_source(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	char copy[sizeof(text)];
	char name[] = "spec";
	struct source mortal = { name, copy, sizeof(text) - 1 };
	struct err err = { 0 };

	(void)state;
	memcpy(copy, text, sizeof(text));
	err_set(&err, -EINVAL, ERR_SYNTAX, &mortal, (struct span){ 19, 1 }, "bad");
	err_note(&err, (struct span){ 0, 3 }, "see");
	memset(copy, 'x', sizeof(copy));
	memset(name, 'x', sizeof(name));
	mortal.text = NULL;
	diag_render(&err, "retcon", &out);
	assert_string_equal(buf_str(&out), "retcon: spec:2:13: error: bad [syntax]\n"
					   "          b(int x)(x = 1)\n"
					   "                     ^\n"
					   "spec:1:1: note: see\n"
					   "  a() =>\n"
					   "  ^~~\n");
}

static void render_without_source(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };

	(void)state;
	err_plain(&err, -EINVAL, ERR_USAGE, "no\033[31m \xff\xe2\x80\xae\tx");
	diag_render(&err, "", &out);
	assert_string_equal(buf_str(&out),
			    "error: no\xef\xbf\xbd[31m \xef\xbf\xbd\xef\xbf\xbd x [usage]\n");
}

/* width in columns of a line without escapes or wide characters */
static size_t columns(const char *line)
{
	size_t n = 0;

	for (; *line && *line != '\n'; line++)
		n += ((unsigned char)*line & 0xc0) != 0x80;
	return n;
}

/* wherever the caret is: at most 100 columns, the caret under its byte */
static void long_lines_are_cut(void **state)
{
	static char big[3000];
	struct source long_src = { "s", big, sizeof(big) - 1 };

	(void)state;
	for (uint32_t off = 0; off < sizeof(big) - 1; off += 7) {
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };
		const char *line, *caret;

		memset(big, '.', sizeof(big) - 1);
		big[off] = '!';
		err_set(&err, -EINVAL, ERR_SYNTAX, &long_src,
			(struct span){ off, off % 3 ? 1 : 500 }, "x");
		diag_render(&err, NULL, &out);
		line = strchr(buf_str(&out), '\n') + 1;
		caret = strchr(line, '\n') + 1;
		assert_true(columns(line) <= 100);
		assert_true(columns(caret) <= 100);
		assert_int_equal(strcspn(line, "!"), strcspn(caret, "^"));
	}
}

static void spans_past_the_end(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct source tiny = { "s", "ab", 2 };
	struct err err = { 0 };

	(void)state;
	err_set(&err, -EINVAL, ERR_SYNTAX, &tiny, (struct span){ 2, 7 }, "x");
	diag_render(&err, NULL, &out);
	assert_string_equal(buf_str(&out), "s:1:3: error: x [syntax]\n  ab\n    ^\n");
	err_clear(&err);
	buf_free(&out);
	err_set(&err, -EINVAL, ERR_SYNTAX, &tiny, (struct span){ 4000000000U, 4000000000U }, "x");
	diag_render(&err, NULL, &out);
	assert_string_equal(buf_str(&out), "s:1:3: error: x [syntax]\n  ab\n    ^\n");
}

static void locate(void **state)
{
	unsigned int line, col;
	const char *p;
	size_t len;

	(void)state;
	source_locate(&src, 6, &line, &col, &p, &len); /* the newline belongs to its line */
	assert_int_equal(line, 1);
	assert_int_equal(col, 7);
	assert_int_equal(len, 6);
	source_locate(&src, 7, &line, &col, &p, &len);
	assert_int_equal(line, 2);
	assert_int_equal(col, 1);
	assert_int_equal(len, 16);
	source_locate(&src, UINT32_MAX, &line, &col, &p, &len);
	assert_int_equal(line, 3);
	assert_int_equal(col, 1);
	assert_int_equal(len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_error_wins),
		cmocka_unit_test(null_is_welcome),
		cmocka_unit_test(success_stays_untouched),
		cmocka_unit_test(wrap_prepends),
		cmocka_unit_test(wrap_gives_way),
		cmocka_unit_test(long_messages_show_the_cut),
		cmocka_unit_test(notes_are_limited),
		cmocka_unit_test(every_tag_has_a_name),
		cmocka_unit_test(error_outlives_its_source),
		cmocka_unit_test(render_without_source),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(spans_past_the_end),
		cmocka_unit_test(locate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
