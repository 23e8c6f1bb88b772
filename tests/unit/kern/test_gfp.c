/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation flags of kernels whose BTF numbers them, and of those whose does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/btf.h>
#include <errno.h>

#include "kern/gfp.h"

/* of one enum, with these bits in order of their numbers */
static struct kbtf *kernel(const char *const *bits, uint32_t release)
{
	struct btf *b = btf__new_empty();
	struct err err = { 0 };
	struct kbtf *k = NULL;
	char name[64];
	uint32_t len;
	const void *raw;
	void *copy;

	assert_non_null(b);
	assert_true(btf__add_enum(b, "numbers", 4) > 0);
	for (int i = 0; bits && bits[i]; i++) {
		snprintf(name, sizeof(name), "___GFP_%s_BIT", bits[i]);
		assert_int_equal(btf__add_enum_value(b, name, i), 0);
	}
	raw = btf__raw_data(b, &len);
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, raw, len);
	btf__free(b);
	assert_int_equal(kbtf_open(&k, copy, len, false, &err), 0);
	kbtf_set_release(k, release);
	return k;
}

static void is(const struct kbtf *k, const char *name, uint32_t want)
{
	const char *why = NULL;
	uint32_t v = 0;

	assert_int_equal(gfp_value(k, name, &v, &why), 0);
	assert_int_equal(v, want);
}

static void is_not_known(const struct kbtf *k, const char *name, const char *because)
{
	const char *why = NULL;
	uint32_t v = 0;

	assert_int_equal(gfp_value(k, name, &v, &why), -EOPNOTSUPP);
	assert_string_equal(why, because);
}

static void is_no_flag(const struct kbtf *k, const char *name)
{
	const char *why = NULL;
	uint32_t v = 0;

	assert_int_equal(gfp_value(k, name, &v, &why), -ENOENT);
}

static void test_before_the_enum(void **state)
{
	struct kbtf *old = kernel(NULL, KBTF_RELEASE(6, 1)),
		    *mid = kernel(NULL, KBTF_RELEASE(6, 6));

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct kbtf *k = i ? mid : old;

		is(k, "__GFP_DMA", 0x1);
		is(k, "__GFP_ZERO", 0x100);
		is(k, "__GFP_NOFAIL", 0x8000);
		is(k, "__GFP_ACCOUNT", 0x400000);
		is(k, "__GFP_RECLAIM", 0xc00);
		is(k, "GFP_KERNEL", 0xcc0);
		is(k, "GFP_KERNEL_ACCOUNT", 0x400cc0);
		is(k, "GFP_NOFS", 0xc40);
		is(k, "GFP_NOIO", 0xc00);
		is(k, "GFP_USER", 0x100cc0);
		is(k, "GFP_HIGHUSER_MOVABLE", 0x100cca);
		is(k, "GFP_NOWAIT", 0x800);
		is_not_known(k, "__GFP_NOLOCKDEP", "it depends on how the kernel was built");
		is_no_flag(k, "GFP_FOO");
		is_no_flag(k, "__GFP_FOO");
		is_no_flag(k, "gfp_kernel");
		is_no_flag(k, "");
	}
	is(old, "__GFP_ATOMIC", 0x200);
	is(old, "GFP_ATOMIC", 0xa20);
	is(mid, "GFP_ATOMIC", 0x820);
	is_not_known(mid, "__GFP_ATOMIC", "Linux 6.3 did away with it");
	kbtf_free(old);
	kbtf_free(mid);
}

static void test_edges_of_releases(void **state)
{
	struct kbtf *k = kernel(NULL, KBTF_RELEASE(6, 2));

	(void)state;
	is(k, "GFP_ATOMIC", 0xa20);
	kbtf_set_release(k, KBTF_RELEASE(6, 3));
	is(k, "GFP_ATOMIC", 0x820);
	kbtf_set_release(k, KBTF_RELEASE(6, 6));
	is(k, "GFP_NOWAIT", 0x800);
	kbtf_set_release(k, KBTF_RELEASE(6, 7));
	is_not_known(k, "GFP_NOWAIT", "its value changed between 6.7 and 6.9");
	kbtf_set_release(k, KBTF_RELEASE(6, 9));
	is_not_known(k, "GFP_NOWAIT", "its value changed between 6.7 and 6.9");
	kbtf_free(k);
}

/* BTF from a file: what is the same everywhere is known all the same */
static void test_no_release(void **state)
{
	static const char because[] =
		"it differs between releases, and the BTF does not tell which";
	struct kbtf *k = kernel(NULL, 0);

	(void)state;
	is(k, "GFP_KERNEL", 0xcc0);
	is(k, "__GFP_NOFAIL", 0x8000);
	is_not_known(k, "GFP_ATOMIC", because);
	is_not_known(k, "GFP_NOWAIT", because);
	is_not_known(k, "__GFP_ATOMIC", because);
	kbtf_free(k);
}

/* in an order of its own, to see that each is looked up */
static void test_enum(void **state)
{
	static const char *const bits[] = { "NOFAIL", "FS",	"IO",	  "KSWAPD_RECLAIM",
					    "HIGH",   "NOWARN", "DMA",	  "DIRECT_RECLAIM",
					    "FUTURE", "ZERO",	"ZERO_2", NULL };
	struct kbtf *k = kernel(bits, 0);

	(void)state;
	for (int i = 0; i < 2; i++) {
		is(k, "__GFP_NOFAIL", 0x1);
		is(k, "__GFP_FUTURE", 0x100);
		is(k, "GFP_KERNEL", 0x8e);
		is(k, "GFP_ATOMIC", 0x18);
		is(k, "GFP_NOWAIT", 0x28);
		is_not_known(k, "__GFP_ATOMIC", "Linux 6.3 did away with it");
		is_not_known(k, "__GFP_NOLOCKDEP", "this kernel is built without it");
		is_not_known(k, "GFP_USER", "a flag in it is not among this kernel's");
		is_not_known(k, "__GFP_COMP", "a flag in it is not among this kernel's");
		is_no_flag(k, "__GFP_FOO");
		kbtf_set_release(k, KBTF_RELEASE(6, 12));
	}
	kbtf_free(k);
}

/* every name offered as "did you mean" has a value in some kernel */
static void test_names(void **state)
{
	struct kbtf *k = kernel(NULL, KBTF_RELEASE(6, 1));
	const char *why;
	unsigned int n;
	uint32_t v;

	(void)state;
	for (n = 0; gfp_name(n); n++)
		assert_int_equal(gfp_value(k, gfp_name(n), &v, &why), 0);
	assert_true(n > 30);
	kbtf_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_enum), cmocka_unit_test(test_edges_of_releases),
		cmocka_unit_test(test_no_release),	cmocka_unit_test(test_enum),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
