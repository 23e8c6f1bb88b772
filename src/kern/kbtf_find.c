/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From names to types. The usual rule names a handful of functions: comparing
 * with the first bytes of all names is cheaper than hashing all of them, until
 * somebody asks for many.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kbtf_impl.h"

/* hashing costs about as much as so many searches */
#define HASH_AFTER 6

struct kbtf_hash {
	unsigned int asked;
	uint32_t mask;	 /* buckets - 1; 0: not built */
	uint32_t *first; /* per bucket: FUNC number + 1, 0: none */
	uint32_t *next;	 /* per FUNC: same */
};

void kbtf_walk_from(struct kbtf_walk *w, const struct kbtf *k, uint32_t kinds)
{
	*w = (struct kbtf_walk){ .k = k, .kinds = kinds, .id = k->first };
}

/* moves to the first type of the next block that has one wanted */
static bool next_block(struct kbtf_walk *w)
{
	const struct kbtf *k = w->k;
	uint32_t i;

	for (i = (w->id - k->first) / KBTF_BLOCK; i < k->n_blocks; i++) {
		if (k->blocks[i].kinds & w->kinds) {
			w->id = k->first + i * KBTF_BLOCK;
			w->next = (const void *)(k->types + k->blocks[i].off);
			return true;
		}
	}
	return false;
}

static const struct btf_type *walk_part(struct kbtf_walk *w)
{
	while (w->id < w->k->count) {
		const struct btf_type *t;

		if ((w->id - w->k->first) % KBTF_BLOCK == 0 && !next_block(w))
			return NULL;
		t = w->next;
		w->next = kbtf_next(t);
		w->id++;
		if (w->kinds & KBTF_BIT(KBTF_KIND(t->info)))
			return t;
	}
	return NULL;
}

const struct btf_type *kbtf_walk(struct kbtf_walk *w)
{
	const struct btf_type *t = walk_part(w);

	while (!t && w->k->base) {
		kbtf_walk_from(w, w->k->base, w->kinds);
		t = walk_part(w);
	}
	return t;
}

struct kbtf_hash *kbtf_hash_new(void)
{
	return calloc(1, sizeof(struct kbtf_hash));
}

void kbtf_hash_free(struct kbtf_hash *h)
{
	if (!h)
		return;
	free(h->first);
	free(h->next);
	free(h);
}

/* eight bytes at a time, the last eight again: there are 10^5 names of some 20 bytes */
uint32_t kbtf_hash_name(const char *s)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	size_t len = strlen(s), i;
	uint64_t h = len, word;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		h = (h ^ word) * odd;
	}
	if (len < sizeof(word)) {
		for (i = 0; i < len; i++)
			h = (h ^ (unsigned char)s[i]) * odd;
	} else {
		memcpy(&word, s + len - sizeof(word), sizeof(word));
		h = (h ^ word) * odd;
	}
	return (uint32_t)(h >> 32);
}

/* false: go on without; the memory may be there next time */
static bool hash_ready(const struct kbtf *k)
{
	struct kbtf_hash *h = k->hash;
	uint32_t buckets = 1024, i;

	if (h->mask || ++h->asked <= HASH_AFTER)
		return h->mask;
	while (buckets < k->n_funcs)
		buckets *= 2;
	h->first = calloc(buckets, sizeof(*h->first));
	h->next = malloc((k->n_funcs + 1) * sizeof(*h->next));
	if (!h->first || !h->next) {
		free(h->first);
		free(h->next);
		h->first = h->next = NULL;
		return false;
	}
	h->mask = buckets - 1;
	/* backwards, for a chain to be in order of id */
	for (i = k->n_funcs; i; i--) {
		uint32_t *bucket =
			&h->first[kbtf_hash_name(kbtf_str(k, k->funcs[i - 1])) & h->mask];

		h->next[i - 1] = *bucket;
		*bucket = i;
	}
	return true;
}

/*
 * Number of the next FUNC of that name at or after `from`; n_funcs: none. kbtf_is()
 * with its loads taken out of the loop over most of 10^5 names.
 */
static uint32_t func_scan(const struct kbtf *k, const struct kbtf_want *want, uint32_t from)
{
	const uint64_t head = want->head, mask = want->mask;
	const uint32_t limit = k->str_len < 8 ? 0 : k->str_len - 8, str_first = k->str_first;
	const uint32_t *f = k->funcs + from, *end = k->funcs + k->n_funcs;
	const char *strs = k->strs;
	uint64_t here;

	for (; f < end; f++) {
		if (*f - str_first < limit) { /* of the base: wraps, and is not */
			memcpy(&here, strs + (*f - str_first), sizeof(here));
			if ((here ^ head) & mask)
				continue;
		}
		if (strcmp(kbtf_str(k, *f), want->name) == 0)
			break;
	}
	return (uint32_t)(f - k->funcs);
}

static uint32_t func_hashed(const struct kbtf *k, const struct kbtf_want *want, uint32_t i)
{
	while (i && !kbtf_is(k, want, k->funcs[i - 1]))
		i = k->hash->next[i - 1];
	return i;
}

static uint32_t func_id(const struct kbtf *k, uint32_t func)
{
	uint32_t lo = 0, hi = k->n_blocks, left;
	const struct btf_type *t;

	/* the last block with at most `func` FUNCs before it */
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (k->blocks[mid].funcs <= func)
			lo = mid;
		else
			hi = mid;
	}
	left = func - k->blocks[lo].funcs;
	t = (const void *)(k->types + k->blocks[lo].off);
	for (lo = lo * KBTF_BLOCK + 1;; lo++, t = kbtf_next(t))
		if (KBTF_KIND(t->info) == BTF_KIND_FUNC && left-- == 0)
			return k->first + lo;
}

bool kbtf_next_func(const struct kbtf *k, const char *prefix, uint32_t *cursor, uint32_t *id)
{
	size_t len = strlen(prefix);

	for (; *cursor < k->n_funcs; ++*cursor) {
		if (strncmp(kbtf_str(k, k->funcs[*cursor]), prefix, len) != 0)
			continue;
		*id = func_id(k, (*cursor)++);
		return true;
	}
	return false;
}

static int find_own_func(const struct kbtf *k, const struct kbtf_want *want, uint32_t *id)
{
	uint32_t i;

	if (hash_ready(k)) {
		i = func_hashed(k, want,
				k->hash->first[kbtf_hash_name(want->name) & k->hash->mask]);
		if (!i)
			return -ENOENT;
		i--;
	} else {
		i = func_scan(k, want, 0);
		if (i == k->n_funcs)
			return -ENOENT;
	}
	*id = func_id(k, i);
	return 0;
}

static int find_func(const struct kbtf *k, const struct kbtf_want *want, uint32_t *id)
{
	int r = find_own_func(k, want, id);

	return r == -ENOENT && k->base ? find_func(k->base, want, id) : r;
}

int kbtf_find_next(const struct kbtf *k, unsigned int kind, const char *name, uint32_t after,
		   uint32_t *id)
{
	const struct kbtf_want want = kbtf_want(name);
	const struct btf_type *t;
	bool behind = !after;
	struct kbtf_walk w;

	if (!*name || kind >= 32)
		return -ENOENT;
	kbtf_walk_from(&w, k, (uint32_t)KBTF_BIT(kind));
	while ((t = kbtf_walk(&w))) {
		if (behind && kbtf_is(k, &want, t->name_off)) {
			*id = w.id;
			return 0;
		}
		behind |= w.id == after;
	}
	return -ENOENT;
}

int kbtf_find(const struct kbtf *k, unsigned int kind, const char *name, uint32_t *id)
{
	const struct kbtf_want want = kbtf_want(name);

	if (kind == BTF_KIND_FUNC && *name)
		return find_func(k, &want, id);
	return kbtf_find_next(k, kind, name, 0, id);
}

static unsigned int count_funcs(const struct kbtf *k, const struct kbtf_want *want)
{
	unsigned int n = k->base ? count_funcs(k->base, want) : 0;
	uint32_t i;

	if (hash_ready(k)) {
		i = k->hash->first[kbtf_hash_name(want->name) & k->hash->mask];
		for (; (i = func_hashed(k, want, i)); i = k->hash->next[i - 1])
			n++;
		return n;
	}
	for (i = 0; (i = func_scan(k, want, i)) < k->n_funcs; i++)
		n++;
	return n;
}

unsigned int kbtf_count_named(const struct kbtf *k, unsigned int kind, const char *name)
{
	const struct kbtf_want want = kbtf_want(name);
	const struct btf_type *t;
	struct kbtf_walk w;
	unsigned int n = 0;

	if (!*name || kind >= 32)
		return 0;
	if (kind == BTF_KIND_FUNC)
		return count_funcs(k, &want);
	kbtf_walk_from(&w, k, (uint32_t)KBTF_BIT(kind));
	while ((t = kbtf_walk(&w)))
		n += kbtf_is(k, &want, t->name_off);
	return n;
}

int kbtf_func(const struct kbtf *k, const char *name, struct kbtf_proto *out)
{
	uint32_t id;
	int r = kbtf_find(k, BTF_KIND_FUNC, name, &id);

	return r < 0 ? r : kbtf_func_by_id(k, id, out);
}

int kbtf_own_func(const struct kbtf *k, const char *name, struct kbtf_proto *out)
{
	const struct kbtf_want want = kbtf_want(name);
	uint32_t id;
	int r = *name ? find_own_func(k, &want, &id) : -ENOENT;

	return r < 0 ? r : kbtf_func_by_id(k, id, out);
}

static bool enum_has(const struct kbtf *k, const struct btf_type *t, const struct kbtf_want *want,
		     int64_t *value)
{
	const struct kbtf_enum64 *e64 = (const void *)(t + 1);
	const struct btf_enum *e = (const void *)(t + 1);
	uint32_t n = KBTF_VLEN(t->info), i;

	if (KBTF_KIND(t->info) == BTF_KIND_ENUM) {
		for (i = 0; i < n; i++)
			if (kbtf_is(k, want, e[i].name_off)) {
				*value = t->info >> 31 ? e[i].val : (int64_t)(uint32_t)e[i].val;
				return true;
			}
		return false;
	}
	for (i = 0; i < n; i++)
		if (kbtf_is(k, want, e64[i].name_off)) {
			*value = (int64_t)((uint64_t)e64[i].hi << 32 | e64[i].lo);
			return true;
		}
	return false;
}

int kbtf_enum_value(const struct kbtf *k, const char *name, int64_t *value)
{
	const struct kbtf_want want = kbtf_want(name);
	const struct btf_type *t;
	struct kbtf_walk w;
	bool found = false;
	int64_t v;

	if (!*name)
		return -ENOENT;
	kbtf_walk_from(&w, k, KBTF_ENUMS);
	while ((t = kbtf_walk(&w))) {
		if (!enum_has(k, t, &want, &v))
			continue;
		if (found && v != *value)
			return -ENOTUNIQ;
		*value = v;
		found = true;
	}
	return found ? 0 : -ENOENT;
}
