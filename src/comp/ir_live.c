/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where each register is live. Control flow only goes forward, so that one walk
 * backwards from the last use sees every label before the jumps to it: no
 * iteration, and the result is exact, holes on other paths included.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"

struct walk {
	const struct fn *f;
	uint32_t *first, *last; /* by register: operations that mention it */
	uint32_t *label_at;	/* by label */
	uint32_t *first_jump;	/* by label */
	bool *label_live;	/* by label: of the register at hand */
};

/* put [from, to] before everything in r, which is kept descending meanwhile */
static int range_extend_down(struct range *r, uint32_t from, uint32_t to)
{
	if (r->n && r->seg[r->n - 1].from == to + 1) {
		r->seg[r->n - 1].from = from;
		return 0;
	}
	if (r->n == r->cap) {
		uint32_t cap = r->cap ? r->cap * 2 : 2;
		struct seg *grown = realloc(r->seg, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->seg = grown;
		r->cap = cap;
	}
	r->seg[r->n++] = (struct seg){ from, to };
	return 0;
}

static void range_reverse(struct range *r)
{
	for (uint32_t i = 0; i < r->n / 2; i++) {
		struct seg s = r->seg[i];

		r->seg[i] = r->seg[r->n - 1 - i];
		r->seg[r->n - 1 - i] = s;
	}
}

bool range_covers(const struct range *r, uint32_t position)
{
	uint32_t low = 0, high = r->n;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (r->seg[mid].to < position)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->n && r->seg[low].from <= position;
}

bool range_overlaps(const struct range *a, const struct range *b)
{
	uint32_t i = 0, j = 0;

	while (i < a->n && j < b->n) {
		if (a->seg[i].to < b->seg[j].from)
			i++;
		else if (b->seg[j].to < a->seg[i].from)
			j++;
		else
			return true;
	}
	return false;
}

int range_merge(struct range *into, const struct range *from)
{
	struct range merged = { 0 };
	uint32_t i = into->n, j = from->n;

	while (i || j) {
		const struct seg *s;

		if (i && (!j || into->seg[i - 1].from > from->seg[j - 1].from))
			s = &into->seg[--i];
		else
			s = &from->seg[--j];
		if (range_extend_down(&merged, s->from, s->to)) {
			free(merged.seg);
			return -ENOMEM;
		}
	}
	range_reverse(&merged);
	free(into->seg);
	*into = merged;
	return 0;
}

void ranges_free(struct range *ranges, uint32_t n_regs)
{
	for (uint32_t r = 0; ranges && r <= n_regs; r++)
		free(ranges[r].seg);
	free(ranges);
}

static void mention(struct walk *w, ir_reg r, uint32_t i)
{
	if (w->first[r] == UINT32_MAX)
		w->first[r] = i;
	w->last[r] = i;
}

static void survey(struct walk *w)
{
	for (ir_reg r = 0; r <= w->f->n_regs; r++)
		w->first[r] = UINT32_MAX;
	for (ir_label l = 0; l <= w->f->n_labels; l++)
		w->first_jump[l] = UINT32_MAX;
	for (uint32_t i = 0; i < w->f->n; i++) {
		const struct op *op = &w->f->ops[i];

		for (unsigned int a = 0; a < op->n_in; a++)
			mention(w, op->in[a].reg, i);
		mention(w, op->dst, i);
		if (op->kind == OP_LABEL)
			w->label_at[op->label] = i;
		else if (op->label && w->first_jump[op->label] == UINT32_MAX)
			w->first_jump[op->label] = i;
	}
}

/* is r live right after operation i, given that `below` is so for the next one? */
static bool live_out(const struct walk *w, ir_reg r, uint32_t i, bool below)
{
	const struct op *op = &w->f->ops[i];
	bool there;

	if (op->kind == OP_EXIT)
		return false;
	if (op->kind != OP_JUMP && op->kind != OP_BRANCH)
		return below;
	there = w->label_at[op->label] <= w->last[r] && w->label_live[op->label];
	return there || (op->kind == OP_BRANCH && below);
}

static int walk_register(const struct walk *w, ir_reg r, struct range *out)
{
	uint32_t low = w->first[r];
	bool live = false;

	for (uint32_t i = w->last[r] + 1; i-- > low;) {
		const struct op *op = &w->f->ops[i];
		bool after = live_out(w, r, i, live);
		bool def = op->dst == r;
		uint32_t to;

		live = (after && !def) || op_reads(op, r);
		if (op->kind == OP_LABEL) {
			w->label_live[op->label] = live;
			/* also on paths that pass by the first definition */
			if (live && w->first_jump[op->label] < low)
				low = w->first_jump[op->label];
		}
		if (!live && !after && !def)
			continue;
		/* unread results take their place all the same */
		to = after || def ? POS_USE(i + 1) - 1 : POS_USE(i);
		if (def && !op->rmw) {
			if (range_extend_down(out, POS_DEF(i), to))
				return err_nomem(w->f->err);
			to = POS_USE(i);
		}
		if (live && range_extend_down(out, POS_USE(i), to))
			return err_nomem(w->f->err);
	}
	range_reverse(out);
	if (live)
		return err_plain(w->f->err, -EINVAL, ERR_SYSTEM,
				 "internal: register v%u is read where nothing has set it", r);
	return 0;
}

int live_ranges(const struct fn *f, struct range *ranges)
{
	_cleanup_free_ uint32_t *first = calloc(f->n_regs + 1, sizeof(*first));
	_cleanup_free_ uint32_t *last = calloc(f->n_regs + 1, sizeof(*last));
	_cleanup_free_ uint32_t *label_at = calloc(f->n_labels + 1, sizeof(*label_at));
	_cleanup_free_ uint32_t *first_jump = calloc(f->n_labels + 1, sizeof(*first_jump));
	_cleanup_free_ bool *label_live = calloc(f->n_labels + 1, sizeof(*label_live));
	struct walk w = { f, first, last, label_at, first_jump, label_live };
	int err;

	if (!first || !last || !label_at || !first_jump || !label_live)
		return err_nomem(f->err);
	survey(&w);
	for (ir_reg r = 1; r <= f->n_regs; r++) {
		if (first[r] == UINT32_MAX)
			continue;
		err = walk_register(&w, r, &ranges[r]);
		if (err < 0)
			return err;
	}
	return 0;
}
