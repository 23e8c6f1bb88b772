/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The BTF reader and struct kern on what gcc and pahole make of tests/fixtures/kernel.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "btf_exercise.h"
#include "fake_kern.h"
#include "kern/kern.h"

static struct kern *kern;
static const struct kbtf *btf;

static int setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (fake_kern(&kern, NULL, &err) < 0 || kern_btf(kern, &btf, &err) < 0) {
		/* a skipped test each, not an error: pahole need not be installed */
		print_message("# SKIP: %s\n", err.msg);
		kern_free(kern);
		kern = NULL;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kern_free(kern);
	return 0;
}

/* not skip(): "not ok # SKIP", as cmocka 1.1 writes it, is a failure to who reads TAP */
#define NEED_FIXTURE()                                                                             \
	do {                                                                                       \
		if (!kern) {                                                                       \
			print_message("# SKIP %s\n", __func__);                                    \
			return;                                                                    \
		}                                                                                  \
	} while (0)

static struct kbtf_proto proto(const char *func)
{
	struct kbtf_proto p = { 0 };

	assert_int_equal(kbtf_func(btf, func, &p), 0);
	return p;
}

static struct kbtf_member member(const char *type, const char *name)
{
	struct kbtf_member m = { 0 };
	uint32_t id = 0;

	assert_int_equal(kbtf_find(btf, BTF_KIND_STRUCT, type, &id), 0);
	assert_int_equal(kbtf_member(btf, id, name, &m), 0);
	return m;
}

static void protos(void **state)
{
	struct kbtf_proto p;

	(void)state;
	NEED_FIXTURE();
	p = proto("should_failslab");
	assert_int_equal(p.n_params, 2);
	assert_false(p.varargs);
	assert_string_equal(kbtf_str(btf, p.params[1].name_off), "gfpflags");
	assert_string_equal(kbtf_name(btf, p.ret), "int");
	assert_int_equal(proto("many_args").n_params, 8);
	p = proto("varargs_fn");
	assert_true(p.varargs);
	assert_int_equal(p.n_params, 1);
	p = proto("void_fn");
	assert_int_equal(p.ret, 0);
	assert_int_equal(p.n_params, 0);
	assert_int_equal(kbtf_func(btf, "task_struct", &p), -ENOENT);
	assert_int_equal(kbtf_count_named(btf, BTF_KIND_FUNC, "vfs_read"), 1);
}

static void assert_type(uint32_t id, const char *expected)
{
	char text[96];

	kbtf_type_name(btf, id, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void spells_types(void **state)
{
	struct kbtf_proto p;
	char tiny[8];

	(void)state;
	NEED_FIXTURE();
	p = proto("d_alloc_parallel");
	assert_type(p.ret, "struct dentry *");
	assert_type(p.params[1].type, "const struct qstr *");
	assert_type(p.params[2].type, "void *");
	p = proto("string_fn");
	assert_type(p.params[1].type, "const unsigned char *");
	assert_type(p.params[2].type, "char *const *");
	p = proto("fnptr_fn");
	assert_type(p.params[0].type, "int (*)(...)");
	assert_type(p.params[1].type, "int (*)[4]");
	assert_type(0, "void");
	assert_type(proto("six_args").params[0].type, "u8");
	assert_type(proto("bool_fn").ret, "bool");
	assert_type(proto("enum_fn").params[0].type, "enum req_op");
	assert_type(member("shapes", "names").type, "const char *const *");
	assert_type(member("shapes", "socks").type, "struct sock *[4]");
	assert_type(member("shapes", "callbacks").type, "void (*[2])(...)");
	assert_type(member("shapes", "flexible").type, "int[]");
	/* pahole multiplies dimensions, and names integers as DWARF does */
	assert_type(member("task_struct", "table").type, "long unsigned int[15]");
	kbtf_type_name(btf, proto("tcp_v4_connect").params[0].type, tiny, sizeof(tiny));
	assert_string_equal(tiny, "struct ");
}

static void members(void **state)
{
	struct kbtf_member m;
	uint32_t id;

	(void)state;
	NEED_FIXTURE();
	m = member("sock_common", "skc_rcv_saddr");
	assert_int_equal(m.bit_off, 4 * 8);
	assert_int_equal(m.bit_size, 0);
	assert_int_equal(member("sock_common", "skc_num").bit_off, 14 * 8);
	m = member("sock_common", "skc_reuse");
	assert_int_equal(m.bit_off, 19 * 8);
	assert_int_equal(m.bit_size, 4);
	m = member("sock_common", "skc_ipv6only");
	assert_int_equal(m.bit_off, 19 * 8 + 5);
	assert_int_equal(m.bit_size, 1);
	assert_int_equal(member("sock", "sk_neg").bit_size, 5);
	assert_int_equal(member("sock", "sk_wide_bits").bit_size, 40);
	assert_int_equal(member("qstr", "len").bit_off, 4 * 8);
	assert_int_equal(member("qstr", "name").bit_off, 8 * 8);
	assert_int_equal(member("bvec_iter", "bi_bvec_done").bit_off, 16 * 8);
	m = member("shapes", "deep_high");
	assert_int_equal(m.bit_off, member("shapes", "deep").bit_off + 16);
	/* through a typedef or const, but not through a pointer */
	id = proto("tcp_v4_connect").params[0].type;
	assert_int_equal(kbtf_member(btf, id, "__sk_common", &m), -EINVAL);
	id = kbtf_type(btf, kbtf_strip(btf, proto("d_alloc").params[1].type))->type;
	assert_int_equal(kbtf_member(btf, id, "hash_len", &m), 0);
	assert_int_equal(kbtf_member(btf, id, "lem", &m), -ENOENT);
	assert_int_equal(kbtf_member(btf, id, "", &m), -ENOENT);
}

static void assert_size(uint32_t id, uint64_t expected)
{
	uint64_t size = 0;

	assert_int_equal(kbtf_size(btf, id, &size), 0);
	assert_int_equal(size, expected);
}

static void sizes(void **state)
{
	uint64_t size;

	(void)state;
	NEED_FIXTURE();
	assert_size(member("task_struct", "table").type, 3 * 5 * 8);
	assert_size(member("task_struct", "comm").type, 16);
	assert_size(member("shapes", "flexible").type, 0);
	assert_size(member("shapes", "wide_real").type, 8);
	assert_size(proto("fnptr_fn").params[0].type, 8);
	assert_size(proto("bool_fn").ret, 1);
	assert_size(proto("big_by_value").params[0].type, 32);
	assert_size(proto("enum_fn").params[2].type, 8);
	assert_int_equal(kbtf_size(btf, proto("void_fn").func_id, &size), -EINVAL);
}

static void enums(void **state)
{
	int64_t v;

	(void)state;
	NEED_FIXTURE();
	assert_int_equal(kbtf_enum_value(btf, "NUMBER_LOWEST", &v), 0);
	assert_true(v == INT32_MIN);
	assert_int_equal(kbtf_enum_value(btf, "WIDE_33", &v), 0);
	assert_true(v == 0x200000000ll);
	assert_int_equal(kbtf_enum_value(btf, "WIDE_TOP", &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(kbtf_enum_value(btf, "SOCK_PACKET", &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(kbtf_enum_value(btf, "SOCK", &v), -ENOENT);
	assert_int_equal(kbtf_enum_value(btf, "", &v), -ENOENT);
}

static void nearest(void **state)
{
	const char *near[3];
	uint32_t id;

	(void)state;
	NEED_FIXTURE();
	assert_true(kbtf_nearest(btf, BTF_KIND_FUNC, "tcp_v4_conect", near, 3) >= 1);
	assert_string_equal(near[0], "tcp_v4_connect");
	assert_int_equal(kbtf_nearest(btf, BTF_KIND_FUNC, "xyzzy_plugh", near, 3), 0);
	assert_int_equal(kbtf_find(btf, BTF_KIND_STRUCT, "sock_common", &id), 0);
	assert_true(kbtf_nearest_member(btf, id, "skc_dadr", near, 3) >= 1);
	assert_string_equal(near[0], "skc_daddr");
	assert_int_equal(kbtf_nearest_member(btf, 0, "x", near, 3), 0);
}

static void fake_symbols(void **state)
{
	const char *names[] = { "vfs_read", "nobody", "should_failslab" };
	struct ksym found[3];
	struct err err = { 0 };
	char text[2][KSYM_TEXT];
	uint64_t addrs[2];

	(void)state;
	NEED_FIXTURE();
	assert_int_equal(kern_lookup(kern, names, 3, found, &err), 0);
	assert_int_equal(found[0].addr, fake_kern_addr(proto("vfs_read").func_id));
	assert_int_equal(found[0].size, FAKE_KERN_SIZE);
	assert_int_equal(found[1].addr, 0);
	addrs[0] = found[2].addr + 0x2a;
	addrs[1] = 0x1234;
	assert_int_equal(kern_symbolize(kern, addrs, 2, text, &err), 0);
	assert_string_equal(text[0], "should_failslab+0x2a");
	assert_string_equal(text[1], "0x1234");
}

static void nofail(void **state)
{
	struct err err = { 0 };
	uint64_t mask = 0;

	(void)state;
	NEED_FIXTURE();
	assert_int_equal(kern_gfp_nofail(kern, &mask, &err), 0);
	assert_int_equal(mask, 0x8000);
}

static void survives_whole_and_cut(void **state)
{
	size_t len, cut;
	void *data;

	(void)state;
	NEED_FIXTURE();
	assert_int_equal(fake_kern_slurp(fake_kern_path(), &data, &len), 0);
	assert_int_equal(btf_exercise(data, len), 0);
	for (cut = 0; cut < len; cut += 7)
		btf_exercise(data, cut);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protos),
		cmocka_unit_test(spells_types),
		cmocka_unit_test(members),
		cmocka_unit_test(sizes),
		cmocka_unit_test(enums),
		cmocka_unit_test(nearest),
		cmocka_unit_test(nofail),
		cmocka_unit_test(fake_symbols),
		cmocka_unit_test(survives_whole_and_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
