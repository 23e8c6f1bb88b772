/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel's own types over random memory. There is no telling beforehand what a
 * predicate will read, so each value is made up when the evaluator first comes to
 * it: pointers mostly good, numbers at edges. Then everything stays as it is.
 */
#include <string.h>

#include "real_gen.h"

/* pointers go into the middle; what is around is for offsets */
#define MIDDLE (64u << 10)
#define LENGTH (MIDDLE + 2 * REAL_REACH)

static uint64_t pointer(struct subject *s)
{
	switch (gen_below(&s->gen, 16)) {
	case 0:
		return 0;
	case 1:
		return 0xdead000000000000ull + gen_below(&s->gen, 4096);
	case 2:
		return -(uint64_t)gen_below(&s->gen, 4096);
	default:
		return s->region.base + REAL_REACH + gen_below(&s->gen, MIDDLE / 8) * 8;
	}
}

/* once in a run: what was read stays what it was */
static bool take(struct subject *s, uint32_t at, uint32_t len)
{
	for (unsigned int i = 0; i < s->n_touched; i++)
		if (at < s->touched[i].at + s->touched[i].len && s->touched[i].at < at + len)
			return false;
	if (s->n_touched == sizeof(s->touched) / sizeof(s->touched[0]))
		return false;
	s->touched[s->n_touched].at = at;
	s->touched[s->n_touched++].len = len;
	return true;
}

static void touch(void *arg, uint64_t address, struct type t)
{
	struct subject *s = arg;
	uint32_t len = t.kind == TYPE_ARRAY ? 40 : t.bytes;
	uint64_t at = address - s->region.base, v;

	if (address < s->region.base || at + len > s->region.len || !take(s, (uint32_t)at, len))
		return;
	if (t.kind == TYPE_ARRAY) {
		gen_text(&s->gen, (char *)s->region.mem + at, len);
		return;
	}
	v = t.kind == TYPE_PTR ? pointer(s)
	    : t.is_bool	       ? gen_below(&s->gen, 2)
			       : gen_value(&s->gen);
	memcpy(s->region.mem + at, &v, len);
}

static void values(struct subject *s, unsigned int run, uint64_t args[6])
{
	const struct kbtf_proto *p = &s->func->proto;

	s->n_touched = 0;
	for (size_t i = 0; run == 0 && i + 8 <= s->region.len; i += 8) {
		uint64_t v = gen_random(&s->gen);

		memcpy(s->region.mem + i, &v, 8);
	}
	for (unsigned int i = 0; i < 6; i++) {
		struct type t = i < p->n_params ? type_of_id(s->btf, p->params[i].type)
						: type_int(8, false);

		args[i] = t.kind == TYPE_PTR ? pointer(s) : gen_value(&s->gen);
		if (t.is_bool) /* a caller passes 0 or 1; what is above is anything */
			args[i] = (args[i] & ~255ull) | gen_below(&s->gen, 2);
	}
}

static void predicate(struct subject *s, struct buf *out)
{
	struct real r = { .g = &s->gen, .btf = s->btf, .index = &s->index };

	s->func = r.func = &s->index.funcs[gen_below(&s->gen, s->index.n_funcs)];
	s->gen.func = s->func->name;
	real_predicate(&r, 1 + gen_below(&s->gen, 5), out);
}

static const struct subject_ops ops = {
	.predicate = predicate,
	.values = values,
	.touch = touch,
};

int subject_real(struct subject *s, struct kbtf *btf,
		 bool (*wanted)(const void *arg, const char *func), const void *arg)
{
	int ret;

	s->btf = btf;
	s->ops = &ops;
	ret = real_index_make(&s->index, btf, wanted, arg);
	return ret < 0 ? ret : region_make(&s->region, LENGTH);
}
