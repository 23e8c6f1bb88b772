/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory, byte by byte. */
#include "eval_ops.h"
#include "eval_walk.h"

/* no page table of four or five levels reaches it, or it is in the other half */
static bool out_of_reach(bool user, uint64_t addr)
{
	if (user)
		return addr < 65536 || addr >= 1ull << 47;
	/* in the last page lie the pointers made of errors */
	return addr >> 56 != 0xff || addr >= (uint64_t)-4096;
}

/* One byte. What the kernel reads as user memory is where we have it ourselves. */
uint8_t eval_peek(struct walk *k, bool user, uint64_t addr)
{
	uint64_t base = user ? (uint64_t)(uintptr_t)k->w->mem : k->w->base;

	if (k->dry || k->stop != EVAL_TRUE)
		return 0;
	if (addr >= base && addr - base < k->w->len)
		return k->w->mem[addr - base];
	eval_give_up(k, out_of_reach(user, addr) ? EVAL_FAULT : EVAL_UNKNOWN);
	return 0;
}

static uint64_t peek_int(struct walk *k, bool user, uint64_t addr, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint64_t)eval_peek(k, user, addr + i) << 8 * i;
	return v;
}

/* bit by bit */
static uint64_t peek_bits(struct walk *k, const struct val *p)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < p->bits; i++) {
		uint32_t bit = p->bit_off + i;

		v |= (uint64_t)(eval_peek(k, p->user, p->v + bit / 8) >> bit % 8 & 1) << i;
	}
	if (p->type.is_signed && p->bits < 64 && v >> (p->bits - 1) & 1)
		v |= UINT64_MAX << p->bits;
	return v;
}

void eval_touch(struct walk *k, uint64_t addr, struct type t)
{
	if (k->w->touch && !k->dry && k->stop == EVAL_TRUE)
		k->w->touch(k->w->touch_arg, addr, t);
}

struct type eval_pointer_to(struct type t, bool user)
{
	t = type_pointer_to(t);
	if (user)
		t.user = 1;
	return t;
}

struct val eval_read(struct walk *k, struct val p)
{
	struct val r = { .type = p.type };

	if (!p.place)
		return p;
	if (p.type.kind != TYPE_ARRAY && !p.bits && !p.user)
		eval_touch(k, p.v, p.type);
	if (p.type.kind == TYPE_ARRAY) {
		r.type = eval_pointer_to(type_target(k->w->btf, p.type), p.user);
		r.v = p.v;
	} else if (p.bits) {
		r.v = peek_bits(k, &p);
		if (p.bits < 32)
			r.type = type_int(4, true);
	} else {
		if (p.user && p.type.kind == TYPE_PTR)
			p.type.user = 1;
		r.v = peek_int(k, p.user, p.v, p.type.bytes);
		if (p.type.is_bool && r.v > 1) /* no bool: C does not say */
			eval_give_up(k, EVAL_UNKNOWN);
		r.type = p.type;
		r.v = eval_fit(p.type, r.v);
	}
	return r;
}
