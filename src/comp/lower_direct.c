/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads without a helper, through pointers the verifier knows the type of: those a
 * trampoline's context holds, and what is loaded through them. A load that faults
 * gives 0, so only a 0 has to be confirmed, by a read that tells; and not even that
 * where the value is only an address to read at, for that read then faults in its turn.
 *
 * To the verifier such a pointer is no number. It may be compared, and a constant added.
 */
#include "comp/lower_internal.h"

/* a typed pointer's value, which any arithmetic may be done with: 0 - (0 - p) */
ir_reg lower_number_of(struct lower *l, ir_reg pointer)
{
	return ir_neg(l->ir, IR_64, ir_neg(l->ir, IR_64, pointer));
}

ir_reg lower_typed_param(struct lower *l, const struct tree_param *p)
{
	struct seen key = { .state = SEEN_RAW, .off = p->reg, .bytes = 8 };
	ir_reg r = lower_seen(l, &key);

	if (r)
		return r;
	r = abi_load_arg(l->abi, l->ir, l->ctx, p->reg, 8, 0);
	lower_remember(l, key, r);
	return r;
}

/* n as a typed pointer, 0 if it is none; *record: to what */
ir_reg lower_pointer(struct lower *l, const struct node *n, uint32_t *record)
{
	struct direct d;

	switch (n->kind) {
	case NODE_PARAM:
		*record = l->abi->typed ? n->param->held.record : 0;
		return *record ? lower_typed_param(l, n->param) : 0;
	case NODE_LOCAL:
		*record = n->local->record;
		return n->local->pointer;
	case NODE_LOAD:
		if (!lower_direct(l, n, &d))
			return 0;
		*record = d.record;
		return d.record ? d.value : 0;
	case NODE_CONV: /* whatever it is cast to, the verifier goes by what it was */
		return n->type.bytes == 8 && n->a->type.kind == TYPE_PTR
			       ? lower_pointer(l, n->a, record)
			       : 0;
	default:
		return 0;
	}
}

/* bytes of one load that holds all of n; of a bit-field, and what is around it */
static unsigned int load_bytes(const struct node *n)
{
	unsigned int span = (n->bit_off + n->bits + 7) / 8, bytes = 1;

	if (!n->bits)
		return n->type.bytes;
	while (bytes < span)
		bytes *= 2;
	return bytes;
}

bool lower_direct(struct lower *l, const struct node *n, struct direct *d)
{
	struct seen key = { .state = SEEN_RAW, .off = n->off, .bytes = load_bytes(n) };
	uint32_t record;

	d->base = n->user ? 0 : lower_pointer(l, n->a, &record);
	if (!d->base || !typed_load(l->btf, record, n->off, key.bytes, &d->record))
		return false;
	key.base = d->base;
	d->bytes = key.bytes;
	d->value = lower_seen(l, &key);
	if (d->value)
		return true;
	ir_at(l->ir, n->at);
	d->value = ir_load(l->ir, d->bytes, d->base, (int32_t)n->off);
	lower_remember(l, key, d->value);
	return true;
}

/*
 * d's value, faults ruled out. A number comes from the second read then: that it was
 * read at all is what counts. A pointer has to stay the typed one, and is 0.
 */
ir_reg lower_confirmed(struct lower *l, const struct node *n, const struct direct *d)
{
	struct seen key = {
		.state = SEEN_BYTES, .base = d->base, .off = n->off, .bytes = d->bytes
	};
	ir_reg r = lower_seen(l, &key);
	ir_label sure;

	if (r)
		return r;
	sure = ir_label_new(l->ir);
	r = d->value;
	if (!d->record) {
		r = ir_new_reg(l->ir);
		ir_mov(l->ir, r, ir_r(d->value));
	}
	ir_at(l->ir, n->at);
	ir_branch(l->ir, BPF_JNE, IR_64, r, ir_k(0), sure);
	lower_read(l, READ_KERNEL, ir_k(d->bytes), d->base, n->off);
	if (!d->record)
		ir_mov(l->ir, r, ir_r(ir_slot_load(l->ir, d->bytes, lower_buffer(l), 0)));
	ir_place(l->ir, sure);
	lower_remember(l, key, r);
	return r;
}

ir_reg lower_comparable(struct lower *l, const struct node *n)
{
	const struct node *p = n;
	struct direct d;
	uint32_t record;
	ir_reg r;

	while (p->kind == NODE_CONV && p->type.bytes == 8 && p->a->type.kind == TYPE_PTR)
		p = p->a;
	if (p->kind == NODE_LOAD && p->type.kind == TYPE_PTR && lower_direct(l, p, &d) && d.record)
		return lower_confirmed(l, p, &d);
	r = p->kind == NODE_PARAM || p->kind == NODE_LOCAL ? lower_pointer(l, p, &record) : 0;
	return r ? r : lower_value(l, n);
}

/*
 * n as an address to read at, `off` bytes on. If it is a 0 of which nobody knows whether
 * it was read, the read will tell, which is in the lowest pages or no address at all.
 */
ir_reg lower_base(struct lower *l, const struct node *n, int64_t off)
{
	struct direct d;
	uint32_t record;
	ir_reg r;

	if (off < 0 || off > INT16_MAX)
		return lower_value(l, n);
	while (n->kind == NODE_CONV && n->type.kind == TYPE_PTR && n->a->type.kind == TYPE_PTR)
		n = n->a;
	if (n->kind == NODE_ADDR && n->off > 0 && n->off <= INT16_MAX)
		return ir_alu(l->ir, BPF_ADD, IR_64, lower_base(l, n->a, 0), ir_k(n->off));
	if (n->kind == NODE_LOAD && n->type.kind == TYPE_PTR && lower_direct(l, n, &d))
		return d.value;
	r = lower_pointer(l, n, &record);
	return r ? r : lower_value(l, n);
}
