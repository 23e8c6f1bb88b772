/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many names to FUNCs in one pass over all: of most names the first bytes say that nobody
 * asked for them, which costs a fifth of hashing them.
 */
#include <errno.h>
#include <stdlib.h>

#include "kern/kbtf_impl.h"
#include "util/cleanup.h"

#define HEADS 4096 /* bits */

/* the names asked for, by what they hash to */
struct asked {
	const char *const *names;
	uint32_t *slot; /* number of the name + 1; 0: free */
	uint32_t mask;
	uint64_t heads[HEADS / 64]; /* of first bytes: which there are */
	bool has_short;		    /* a name that ends in them: they say nothing then */
};

static uint32_t head_bit(uint64_t head)
{
	return (uint32_t)(head * 0x9e3779b97f4a7c15 >> 52);
}

/* where the name is, or is to be */
static uint32_t find_slot(const struct asked *a, const char *name)
{
	uint32_t at = kbtf_hash_name(name) & a->mask;

	while (a->slot[at] && strcmp(a->names[a->slot[at] - 1], name) != 0)
		at = (at + 1) & a->mask;
	return at;
}

static int ask(struct asked *a, const char *const *names, unsigned int n)
{
	*a = (struct asked){ .names = names, .mask = 3 };
	while (a->mask < 2 * n)
		a->mask = 2 * a->mask + 1;
	a->slot = calloc((size_t)a->mask + 1, sizeof(*a->slot));
	if (!a->slot)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t at = find_slot(a, names[i]), bit;
		uint64_t head;

		if (!a->slot[at])
			a->slot[at] = i + 1;
		if (strlen(names[i]) < sizeof(head)) {
			a->has_short |= *names[i] != '\0';
			continue;
		}
		memcpy(&head, names[i], sizeof(head));
		bit = head_bit(head);
		a->heads[bit / 64] |= 1ull << bit % 64;
	}
	return 0;
}

/*
 * Number of the next FUNC at or after `from` that somebody may ask for; n_funcs: none.
 * Most of 10^5 names go by here.
 */
static uint32_t next_func(const struct asked *a, const struct kbtf *k, uint32_t from)
{
	const uint32_t limit = k->str_len < 8 ? 0 : k->str_len - 8, str_first = k->str_first;
	const uint32_t *f = k->funcs + from, *end = k->funcs + k->n_funcs;
	const char *strs = k->strs;
	uint64_t head;
	uint32_t bit;

	for (; f < end; f++) {
		if (a->has_short || *f - str_first >= limit)
			break;
		memcpy(&head, strs + (*f - str_first), sizeof(head));
		bit = head_bit(head);
		if (a->heads[bit / 64] & 1ull << bit % 64)
			break;
	}
	return (uint32_t)(f - k->funcs);
}

/* as func_id() of kbtf_find.c, for FUNCs in order: *block is where the last one was */
static uint32_t next_id(const struct kbtf *k, uint32_t func, uint32_t *block)
{
	const struct btf_type *t;
	uint32_t left, id;

	while (*block + 1 < k->n_blocks && k->blocks[*block + 1].funcs <= func)
		++*block;
	left = func - k->blocks[*block].funcs;
	t = (const void *)(k->types + k->blocks[*block].off);
	for (id = *block * KBTF_BLOCK + 1;; id++, t = kbtf_next(t))
		if (KBTF_KIND(t->info) == BTF_KIND_FUNC && left-- == 0)
			return k->first + id;
}

int kbtf_own_funcs(const struct kbtf *k, const char *const *names, unsigned int n, uint32_t *ids)
{
	_cleanup_free_ uint32_t *slots = NULL;
	uint32_t block = 0;
	struct asked a;
	int ret = ask(&a, names, n);

	slots = a.slot;
	if (ret)
		return ret;
	memset(ids, 0, n * sizeof(*ids));
	for (uint32_t f = next_func(&a, k, 0); f < k->n_funcs; f = next_func(&a, k, f + 1)) {
		uint32_t i = a.slot[find_slot(&a, kbtf_str(k, k->funcs[f]))];

		if (i && !ids[i - 1])
			ids[i - 1] = next_id(k, f, &block);
	}
	/* asked for twice */
	for (unsigned int i = 0; i < n; i++)
		ids[i] = ids[a.slot[find_slot(&a, names[i])] - 1];
	return 0;
}
