// SPDX-License-Identifier: LGPL-2.1-or-later
/* Types of a module, which continue the kernel's: the fixture's, as gcc and pahole make them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_exercise.h"
#include "fake_kern.h"
#include "kern/kbtf_impl.h"
#include "kern/kern.h"

static struct kern *kern;
static const struct kbtf *base, *btf;

static int setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (fake_kern(&kern, NULL, &err) < 0 || kern_btf(kern, &base, &err) < 0 ||
	    kern_module_btf(kern, FAKE_MODULE, &btf, &err) < 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kern_free(kern);
	return 0;
}

static void assert_declared(uint32_t id, const char *name, const char *text)
{
	char buf[160];

	kbtf_declare(btf, id, name, buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static void ids_continue(void **state)
{
	uint32_t id;

	(void)state;
	assert_ptr_equal(kbtf_base(btf), base);
	assert_null(kbtf_base(base));
	assert_true(kbtf_count(btf) > kbtf_count(base));
	assert_null(kbtf_type(btf, 0));
	assert_null(kbtf_type(btf, kbtf_count(btf) + 1));
	for (id = 1; id <= kbtf_count(base); id++)
		assert_ptr_equal(kbtf_type(btf, id), kbtf_type(base, id));
	for (; id <= kbtf_count(btf); id++) {
		assert_non_null(kbtf_type(btf, id));
		assert_null(kbtf_type(base, id));
	}
}

static void own_functions_over_types_of_both(void **state)
{
	struct kbtf_proto p;

	(void)state;
	assert_int_equal(kbtf_func(base, "mod_fail", &p), -ENOENT);
	assert_int_equal(kbtf_func(btf, "mod_fail", &p), 0);
	assert_int_equal(p.n_params, 2);
	assert_true(p.func_id > kbtf_count(base));
	assert_declared(p.params[0].type, kbtf_str(btf, p.params[0].name_off),
			"struct mod_object *object");
	/* its type and its name are the kernel's */
	assert_true(p.params[1].type <= kbtf_count(base));
	assert_declared(p.params[1].type, kbtf_str(btf, p.params[1].name_off), "gfp_t flags");
	assert_int_equal(kbtf_func(btf, "mod_alloc", &p), 0);
	assert_declared(p.params[0].type, "sk", "struct sock *sk");
	assert_declared(p.ret, "", "struct mod_object *");
}

static void own_function_goes_first(void **state)
{
	struct kbtf_proto p;

	(void)state;
	assert_int_equal(kbtf_func(base, "six_args", &p), 0);
	assert_int_equal(p.n_params, 6);
	assert_int_equal(kbtf_func(btf, "six_args", &p), 0);
	assert_int_equal(p.n_params, 1);
	assert_int_equal(kbtf_count_named(btf, BTF_KIND_FUNC, "six_args"), 2);
	assert_int_equal(kbtf_count_named(base, BTF_KIND_FUNC, "six_args"), 1);
	assert_int_equal(kbtf_own_func(btf, "six_args", &p), 0);
	assert_int_equal(p.n_params, 1);
	assert_int_equal(kbtf_own_func(btf, "tcp_v4_connect", &p), -ENOENT);
	assert_int_equal(kbtf_own_func(base, "tcp_v4_connect", &p), 0);
	/* the kernel's are there as well */
	assert_int_equal(kbtf_func(btf, "tcp_v4_connect", &p), 0);
	assert_int_equal(p.n_params, 3);
}

/* asked often, names are hashed: the same answers */
static void hashed_like_searched(void **state)
{
	struct kbtf_proto p;

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		own_functions_over_types_of_both(state);
		own_function_goes_first(state);
		assert_int_equal(kbtf_func(btf, "nobody", &p), -ENOENT);
		assert_int_equal(kbtf_func(base, "mod_alloc", &p), -ENOENT);
	}
}

static void many_like_each(const struct kbtf *k, const char *const *names, unsigned int n)
{
	uint32_t ids[4096];

	assert_true(n <= sizeof(ids) / sizeof(ids[0]));
	assert_int_equal(kbtf_own_funcs(k, names, n, ids), 0);
	for (unsigned int i = 0; i < n; i++) {
		struct kbtf_proto p;
		int ret = kbtf_own_func(k, names[i], &p);

		assert_int_equal(ids[i], ret ? 0 : p.func_id);
	}
}

/* all names there are, one twice, some that are not there: the same as asked one by one */
static void many_functions_at_once(void **state)
{
	static const char *const none[] = { "",		 "nobody",   "nobody_of_this_name",
					    "six_argz",	 "six_args", "six_args",
					    "six_args_", "six_arg" };
	const char *names[4096];
	uint32_t cursor = 0, id;
	unsigned int n = 0, n_long = 0;

	(void)state;
	while (n < 4000 && kbtf_next_func(base, "", &cursor, &id))
		names[n++] = kbtf_name(base, id);
	assert_true(n > 10);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		names[n++] = none[i];
	many_like_each(base, names, n);
	many_like_each(btf, names, n);
	/* no name of less than 8 bytes among them: most are told apart by those */
	for (unsigned int i = 0; i < n; i++)
		if (strlen(names[i]) >= 8)
			names[n_long++] = names[i];
	assert_true(n_long < n);
	many_like_each(base, names, n_long);
	many_like_each(btf, names, n_long);
	many_like_each(base, names, 0);
}

static void members(void **state)
{
	struct kbtf_member m;
	uint64_t size;
	uint32_t id;

	(void)state;
	assert_int_equal(kbtf_find(btf, BTF_KIND_STRUCT, "mod_object", &id), 0);
	assert_int_equal(kbtf_size(btf, id, &size), 0);
	assert_int_equal(size, 40);
	assert_int_equal(kbtf_member(btf, id, "mode", &m), 0);
	assert_int_equal(m.bit_off, 32);
	assert_int_equal(m.bit_size, 4);
	assert_int_equal(kbtf_member(btf, id, "sk", &m), 0);
	assert_int_equal(m.bit_off, 64);
	assert_declared(m.type, "", "struct sock *");
	/* through the anonymous struct, and on into one of the kernel */
	assert_int_equal(kbtf_member(btf, id, "bio", &m), 0);
	assert_int_equal(m.bit_off, 128);
	m.type = kbtf_strip(btf, kbtf_type(btf, kbtf_strip(btf, m.type))->type);
	assert_int_equal(kbtf_member(btf, m.type, "bi_iter", &m), 0);
	assert_int_equal(kbtf_member(btf, id, "nobody", &m), -ENOENT);
}

static void constants_and_near_names(void **state)
{
	const char *near[3];
	int64_t value;

	(void)state;
	assert_int_equal(kbtf_enum_value(btf, "MOD_BUSY", &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(kbtf_enum_value(base, "MOD_BUSY", &value), -ENOENT);
	assert_int_equal(kbtf_enum_value(btf, "SOCK_RAW", &value), 0);
	assert_int_equal(value, 3);
	assert_true(kbtf_nearest(btf, BTF_KIND_FUNC, "mod_fial", near, 3) >= 1);
	assert_string_equal(near[0], "mod_fail");
	assert_true(kbtf_nearest(btf, BTF_KIND_FUNC, "tcp_v4_conect", near, 3) >= 1);
	assert_string_equal(near[0], "tcp_v4_connect");
	assert_true(kbtf_nearest_constant(btf, "MOD_BUSI", near, 3) >= 1);
	assert_string_equal(near[0], "MOD_BUSY");
}

/* each of both, once */
static void walks_all(void **state)
{
	uint32_t seen = 0, want = 0, id;
	struct kbtf_walk w;

	(void)state;
	for (id = 1; id <= kbtf_count(btf); id++)
		want += KBTF_KIND(kbtf_type(btf, id)->info) == BTF_KIND_PTR;
	kbtf_walk_from(&w, btf, (uint32_t)KBTF_BIT(BTF_KIND_PTR));
	for (const struct btf_type *t; (t = kbtf_walk(&w)); seen++)
		assert_ptr_equal(t, kbtf_type(btf, w.id));
	assert_int_equal(seen, want);
	assert_null(kbtf_walk(&w));
}

static void symbols_know_their_module(void **state)
{
	const char *const names[] = { "mod_fail", "six_args", FAKE_MODULE ":six_args",
				      FAKE_MODULE ":tcp_v4_connect", "other_mod:mod_fail" };
	struct err err = { 0 };
	char text[2][KSYM_TEXT];
	struct ksym found[5];
	uint64_t addrs[2];

	(void)state;
	assert_int_equal(kern_lookup(kern, names, 5, found, &err), 0);
	assert_string_equal(found[0].module, FAKE_MODULE);
	assert_string_equal(found[1].module, "");
	assert_string_equal(found[2].module, FAKE_MODULE);
	assert_true(found[1].addr && found[2].addr && found[1].addr != found[2].addr);
	assert_int_equal(found[3].addr, 0);
	assert_int_equal(found[4].addr, 0);
	addrs[0] = found[0].addr + 8;
	addrs[1] = found[1].addr;
	assert_int_equal(kern_symbolize(kern, addrs, 2, text, &err), 0);
	assert_string_equal(text[0], "mod_fail+0x8 [" FAKE_MODULE "]");
	assert_string_equal(text[1], "six_args+0x0");
}

static void read_once_and_kept(void **state)
{
	const struct kbtf *again;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(kern_module_btf(kern, FAKE_MODULE, &again, &err), 0);
	assert_ptr_equal(again, btf);
}

static void unknown_modules(void **state)
{
	static const char too_long[] = "m23456789_123456789_123456789_123456789_123456789_"
				       "123456789_1234";
	const char *const names[] = { "nobody", "", ".", "../vmlinux", "a/b", "a b", too_long };
	const struct kbtf *k;
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err err = { 0 };

		assert_int_equal(kern_module_btf(kern, names[i], &k, &err), -ENOENT);
		assert_true(err.msg[0] != '\0');
		err_clear(&err);
		assert_int_equal(kern_module_btf_fd(kern, names[i], &fd, &err), -ENOENT);
		assert_true(err.msg[0] != '\0');
	}
	assert_int_equal(fd, -1);
}

/* any change of the blob is refused, or read within bounds */
static void damaged(void **state)
{
	size_t len = 0;
	void *data = NULL;

	(void)state;
	assert_int_equal(fake_kern_slurp(fake_kern_module_path(), &data, &len), 0);
	for (size_t cut = 0; cut <= len; cut++)
		btf_exercise_split(base, data, len - cut);
	for (size_t at = 0; at < len; at++) {
		unsigned char *p = (unsigned char *)data + at, was = *p;

		*p = (unsigned char)(was ^ 0xff);
		btf_exercise_split(base, data, len);
		*p = (unsigned char)(was ^ 1 << at % 8);
		btf_exercise_split(base, data, len);
		*p = was;
	}
	free(data);
}

/* none of its own, not even the empty one */
static void without_strings(void **state)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h) };
	struct err err = { 0 };
	struct kbtf *k = NULL, *other = NULL;
	void *copy = malloc(sizeof(h));

	(void)state;
	assert_non_null(copy);
	memcpy(copy, &h, sizeof(h));
	assert_int_equal(kbtf_open_split(&k, base, copy, sizeof(h), false, &err), 0);
	assert_int_equal(kbtf_count(k), kbtf_count(base));
	assert_string_equal(kbtf_str(k, base->str_len), "");
	/* and none continues one that continues another */
	copy = malloc(sizeof(h));
	assert_non_null(copy);
	memcpy(copy, &h, sizeof(h));
	assert_int_equal(kbtf_open_split(&other, k, copy, sizeof(h), false, &err), -EINVAL);
	assert_int_equal(err.tag, ERR_BTF);
	kbtf_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_continue),
		cmocka_unit_test(own_functions_over_types_of_both),
		cmocka_unit_test(own_function_goes_first),
		cmocka_unit_test(hashed_like_searched),
		cmocka_unit_test(many_functions_at_once),
		cmocka_unit_test(members),
		cmocka_unit_test(constants_and_near_names),
		cmocka_unit_test(walks_all),
		cmocka_unit_test(symbols_know_their_module),
		cmocka_unit_test(read_once_and_kept),
		cmocka_unit_test(unknown_modules),
		cmocka_unit_test(damaged),
		cmocka_unit_test(without_strings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
