/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The BTF reader, on blobs made here to the byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "btf_exercise.h"
#include "kern/kbtf.h"
#include "kern/kbtf_impl.h"
#include "util/limits.h"

/* A blob under construction: types and strings grow apart and are put together. */
struct blob {
	uint32_t types[1 << 18];
	uint32_t n; /* words */
	char strs[1 << 16];
	uint32_t str_len;
	uint32_t ids;
};

static struct blob b;

static void blob_reset(void)
{
	b.n = b.ids = 0;
	b.strs[0] = '\0';
	b.str_len = 1;
}

static uint32_t str(const char *s)
{
	uint32_t off = b.str_len;

	if (!*s)
		return 0;
	assert_true(off + strlen(s) < sizeof(b.strs));
	memcpy(b.strs + off, s, strlen(s) + 1);
	b.str_len += (uint32_t)strlen(s) + 1;
	return off;
}

static void word(uint32_t w)
{
	assert_true(b.n < sizeof(b.types) / sizeof(b.types[0]));
	b.types[b.n++] = w;
}

static uint32_t type(const char *name, uint32_t kind, uint32_t vlen, uint32_t type_or_size)
{
	word(str(name));
	word(kind << 24 | vlen);
	word(type_or_size);
	return ++b.ids;
}

static uint32_t integer(const char *name, uint32_t size, uint32_t bits)
{
	uint32_t id = type(name, BTF_KIND_INT, 0, size);

	word(bits);
	return id;
}

static uint32_t array(uint32_t elem, uint32_t n)
{
	uint32_t id = type("", BTF_KIND_ARRAY, 0, 0);

	word(elem);
	word(elem);
	word(n);
	return id;
}

static void member(const char *name, uint32_t type_id, uint32_t off)
{
	word(str(name));
	word(type_id);
	word(off);
}

static void *assemble(size_t *len)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h) };
	char *p;

	h.type_len = h.str_off = b.n * 4;
	h.str_len = b.str_len;
	*len = sizeof(h) + h.type_len + h.str_len;
	p = malloc(*len);
	assert_non_null(p);
	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), b.types, h.type_len);
	memcpy(p + sizeof(h) + h.type_len, b.strs, h.str_len);
	return p;
}

static struct kbtf *open_blob(void)
{
	struct err err = { 0 };
	struct kbtf *k = NULL;
	size_t len;
	void *p = assemble(&len);

	if (kbtf_open(&k, p, len, false, &err) < 0)
		fail_msg("%s", err.msg);
	return k;
}

static void assert_refused(void *data, size_t len, int code, enum err_tag tag)
{
	struct err err = { 0 };
	struct kbtf *k = NULL;

	assert_int_equal(kbtf_open(&k, data, len, false, &err), code);
	assert_int_equal(err.tag, tag);
	assert_null(k);
}

static void *changed(size_t *len, size_t at, uint32_t value)
{
	char *p = assemble(len);

	memcpy(p + at, &value, sizeof(value));
	return p;
}

static void refuses_bad_headers(void **state)
{
	size_t len, off;
	char *p;

	(void)state;
	blob_reset();
	integer("int", 4, 32);
	p = changed(&len, offsetof(struct btf_header, magic), 0x0001eb9e);
	assert_refused(p, len, -EINVAL, ERR_BTF);
	p = changed(&len, offsetof(struct btf_header, magic), 0x0002eb9f);
	assert_refused(p, len, -EINVAL, ERR_BTF);
	for (off = 4; off < sizeof(struct btf_header); off += 4) {
		if (off == offsetof(struct btf_header, str_off))
			continue; /* strings elsewhere in the blob may be strings, too */
		p = changed(&len, off, UINT32_MAX);
		assert_refused(p, len, -EINVAL, ERR_BTF);
		p = changed(&len, off, 1u << 30);
		assert_refused(p, len, -EINVAL, ERR_BTF);
	}
	p = changed(&len, offsetof(struct btf_header, str_len), 0);
	assert_refused(p, len, -EINVAL, ERR_BTF);
	p = assemble(&len);
	p[len - 1] = 'x';
	assert_refused(p, len, -EINVAL, ERR_BTF);
	assert_refused(calloc(1, 8), 0, -EINVAL, ERR_BTF);
}

static void refuses_oversize(void **state)
{
	struct err err = { 0 };
	struct kbtf *k = NULL;
	void *p;

	(void)state;
	/* the length is looked at before the bytes are */
	assert_int_equal(kbtf_open(&k, calloc(1, 64), (size_t)LIMIT_BTF_BYTES + 1, false, &err),
			 -E2BIG);
	assert_int_equal(err.tag, ERR_LIMIT);
	/* as much as is allowed, all of it zeros, is no BTF */
	p = mmap(NULL, LIMIT_BTF_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	err = (struct err){ 0 };
	assert_int_equal(kbtf_open(&k, p, LIMIT_BTF_BYTES, true, &err), -EINVAL);
	assert_int_equal(err.tag, ERR_BTF);
}

static void refuses_unknown_kinds(void **state)
{
	uint32_t kind;
	size_t len;
	void *p;

	(void)state;
	for (kind = 0; kind < 128; kind++) {
		if (kind >= BTF_KIND_INT && kind <= KBTF_ENUM64)
			continue;
		blob_reset();
		type("", BTF_KIND_PTR, 0, 0);
		type("x", kind, 0, 0);
		p = assemble(&len);
		assert_refused(p, len, -EINVAL, ERR_BTF);
	}
}

static void refuses_types_past_the_end(void **state)
{
	size_t len;
	void *p;

	(void)state;
	blob_reset();
	type("s", BTF_KIND_STRUCT, 2, 8);
	member("a", 0, 0);
	member("b", 0, 32);
	kbtf_free(open_blob());
	b.n--;
	p = assemble(&len);
	assert_refused(p, len, -EINVAL, ERR_BTF);
	blob_reset();
	type("s", BTF_KIND_STRUCT, 0xffff, 8);
	p = assemble(&len);
	assert_refused(p, len, -EINVAL, ERR_BTF);
	/* the bits between length and kind are not ignored */
	blob_reset();
	type("s", BTF_KIND_STRUCT, 0x10000, 8);
	p = assemble(&len);
	assert_refused(p, len, -EINVAL, ERR_BTF);
	blob_reset();
	word(0);
	p = assemble(&len);
	assert_refused(p, len, -EINVAL, ERR_BTF);
}

static void opens_empty(void **state)
{
	struct kbtf *k;
	uint32_t id;

	(void)state;
	blob_reset();
	k = open_blob();
	assert_int_equal(kbtf_count(k), 0);
	assert_null(kbtf_type(k, 0));
	assert_null(kbtf_type(k, 1));
	assert_string_equal(kbtf_str(k, 1), "");
	assert_string_equal(kbtf_str(k, UINT32_MAX), "");
	assert_string_equal(kbtf_name(k, 7), "");
	assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, "f", &id), -ENOENT);
	assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, "", &id), -ENOENT);
	assert_int_equal(kbtf_find(k, 99, "f", &id), -ENOENT);
	kbtf_free(k);
	kbtf_free(NULL);
}

static void every_id_is_found(void **state)
{
	char name[32];
	uint32_t id, i, proto;
	struct kbtf *k;

	(void)state;
	blob_reset();
	proto = type("", BTF_KIND_FUNC_PROTO, 0, 0);
	for (i = 2; i <= 100; i++) {
		snprintf(name, sizeof(name), "%s%u", i % 2 ? "a_rather_long_name_" : "f", i);
		if (i % 3)
			type(name, BTF_KIND_FUNC, 1, proto);
		else
			type(name, BTF_KIND_TYPEDEF, 0, proto);
	}
	k = open_blob();
	assert_int_equal(kbtf_count(k), 100);
	/* twice: before and after the hash takes over */
	for (i = 2; i <= 199; i++) {
		uint32_t want = i > 100 ? i - 99 : i;

		snprintf(name, sizeof(name), "%s%u", want % 2 ? "a_rather_long_name_" : "f", want);
		assert_int_equal(
			kbtf_find(k, want % 3 ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF, name, &id), 0);
		assert_int_equal(id, want);
		assert_int_equal(
			kbtf_count_named(k, want % 3 ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF, name), 1);
		assert_int_equal(
			kbtf_find(k, want % 3 ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC, name, &id),
			-ENOENT);
	}
	kbtf_free(k);
}

static void namesakes_are_counted(void **state)
{
	uint32_t proto, id, i;
	struct kbtf *k;

	(void)state;
	blob_reset();
	proto = type("", BTF_KIND_FUNC_PROTO, 0, 0);
	type("twin", BTF_KIND_FUNC, 0, proto);
	type("single", BTF_KIND_FUNC, 0, proto);
	type("twin", BTF_KIND_FUNC, 0, proto);
	type("twin", BTF_KIND_STRUCT, 0, 0);
	k = open_blob();
	for (i = 0; i < 12; i++) { /* past where the hash begins */
		assert_int_equal(kbtf_count_named(k, BTF_KIND_FUNC, "twin"), 2);
		assert_int_equal(kbtf_count_named(k, BTF_KIND_FUNC, "single"), 1);
		assert_int_equal(kbtf_count_named(k, BTF_KIND_FUNC, "none"), 0);
		assert_int_equal(kbtf_count_named(k, BTF_KIND_STRUCT, "twin"), 1);
		assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, "twin", &id), 0);
		assert_int_equal(id, 2);
	}
	kbtf_free(k);
}

static void chains_of_typedefs_end(void **state)
{
	uint32_t i, base;
	struct kbtf *k;
	uint64_t size;

	(void)state;
	blob_reset();
	base = integer("int", 4, 32);
	for (i = 0; i <= LIMIT_BTF_DEPTH; i++)
		type("t", i % 2 ? BTF_KIND_TYPEDEF : BTF_KIND_CONST, 0, base + i);
	k = open_blob();
	assert_int_equal(kbtf_strip(k, base + LIMIT_BTF_DEPTH), base);
	assert_int_equal(kbtf_size(k, base + LIMIT_BTF_DEPTH, &size), 0);
	assert_int_equal(size, 4);
	assert_int_equal(kbtf_strip(k, base + LIMIT_BTF_DEPTH + 1), 0);
	assert_int_equal(kbtf_size(k, base + LIMIT_BTF_DEPTH + 1, &size), -EINVAL);
	kbtf_free(k);
}

static void loops_end(void **state)
{
	struct kbtf_member m;
	struct kbtf *k;
	uint64_t size;
	char text[64];

	(void)state;
	blob_reset();
	type("loop", BTF_KIND_TYPEDEF, 0, 1); /* 1 */
	type("", BTF_KIND_PTR, 0, 2);	      /* 2 */
	array(3, 2);			      /* 3 */
	type("s", BTF_KIND_STRUCT, 1, 8);     /* 4 */
	member("", 4, 0);
	k = open_blob();
	assert_int_equal(kbtf_strip(k, 1), 0);
	assert_int_equal(kbtf_size(k, 3, &size), -EINVAL);
	assert_int_equal(kbtf_member(k, 4, "x", &m), -ENOENT);
	kbtf_type_name(k, 2, text, sizeof(text));
	assert_int_equal(text[0], '?');
	kbtf_type_name(k, 3, text, sizeof(text));
	kbtf_free(k);
}

static void members_nest_to_the_limit(void **state)
{
	uint32_t i, inner;
	struct kbtf_member m;
	struct kbtf *k;

	(void)state;
	blob_reset();
	inner = type("", BTF_KIND_STRUCT, 1, 4);
	member("deep", 0, 0);
	for (i = 0; i <= LIMIT_BTF_DEPTH; i++) {
		type("", BTF_KIND_STRUCT, 1, 4);
		member("", inner + i, 8);
	}
	k = open_blob();
	assert_int_equal(kbtf_member(k, inner + LIMIT_BTF_DEPTH, "deep", &m), 0);
	assert_int_equal(m.bit_off, 8 * LIMIT_BTF_DEPTH);
	assert_int_equal(kbtf_member(k, inner + LIMIT_BTF_DEPTH + 1, "deep", &m), -ENOENT);
	kbtf_free(k);
}

/* each level holds the next one 4 times: 4^20 ways down */
static void members_do_not_multiply(void **state)
{
	const char *near[2];
	struct kbtf_member m;
	struct kbtf *k;
	uint32_t i, j;

	(void)state;
	blob_reset();
	type("", BTF_KIND_STRUCT, 0, 4);
	for (i = 1; i <= 20; i++) {
		type("", BTF_KIND_UNION, 4, 4);
		for (j = 0; j < 4; j++)
			member("", i, 0);
	}
	k = open_blob();
	assert_int_equal(kbtf_member(k, 21, "x", &m), -ENOENT);
	assert_int_equal(kbtf_nearest_member(k, 21, "x", near, 2), 0);
	kbtf_free(k);
}

static void budget_is_exact(void **state)
{
	struct kbtf_member m;
	struct kbtf *k;
	uint32_t i;

	(void)state;
	blob_reset();
	type("", BTF_KIND_STRUCT, KBTF_MEMBER_BUDGET / 2 - 1, 4);
	for (i = 0; i < KBTF_MEMBER_BUDGET / 2 - 1; i++)
		member("", 0, 0);
	type("fits", BTF_KIND_STRUCT, 3, 4);
	member("", 1, 0);
	member("", 1, 0);
	member("last", 0, 64);
	k = open_blob();
	/* 1 + half - 1, twice, is all of it */
	assert_int_equal(kbtf_member(k, 2, "last", &m), -ENOENT);
	kbtf_free(k);

	blob_reset();
	type("", BTF_KIND_STRUCT, KBTF_MEMBER_BUDGET / 2 - 1, 4);
	for (i = 0; i < KBTF_MEMBER_BUDGET / 2 - 1; i++)
		member("", 0, 0);
	type("fits", BTF_KIND_STRUCT, 2, 4);
	member("", 1, 0);
	member("last", 0, 64);
	k = open_blob();
	assert_int_equal(kbtf_member(k, 2, "last", &m), 0);
	assert_int_equal(m.bit_off, 64);
	kbtf_free(k);
}

static void old_bit_fields(void **state)
{
	struct kbtf_member m;
	struct kbtf *k;
	uint32_t narrow;

	(void)state;
	blob_reset();
	narrow = integer("unsigned int", 4, 5 << 16 | 3); /* 3 bits, 5 further */
	type("s", BTF_KIND_STRUCT, 1, 4);
	member("bits", narrow, 32);
	k = open_blob();
	assert_int_equal(kbtf_member(k, 2, "bits", &m), 0);
	assert_int_equal(m.bit_off, 37);
	assert_int_equal(m.bit_size, 3);
	kbtf_free(k);
}

static void sizes_do_not_wrap(void **state)
{
	struct kbtf *k;
	uint64_t size;

	(void)state;
	blob_reset();
	integer("long", 8, 64);	       /* 1 */
	array(1, 0x80000000);	       /* 2: 2^34 */
	array(2, 0x20000000);	       /* 3: 2^63 */
	array(3, 2);		       /* 4: 2^64 */
	type("f", BTF_KIND_FWD, 0, 0); /* 5 */
	k = open_blob();
	assert_int_equal(kbtf_size(k, 3, &size), 0);
	assert_true(size == 1ull << 63);
	assert_int_equal(kbtf_size(k, 4, &size), -EINVAL);
	assert_int_equal(kbtf_size(k, 5, &size), -EINVAL);
	assert_int_equal(kbtf_size(k, 0, &size), -EINVAL);
	assert_int_equal(kbtf_size(k, 99, &size), -EINVAL);
	kbtf_free(k);
}

static void spells_what_pahole_does_not_write(void **state)
{
	struct kbtf *k;
	char text[32];

	(void)state;
	blob_reset();
	integer("int", 4, 32);		      /* 1 */
	array(1, 5);			      /* 2 */
	array(2, 3);			      /* 3 */
	type("", BTF_KIND_PTR, 0, 3);	      /* 4 */
	type("", BTF_KIND_RESTRICT, 0, 4);    /* 5 */
	type("", BTF_KIND_VOLATILE, 0, 1);    /* 6 */
	type("", BTF_KIND_STRUCT, 0, 4);      /* 7 */
	type("u", BTF_KIND_FWD, 1u << 31, 0); /* 8: a union */
	type("user", KBTF_TYPE_TAG, 0, 8);    /* 9 */
	type("", BTF_KIND_PTR, 0, 9);	      /* 10 */
	k = open_blob();
	kbtf_type_name(k, 3, text, sizeof(text));
	assert_string_equal(text, "int[3][5]");
	kbtf_type_name(k, 4, text, sizeof(text));
	assert_string_equal(text, "int (*)[3][5]");
	kbtf_type_name(k, 5, text, sizeof(text));
	assert_string_equal(text, "int (*restrict)[3][5]");
	kbtf_type_name(k, 6, text, sizeof(text));
	assert_string_equal(text, "volatile int");
	kbtf_type_name(k, 7, text, sizeof(text));
	assert_string_equal(text, "struct {...}");
	kbtf_type_name(k, 10, text, sizeof(text));
	assert_string_equal(text, "union u *");
	kbtf_type_name(k, 99, text, sizeof(text));
	assert_string_equal(text, "?");
	kbtf_free(k);
}

static void names_to_the_limit(void **state)
{
	char name[LIMIT_IDENT + 2];
	const char *near[1];
	struct kbtf *k;
	uint32_t id;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[LIMIT_IDENT] = '\0';
	blob_reset();
	type(name, BTF_KIND_FUNC, 0, 0);
	k = open_blob();
	assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, name, &id), 0);
	assert_int_equal(kbtf_nearest(k, BTF_KIND_FUNC, name, near, 1), 1);
	name[LIMIT_IDENT] = 'n';
	name[LIMIT_IDENT + 1] = '\0';
	assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, name, &id), -ENOENT);
	assert_int_equal(kbtf_nearest(k, BTF_KIND_FUNC, name, near, 1), 0);
	assert_int_equal(kbtf_nearest(k, BTF_KIND_FUNC, "n", near, 0), 0);
	kbtf_free(k);
}

/* names at the very end of the strings, where 8 bytes cannot be read any more */
static void short_names_at_the_end(void **state)
{
	static const char *const names[] = { "abcdefg", "abcdefgh", "abcdefghi", "ab", "a" };
	struct kbtf *k;
	uint32_t i, id;

	(void)state;
	blob_reset();
	for (i = 0; i < 5; i++)
		type(names[i], BTF_KIND_FUNC, 0, 0);
	k = open_blob();
	for (i = 0; i < 20; i++) {
		assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, names[i % 5], &id), 0);
		assert_int_equal(id, i % 5 + 1);
		assert_int_equal(kbtf_find(k, BTF_KIND_FUNC, "abcdef", &id), -ENOENT);
	}
	kbtf_free(k);
}

static void odd_protos(void **state)
{
	struct kbtf_proto p;
	struct kbtf *k;

	(void)state;
	blob_reset();
	integer("int", 4, 32);		     /* 1 */
	type("f", BTF_KIND_FUNC, 0, 1);	     /* 2: its prototype is an int */
	type("g", BTF_KIND_FUNC, 0, 99);     /* 3: nowhere */
	type("", BTF_KIND_FUNC_PROTO, 1, 1); /* 4 */
	word(0);
	word(0);
	type("h", BTF_KIND_FUNC, 0, 4); /* 5: int h(...) */
	k = open_blob();
	assert_int_equal(kbtf_func(k, "f", &p), -EINVAL);
	assert_int_equal(kbtf_func(k, "g", &p), -EINVAL);
	assert_int_equal(kbtf_func_by_id(k, 1, &p), -EINVAL);
	assert_int_equal(kbtf_func_by_id(k, 0, &p), -EINVAL);
	assert_int_equal(kbtf_func(k, "h", &p), 0);
	assert_true(p.varargs);
	assert_int_equal(p.n_params, 0);
	kbtf_free(k);
}

static void make_small_of_everything(void)
{
	uint32_t s;

	blob_reset();
	integer("int", 4, 32);
	type("", BTF_KIND_PTR, 0, 1);
	array(2, 3);
	s = type("s", BTF_KIND_STRUCT, 2, 16);
	member("name", 1, 0);
	member("", s + 1, 32);
	type("", BTF_KIND_UNION, 1, 4);
	member("nam", 3, 0);
	type("e", BTF_KIND_ENUM, 1, 4);
	word(str("E"));
	word(1);
	type("fwd", BTF_KIND_FWD, 0, 0);
	type("t", BTF_KIND_TYPEDEF, 0, s);
	type("", BTF_KIND_CONST, 0, 8);
	type("", BTF_KIND_VOLATILE, 0, 9);
	type("", BTF_KIND_RESTRICT, 0, 2);
	type("", BTF_KIND_FUNC_PROTO, 2, 1);
	member("a", 2, str("p")); /* pairs, whatever they mean */
	word(0);
	type("f", BTF_KIND_FUNC, 1, 12);
	type("v", BTF_KIND_VAR, 0, 1);
	word(1);
	type("d", BTF_KIND_DATASEC, 1, 4);
	member("", 14, 4);
	type("float", BTF_KIND_FLOAT, 0, 4);
	type("tag", KBTF_DECL_TAG, 0, 13);
	word(0xffffffff);
	type("user", KBTF_TYPE_TAG, 0, 1);
	type("e64", KBTF_ENUM64, 1, 8);
	member("E64", 0, 1);
}

static void survives_truncation(void **state)
{
	size_t len, cut;
	char *p;

	(void)state;
	make_small_of_everything();
	p = assemble(&len);
	assert_int_equal(btf_exercise(p, len), 0);
	for (cut = 0; cut < len; cut++)
		assert_int_equal(btf_exercise(p, cut), -1);
	free(p);
}

static void survives_corruption(void **state)
{
	static const uint32_t values[] = { 0,	       1,	   2,	       4,
					   5,	       99,	   0xffff,     0x10000,
					   0x01000000, 0x0400ffff, 0x7fffffff, 0x80000000,
					   0x84000001, 0xffffff00, 0xffffffff };
	size_t len, at, i;
	uint32_t was;
	char *p;

	(void)state;
	make_small_of_everything();
	p = assemble(&len);
	for (at = 0; at + 4 <= len; at += 4) {
		memcpy(&was, p + at, 4);
		for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			memcpy(p + at, &values[i], 4);
			btf_exercise(p, len);
		}
		for (i = 0; i < 32; i++) {
			uint32_t flipped = was ^ 1u << i;

			memcpy(p + at, &flipped, 4);
			btf_exercise(p, len);
		}
		memcpy(p + at, &was, 4);
	}
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_headers),
		cmocka_unit_test(refuses_oversize),
		cmocka_unit_test(refuses_unknown_kinds),
		cmocka_unit_test(refuses_types_past_the_end),
		cmocka_unit_test(opens_empty),
		cmocka_unit_test(every_id_is_found),
		cmocka_unit_test(namesakes_are_counted),
		cmocka_unit_test(chains_of_typedefs_end),
		cmocka_unit_test(loops_end),
		cmocka_unit_test(members_nest_to_the_limit),
		cmocka_unit_test(members_do_not_multiply),
		cmocka_unit_test(budget_is_exact),
		cmocka_unit_test(old_bit_fields),
		cmocka_unit_test(sizes_do_not_wrap),
		cmocka_unit_test(spells_what_pahole_does_not_write),
		cmocka_unit_test(names_to_the_limit),
		cmocka_unit_test(short_names_at_the_end),
		cmocka_unit_test(odd_protos),
		cmocka_unit_test(survives_truncation),
		cmocka_unit_test(survives_corruption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
