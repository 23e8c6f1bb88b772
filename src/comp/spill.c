/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values that live on the stack: loads and stores around what uses them, each
 * with a short-lived register, and where on the stack. Constants and addresses
 * are made again instead.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"

/* operations around spilled registers */
struct spiller {
	struct fn *f;
	const bool *old;   /* by register: spilled in an earlier round */
	struct op *made;   /* by register: what makes it again, instead of a stack slot */
	uint32_t n_before; /* registers before this round */
	struct op *ops;
	uint32_t n, cap;
	int error;
};

static void put(struct spiller *s, const struct op *op)
{
	const struct op *before = s->n ? &s->ops[s->n - 1] : NULL;
	struct op mov;

	/* what has just been stored is still at hand */
	if (op->kind == OP_RELOAD && before && before->kind == OP_SPILL &&
	    before->dst == op->in[0].reg && before->in[0].reg) {
		mov = *op;
		mov.kind = OP_MOV;
		mov.in[0] = before->in[0];
		op = &mov;
	}
	if (!s->error)
		s->error = fn_append(&s->ops, &s->n, &s->cap, op);
}

static bool is_new_spill(const struct spiller *s, ir_reg r)
{
	return r && r <= s->n_before && s->f->spilled[r] && !s->old[r];
}

static ir_reg tiny_reg(struct spiller *s)
{
	ir_reg r = fn_new_reg(s->f);

	if (r)
		s->f->tiny[r] = true;
	else
		s->error = -ENOMEM;
	return r;
}

/* a short-lived register with the value of r */
static ir_reg fetch(struct spiller *s, ir_reg r, struct span at)
{
	ir_reg t = tiny_reg(s);
	struct op op = { .kind = OP_RELOAD, .width = IR_64, .n_in = 1, .in = { ir_r(r) } };

	if (s->made[r].kind)
		op = s->made[r];
	op.dst = t;
	op.at = at;
	put(s, &op);
	return t;
}

static void spill_args(struct spiller *s, struct op *op)
{
	struct fn *f = s->f;

	for (unsigned int a = 0; a < op->n_in; a++) {
		ir_reg r = op->in[a].reg;

		if (!is_new_spill(s, r) || !s->made[r].kind)
			continue; /* a stack slot is read straight into the argument */
		if (!s->error)
			s->error =
				fn_append(&f->rebuild, &f->n_rebuild, &f->cap_rebuild, &s->made[r]);
		op->in[a] = ir_k(f->n_rebuild - 1);
		op->rebuilt |= (uint8_t)(1U << a);
	}
}

/* moves to and from the stack are the load or store itself; false: not one of these */
static bool spill_mov(struct spiller *s, struct op op)
{
	ir_reg src = op.in[0].reg;
	bool from = is_new_spill(s, src) && !s->made[src].kind;

	if (op.kind != OP_MOV || op.width != IR_64)
		return false;
	if (is_new_spill(s, op.dst)) {
		if (is_new_spill(s, src))
			op.in[0].reg = fetch(s, src, op.at);
		if (!src && !fits_s32(op.in[0].k))
			return false;
		op.kind = OP_SPILL;
	} else if (from) {
		op.kind = OP_RELOAD;
	} else {
		return false;
	}
	put(s, &op);
	return true;
}

static void spill_op(struct spiller *s, struct op op)
{
	ir_reg dst = op.dst;

	if (op.kind == OP_NONE)
		return;
	if (is_new_spill(s, dst) && s->made[dst].kind)
		return; /* its definition, wanted elsewhere */
	if (op.kind == OP_CALL)
		spill_args(s, &op);
	if (spill_mov(s, op))
		return;
	for (unsigned int a = 0; a < op.n_in && op.kind != OP_CALL; a++) {
		ir_reg r = op.in[a].reg, t;

		if (!is_new_spill(s, r))
			continue;
		t = fetch(s, r, op.at);
		for (unsigned int b = a; b < op.n_in; b++) {
			if (op.in[b].reg == r)
				op.in[b].reg = t;
		}
		if (op.rmw && op.dst == r)
			op.dst = t;
	}
	if (!is_new_spill(s, dst)) {
		put(s, &op);
		return;
	}
	if (op.dst == dst)
		op.dst = op.rmw ? fetch(s, dst, op.at) : tiny_reg(s);
	put(s, &op);
	put(s, &(struct op){ .kind = OP_SPILL,
			     .width = IR_64,
			     .dst = dst,
			     .n_in = 1,
			     .in = { ir_r(op.dst) },
			     .at = op.at });
}

static bool can_make_again(const struct op *op)
{
	switch (op->kind) {
	case OP_MOV:
		return !op->in[0].reg && op->width == IR_64;
	case OP_MAP:
	case OP_MAP_VALUE:
	case OP_KSYM:
	case OP_CALLBACK:
	case OP_SLOT_ADDR:
		return true;
	default:
		return false;
	}
}

int spill_insert(struct fn *f, const bool *old)
{
	_cleanup_free_ struct op *made = calloc(f->n_regs + 1, sizeof(*made));
	_cleanup_free_ uint32_t *defs = calloc(f->n_regs + 1, sizeof(*defs));
	struct spiller s = { .f = f, .old = old, .made = made, .n_before = f->n_regs };
	uint32_t n = f->n;

	if (!made || !defs)
		return err_nomem(f->err);
	for (uint32_t i = 0; i < n; i++) {
		ir_reg d = f->ops[i].dst;

		made[d] = (struct op){ 0 };
		if (d && ++defs[d] == 1 && can_make_again(&f->ops[i]))
			made[d] = f->ops[i];
	}
	for (uint32_t i = 0; i < n; i++)
		spill_op(&s, f->ops[i]);
	free(f->ops);
	f->ops = s.ops;
	f->n = s.n;
	f->cap = s.cap;
	return s.error ? err_nomem(f->err) : 0;
}

void spill_place_slots(struct fn *f)
{
	for (uint32_t i = 0; i < f->n + f->n_rebuild; i++) {
		const struct op *op = i < f->n ? &f->ops[i] : &f->rebuild[i - f->n];

		if (!op->slot || f->slot_off[op->slot])
			continue;
		f->stack += f->ir->slot_bytes[op->slot - 1];
		f->slot_off[op->slot] = -(int32_t)f->stack;
	}
}

/* spilled registers share a stack slot if they are never live together */
int spill_place(struct fn *f, const struct range *ranges)
{
	_cleanup_free_ struct range *slots = NULL;
	uint32_t n = 0;
	int err = 0;

	for (ir_reg r = 1; r <= f->n_regs && !err; r++) {
		uint32_t i = 0;

		if (!f->spilled[r] || !ranges[r].n)
			continue;
		while (i < n && range_overlaps(&slots[i], &ranges[r]))
			i++;
		if (i == n) {
			struct range *grown = realloc(slots, (n + 1) * sizeof(*slots));

			if (!grown) {
				err = -ENOMEM;
				break;
			}
			slots = grown;
			slots[n++] = (struct range){ 0 };
		}
		err = range_merge(&slots[i], &ranges[r]);
		f->where[r] = -(int32_t)(f->stack + (i + 1) * 8);
	}
	f->stack += n * 8;
	for (uint32_t i = 0; i < n; i++)
		free(slots[i].seg);
	return err ? err_nomem(f->err) : 0;
}
