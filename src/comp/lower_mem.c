/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads of kernel and user memory. Where lower_direct.c has nothing better, each goes
 * through a helper that checks the address, into a buffer on the program's stack; one
 * that faults ends the predicate. So does one of a user page that is not in memory, but
 * in programs that may sleep: they wait for it.
 */
#include "comp/lower_internal.h"

ir_reg lower_seen(const struct lower *l, const struct seen *key)
{
	for (unsigned int i = 0; i < l->n_seen; i++) {
		const struct seen *s = &l->seen[i];

		if (s->state == key->state && s->base == key->base && s->off == key->off &&
		    s->bytes == key->bytes && s->bit_off == key->bit_off && s->bits == key->bits &&
		    s->is_signed == key->is_signed && s->user == key->user)
			return s->value;
	}
	return 0;
}

/* full: forgetting costs a read, no more */
void lower_remember(struct lower *l, struct seen key, ir_reg value)
{
	if (l->n_seen == LOWER_SEEN)
		return;
	key.value = value;
	l->seen[l->n_seen++] = key;
}

ir_slot lower_buffer(struct lower *l)
{
	if (!l->buf)
		l->buf = ir_slot_new(l->ir, l->buf_bytes);
	return l->buf;
}

static ir_reg add_offset(struct lower *l, ir_reg base, int64_t off)
{
	return off ? ir_alu(l->ir, BPF_ADD, IR_64, base, ir_k(off)) : base;
}

/*
 * A string that could not be read: its first page, and the one that it may go on in, are
 * brought in by copying a byte of each, and it is read once more. (bpf_copy_from_user_str()
 * would do it at once; it is there from 6.12 on.) The second page need not exist.
 */
static void fetch_string(struct lower *l, const struct ir_val *args, ir_reg ret)
{
	struct ir_val first[] = { args[0], ir_k(1), args[2] };
	struct ir_val last[] = { args[0], ir_k(1), ir_k(0) };
	ir_label ok = ir_label_new(l->ir);
	ir_reg copied;

	ir_note(l->ir, "if (it could not be read) { wait for its pages; read again; }");
	ir_branch(l->ir, BPF_JSGE, IR_64, ret, ir_k(0), ok);
	copied = ir_call(l->ir, BPF_FUNC_copy_from_user, first, 3);
	ir_branch(l->ir, BPF_JNE, IR_64, copied, ir_k(0), l->on_fault);
	last[2] = ir_r(ir_alu(l->ir, BPF_ADD, IR_64, args[2].reg, ir_k(args[1].k - 1)));
	ir_call(l->ir, BPF_FUNC_copy_from_user, last, 3);
	ir_mov(l->ir, ret, ir_r(ir_call(l->ir, BPF_FUNC_probe_read_user_str, args, 3)));
	ir_place(l->ir, ok);
}

ir_reg lower_read_to(struct lower *l, ir_slot to, enum read_from from, struct ir_val bytes,
		     ir_reg base, int64_t off)
{
	static const uint32_t helper[] = {
		[READ_KERNEL] = BPF_FUNC_probe_read_kernel,
		[READ_KERNEL_STRING] = BPF_FUNC_probe_read_kernel_str,
		[READ_USER] = BPF_FUNC_probe_read_user,
		[READ_USER_STRING] = BPF_FUNC_probe_read_user_str,
	};
	struct ir_val args[] = {
		ir_r(ir_slot_addr(l->ir, to, 0)),
		bytes,
		ir_r(add_offset(l, base, off)),
	};
	bool copies = l->may_sleep && from == READ_USER;
	ir_reg ret = ir_call(l->ir, copies ? BPF_FUNC_copy_from_user : helper[from], args, 3);

	l->may_fault = true;
	if (l->may_sleep && from == READ_USER_STRING)
		fetch_string(l, args, ret);
	ir_branch(l->ir, BPF_JSLT, IR_64, ret, ir_k(0), l->on_fault);
	return ret;
}

ir_reg lower_read(struct lower *l, enum read_from from, struct ir_val bytes, ir_reg base,
		  int64_t off)
{
	return lower_read_to(l, lower_buffer(l), from, bytes, base, off);
}

/* bits of a field out of the bytes that hold it, of which more may be above */
static ir_reg extract_bits(struct lower *l, ir_reg r, const struct node *n)
{
	unsigned int left = 64 - n->bit_off - n->bits, right = 64 - n->bits;

	if (n->bits < 32 && !n->type.is_signed) {
		if (n->bit_off)
			r = ir_alu(l->ir, BPF_RSH, IR_64, r, ir_k(n->bit_off));
		return ir_alu(l->ir, BPF_AND, IR_32, r, ir_k((1U << n->bits) - 1));
	}
	if (left)
		r = ir_alu(l->ir, BPF_LSH, IR_64, r, ir_k(left));
	if (right)
		r = ir_alu(l->ir, n->type.is_signed ? BPF_ARSH : BPF_RSH, IR_64, r, ir_k(right));
	return r;
}

/* all the bytes that hold n, by helper */
static ir_reg read_bytes(struct lower *l, const struct node *n)
{
	unsigned int bytes = n->bits ? (n->bit_off + n->bits + 7) / 8 : n->type.bytes;
	bool whole = (bytes & (bytes - 1)) == 0;
	struct seen key = {
		.state = SEEN_BYTES,
		.base = lower_base(l, n->a, n->off),
		.off = n->off,
		.bytes = bytes,
		.user = n->user,
	};
	ir_reg r = lower_seen(l, &key);

	if (r)
		return r;
	ir_at(l->ir, n->at);
	if (!whole) /* the load is wider than what is read */
		ir_slot_store(l->ir, 8, lower_buffer(l), 0, ir_k(0));
	lower_read(l, n->user ? READ_USER : READ_KERNEL, ir_k(bytes), key.base, n->off);
	r = ir_slot_load(l->ir, whole ? bytes : 8, lower_buffer(l), 0);
	lower_remember(l, key, r);
	return r;
}

ir_reg lower_load(struct lower *l, const struct node *n)
{
	struct direct d = { 0 };
	bool direct = lower_direct(l, n, &d);
	ir_reg bytes = direct ? lower_confirmed(l, n, &d) : read_bytes(l, n), r;
	struct seen key = {
		.base = bytes,
		.bit_off = n->bit_off,
		.bits = n->bits,
		.bytes = n->type.bytes,
		.is_signed = n->type.is_signed,
		.user = n->user,
	};

	r = lower_seen(l, &key);
	if (r)
		return r;
	ir_at(l->ir, n->at);
	if (n->bits)
		r = extract_bits(l, bytes, n);
	else if (n->type.is_signed && n->type.bytes < 4)
		r = ir_extend(l->ir, bytes, n->type.bytes, true);
	else
		r = direct && d.record ? lower_number_of(l, bytes) : bytes;
	lower_remember(l, key, r);
	return r;
}

ir_reg lower_address(struct lower *l, const struct node *n)
{
	return add_offset(l, lower_value(l, n->a), n->off);
}
