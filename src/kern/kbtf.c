/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BTF reader: from blob to types, names and members. Spelling of types and
 * "did you mean" are in kbtf_text.c.
 *
 * Opening walks all types once, for their lengths are known only one after the
 * other. The walk validates kinds and bounds and leaves one entry per block of
 * types: where it starts, which kinds are in it, and the OR of its name offsets.
 * A name is looked for once, as bytes in the string section; what remains is to
 * compare integers, and only in blocks whose summary does not rule them out.
 * (Neighbouring types have neighbouring names: it rules out most of them.)
 */
#define _GNU_SOURCE /* memmem */
#include "kern/kbtf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/kbtf_walk.h"
#include "util/cleanup.h"
#include "util/limits.h"

/* for one kind: its bit, then bytes behind struct btf_type, then bytes per element */
#define SHAPE(kind, fixed, each) (KBTF_BIT(kind) << 32 | (uint64_t)(fixed) << 16 | (each))
#define SHAPE_BAD (1ULL << 63)
#define SHAPE_KINDS 128

static const uint64_t shapes[SHAPE_KINDS] = {
	[BTF_KIND_UNKN] = SHAPE_BAD,
	[BTF_KIND_INT] = SHAPE(BTF_KIND_INT, sizeof(uint32_t), 0),
	[BTF_KIND_PTR] = SHAPE(BTF_KIND_PTR, 0, 0),
	[BTF_KIND_ARRAY] = SHAPE(BTF_KIND_ARRAY, sizeof(struct btf_array), 0),
	[BTF_KIND_STRUCT] = SHAPE(BTF_KIND_STRUCT, 0, sizeof(struct btf_member)),
	[BTF_KIND_UNION] = SHAPE(BTF_KIND_UNION, 0, sizeof(struct btf_member)),
	[BTF_KIND_ENUM] = SHAPE(BTF_KIND_ENUM, 0, sizeof(struct btf_enum)),
	[BTF_KIND_FWD] = SHAPE(BTF_KIND_FWD, 0, 0),
	[BTF_KIND_TYPEDEF] = SHAPE(BTF_KIND_TYPEDEF, 0, 0),
	[BTF_KIND_VOLATILE] = SHAPE(BTF_KIND_VOLATILE, 0, 0),
	[BTF_KIND_CONST] = SHAPE(BTF_KIND_CONST, 0, 0),
	[BTF_KIND_RESTRICT] = SHAPE(BTF_KIND_RESTRICT, 0, 0),
	[BTF_KIND_FUNC] = SHAPE(BTF_KIND_FUNC, 0, 0),
	[BTF_KIND_FUNC_PROTO] = SHAPE(BTF_KIND_FUNC_PROTO, 0, sizeof(struct btf_param)),
	[BTF_KIND_VAR] = SHAPE(BTF_KIND_VAR, sizeof(struct btf_var), 0),
	[BTF_KIND_DATASEC] = SHAPE(BTF_KIND_DATASEC, 0, sizeof(struct btf_var_secinfo)),
	[BTF_KIND_FLOAT] = SHAPE(BTF_KIND_FLOAT, 0, 0),
	[KBTF_DECL_TAG] = SHAPE(KBTF_DECL_TAG, sizeof(uint32_t), 0),
	[KBTF_TYPE_TAG] = SHAPE(KBTF_TYPE_TAG, 0, 0),
	[KBTF_ENUM64] = SHAPE(KBTF_ENUM64, 0, sizeof(struct kbtf_enum64)),
	[KBTF_ENUM64 + 1 ... SHAPE_KINDS - 1] = SHAPE_BAD,
};

struct block {
	uint32_t off;	/* of its first type */
	uint32_t kinds; /* bit per kind */
	uint32_t names; /* OR of all name_off */
};

struct kbtf {
	void *data;
	size_t len;
	bool unmap;
	const char *types;
	const char *strs;
	uint32_t type_len, str_len;
	uint32_t count;
	struct block *blocks;
};

static uint32_t type_bytes(uint64_t shape, uint32_t info)
{
	return (uint32_t)sizeof(struct btf_type) + (uint32_t)(shape >> 16 & 0xffff) +
	       KBTF_VLEN(info) * (uint32_t)(shape & 0xffff);
}

/* the one pass; stops at the first type that is not wholly inside, or of unknown kind */
static int index_types(struct kbtf *k, struct err *err)
{
	uint32_t off = 0, left = k->type_len, n_blocks = 0, n = 0;
	struct block *shrunk;

	while (left >= sizeof(struct btf_type)) {
		struct block *b = &k->blocks[n_blocks++];
		uint64_t seen = 0;
		uint32_t names = 0, i;

		b->off = off;
		for (i = 0; i < KBTF_BLOCK && left >= sizeof(struct btf_type); i++) {
			const struct btf_type *t = (const void *)(k->types + off);
			uint64_t shape = shapes[t->info >> 24 & (SHAPE_KINDS - 1)];
			uint32_t size = type_bytes(shape, t->info);

			if (size > left)
				return err_plain(err, -EINVAL, ERR_BTF,
						 "BTF type %u runs past the end", n + i + 1);
			names |= t->name_off;
			seen |= shape;
			off += size;
			left -= size;
		}
		n += i;
		b->kinds = (uint32_t)(seen >> 32);
		b->names = names;
		if (seen & SHAPE_BAD)
			return err_plain(err, -EINVAL, ERR_BTF,
					 "BTF has an unknown kind of type near type %u", n);
	}
	if (left)
		return err_plain(err, -EINVAL, ERR_BTF, "BTF types end in the middle of one");
	k->count = n;
	shrunk = realloc(k->blocks, (n_blocks + 1) * sizeof(*k->blocks));
	if (shrunk)
		k->blocks = shrunk;
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
	if (!k->str_len || k->strs[0] || k->strs[k->str_len - 1])
		return err_plain(err, -EINVAL, ERR_BTF,
				 "BTF string section does not begin and end with NUL");
	return 0;
}

int kbtf_open(struct kbtf **out, void *data, size_t len, bool unmap, struct err *err)
{
	_cleanup_(kbtf_freep) struct kbtf *k = calloc(1, sizeof(*k));
	size_t most;
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
	r = check_header(k, err);
	if (r < 0)
		return r;
	most = k->type_len / sizeof(struct btf_type) / KBTF_BLOCK + 1;
	k->blocks = malloc(most * sizeof(*k->blocks));
	if (!k->blocks)
		return err_nomem(err);
	r = index_types(k, err);
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
	free(k);
}

void kbtf_freep(struct kbtf **k)
{
	kbtf_free(*k);
}

uint32_t kbtf_count(const struct kbtf *k)
{
	return k->count;
}

static const struct btf_type *next_type(const struct btf_type *t)
{
	uint64_t shape = shapes[t->info >> 24 & (SHAPE_KINDS - 1)];

	return (const void *)((const char *)t + type_bytes(shape, t->info));
}

const struct btf_type *kbtf_type(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t;
	uint32_t i;

	if (!id || id > k->count)
		return NULL;
	t = (const void *)(k->types + k->blocks[(id - 1) / KBTF_BLOCK].off);
	for (i = (id - 1) % KBTF_BLOCK; i; i--)
		t = next_type(t);
	return t;
}

const char *kbtf_str(const struct kbtf *k, uint32_t off)
{
	return off < k->str_len ? k->strs + off : "";
}

const char *kbtf_name(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t = kbtf_type(k, id);

	return t ? kbtf_str(k, t->name_off) : "";
}

/* offset of `name` as a whole string behind `from`, 0 if there is none */
static uint32_t find_str(const struct kbtf *k, const char *name, uint32_t from)
{
	char needle[LIMIT_IDENT + 3];
	size_t len = strlen(name);
	const char *hit;

	if (!len || len > LIMIT_IDENT)
		return 0;
	needle[0] = '\0';
	memcpy(needle + 1, name, len + 1);
	hit = memmem(k->strs + from, k->str_len - from, needle, len + 2);
	return hit ? (uint32_t)(hit - k->strs) + 1 : 0;
}

void kbtf_walk_from(struct kbtf_walk *w, const struct kbtf *k, uint32_t kinds, uint32_t name_off)
{
	*w = (struct kbtf_walk){ .k = k, .kinds = kinds, .name_off = name_off };
}

/* moves on to the first type of the next block that may hold what is looked for */
static bool next_block(struct kbtf_walk *w)
{
	const struct kbtf *k = w->k;
	uint32_t n = (k->count + KBTF_BLOCK - 1) / KBTF_BLOCK;
	uint32_t i;

	for (i = w->id / KBTF_BLOCK; i < n; i++) {
		const struct block *b = &k->blocks[i];

		if ((b->kinds & w->kinds) && !(w->name_off & ~b->names)) {
			w->id = i * KBTF_BLOCK;
			w->next = (const void *)(k->types + b->off);
			return true;
		}
	}
	return false;
}

const struct btf_type *kbtf_walk(struct kbtf_walk *w)
{
	while (w->id < w->k->count) {
		const struct btf_type *t;

		if (w->id % KBTF_BLOCK == 0 && !next_block(w))
			return NULL;
		t = w->next;
		w->next = next_type(t);
		w->id++;
		if ((w->kinds & KBTF_BIT(KBTF_KIND(t->info))) &&
		    (!w->name_off || w->name_off == t->name_off))
			return t;
	}
	return NULL;
}

int kbtf_find(const struct kbtf *k, unsigned int kind, const char *name, uint32_t *id)
{
	uint32_t off = 0;

	if (kind >= 32)
		return -ENOENT;
	/* pahole writes every string once; others may not, which costs only those not found */
	while ((off = find_str(k, name, off))) {
		struct kbtf_walk w;

		kbtf_walk_from(&w, k, (uint32_t)KBTF_BIT(kind), off);
		if (kbtf_walk(&w)) {
			*id = w.id;
			return 0;
		}
	}
	return -ENOENT;
}

unsigned int kbtf_count_named(const struct kbtf *k, unsigned int kind, const char *name)
{
	uint32_t off = kind < 32 ? find_str(k, name, 0) : 0;
	struct kbtf_walk w;
	unsigned int n = 0;

	if (!off)
		return 0;
	kbtf_walk_from(&w, k, (uint32_t)KBTF_BIT(kind), off);
	while (kbtf_walk(&w))
		n++;
	return n;
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

int kbtf_func(const struct kbtf *k, const char *name, struct kbtf_proto *out)
{
	uint32_t id;
	int r = kbtf_find(k, BTF_KIND_FUNC, name, &id);

	return r < 0 ? r : kbtf_func_by_id(k, id, out);
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

static int search_member(struct search *s, uint32_t id, unsigned int depth,
			 struct kbtf_member *out)
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

static bool enum_has(const struct btf_type *t, uint32_t off, int64_t *value)
{
	uint32_t n = KBTF_VLEN(t->info);
	bool is_signed = t->info >> 31;

	if (KBTF_KIND(t->info) == BTF_KIND_ENUM) {
		const struct btf_enum *e = (const void *)(t + 1);

		for (; n && e->name_off != off; n--)
			e++;
		if (n)
			*value = is_signed ? e->val : (int64_t)(uint32_t)e->val;
	} else {
		const struct kbtf_enum64 *e = (const void *)(t + 1);

		for (; n && e->name_off != off; n--)
			e++;
		if (n)
			*value = (int64_t)((uint64_t)e->hi << 32 | e->lo);
	}
	return n > 0;
}

int kbtf_enum_value(const struct kbtf *k, const char *name, int64_t *value)
{
	uint32_t off = 0;

	while ((off = find_str(k, name, off))) {
		const struct btf_type *t;
		struct kbtf_walk w;

		kbtf_walk_from(&w, k, KBTF_ENUMS, 0);
		while ((t = kbtf_walk(&w)))
			if (enum_has(t, off, value))
				return 0;
	}
	return -ENOENT;
}
