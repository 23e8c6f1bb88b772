/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "comp/type.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct type type_pointer(uint32_t id, unsigned int stars)
{
	return (struct type){ .kind = TYPE_PTR, .bytes = 8, .id = id, .stars = stars };
}

struct type type_int(unsigned int bytes, bool is_signed)
{
	struct type t = { .kind = TYPE_INT, .bytes = bytes, .is_signed = is_signed };

	t.own.bytes = (uint8_t)bytes;
	t.own.is_signed = is_signed;
	return t;
}

struct type type_bool(void)
{
	struct type t = type_int(1, false);

	t.is_bool = t.own.is_bool = true;
	return t;
}

struct type type_void(void)
{
	return (struct type){ .kind = TYPE_VOID };
}

static struct type of_int(const struct btf_type *b, uint32_t id)
{
	uint32_t enc = *(const uint32_t *)(b + 1);
	struct type t = { .kind = TYPE_INT, .bytes = b->size, .id = id };

	t.is_signed = BTF_INT_ENCODING(enc) & BTF_INT_SIGNED;
	t.is_bool = BTF_INT_ENCODING(enc) & BTF_INT_BOOL;
	if (b->size != 1 && b->size != 2 && b->size != 4 && b->size != 8)
		t.kind = TYPE_OTHER;
	return t;
}

static struct type of_enum(const struct btf_type *b, uint32_t id)
{
	struct type t = { .kind = TYPE_INT, .bytes = b->size, .id = id };

	t.is_signed = BTF_INFO_KFLAG(b->info);
	if (b->size != 1 && b->size != 2 && b->size != 4 && b->size != 8)
		t.kind = TYPE_OTHER;
	return t;
}

static struct type of_pointer(const struct kbtf *k, uint32_t id)
{
	struct type t = type_pointer(id, 0);

	t.user = (uint8_t)kbtf_user_level(k, kbtf_strip(k, id));
	return t;
}

struct type type_of_id(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *b = kbtf_type(k, kbtf_strip(k, id));

	if (!b)
		return type_void();
	switch (BTF_INFO_KIND(b->info)) {
	case BTF_KIND_INT:
		return of_int(b, id);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return of_enum(b, id);
	case BTF_KIND_PTR:
		return of_pointer(k, id);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (struct type){ .kind = TYPE_RECORD, .id = id };
	case BTF_KIND_ARRAY:
		return (struct type){ .kind = TYPE_ARRAY, .id = id };
	case BTF_KIND_FWD:
		return (struct type){ .kind = TYPE_INCOMPLETE, .id = id };
	case BTF_KIND_FUNC_PROTO:
		return (struct type){ .kind = TYPE_FUNC, .id = id };
	default:
		return (struct type){ .kind = TYPE_OTHER, .id = id };
	}
}

struct type type_pointer_to(struct type t)
{
	struct type p = type_pointer(t.id, t.stars + 1);

	p.own = t.own;
	p.user = t.kind == TYPE_PTR && t.user ? t.user + 1 : 0;
	return p;
}

static struct type target(const struct kbtf *k, struct type t)
{
	const struct btf_type *b;

	if (t.stars > 1) {
		t.stars--;
		return t;
	}
	if (t.stars == 1 && t.id)
		return type_of_id(k, t.id);
	if (t.stars == 1 && t.own.is_bool)
		return type_bool();
	if (t.stars == 1)
		return t.own.bytes ? type_int(t.own.bytes, t.own.is_signed) : type_void();
	b = kbtf_type(k, kbtf_strip(k, t.id));
	if (b && BTF_INFO_KIND(b->info) == BTF_KIND_PTR)
		return type_of_id(k, b->type);
	if (b && BTF_INFO_KIND(b->info) == BTF_KIND_ARRAY)
		return type_of_id(k, ((const struct btf_array *)(b + 1))->type);
	return type_void();
}

struct type type_target(const struct kbtf *k, struct type t)
{
	struct type to = target(k, t);

	if (to.kind == TYPE_PTR && t.user)
		to.user = t.user > 1 ? t.user - 1 : 1;
	return to;
}

uint32_t type_array_len(const struct kbtf *k, struct type t)
{
	const struct btf_type *b = kbtf_type(k, kbtf_strip(k, t.id));

	if (t.kind != TYPE_ARRAY || !b || BTF_INFO_KIND(b->info) != BTF_KIND_ARRAY)
		return 0;
	return ((const struct btf_array *)(b + 1))->nelems;
}

int type_size(const struct kbtf *k, struct type t, uint64_t *size)
{
	switch (t.kind) {
	case TYPE_INT:
	case TYPE_PTR:
		*size = t.bytes;
		return 0;
	case TYPE_RECORD:
	case TYPE_ARRAY:
	case TYPE_OTHER:
		return kbtf_size(k, t.id, size);
	default:
		return -EINVAL;
	}
}

bool type_is_scalar(struct type t)
{
	return t.kind == TYPE_INT || t.kind == TYPE_PTR;
}

bool type_is_char(struct type t)
{
	return t.kind == TYPE_INT && t.bytes == 1 && !t.is_bool;
}

bool type_same_record(const struct kbtf *k, struct type a, struct type b)
{
	const char *x = kbtf_name(k, kbtf_strip(k, a.id)), *y = kbtf_name(k, kbtf_strip(k, b.id));

	return kbtf_strip(k, a.id) == kbtf_strip(k, b.id) || (*x && !strcmp(x, y));
}

struct type type_promoted(struct type t)
{
	if (t.kind != TYPE_INT || t.bytes < 4)
		return type_int(4, true);
	return type_int(t.bytes, t.is_signed);
}

struct type type_arith(struct type a, struct type b)
{
	struct type x = type_promoted(a), y = type_promoted(b);

	if (x.bytes != y.bytes)
		return x.bytes > y.bytes ? x : y;
	return type_int(x.bytes, x.is_signed && y.is_signed);
}

uint64_t type_canonical(struct type t, uint64_t v)
{
	unsigned int unused = 64 - 8 * t.bytes;

	if (t.is_bool)
		return v != 0;
	if (t.bytes >= 8 || t.bytes == 0)
		return v;
	v <<= unused;
	return t.is_signed ? (uint64_t)((int64_t)v >> unused) : v >> unused;
}

static const char *own_name(struct type t)
{
	static const char *const names[][2] = {
		{ "unsigned char", "signed char" },
		{ "unsigned short", "short" },
		{ "unsigned int", "int" },
		{ "unsigned long", "long" },
	};

	if (t.own.is_bool)
		return "_Bool";
	for (unsigned int i = 0; i < 4; i++)
		if (t.own.bytes == 1u << i)
			return names[i][t.own.is_signed];
	return "void";
}

/* before the star whose target it is, counted from the last */
static void insert_user(unsigned int level, char buf[static TYPE_TEXT])
{
	static const char word[] = "__user ";
	size_t len = strlen(buf), at = len;

	while (level && at && buf[at - 1] == '*') {
		level--;
		at--;
	}
	if (level || len + sizeof(word) > TYPE_TEXT)
		return;
	memmove(buf + at + sizeof(word) - 1, buf + at, len - at + 1);
	memcpy(buf + at, word, sizeof(word) - 1);
}

const char *type_text(const struct kbtf *k, struct type t, char buf[static TYPE_TEXT])
{
	size_t len;

	if (t.id)
		kbtf_type_name(k, t.id, buf, TYPE_TEXT);
	else
		snprintf(buf, TYPE_TEXT, "%s", own_name(t));
	len = strlen(buf);
	if (t.stars && len && buf[len - 1] != '*' && len + 1 < TYPE_TEXT)
		buf[len++] = ' ';
	for (unsigned int i = 0; i < t.stars && len + 1 < TYPE_TEXT; i++)
		buf[len++] = '*';
	buf[len] = '\0';
	if (t.kind == TYPE_PTR && t.user)
		insert_user(t.user, buf);
	return buf;
}
