/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations as they were recorded, one a line. Golden files depend on the form. */
#include "comp/ir_internal.h"

#include "util/buf.h"

static void print_val(struct buf *out, struct ir_val v)
{
	if (v.reg)
		buf_printf(out, "v%u", v.reg);
	else
		buf_printf(out, "%lld", (long long)v.k);
}

static void print_place(struct buf *out, const struct op *op)
{
	buf_printf(out, "u%u [", op->bytes * 8U);
	if (op->slot)
		buf_printf(out, "slot%u", op->slot);
	else
		print_val(out, op->in[0]);
	if (op->off)
		buf_printf(out, " %c %d", op->off < 0 ? '-' : '+',
			   op->off < 0 ? -op->off : op->off);
	buf_putc(out, ']');
}

static void print_alu(struct buf *out, const struct op *op)
{
	const char *width = op->width == IR_32 ? ".32" : "";
	struct ir_val a = op->rmw ? ir_r(op->dst) : op->in[0];

	if (op->code == BPF_END) {
		buf_printf(out, "swap%u ", op->bytes * 8U);
		print_val(out, a);
	} else if (op->code == BPF_NEG) {
		buf_printf(out, "-%s", *width ? ".32 " : "");
		print_val(out, a);
	} else {
		print_val(out, a);
		buf_printf(out, " %s%s ", alu_sign(op->code), width);
		print_val(out, op->in[op->rmw ? 0 : 1]);
	}
}

static void print_call(struct buf *out, const struct op *op)
{
	buf_printf(out, "call %s(", helper_name(op->id));
	for (unsigned int i = 0; i < op->n_in; i++) {
		if (i)
			buf_puts(out, ", ");
		print_val(out, op->in[i]);
	}
	buf_putc(out, ')');
}

static void print_branch(struct buf *out, const struct op *op)
{
	buf_puts(out, "if ");
	print_val(out, op->in[0]);
	buf_printf(out, " %s%s ", jump_sign(op->code), op->width == IR_32 ? ".32" : "");
	print_val(out, op->in[1]);
	buf_printf(out, " goto L%u", op->label);
}

static void print_value(struct buf *out, const struct op *op)
{
	switch (op->kind) {
	case OP_ARG:
		buf_printf(out, "arg%u", op->bytes);
		break;
	case OP_MOV:
		print_val(out, op->in[0]);
		break;
	case OP_ALU:
		print_alu(out, op);
		break;
	case OP_EXTEND:
		buf_printf(out, "%c%u ", op->is_signed ? 's' : 'u', op->bytes * 8U);
		print_val(out, op->in[0]);
		break;
	case OP_LOAD:
		print_place(out, op);
		break;
	case OP_FETCH:
		buf_puts(out, "fetch_add ");
		print_place(out, op);
		buf_puts(out, ", ");
		print_val(out, op->in[1]);
		break;
	case OP_SLOT_ADDR:
		buf_printf(out, "&slot%u + %d", op->slot, op->off);
		break;
	case OP_MAP:
		buf_printf(out, "map[%s]", map_name(op->id));
		break;
	case OP_MAP_VALUE:
		buf_printf(out, "&map[%s] + %d", map_name(op->id), op->off);
		break;
	case OP_KSYM:
		buf_printf(out, "ksym %u", op->id);
		break;
	case OP_CALLBACK:
		buf_printf(out, op->id ? "callback %u" : "callback", op->id);
		break;
	default:
		print_call(out, op);
		break;
	}
}

static void print_op(struct buf *out, const struct op *op)
{
	switch (op->kind) {
	case OP_LABEL:
		buf_printf(out, "L%u:", op->label);
		break;
	case OP_NOTE:
		buf_printf(out, "\t; %s", op->note);
		break;
	case OP_STORE:
	case OP_ATOMIC:
		buf_putc(out, '\t');
		print_place(out, op);
		buf_puts(out, op->kind == OP_STORE ? " = " : " atomic += ");
		print_val(out, op->in[1]);
		break;
	case OP_JUMP:
		buf_printf(out, "\tgoto L%u", op->label);
		break;
	case OP_BRANCH:
		buf_putc(out, '\t');
		print_branch(out, op);
		break;
	case OP_EXIT:
		buf_puts(out, "\treturn ");
		print_val(out, op->in[0]);
		break;
	default:
		buf_printf(out, "\tv%u = ", op->dst);
		print_value(out, op);
		break;
	}
	buf_putc(out, '\n');
}

void ir_print(const struct ir *ir, struct buf *out)
{
	for (uint32_t i = 0; i < ir->n_slots; i++)
		buf_printf(out, "\tslot%u: %u bytes\n", i + 1, ir->slot_bytes[i]);
	for (uint32_t i = 0; i < ir->n; i++)
		print_op(out, &ir->ops[i]);
	if (ir->err.code)
		buf_printf(out, "\t; error: %s\n", ir->err.msg);
}
