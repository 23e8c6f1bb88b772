/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recording of operations. Nothing is decided here: an emitter either appends
 * what it was asked for or, after the first error, does nothing at all.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

int ir_new(struct ir **out)
{
	struct ir *ir = calloc(1, sizeof(*ir));

	if (!ir)
		return -ENOMEM;
	ir->at = SPAN_NONE;
	*out = ir;
	return 0;
}

void ir_free(struct ir *ir)
{
	if (!ir)
		return;
	for (uint32_t i = 0; i < ir->n; i++)
		free(ir->ops[i].note);
	free(ir->ops);
	free(ir->slot_bytes);
	free(ir->placed);
	free(ir);
}

void ir_freep(struct ir **ir)
{
	ir_free(*ir);
	*ir = NULL;
}

static void misuse(struct ir *ir, const char *what)
{
	err_plain(&ir->err, -EINVAL, ERR_SYSTEM, "internal: %s", what);
}

static bool known_reg(struct ir *ir, ir_reg r)
{
	if (r && r <= ir->n_regs)
		return true;
	misuse(ir, "operation on a register that does not exist");
	return false;
}

/* NULL once anything has failed; otherwise a zeroed operation at the end */
static struct op *append(struct ir *ir, enum op_kind kind)
{
	struct op *op;

	if (ir->err.code)
		return NULL;
	if (ir->n >= LIMIT_IR) {
		err_plain(&ir->err, -E2BIG, ERR_LIMIT,
			  "this rule needs more than %d operations in one program", LIMIT_IR);
		return NULL;
	}
	if (ir->n == ir->cap) {
		uint32_t cap = ir->cap ? ir->cap * 2 : 64;
		struct op *ops = realloc(ir->ops, cap * sizeof(*ops));

		if (!ops) {
			err_nomem(&ir->err);
			return NULL;
		}
		ir->ops = ops;
		ir->cap = cap;
	}
	op = &ir->ops[ir->n++];
	*op = (struct op){ .kind = (uint8_t)kind, .width = IR_64, .at = ir->at };
	return op;
}

/* same, for operations with register operands; checks them */
static struct op *append_in(struct ir *ir, enum op_kind kind, const struct ir_val *in,
			    unsigned int n)
{
	struct op *op = append(ir, kind);

	if (!op)
		return NULL;
	for (unsigned int i = 0; i < n; i++) {
		if (in[i].reg && !known_reg(ir, in[i].reg)) {
			ir->n--;
			return NULL;
		}
		op->in[i] = in[i];
	}
	op->n_in = (uint8_t)n;
	return op;
}

ir_reg ir_new_reg(struct ir *ir)
{
	/* never 0, even after an error: emitters need not look */
	return ++ir->n_regs;
}

static ir_reg result(struct ir *ir, struct op *op)
{
	ir_reg r = ir_new_reg(ir);

	if (op)
		op->dst = r;
	return r;
}

ir_reg ir_arg(struct ir *ir, unsigned int n)
{
	struct op *op;

	for (uint32_t i = 0; i < ir->n; i++) {
		if (ir->ops[i].kind != OP_ARG && ir->ops[i].kind != OP_NOTE)
			misuse(ir, "incoming argument asked for after the first operation");
		if (ir->ops[i].kind == OP_ARG && ir->ops[i].bytes == n)
			return ir->ops[i].dst;
	}
	if (n < 1 || n > IR_MAX_ARGS)
		misuse(ir, "no such incoming argument");
	op = append(ir, OP_ARG);
	if (op)
		op->bytes = (uint8_t)n;
	return result(ir, op);
}

ir_reg ir_const(struct ir *ir, int64_t k)
{
	struct ir_val v = ir_k(k);

	return result(ir, append_in(ir, OP_MOV, &v, 1));
}

ir_reg ir_alu(struct ir *ir, uint8_t op, enum ir_width w, ir_reg a, struct ir_val b)
{
	struct op *o = append_in(ir, OP_ALU, (struct ir_val[]){ ir_r(a), b }, 2);

	if (!a)
		misuse(ir, "arithmetic without a first operand");
	if (o) {
		o->code = op;
		o->width = (uint8_t)w;
	}
	return result(ir, o);
}

void ir_alu_to(struct ir *ir, uint8_t op, enum ir_width w, ir_reg dst, struct ir_val b)
{
	struct op *o = append_in(ir, OP_ALU, &b, 1);

	if (!o || !known_reg(ir, dst))
		return;
	o->code = op;
	o->width = (uint8_t)w;
	o->dst = dst;
	o->rmw = true;
}

void ir_mov(struct ir *ir, ir_reg dst, struct ir_val v)
{
	struct op *op = append_in(ir, OP_MOV, &v, 1);

	if (op && known_reg(ir, dst))
		op->dst = dst;
}

static ir_reg unary(struct ir *ir, enum op_kind kind, uint8_t code, enum ir_width w,
		    unsigned int bytes, ir_reg a)
{
	struct ir_val v = ir_r(a);
	struct op *op = append_in(ir, kind, &v, 1);

	if (!a)
		misuse(ir, "operation without an operand");
	if (op) {
		op->code = code;
		op->width = (uint8_t)w;
		op->bytes = (uint8_t)bytes;
	}
	return result(ir, op);
}

ir_reg ir_neg(struct ir *ir, enum ir_width w, ir_reg a)
{
	return unary(ir, OP_ALU, BPF_NEG, w, 0, a);
}

ir_reg ir_bswap(struct ir *ir, unsigned int bits, ir_reg a)
{
	if (bits != 16 && bits != 32 && bits != 64)
		misuse(ir, "swap of neither 16, 32 nor 64 bits");
	return unary(ir, OP_ALU, BPF_END, IR_32, bits / 8, a);
}

ir_reg ir_extend(struct ir *ir, ir_reg a, unsigned int bytes, bool is_signed)
{
	ir_reg r;

	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		misuse(ir, "extension of neither 1, 2, 4 nor 8 bytes");
	r = unary(ir, OP_EXTEND, 0, IR_64, bytes, a);
	if (!ir->err.code)
		ir->ops[ir->n - 1].is_signed = is_signed;
	return r;
}

/* memory: base is a register, or a slot and no register */
static struct op *access_op(struct ir *ir, enum op_kind kind, unsigned int bytes, ir_reg base,
			    ir_slot slot, int32_t off, const struct ir_val *v)
{
	struct ir_val in[2] = { ir_r(base), v ? *v : ir_k(0) };
	struct op *op = append_in(ir, kind, in, v ? 2 : 1);

	if (!op)
		return NULL;
	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		misuse(ir, "access of neither 1, 2, 4 nor 8 bytes");
	if ((kind == OP_ATOMIC || kind == OP_FETCH) && bytes < 4)
		misuse(ir, "atomic access of less than 4 bytes");
	if (off < INT16_MIN || off > INT16_MAX)
		misuse(ir, "offset of an access beyond 16 bits");
	if (!base && (!slot || slot > ir->n_slots || off < 0 ||
		      (uint32_t)off + bytes > ir->slot_bytes[slot - 1]))
		misuse(ir, "access beside a stack slot");
	op->bytes = (uint8_t)bytes;
	op->slot = slot;
	op->off = off;
	return op;
}

ir_reg ir_load(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off)
{
	return result(ir, access_op(ir, OP_LOAD, bytes, base, 0, off, NULL));
}

void ir_store(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off, struct ir_val v)
{
	access_op(ir, OP_STORE, bytes, base, 0, off, &v);
}

void ir_atomic_add(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off, struct ir_val v)
{
	access_op(ir, OP_ATOMIC, bytes, base, 0, off, &v);
}

ir_reg ir_fetch_add(struct ir *ir, unsigned int bytes, ir_reg base, int32_t off, struct ir_val v)
{
	return result(ir, access_op(ir, OP_FETCH, bytes, base, 0, off, &v));
}

ir_slot ir_slot_new(struct ir *ir, unsigned int bytes)
{
	uint32_t *grown;

	if (ir->err.code)
		return 1;
	/* far too large is found later; here only what would not add up */
	if (!bytes || bytes > INT16_MAX) {
		misuse(ir, "size of a stack slot");
		return 1;
	}
	grown = realloc(ir->slot_bytes, (ir->n_slots + 1) * sizeof(*grown));
	if (!grown) {
		err_nomem(&ir->err);
		return 1;
	}
	ir->slot_bytes = grown;
	ir->slot_bytes[ir->n_slots++] = (bytes + 7) & ~7U;
	return ir->n_slots;
}

ir_reg ir_slot_addr(struct ir *ir, ir_slot s, int32_t off)
{
	struct op *op = append(ir, OP_SLOT_ADDR);

	if (op && (!s || s > ir->n_slots || off < 0 || (uint32_t)off >= ir->slot_bytes[s - 1]))
		misuse(ir, "address beside a stack slot");
	if (op) {
		op->slot = s;
		op->off = off;
	}
	return result(ir, op);
}

ir_reg ir_slot_load(struct ir *ir, unsigned int bytes, ir_slot s, int32_t off)
{
	return result(ir, access_op(ir, OP_LOAD, bytes, 0, s, off, NULL));
}

void ir_slot_store(struct ir *ir, unsigned int bytes, ir_slot s, int32_t off, struct ir_val v)
{
	access_op(ir, OP_STORE, bytes, 0, s, off, &v);
}

static ir_reg address(struct ir *ir, enum op_kind kind, uint32_t id, int32_t off)
{
	struct op *op = append(ir, kind);

	if (op) {
		op->id = id;
		op->off = off;
	}
	return result(ir, op);
}

ir_reg ir_map(struct ir *ir, enum prog_map map)
{
	return address(ir, OP_MAP, map, 0);
}

ir_reg ir_map_value(struct ir *ir, enum prog_map map, uint32_t offset)
{
	if (offset > INT32_MAX)
		misuse(ir, "offset into a map value");
	return address(ir, OP_MAP_VALUE, map, (int32_t)offset);
}

ir_reg ir_ksym(struct ir *ir, uint32_t btf_var_id)
{
	return address(ir, OP_KSYM, btf_var_id, 0);
}

ir_reg ir_callback(struct ir *ir, unsigned int n)
{
	if (n >= LIMIT_CALLBACKS)
		misuse(ir, "callback of that number");
	return address(ir, OP_CALLBACK, n, 0);
}

ir_reg ir_call(struct ir *ir, uint32_t helper, const struct ir_val *args, unsigned int n)
{
	struct op *op;

	if (n > IR_MAX_ARGS) {
		misuse(ir, "call with more than 5 arguments");
		return ir_new_reg(ir);
	}
	op = append_in(ir, OP_CALL, args, n);
	if (op)
		op->id = helper;
	return result(ir, op);
}

ir_label ir_label_new(struct ir *ir)
{
	if (ir->err.code)
		return 1;
	if (ir->n_labels == ir->cap_labels) {
		uint32_t cap = ir->cap_labels ? ir->cap_labels * 2 : 32;
		bool *grown = realloc(ir->placed, cap * sizeof(*grown));

		if (!grown) {
			err_nomem(&ir->err);
			return 1;
		}
		ir->placed = grown;
		ir->cap_labels = cap;
	}
	ir->placed[ir->n_labels++] = false;
	return ir->n_labels;
}

static bool known_label(struct ir *ir, ir_label l)
{
	if (!l || l > ir->n_labels)
		misuse(ir, "a label that does not exist");
	else if (ir->placed[l - 1])
		misuse(ir, "a label used after it was placed: control flow only goes forward");
	return !ir->err.code;
}

void ir_place(struct ir *ir, ir_label l)
{
	struct op *op = append(ir, OP_LABEL);

	if (!op || !known_label(ir, l))
		return;
	op->label = l;
	ir->placed[l - 1] = true;
}

void ir_jump(struct ir *ir, ir_label l)
{
	struct op *op = append(ir, OP_JUMP);

	if (op && known_label(ir, l))
		op->label = l;
}

void ir_branch(struct ir *ir, uint8_t op, enum ir_width w, ir_reg a, struct ir_val b, ir_label l)
{
	struct op *o = append_in(ir, OP_BRANCH, (struct ir_val[]){ ir_r(a), b }, 2);

	if (!a)
		misuse(ir, "branch without a first operand");
	if (!o || !known_label(ir, l))
		return;
	o->code = op;
	o->width = (uint8_t)w;
	o->label = l;
}

void ir_exit(struct ir *ir, struct ir_val v)
{
	append_in(ir, OP_EXIT, &v, 1);
}

void ir_leaves_early(struct ir *ir)
{
	ir->leaves_early = true;
}

void ir_at(struct ir *ir, struct span at)
{
	if (!ir->err.code) /* where it failed stays known */
		ir->at = at;
}

void ir_note(struct ir *ir, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct op *op;
	va_list ap;

	if (ir->err.code)
		return;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (buf_err(&text)) {
		err_nomem(&ir->err);
		return;
	}
	op = append(ir, OP_NOTE);
	if (!op)
		return;
	op->note = take_ptr(text.data);
	for (uint32_t i = ir->n - 1; i > 0; i--) {
		struct op *before = &ir->ops[i - 1];

		if (before->kind == OP_NOTE)
			before->joined = true;
		if (before->kind != OP_LABEL)
			break;
	}
}
