/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C's type rules over the fixture, and the fixture over the C compiler. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <cmocka.h>

#include "comp/type.h"
#include "tests/diff/fixture.h"

static struct kbtf *btf;

static int open_fixture(void **state)
{
	(void)state;
	return fixture_btf(&btf);
}

static int close_fixture(void **state)
{
	(void)state;
	kbtf_freep(&btf);
	return 0;
}

static struct type named(int tag, const char *name, unsigned int stars)
{
	struct type_name n = { .name = { name, strlen(name) }, .stars = stars };
	struct type t = type_void();

	if (tag == TYPE_STRUCT)
		n.tag = TYPE_STRUCT;
	else if (tag == TYPE_ENUM)
		n.tag = TYPE_ENUM;
	else
		n.tag = TYPE_WORDS;
	if (type_by_name(btf, &n, &t) < 0)
		fail_msg("no type %s", name);
	return t;
}

static void check_words(const char *words, unsigned int bytes, bool is_signed)
{
	struct type t = named(TYPE_WORDS, words, 0);

	assert_int_equal(t.kind, TYPE_INT);
	assert_int_equal(t.bytes, bytes);
	assert_int_equal(t.is_signed, is_signed);
}

static void words_of_c(void **state)
{
	static const char *const wrong[] = {
		"long char", "unsigned signed", "short long", "void int", "long long long",
		"int int",   "unsigned void",	"_Bool int",  "char int",
	};

	(void)state;
	check_words("int", sizeof(int), true);
	check_words("unsigned", sizeof(unsigned), false);
	check_words("long unsigned int", sizeof(long unsigned int), false);
	check_words("long long", sizeof(long long), true);
	check_words("short int", sizeof(short int), true);
	check_words("unsigned char", 1, false);
	check_words("signed char", 1, true);
	check_words("char", 1, true); /* as this BTF says */
	check_words("u16", 2, false);
	check_words("s64", 8, true);
	check_words("gfp_t", 4, false);
	assert_true(named(TYPE_WORDS, "bool", 0).is_bool);
	assert_true(named(TYPE_WORDS, "_Bool", 0).is_bool);
	assert_int_equal(named(TYPE_WORDS, "void", 0).kind, TYPE_VOID);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct type_name n = { .tag = TYPE_WORDS, .name = { wrong[i], strlen(wrong[i]) } };
		struct type t;

		assert_int_equal(type_by_name(btf, &n, &t), -EINVAL);
	}
}

static void stars_and_targets(void **state)
{
	struct type t = named(TYPE_STRUCT, "object", 3);
	char text[TYPE_TEXT];

	(void)state;
	assert_string_equal(type_text(btf, t, text), "struct object ***");
	t = type_target(btf, t);
	assert_string_equal(type_text(btf, t, text), "struct object **");
	t = type_target(btf, type_target(btf, t));
	assert_int_equal(t.kind, TYPE_RECORD);
	t = type_pointer_to(type_int(2, false));
	assert_string_equal(type_text(btf, t, text), "unsigned short *");
	assert_int_equal(type_target(btf, t).bytes, 2);
	t = type_pointer_to(type_pointer_to(type_void()));
	assert_string_equal(type_text(btf, t, text), "void **");
	assert_int_equal(type_target(btf, type_target(btf, t)).kind, TYPE_VOID);
	assert_int_equal(type_target(btf, type_pointer_to(type_bool())).is_bool, true);
	assert_int_equal(named(TYPE_STRUCT, "opaque", 0).kind, TYPE_INCOMPLETE);
}

static void conversions(void **state)
{
	struct type u32_type = type_int(4, false), s64_type = type_int(8, true);

	(void)state;
	assert_true(type_promoted(type_int(2, false)).is_signed);
	assert_int_equal(type_promoted(type_bool()).bytes, 4);
	assert_false(type_promoted(u32_type).is_signed);
	assert_int_equal(type_arith(u32_type, type_int(4, true)).is_signed, false);
	assert_int_equal(type_arith(u32_type, s64_type).is_signed, true);
	assert_int_equal(type_arith(u32_type, s64_type).bytes, 8);
	assert_int_equal(type_arith(type_int(1, false), type_int(2, false)).is_signed, true);
	assert_int_equal(type_canonical(type_int(1, true), 0x180), (uint64_t)-128);
	assert_int_equal(type_canonical(type_int(2, false), 0x18000), 0x8000);
	assert_int_equal(type_canonical(type_bool(), 0x100), 1);
	assert_int_equal(type_canonical(s64_type, UINT64_MAX), UINT64_MAX);
}

static void check_member(const char *name, size_t off, size_t size)
{
	struct kbtf_member m;
	uint64_t have = 0;

	assert_int_equal(kbtf_member(btf, named(TYPE_STRUCT, "object", 0).id, name, &m), 0);
	assert_int_equal(m.bit_off, 8 * off);
	assert_int_equal(type_size(btf, type_of_id(btf, m.type), &have), 0);
	assert_int_equal(have, size);
}

/* the fixture's BTF is what the compiler makes of its structs */
static void fixture_agrees(void **state)
{
	uint64_t size;

	(void)state;
#define CHECK(m) check_member(#m, offsetof(struct object, m), sizeof(((struct object *)0)->m))
	CHECK(in);
	CHECK(ptr);
	CHECK(next);
	CHECK(arr);
	CHECK(many);
	CHECK(low);
	CHECK(high);
	CHECK(both);
	CHECK(bits);
	CHECK(color);
	CHECK(text);
	CHECK(fn);
	CHECK(grid);
	CHECK(table);
	CHECK(raw);
#undef CHECK
	assert_int_equal(type_size(btf, named(TYPE_STRUCT, "object", 0), &size), 0);
	assert_int_equal(size, sizeof(struct object));
}

static void check_bits(const char *name, const struct bits *ones)
{
	const uint8_t *bytes = (const uint8_t *)ones;
	struct kbtf_member m;

	assert_int_equal(kbtf_member(btf, named(TYPE_STRUCT, "bits", 0).id, name, &m), 0);
	for (unsigned int i = 0; i < 8 * sizeof(*ones); i++)
		assert_int_equal(bytes[i / 8] >> i % 8 & 1,
				 i >= m.bit_off && i < m.bit_off + m.bit_size);
}

static void fixture_bits_agree(void **state)
{
	struct bits b;

	(void)state;
#define CHECK(m)                                                                                   \
	memset(&b, 0, sizeof(b));                                                                  \
	b.m = -1;                                                                                  \
	check_bits(#m, &b)
	CHECK(x);
	CHECK(y);
	CHECK(z);
	CHECK(w);
	CHECK(v);
	CHECK(small);
	CHECK(whole);
	CHECK(tail);
#undef CHECK
}

static void check_text(struct type t, const char *want)
{
	char text[TYPE_TEXT];

	assert_string_equal(type_text(btf, t, text), want);
}

/* what is behind a pointer to user memory is user memory; what is before it need not be */
static void user_memory(void **state)
{
	struct type_name name = { .name = { "int", 3 }, .stars = 3, .user = 2 };
	struct type t;

	(void)state;
	assert_int_equal(type_by_name(btf, &name, &t), 0);
	check_text(t, "int *__user **");
	check_text(type_pointer_to(t), "int *__user ***");
	t = type_target(btf, t);
	assert_int_equal(t.user, 1);
	check_text(t, "int *__user *");
	t = type_target(btf, t);
	assert_int_equal(t.user, 1);
	check_text(t, "int __user *");
	check_text(type_target(btf, t), "int");
	assert_int_equal(type_pointer_to(named(TYPE_WORDS, "int", 1)).user, 0);
	name = (struct type_name){ .name = { "int", 3 }, .user = 1 };
	assert_int_equal(type_by_name(btf, &name, &t), 0);
	assert_int_equal(t.user, 0); /* no pointer, nothing to say */
	name.is_array = true;
	assert_int_equal(type_by_name(btf, &name, &t), 0);
	check_text(t, "int __user *");
}

/* as clang and gcc from 16 on write it down: a tag behind the pointer */
static void user_memory_of_btf(void **state)
{
	struct btf *b = btf__new_empty();
	int word, outer, plain, aliased;
	struct err err = { 0 };
	struct kbtf *k = NULL;
	const void *raw;
	uint32_t len;
	void *copy;

	(void)state;
	assert_non_null(b);
	word = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	plain = btf__add_ptr(b, btf__add_type_tag(b, "rcu", word));
	outer = btf__add_ptr(b, btf__add_const(b, word));
	outer = btf__add_ptr(b, btf__add_type_tag(b, "user", outer));
	aliased = btf__add_typedef(b, "where", outer);
	outer = btf__add_ptr(b, btf__add_const(b, aliased));
	raw = btf__raw_data(b, &len);
	copy = raw ? malloc(len) : NULL;
	assert_non_null(copy);
	memcpy(copy, raw, len);
	assert_int_equal(kbtf_open(&k, copy, len, false, &err), 0);
	assert_int_equal(type_of_id(k, (uint32_t)plain).user, 0);
	assert_int_equal(type_of_id(k, (uint32_t)aliased).user, 1);
	assert_int_equal(type_of_id(k, (uint32_t)outer).user, 2);
	assert_int_equal(type_target(k, type_of_id(k, (uint32_t)outer)).user, 1);
	assert_int_equal(type_target(k, type_of_id(k, (uint32_t)aliased)).user, 1);
	assert_int_equal(kbtf_user_level(k, (uint32_t)word), 0);
	assert_int_equal(kbtf_user_level(k, 0), 0);
	kbtf_free(k);
	btf__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_c),	      cmocka_unit_test(stars_and_targets),
		cmocka_unit_test(conversions),	      cmocka_unit_test(fixture_agrees),
		cmocka_unit_test(fixture_bits_agree), cmocka_unit_test(user_memory),
		cmocka_unit_test(user_memory_of_btf),
	};

	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
