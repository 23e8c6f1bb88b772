// SPDX-License-Identifier: LGPL-2.1-or-later
/* A kernel that is a file: functions are there or not, nowhere in particular. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "kern/kern.h"

static void functions_are_there_or_not(void **state)
{
	const char *const names[] = { "tcp_v4_connect", "tcp_v4_conect", "__x64_sys_openat", "" };
	struct ksym found[4];
	struct err err = { 0 };
	struct kern *k;

	(void)state;
	assert_int_equal(kern_file(&k, fake_kern_path(), &err), 0);
	assert_true(kern_types_only(k));
	assert_int_equal(kern_lookup(k, names, 4, found, &err), 0);
	assert_true(found[0].addr == KSYM_SOMEWHERE);
	assert_true(found[1].addr == 0);
	assert_true(found[2].addr == KSYM_SOMEWHERE);
	assert_true(found[3].addr == 0);
	assert_int_equal(kern_error_type(k, names[0], &found[0]), KERN_ERROR_UNKNOWN);
	kern_free(k);
}

/* a file has no modules; what is found is of the kernel itself */
static void no_modules(void **state)
{
	const char *const names[] = { "tcp_v4_connect", FAKE_MODULE ":mod_fail",
				      "vmlinux:vfs_read" };
	const struct kbtf *btf;
	struct ksym found[3];
	struct err err = { 0 };
	struct kern *k;

	(void)state;
	memset(found, 0xff, sizeof(found));
	assert_int_equal(kern_file(&k, fake_kern_path(), &err), 0);
	assert_int_equal(kern_lookup(k, names, 3, found, &err), 0);
	assert_true(found[0].addr == KSYM_SOMEWHERE);
	assert_int_equal(found[0].size, 0);
	assert_string_equal(found[0].module, "");
	assert_true(found[1].addr == 0);
	assert_true(found[2].addr == 0);
	assert_int_equal(kern_module_btf(k, FAKE_MODULE, &btf, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "does not have the types of modules"));
	kern_free(k);
}

static void addresses_stay_numbers(void **state)
{
	const uint64_t addr = 0xffffffff81000000;
	char text[1][KSYM_TEXT];
	struct err err = { 0 };
	struct kern *k;

	(void)state;
	assert_int_equal(kern_file(&k, fake_kern_path(), &err), 0);
	assert_int_equal(kern_symbolize(k, &addr, 1, text, &err), 0);
	assert_string_equal(text[0], "0xffffffff81000000");
	kern_free(k);
}

/* the path is tried when types are first asked for, and told then */
static void no_such_file(void **state)
{
	static const struct {
		const char *path, *words;
	} rows[] = {
		{ "/nonexistent/vmlinux", "cannot read /nonexistent/vmlinux" },
		{ "/dev/null", "neither BTF nor" },
		{ "/", "neither BTF nor" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kbtf *btf;
		struct err err = { 0 };
		struct kern *k;

		assert_int_equal(kern_file(&k, rows[i].path, &err), 0);
		assert_true(kern_btf(k, &btf, &err) < 0);
		assert_int_equal(err.tag, ERR_USAGE);
		assert_non_null(strstr(err.msg, rows[i].words));
		kern_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_there_or_not),
		cmocka_unit_test(no_modules),
		cmocka_unit_test(addresses_stay_numbers),
		cmocka_unit_test(no_such_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
