/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers by linear scan over live ranges, in order of first definition. A
 * physical register is a set of busy positions; calls and incoming arguments are
 * busy positions nobody owns, so that "lives across a call" needs no rule of its
 * own. A value without a register goes to the stack: its uses get short-lived
 * registers of their own, and the scan starts over.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/limits.h"

#define N_PHYS 10

struct start {
	uint32_t from; /* position */
	ir_reg reg;
};

struct alloc {
	struct fn *f;
	struct range *ranges;
	ir_reg *same;		   /* by register: which one it was merged into */
	uint16_t (*votes)[N_PHYS]; /* by register: moves saved by being there */
	uint32_t *mentions;	   /* by register */
	uint64_t *busy[N_PHYS];	   /* by position: fixed or owned */
	uint64_t *fixed[N_PHYS];
	uint32_t words;	     /* of each of these */
	struct start *order; /* of what wants a register, by position */
	uint32_t n_order;
	bool any_spill;
};

static void bits_fill(uint64_t *bits, const struct range *r, bool value)
{
	for (uint32_t s = 0; s < r->n; s++) {
		for (uint32_t p = r->seg[s].from; p <= r->seg[s].to; p++) {
			uint64_t bit = 1ULL << (p % 64);

			if (value)
				bits[p / 64] |= bit;
			else
				bits[p / 64] &= ~bit;
		}
	}
}

static bool bits_any(const uint64_t *bits, const struct range *r)
{
	for (uint32_t s = 0; s < r->n; s++) {
		uint32_t p = r->seg[s].from, to = r->seg[s].to;

		while (p <= to) {
			if (p % 64 == 0 && p + 63 <= to) {
				if (bits[p / 64])
					return true;
				p += 64;
				continue;
			}
			if (bits[p / 64] >> (p % 64) & 1)
				return true;
			p++;
		}
	}
	return false;
}

static void alloc_close(struct alloc *a)
{
	ranges_free(a->ranges, a->f->n_regs);
	for (unsigned int p = 0; p < N_PHYS; p++) {
		free(a->busy[p]);
		free(a->fixed[p]);
	}
	free(a->same);
	free(a->votes);
	free(a->mentions);
	free(a->order);
}

static int alloc_open(struct alloc *a, struct fn *f)
{
	size_t n = f->n_regs + 1;
	bool ok;

	*a = (struct alloc){ .f = f, .words = POS_USE(f->n + 1) / 64 + 1 };
	a->ranges = calloc(n, sizeof(*a->ranges));
	a->same = calloc(n, sizeof(*a->same));
	a->votes = calloc(n, sizeof(*a->votes));
	a->mentions = calloc(n, sizeof(*a->mentions));
	a->order = calloc(n, sizeof(*a->order));
	ok = a->ranges && a->same && a->votes && a->mentions && a->order;
	for (unsigned int p = 0; p < N_PHYS; p++) {
		a->busy[p] = calloc(a->words, sizeof(uint64_t));
		a->fixed[p] = calloc(a->words, sizeof(uint64_t));
		ok = ok && a->busy[p] && a->fixed[p];
	}
	if (!ok)
		return err_nomem(f->err);
	for (ir_reg r = 0; r < n; r++)
		a->same[r] = r;
	return 0;
}

static ir_reg merged(const struct alloc *a, ir_reg r)
{
	while (a->same[r] != r)
		r = a->same[r];
	return r;
}

/* a move between registers that are never live together makes them one */
static int coalesce(struct alloc *a)
{
	struct fn *f = a->f;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct op *op = &f->ops[i];
		ir_reg d = merged(a, op->dst), s = merged(a, op->in[0].reg);

		if (op->kind != OP_MOV || !s || s == d || f->spilled[s] || f->spilled[d] ||
		    f->tiny[s] != f->tiny[d] || range_overlaps(&a->ranges[s], &a->ranges[d]))
			continue;
		if (range_merge(&a->ranges[d], &a->ranges[s]))
			return err_nomem(f->err);
		a->ranges[s].n = 0;
		a->same[s] = d;
	}
	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];

		op->dst = merged(a, op->dst);
		for (unsigned int k = 0; k < op->n_in; k++)
			op->in[k].reg = merged(a, op->in[k].reg);
		/* positions are in use: dropped, but not closed up */
		if (op->kind == OP_MOV && op->width == IR_64 && op->dst == op->in[0].reg)
			*op = (struct op){ .kind = OP_NONE };
	}
	return 0;
}

static void vote(struct alloc *a, ir_reg r, unsigned int phys)
{
	if (r && a->votes[r][phys] < UINT16_MAX)
		a->votes[r][phys]++;
}

static void survey(struct alloc *a)
{
	struct fn *f = a->f;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct op *op = &f->ops[i];
		struct range fixed = { &(struct seg){ POS_CLOBBER(i), POS_CLOBBER(i) }, 1, 1 };

		a->mentions[op->dst]++;
		for (unsigned int k = 0; k < op->n_in; k++)
			a->mentions[op->in[k].reg]++;
		if (op->kind == OP_ARG) {
			fixed.seg[0] = (struct seg){ 0, POS_USE(i) };
			bits_fill(a->fixed[op->bytes], &fixed, true);
			vote(a, op->dst, op->bytes);
		} else if (op->kind == OP_CALL) {
			for (unsigned int p = 0; p <= IR_MAX_ARGS; p++)
				bits_fill(a->fixed[p], &fixed, true);
			for (unsigned int k = 0; k < op->n_in; k++)
				vote(a, op->in[k].reg, k + 1);
			vote(a, op->dst, 0);
		} else if (op->kind == OP_EXIT) {
			vote(a, op->in[0].reg, 0);
		}
	}
	for (unsigned int p = 0; p < N_PHYS; p++)
		memcpy(a->busy[p], a->fixed[p], a->words * sizeof(uint64_t));
}

static int by_start(const void *x, const void *y)
{
	const struct start *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->reg < b->reg ? -1 : a->reg > b->reg;
}

/* what it costs to have r on the stack: accesses, thinned out by length */
static uint64_t cost(const struct alloc *a, ir_reg r)
{
	const struct range *range = &a->ranges[r];
	uint64_t len = range->seg[range->n - 1].to - range->seg[0].from + 1;

	if (a->f->tiny[r])
		return UINT64_MAX / 2;
	return ((uint64_t)a->mentions[r] << 20) / len;
}

/* r6-r9 are saved at entry by whoever uses them, even if it leaves at once */
static bool may_use(const struct alloc *a, int p)
{
	return p < BPF_REG_6 || !a->f->ir->leaves_early;
}

/* a free register, the one that saves most moves; -1: none */
static int free_register(const struct alloc *a, ir_reg r)
{
	/* away from r1-r5, which calls want, then from what has to be saved */
	static const uint8_t order[N_PHYS] = { 0, 5, 4, 3, 2, 1, 6, 7, 8, 9 };
	int best = -1;

	for (unsigned int i = 0; i < N_PHYS; i++) {
		uint8_t p = order[i];

		if (!may_use(a, p) || bits_any(a->busy[p], &a->ranges[r]))
			continue;
		if (best < 0 || a->votes[r][p] > a->votes[r][best])
			best = p;
	}
	return best;
}

/* the register whose owners are cheapest to put on the stack; -1: r itself is */
static int cheapest_register(const struct alloc *a, ir_reg r)
{
	uint64_t best_cost = cost(a, r);
	int best = -1;

	for (int p = 0; p < N_PHYS; p++) {
		uint64_t sum = 0;

		if (!may_use(a, p) || bits_any(a->fixed[p], &a->ranges[r]))
			continue;
		for (uint32_t i = 0; i < a->n_order; i++) {
			ir_reg other = a->order[i].reg;

			if (a->f->where[other] == p &&
			    range_overlaps(&a->ranges[other], &a->ranges[r]))
				sum += cost(a, other);
			if (sum > UINT64_MAX / 2)
				sum = UINT64_MAX / 2;
		}
		if (sum < best_cost) {
			best_cost = sum;
			best = p;
		}
	}
	return best;
}

static void evict(struct alloc *a, int p, const struct range *range)
{
	for (uint32_t i = 0; i < a->n_order; i++) {
		ir_reg other = a->order[i].reg;

		if (a->f->where[other] != p || !range_overlaps(&a->ranges[other], range))
			continue;
		bits_fill(a->busy[p], &a->ranges[other], false);
		a->f->where[other] = -1;
		a->f->spilled[other] = true;
		a->any_spill = true;
	}
}

/* what made room for others may find that they have gone as well */
static void second_chance(struct alloc *a, const bool *old)
{
	struct fn *f = a->f;

	a->any_spill = false;
	for (uint32_t i = 0; i < a->n_order; i++) {
		ir_reg r = a->order[i].reg;
		int p;

		if (!f->spilled[r] || old[r])
			continue;
		p = free_register(a, r);
		if (p < 0) {
			a->any_spill = true;
			continue;
		}
		f->spilled[r] = false;
		f->where[r] = p;
		bits_fill(a->busy[p], &a->ranges[r], true);
	}
}

static int assign(struct alloc *a, const bool *old)
{
	struct fn *f = a->f;

	for (ir_reg r = 1; r <= f->n_regs; r++) {
		f->where[r] = -1;
		if (a->ranges[r].n && !f->spilled[r])
			a->order[a->n_order++] = (struct start){ a->ranges[r].seg[0].from, r };
	}
	qsort(a->order, a->n_order, sizeof(*a->order), by_start);
	for (uint32_t i = 0; i < a->n_order; i++) {
		ir_reg r = a->order[i].reg;
		int p = free_register(a, r);

		if (p < 0) {
			p = cheapest_register(a, r);
			if (p >= 0)
				evict(a, p, &a->ranges[r]);
		}
		if (p < 0 && f->tiny[r])
			return err_plain(f->err, -EINVAL, ERR_SYSTEM,
					 "internal: no register for v%u", r);
		if (p < 0) {
			f->spilled[r] = true;
			a->any_spill = true;
			continue;
		}
		f->where[r] = p;
		bits_fill(a->busy[p], &a->ranges[r], true);
	}
	if (a->any_spill)
		second_chance(a, old);
	return 0;
}

/* values nobody reads before they are set again; true if there were some */
static bool drop_unread(struct fn *f, const struct range *ranges)
{
	bool any = false;

	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];

		if (!op->dst || (!op_is_pure(op) && op->kind != OP_SPILL) ||
		    range_covers(&ranges[op->dst], POS_USE(i + 1)))
			continue;
		*op = (struct op){ .kind = OP_NONE };
		any = true;
	}
	return any;
}

static int live(struct alloc *a)
{
	struct fn *f = a->f;
	int r = live_ranges(f, a->ranges);

	while (r == 0 && drop_unread(f, a->ranges)) {
		for (ir_reg reg = 1; reg <= f->n_regs; reg++)
			a->ranges[reg].n = 0;
		r = live_ranges(f, a->ranges);
	}
	return r;
}

/* one scan; 1: there was a spill, scan again */
static int scan(struct fn *f)
{
	_cleanup_free_ bool *old = calloc(f->n_regs + 1, sizeof(*old));
	_cleanup_(alloc_close) struct alloc a;
	int32_t *where;
	int r = alloc_open(&a, f);

	if (r < 0 || !old)
		return err_nomem(f->err);
	where = realloc(f->where, (f->n_regs + 1) * sizeof(*where));
	if (!where)
		return err_nomem(f->err);
	f->where = where;
	memcpy(old, f->spilled, f->n_regs + 1);
	r = live(&a);
	if (r == 0)
		r = coalesce(&a);
	if (r < 0)
		return r;
	survey(&a);
	r = assign(&a, old);
	if (r < 0)
		return r;
	if (!a.any_spill)
		return spill_place(f, a.ranges);
	/* a.ranges is as long as n_regs is now */
	ranges_free(a.ranges, f->n_regs);
	a.ranges = NULL;
	r = spill_insert(f, old);
	return r < 0 ? r : 1;
}

/* what needs no instruction any more would only be in the way of opt_jumps() */
static void drop_empty(struct fn *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];
		bool stays = op->kind == OP_MOV && op->width == IR_64 && op->in[0].reg &&
			     f->where[op->dst] == f->where[op->in[0].reg];

		if (stays || (op->kind == OP_ARG && f->where[op->dst] == op->bytes))
			op->kind = OP_NONE;
	}
}

int regalloc_run(struct fn *f)
{
	int r;

	f->slot_off = calloc(f->ir->n_slots + 1, sizeof(*f->slot_off));
	if (!f->slot_off)
		return err_nomem(f->err);
	spill_place_slots(f);
	do
		r = scan(f);
	while (r == 1);
	if (r < 0)
		return r;
	if (f->stack > LIMIT_STACK_BYTES)
		return err_plain(f->err, -E2BIG, ERR_LIMIT,
				 "this rule needs %u bytes of stack, a BPF program has %d",
				 f->stack, LIMIT_STACK_BYTES);
	drop_empty(f);
	return 0;
}
