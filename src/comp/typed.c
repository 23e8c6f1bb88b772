/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The verifier's own rules: btf_struct_walk() and btf_ctx_access() of kernel/bpf/btf.c,
 * those of 6.1, which later ones only relax. It takes the first member that an access
 * falls on, so that of a union only the first may be within reach. Where kernels differ
 * or say no, so do we, and the field is read by a helper.
 */
#include "comp/typed.h"

#include "util/limits.h"

static unsigned int kind_of(const struct btf_type *t)
{
	return t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
}

static bool is_record(const struct btf_type *t)
{
	return kind_of(t) == BTF_KIND_STRUCT || kind_of(t) == BTF_KIND_UNION;
}

/* what a pointer type points to; *tagged: not plain kernel memory, perhaps (__user, __percpu) */
static uint32_t pointee(const struct kbtf *btf, const struct btf_type *pointer, bool *tagged)
{
	*tagged = kind_of(kbtf_type(btf, pointer->type)) == BTF_KIND_TYPE_TAG;
	return kbtf_strip(btf, pointer->type);
}

struct typed typed_argument(const struct kbtf *btf, uint32_t id)
{
	const struct btf_type *t = kbtf_type(btf, kbtf_strip(btf, id)), *to;
	bool tagged;
	uint32_t target;

	if (kind_of(t) != BTF_KIND_PTR)
		return (struct typed){ 0 };
	target = pointee(btf, t, &tagged);
	to = kbtf_type(btf, target);
	if (is_record(to))
		return (struct typed){ .record = tagged ? 0 : target, .opaque = tagged };
	/* void: a number; so is a pointer to an integer, but in 6.1 by no other name */
	to = kbtf_type(btf, t->type);
	if (kind_of(to) == BTF_KIND_CONST)
		to = kbtf_type(btf, to->type);
	return (struct typed){ .opaque = t->type && kind_of(to) != BTF_KIND_INT };
}

/* one step of the search */
struct walk {
	const struct kbtf *btf;
	uint32_t record; /* where it goes on */
	int64_t off;
	unsigned int bytes;
	uint32_t target;
};

enum verdict {
	NO,
	YES,
	INSIDE, /* of another record */
	NEXT,	/* member */
};

/* of an array of any dimensions; 0: by another name of a record, which 6.1 takes for none */
static uint32_t element(const struct kbtf *btf, const struct btf_type *array)
{
	const struct btf_type *t = array;
	uint32_t type = 0, stripped = 0;

	for (unsigned int i = 0; kind_of(t) == BTF_KIND_ARRAY && i <= LIMIT_BTF_DEPTH; i++) {
		type = ((const struct btf_array *)(t + 1))->type;
		stripped = kbtf_strip(btf, type);
		t = kbtf_type(btf, stripped);
	}
	return is_record(t) && type != stripped ? 0 : stripped;
}

/* an access that begins within member m, which lies at byte `at` */
static enum verdict within(struct walk *w, uint32_t type, int64_t at)
{
	const struct btf_type *t = kbtf_type(w->btf, type);
	bool tagged;
	uint64_t size;
	uint32_t to;
	int64_t end;

	if (kbtf_size(w->btf, type, &size) < 0)
		return NO;
	end = at + (int64_t)size;
	if (w->off >= end)
		return NEXT;
	if (kind_of(t) == BTF_KIND_ARRAY) {
		type = element(w->btf, t);
		t = kbtf_type(w->btf, type);
		if (kbtf_size(w->btf, type, &size) < 0 || !size)
			return NO;
		at += (w->off - at) / (int64_t)size * (int64_t)size;
	}
	if (is_record(t)) {
		w->record = type;
		w->off -= at;
		return INSIDE;
	}
	if (w->off + w->bytes > end)
		return NO;
	if (kind_of(t) != BTF_KIND_PTR) /* of an array of integers, several at once */
		return YES;
	to = pointee(w->btf, t, &tagged);
	if (tagged || w->off != at || w->bytes != size)
		return NO;
	w->target = is_record(kbtf_type(w->btf, to)) ? to : 0;
	return YES;
}

static enum verdict at_member(struct walk *w, const struct btf_type *t, const struct btf_member *m)
{
	bool has_bits = BTF_INFO_KFLAG(t->info);
	uint32_t bit = has_bits ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
	uint32_t bits = has_bits ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
	int64_t end = w->off + w->bytes, at = bit / 8;

	if (end <= at)
		return NO;
	if (bits)
		return w->off <= at && (bit + bits + 7) / 8 <= end ? YES : NEXT;
	if (w->off < at)
		return NO;
	return within(w, kbtf_strip(w->btf, m->type), at);
}

static enum verdict step(struct walk *w)
{
	const struct btf_type *t = kbtf_type(w->btf, w->record);
	const struct btf_member *m = (const struct btf_member *)(t + 1);
	enum verdict v = NEXT;

	if (!is_record(t) || w->off < 0 || w->off + w->bytes > t->size)
		return NO;
	for (uint32_t i = 0; v == NEXT && i < BTF_INFO_VLEN(t->info); i++)
		v = at_member(w, t, &m[i]);
	return v;
}

bool typed_load(const struct kbtf *btf, uint32_t record, int64_t off, unsigned int bytes,
		uint32_t *target)
{
	struct walk w = { .btf = btf, .record = record, .off = off, .bytes = bytes };
	enum verdict v = INSIDE;

	for (unsigned int depth = 0; v == INSIDE && depth <= LIMIT_BTF_DEPTH; depth++)
		v = step(&w);
	*target = w.target;
	return v == YES && off <= INT16_MAX;
}
