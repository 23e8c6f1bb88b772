// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stacks to functions with types, and what is handed from one session to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "feature/follow.h"

/* a dry run sees one stack; what is known then */
static struct follow_known seen(const char *target, const char *const *symbols, unsigned int n)
{
	const struct record r = { .kind = RECORD_INJECTED, .tid = 5 };
	struct follow_known known = { 0 };
	struct injection in = { 0 };
	struct follow *f = NULL;
	uint64_t addrs[LIMIT_STACK_DEPTH];
	struct err err = { 0 };

	for (unsigned int i = 0; i < n; i++)
		addrs[i] = 0x1000 * (i + 1) + 0x10;
	assert_int_equal(fake_kern(&in.kern, NULL, &err), 0);
	assert_int_equal(follow_new(&f, &in, true, &known, &err), 0);
	assert_int_equal(follow_injected(f, &r, "rule", target, addrs, symbols, n), 0);
	follow_free(f, &known);
	kern_free(in.kern);
	return known;
}

static void functions_have_the_types_of_btf(void **state)
{
	static const char *const symbols[] = {
		"should_failslab+0x10", "kmem_cache_alloc_noprof+0x10",
		"void_fn+0x10",		"bool_fn+0x10",
		"unsigned_fn+0x10",	"enum_fn+0x10",
		"short_fn+0x10",	"tcp_v4_connect.constprop.0+0x10",
		"short_fn.isra.0+0x10", "no_such_function+0x10",
		"returns_big+0x10",	"__x64_sys_openat+0x10",
	};
	static const struct {
		const char *name;
		enum path_type type;
		unsigned int bytes;
	} expected[] = {
		{ "kmem_cache_alloc_noprof", PATH_PTR, 8 },
		{ "void_fn", PATH_VOID, 0 },
		{ "bool_fn", PATH_BOOL, 1 },
		{ "unsigned_fn", PATH_NUMBER, 4 },
		{ "enum_fn", PATH_NUMBER, 4 },
		{ "short_fn", PATH_INT, 2 },
		{ "tcp_v4_connect.constprop.0", PATH_INT, 4 },
		{ "short_fn.isra.0", PATH_UNKNOWN, 0 },
		{ "no_such_function", PATH_UNKNOWN, 0 },
		{ "returns_big", PATH_UNKNOWN, 0 },
		{ "__x64_sys_openat", PATH_INT, 8 },
	};
	struct follow_known k = seen("should_failslab", symbols, 12);

	(void)state;
	assert_int_equal(k.n, 12); /* the target, then its callers */
	assert_string_equal(k.funcs[0].func.name, "should_failslab");
	assert_int_equal(k.funcs[0].addr, 0); /* not to be probed */
	for (unsigned int i = 0; i < 11; i++) {
		assert_string_equal(k.funcs[i + 1].func.name, expected[i].name);
		assert_int_equal(k.funcs[i + 1].func.type, expected[i].type);
		assert_int_equal(k.funcs[i + 1].addr, 0x1000 * (i + 2));
		if (expected[i].type != PATH_UNKNOWN)
			assert_int_equal(k.funcs[i + 1].func.bytes, expected[i].bytes);
	}
	follow_known_free(&k);
}

/* where the callers begin: a probe, a trampoline whose program has no name, a later kernel */
static void the_target_is_not_its_caller(void **state)
{
	static const char *const stacks[][4] = {
		{ "should_failslab+0x9", "dst_alloc+0x3d", "tcp_v4_connect+0x1", "f+0x1" },
		{ "0xffffffffa0000e83", "0xffffffffa00008d8", "should_failslab+0x9",
		  "dst_alloc+0x3d" },
		{ "bpf_prog_1234_rc_target+0x8", "bpf_trampoline_1_0+0x2", "should_failslab+0x9",
		  "dst_alloc+0x3d" },
		{ "bpf_prog_1234_rc_target+0x8", "bpf_trampoline_1_0+0x2", "dst_alloc+0x3d",
		  "should_failslab+0x9" },
	};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct follow_known k = seen("should_failslab", stacks[i], 4);

		assert_in_range(k.n, 2, 4);
		assert_string_equal(k.funcs[1].func.name, "dst_alloc");
		follow_known_free(&k);
	}
}

static void known_functions_are_known_to_the_next(void **state)
{
	static const char *const symbols[] = { "should_failslab+0x9", "tcp_v4_connect+0x10" };
	struct follow_known k = seen("should_failslab", symbols, 2), next = { 0 };
	struct injection in = { 0 };
	struct follow *f = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(follow_new(&f, &in, true, &k, &err), 0);
	follow_free(f, &next);
	assert_int_equal(next.n, 2);
	assert_string_equal(next.funcs[1].func.name, "tcp_v4_connect");
	assert_int_equal(next.funcs[1].func.type, PATH_INT);
	assert_true(next.funcs[1].addr == k.funcs[1].addr);
	follow_known_free(&next);
	follow_known_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_have_the_types_of_btf),
		cmocka_unit_test(the_target_is_not_its_caller),
		cmocka_unit_test(known_functions_are_known_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
