// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a target may be made to return: constants, return types, what callers can take. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "lang/parse.h"
#include "plan/plan.h"

struct outcome {
	int ret;
	int64_t value;
	struct err err;
	char notes[512];
};

static struct outcome evaluate(const char *text, bool force)
{
	struct outcome o = { 0 };
	struct kern *kern;
	struct rule *rule = NULL;
	struct plan plan = { 0 };

	assert_int_equal(fake_kern(&kern, NULL, &o.err), 0);
	o.ret = rule_parse(&rule, "rule", text, &o.err);
	if (!o.ret)
		o.ret = plan_rule(&plan, rule, kern, &(struct plan_opts){ .force = force }, &o.err);
	o.value = plan.value;
	snprintf(o.notes, sizeof(o.notes), "%s", buf_str(&plan.notes));
	plan_free(&plan);
	rule_free(rule);
	kern_free(kern);
	return o;
}

static void taken(void **state)
{
	static const struct {
		const char *rule;
		int64_t value;
	} rows[] = {
		{ "should_failslab = -ENOMEM", -12 },
		{ "kmalloc = -ENOMEM", -12 },
		{ "should_failslab = -12", -12 },
		{ "should_failslab = -4095", -4095 },
		{ "should_failslab = (-ENOMEM)", -12 },
		{ "should_failslab = (-(3 * 4))", -12 },
		{ "should_failslab = (~11)", -12 },
		{ "should_failslab = (1 ? -5 : 0)", -5 },
		{ "should_failslab = ((int)-5L)", -5 },
		{ "alloc_page = true", 1 },
		{ "should_fail_alloc_page = 1", 1 },
		{ "bio = -EIO", -5 },
		{ "syscall:openat = -EACCES", -13 },
		{ "__x64_sys_openat = -EACCES", -13 },
		{ "kmem_cache_alloc_noprof = NULL", 0 },
		{ "d_alloc = NULL", 0 },
		{ "d_alloc = ERR_PTR(-ENOMEM)", -12 },
		{ "d_alloc = ERR_PTR(-4095)", -4095 },
		{ "d_alloc_parallel = ERR_PTR(-ENOENT)", -2 },
		/* nothing but the type says what these may return */
		{ "bool_fn = false", 0 },
		{ "char_fn = 127", 127 },
		{ "char_fn = -128", -128 },
		{ "short_fn = -32768", -32768 },
		{ "unsigned_fn = 4294967295", 4294967295 },
		{ "long_fn = (-9223372036854775807 - 1)", INT64_MIN },
		{ "u64_fn = 18446744073709551615U", -1 },
		{ "enum_fn = 0", 0 },
		{ "tcp_v4_connect = -2147483648", INT32_MIN },
		{ "string_fn = NULL", 0 },
		/* after it ran, whatever fits */
		{ "should_failslab = 7 after", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o = evaluate(rows[i].rule, false);

		if (o.ret || o.value != rows[i].value)
			print_error("%s: %lld, %s\n", rows[i].rule, (long long)o.value, o.err.msg);
		assert_int_equal(o.ret, 0);
		assert_true(o.value == rows[i].value);
		assert_string_equal(o.notes, "");
	}
}

static const struct {
	const char *rule, *words;
} wrong[] = {
	{ "should_failslab = 0", "callers can take an error code" },
	{ "should_failslab = 1", "callers can take an error code" },
	{ "should_failslab = -4096", "callers can take an error code" },
	{ "should_failslab = true", "callers can take an error code" },
	{ "should_failslab = 2147483648", "2147483648 does not fit 'int'" },
	{ "should_failslab = NULL", "this is a pointer" },
	{ "should_failslab = ERR_PTR(-ENOMEM)", "this is a pointer" },
	{ "alloc_page = false", "callers can take true" },
	{ "alloc_page = 2", "2 does not fit 'bool'" },
	{ "alloc_page = -ENOMEM", "-12 does not fit 'bool'" },
	{ "syscall:openat = 0", "callers can take an error code" },
	{ "kmem_cache_alloc_noprof = -ENOMEM", "this is a number" },
	{ "kmem_cache_alloc_noprof = ERR_PTR(-ENOMEM)", "callers can take NULL" },
	{ "d_alloc_parallel = NULL", "callers can take an error code" },
	{ "d_alloc = 0", "this is a number" },
	{ "char_fn = 128", "128 does not fit 'char'" },
	{ "short_fn = -32769", "does not fit" },
	{ "unsigned_fn = -1", "-1 does not fit" },
	{ "unsigned_fn = 4294967296", "does not fit" },
	{ "u64_fn = -1", "does not fit" },
	{ "long_fn = 18446744073709551615U", "18446744073709551615 does not fit" },
};

static void refused_with_a_caret(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct outcome o = evaluate(wrong[i].rule, false);

		if (!strstr(o.err.msg, wrong[i].words))
			print_error("%s: %s\n", wrong[i].rule, o.err.msg);
		assert_int_equal(o.ret, -EINVAL);
		assert_int_equal(o.err.tag, ERR_TYPE_MISMATCH);
		assert_non_null(strstr(o.err.msg, wrong[i].words));
		assert_int_equal(o.err.place.line, 1);
		assert_int_equal(o.err.at.off, strchr(wrong[i].rule, '=') + 2 - wrong[i].rule);
		assert_true(o.err.n_notes > 0);
	}
}

static void force_takes_them_and_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct outcome o = evaluate(wrong[i].rule, true);

		assert_int_equal(o.ret, 0);
		assert_non_null(strstr(o.notes, "forced: "));
		assert_non_null(strstr(o.notes, wrong[i].words));
	}
	assert_int_equal(evaluate("should_failslab = 7", true).value, 7);
	assert_string_equal(evaluate("should_failslab = -5", true).notes, "");
}

/* no force makes these mean anything */
static void what_is_no_value_stays_refused(void **state)
{
	static const char *const rules[] = {
		"void_fn = 0",
		"double_fn = 0",
		"returns_big = 0",
		"should_failslab = ENOMEM",
		"d_alloc = ERR_PTR(12)",
		"d_alloc = ERR_PTR(-4096)",
		"d_alloc = ERR_PTR(NULL)",
		"should_failslab = (s)",
		"should_failslab = (nothing)",
		"d_alloc = ERR_PTR(-ENOMEN)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct outcome o = evaluate(rules[i], true);

		if (o.ret != -EINVAL)
			print_error("%s: %d\n", rules[i], o.ret);
		assert_int_equal(o.ret, -EINVAL);
		assert_int_equal(o.err.place.line, 1);
	}
}

static void unknown_targets_are_pointed_at(void **state)
{
	static const char *const rules[] = {
		"lsm:no_such_hook = -EPERM",
		"btrfs:open_ctree = -ENOMEM",
		"tcp_v4_conect = -ENOMEM",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct outcome o = evaluate(rules[i], true);

		assert_true(o.ret < 0);
		assert_int_equal(o.err.place.col, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused_with_a_caret),
		cmocka_unit_test(force_takes_them_and_says_so),
		cmocka_unit_test(what_is_no_value_stays_refused),
		cmocka_unit_test(unknown_targets_are_pointed_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
