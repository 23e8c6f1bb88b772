/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BTF reader: from blob to types and members. Names are looked up in
 * kbtf_find.c, by walks over all types; spelling of types and "did you mean"
 * are in kbtf_text.c.
 *
 * Opening walks all types once, for their lengths are known only one after the
 * other. The walk validates kinds and bounds and leaves one entry per block of
 * types, and the name of every function.
 */
#include "kern/kbtf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/kbtf_impl.h"
#include "util/cleanup.h"
#include "util/limits.h"

/*
 * One kind: bytes per element, then bytes of the type without them, then its bit;
 * uppermost whether it is a FUNC, for counting without a branch.
 */
#define SHAPE(kind, fixed, each)                                                                   \
	(KBTF_BIT(kind) << 16 | (sizeof(struct btf_type) + (fixed)) << 8 | (each))
#define SHAPE_FUNC_BIT (1ULL << 63)
#define SHAPE_BAD_BIT  (1ULL << 62)
#define SHAPE_BAD      (SHAPE_BAD_BIT | sizeof(struct btf_type) << 8)

/* with and without the flag above the kind */
#define BOTH(kind, shape) [kind] = (shape), [128 + (kind)] = (shape)

static const uint64_t shapes[256] = {
	BOTH(BTF_KIND_UNKN, SHAPE_BAD),
	BOTH(BTF_KIND_INT, SHAPE(BTF_KIND_INT, sizeof(uint32_t), 0)),
	BOTH(BTF_KIND_PTR, SHAPE(BTF_KIND_PTR, 0, 0)),
	BOTH(BTF_KIND_ARRAY, SHAPE(BTF_KIND_ARRAY, sizeof(struct btf_array), 0)),
	BOTH(BTF_KIND_STRUCT, SHAPE(BTF_KIND_STRUCT, 0, sizeof(struct btf_member))),
	BOTH(BTF_KIND_UNION, SHAPE(BTF_KIND_UNION, 0, sizeof(struct btf_member))),
	BOTH(BTF_KIND_ENUM, SHAPE(BTF_KIND_ENUM, 0, sizeof(struct btf_enum))),
	BOTH(BTF_KIND_FWD, SHAPE(BTF_KIND_FWD, 0, 0)),
	BOTH(BTF_KIND_TYPEDEF, SHAPE(BTF_KIND_TYPEDEF, 0, 0)),
	BOTH(BTF_KIND_VOLATILE, SHAPE(BTF_KIND_VOLATILE, 0, 0)),
	BOTH(BTF_KIND_CONST, SHAPE(BTF_KIND_CONST, 0, 0)),
	BOTH(BTF_KIND_RESTRICT, SHAPE(BTF_KIND_RESTRICT, 0, 0)),
	/* its length field is its linkage, and nothing follows */
	BOTH(BTF_KIND_FUNC, SHAPE_FUNC_BIT | SHAPE(BTF_KIND_FUNC, 0, 0)),
	BOTH(BTF_KIND_FUNC_PROTO, SHAPE(BTF_KIND_FUNC_PROTO, 0, sizeof(struct btf_param))),
	BOTH(BTF_KIND_VAR, SHAPE(BTF_KIND_VAR, sizeof(struct btf_var), 0)),
	BOTH(BTF_KIND_DATASEC, SHAPE(BTF_KIND_DATASEC, 0, sizeof(struct btf_var_secinfo))),
	BOTH(BTF_KIND_FLOAT, SHAPE(BTF_KIND_FLOAT, 0, 0)),
	BOTH(KBTF_DECL_TAG, SHAPE(KBTF_DECL_TAG, sizeof(uint32_t), 0)),
	BOTH(KBTF_TYPE_TAG, SHAPE(KBTF_TYPE_TAG, 0, 0)),
	BOTH(KBTF_ENUM64, SHAPE(KBTF_ENUM64, 0, sizeof(struct kbtf_enum64))),
	[KBTF_ENUM64 + 1 ... 127] = SHAPE_BAD,
	[128 + KBTF_ENUM64 + 1 ... 255] = SHAPE_BAD,
};

static uint32_t type_bytes(uint64_t shape, uint32_t info)
{
	return (uint32_t)(shape >> 8 & 0xff) + KBTF_VLEN(info) * (uint32_t)(shape & 0xff);
}

/*
 * The one pass: some twenty instructions for each of 10^5 types, hence its shape.
 * Only the last type can run past the end, for nothing begins behind it; then the
 * pass does not stop at the end exactly. (Offsets cannot wrap: LIMIT_BTF_BYTES and
 * the longest type are below 2^29.)
 */
static int index_types(struct kbtf *k, struct err *err)
{
	const size_t end = k->type_len;
	const char *types = k->types;
	struct kbtf_block *b = k->blocks;
	size_t off = 0, n = 0, n_funcs = 0;
	uint32_t *funcs = k->funcs;

	while (off + sizeof(struct btf_type) <= end) {
		uint64_t seen = 0;
		unsigned int i;

		b->off = (uint32_t)off;
		b->funcs = (uint32_t)n_funcs;
#pragma GCC unroll 8
		for (i = 0; i < KBTF_BLOCK; i++) {
			const struct btf_type *t = (const void *)(types + off);
			uint64_t shape;

			if (off + sizeof(*t) > end)
				break;
			shape = shapes[t->info >> 24];
			funcs[n_funcs] = t->name_off;
			n_funcs += shape >> 63;
			seen |= shape;
			off += type_bytes(shape, t->info);
		}
		n += i;
		b->kinds = (uint32_t)(seen >> 16);
		if (seen & SHAPE_BAD_BIT)
			return err_plain(err, -EINVAL, ERR_BTF,
					 "BTF has an unknown kind of type near type %zu", n);
		b++;
	}
	if (off != end)
		return err_plain(err, -EINVAL, ERR_BTF, "BTF type %zu runs past the end", n);
	k->count = k->first + (uint32_t)n;
	k->n_funcs = (uint32_t)n_funcs;
	k->n_blocks = (uint32_t)(b - k->blocks);
	return 0;
}

/* for as many types as there can be; what they do not need is never touched */
static int make_index(struct kbtf *k, struct err *err)
{
	size_t most = k->type_len / sizeof(struct btf_type) + 1;
	void *p;
	int r;

	k->blocks = malloc((most / KBTF_BLOCK + 1) * sizeof(*k->blocks));
	k->funcs = malloc(most * sizeof(*k->funcs));
	k->hash = kbtf_hash_new();
	if (!k->blocks || !k->funcs || !k->hash)
		return err_nomem(err);
	r = index_types(k, err);
	if (r < 0)
		return r;
	p = realloc(k->blocks, (k->n_blocks + 1) * sizeof(*k->blocks));
	if (p)
		k->blocks = p;
	p = realloc(k->funcs, (k->n_funcs + 1) * sizeof(*k->funcs));
	if (p)
		k->funcs = p;
	return 0;
}

/* a module's strings need not begin with the empty one: the base's do */
static int check_strings(const struct kbtf *k, struct err *err)
{
	if (k->base && !k->str_len)
		return 0;
	if (!k->str_len || (!k->base && k->strs[0]) || k->strs[k->str_len - 1])
		return err_plain(err, -EINVAL, ERR_BTF,
				 "BTF string section does not begin and end with NUL");
	return 0;
}

static int check_header(struct kbtf *k, struct err *err)
{
	const struct btf_header *h = k->data;
	uint64_t room;

	if (k->len < sizeof(*h) || ((uintptr_t)k->data & 3))
		return err_plain(err, -EINVAL, ERR_BTF, "BTF of %zu bytes has no header", k->len);
	if (k->len > LIMIT_BTF_BYTES)
		return err_plain(err, -E2BIG, ERR_LIMIT, "BTF of %zu bytes; at most %d are read",
				 k->len, LIMIT_BTF_BYTES);
	if (h->magic != BTF_MAGIC || h->version != BTF_VERSION || h->flags)
		return err_plain(err, -EINVAL, ERR_BTF,
				 "not BTF we know: magic 0x%04x, version %u, flags 0x%x", h->magic,
				 h->version, h->flags);
	if (h->hdr_len < sizeof(*h) || h->hdr_len > k->len || (h->hdr_len & 3))
		return err_plain(err, -EINVAL, ERR_BTF, "BTF header of %u bytes", h->hdr_len);
	room = k->len - h->hdr_len;
	if (h->type_off > room || h->type_len > room - h->type_off || (h->type_off & 3))
		return err_plain(err, -EINVAL, ERR_BTF, "BTF type section is out of bounds");
	if (h->str_off > room || h->str_len > room - h->str_off)
		return err_plain(err, -EINVAL, ERR_BTF, "BTF string section is out of bounds");
	k->types = (const char *)k->data + h->hdr_len + h->type_off;
	k->strs = (const char *)k->data + h->hdr_len + h->str_off;
	k->type_len = h->type_len;
	k->str_len = h->str_len;
	return check_strings(k, err);
}

const struct kbtf *kbtf_base(const struct kbtf *k)
{
	return k->base;
}

int kbtf_open(struct kbtf **out, void *data, size_t len, bool unmap, struct err *err)
{
	return kbtf_open_split(out, NULL, data, len, unmap, err);
}

/* (twice LIMIT_BTF_BYTES: ids and offsets that go on where the base's end do not wrap) */
static int continue_base(struct kbtf *k, const struct kbtf *base, struct err *err)
{
	k->base = base;
	if (!base)
		return 0;
	if (base->base)
		return err_plain(err, -EINVAL, ERR_BTF,
				 "BTF of a module continues another module's");
	k->first = base->count;
	k->str_first = base->str_len;
	k->release = base->release;
	return 0;
}

int kbtf_open_split(struct kbtf **out, const struct kbtf *base, void *data, size_t len, bool unmap,
		    struct err *err)
{
	_cleanup_(kbtf_freep) struct kbtf *k = calloc(1, sizeof(*k));
	int r;

	if (!k) {
		if (unmap)
			munmap(data, len);
		else
			free(data);
		return err_nomem(err);
	}
	k->data = data;
	k->len = len;
	k->unmap = unmap;
	r = continue_base(k, base, err);
	if (r == 0)
		r = check_header(k, err);
	if (r < 0)
		return r;
	r = make_index(k, err);
	if (r < 0)
		return r;
	*out = take_ptr(k);
	return 0;
}

void kbtf_free(struct kbtf *k)
{
	if (!k)
		return;
	if (k->unmap)
		munmap(k->data, k->len);
	else
		free(k->data);
	free(k->blocks);
	free(k->funcs);
	kbtf_hash_free(k->hash);
	free(k);
}

void kbtf_freep(struct kbtf **k)
{
	kbtf_free(*k);
}

void kbtf_set_release(struct kbtf *k, uint32_t release)
{
	k->release = release;
}

uint32_t kbtf_release(const struct kbtf *k)
{
	return k->release;
}

uint32_t kbtf_count(const struct kbtf *k)
{
	return k->count;
}

const struct btf_type *kbtf_next(const struct btf_type *t)
{
	return (const void *)((const char *)t + type_bytes(shapes[t->info >> 24], t->info));
}

const struct btf_type *kbtf_type(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t;
	uint32_t i;

	if (!id || id > k->count)
		return NULL;
	if (id <= k->first)
		return kbtf_type(k->base, id);
	id -= k->first;
	t = (const void *)(k->types + k->blocks[(id - 1) / KBTF_BLOCK].off);
	for (i = (id - 1) % KBTF_BLOCK; i; i--)
		t = kbtf_next(t);
	return t;
}

const char *kbtf_str(const struct kbtf *k, uint32_t off)
{
	if (off < k->str_first)
		return kbtf_str(k->base, off);
	off -= k->str_first;
	return off < k->str_len ? k->strs + off : "";
}

const char *kbtf_name(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t = kbtf_type(k, id);

	return t ? kbtf_str(k, t->name_off) : "";
}

int kbtf_func_by_id(const struct kbtf *k, uint32_t func_id, struct kbtf_proto *out)
{
	const struct btf_type *func = kbtf_type(k, func_id), *proto;
	struct kbtf_proto p = { .func_id = func_id };

	if (!func || KBTF_KIND(func->info) != BTF_KIND_FUNC)
		return -EINVAL;
	proto = kbtf_type(k, func->type);
	if (!proto || KBTF_KIND(proto->info) != BTF_KIND_FUNC_PROTO)
		return -EINVAL;
	p.ret = proto->type;
	p.n_params = KBTF_VLEN(proto->info);
	p.params = (const void *)(proto + 1);
	/* "..." is a last parameter without name and type */
	if (p.n_params && !p.params[p.n_params - 1].type) {
		p.varargs = true;
		p.n_params--;
	}
	*out = p;
	return 0;
}

uint32_t kbtf_strip(const struct kbtf *k, uint32_t id)
{
	unsigned int depth;

	for (depth = 0; depth <= LIMIT_BTF_DEPTH; depth++) {
		const struct btf_type *t = kbtf_type(k, id);

		if (!t)
			return 0;
		if (!(KBTF_BIT(KBTF_KIND(t->info)) & KBTF_TRANSPARENT))
			return id;
		id = t->type;
	}
	return 0;
}

unsigned int kbtf_user_level(const struct kbtf *k, uint32_t id)
{
	unsigned int depth, level = 0;

	for (depth = 0; depth <= LIMIT_BTF_DEPTH; depth++) {
		const struct btf_type *t = kbtf_type(k, id);
		uint32_t kind = t ? KBTF_KIND(t->info) : BTF_KIND_UNKN;

		if (kind == KBTF_TYPE_TAG && level && !strcmp(kbtf_str(k, t->name_off), "user"))
			return level;
		if (kind == BTF_KIND_PTR)
			level++;
		else if (!(KBTF_BIT(kind) & KBTF_TRANSPARENT))
			return 0;
		id = t->type;
	}
	return 0;
}

int kbtf_size(const struct kbtf *k, uint32_t id, uint64_t *size)
{
	uint64_t n = 1, bytes;
	unsigned int depth;

	for (depth = 0; depth <= LIMIT_BTF_DEPTH; depth++) {
		const struct btf_type *t = kbtf_type(k, kbtf_strip(k, id));
		uint32_t kind = t ? KBTF_KIND(t->info) : BTF_KIND_UNKN;

		if (kind == BTF_KIND_ARRAY) {
			const struct btf_array *a = (const void *)(t + 1);

			if (__builtin_mul_overflow(n, a->nelems, &n))
				return -EINVAL;
			id = a->type;
			continue;
		}
		if (kind == BTF_KIND_VAR) {
			id = t->type;
			continue;
		}
		if (kind == BTF_KIND_PTR)
			bytes = sizeof(uint64_t);
		else if (KBTF_BIT(kind) & KBTF_SIZED)
			bytes = t->size;
		else
			return -EINVAL;
		return __builtin_mul_overflow(n, bytes, size) ? -EINVAL : 0;
	}
	return -EINVAL;
}

/* a bit-field of an old kind: the type is an integer narrower than its storage */
static void narrow_int(const struct kbtf *k, struct kbtf_member *m)
{
	const struct btf_type *t = kbtf_type(k, kbtf_strip(k, m->type));
	uint32_t desc, bits;

	if (!t || KBTF_KIND(t->info) != BTF_KIND_INT)
		return;
	desc = *(const uint32_t *)(t + 1);
	bits = BTF_INT_BITS(desc);
	if (bits && (bits != (uint64_t)t->size * 8 || BTF_INT_OFFSET(desc))) {
		m->bit_size = bits;
		m->bit_off += BTF_INT_OFFSET(desc);
	}
}

struct search {
	const struct kbtf *k;
	const char *name;
	unsigned int budget;
};

static int search_member(struct search *s, uint32_t id, unsigned int depth, struct kbtf_member *out)
{
	const struct btf_type *t = kbtf_type(s->k, kbtf_strip(s->k, id));
	const struct btf_member *m, *end;

	if (!t || !(KBTF_BIT(KBTF_KIND(t->info)) & KBTF_COMPOSITE))
		return -EINVAL;
	if (depth > LIMIT_BTF_DEPTH)
		return -ENOENT;
	m = (const void *)(t + 1);
	for (end = m + KBTF_VLEN(t->info); m < end; m++) {
		bool kflag = t->info >> 31;
		uint32_t off = kflag ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
		const char *name = kbtf_str(s->k, m->name_off);

		if (!s->budget)
			return -ENOENT;
		s->budget--;
		if (!*name) {
			if (search_member(s, m->type, depth + 1, out) < 0)
				continue;
			if (__builtin_add_overflow(out->bit_off, off, &out->bit_off))
				return -EINVAL;
			return 0;
		}
		if (strcmp(name, s->name) != 0)
			continue;
		out->type = m->type;
		out->bit_off = off;
		out->bit_size = kflag ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
		if (!kflag)
			narrow_int(s->k, out);
		return 0;
	}
	return -ENOENT;
}

int kbtf_member(const struct kbtf *k, uint32_t id, const char *name, struct kbtf_member *out)
{
	struct search s = { .k = k, .name = name, .budget = KBTF_MEMBER_BUDGET };

	if (!*name)
		return -ENOENT;
	return search_member(&s, id, 0, out);
}
