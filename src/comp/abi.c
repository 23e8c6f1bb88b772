/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The argument tables' common half; the tables are in abi_<arch>.c. */
#include "comp/abi.h"

#include <stddef.h>

#include "util/control.h"

/*
 * The verifier types what is loaded from a trampoline's context after the
 * function's prototype, and refuses the load if it cannot; what a helper stores
 * is a number. Inlined since 5.17 ("bpf: Add bpf_get_func_[arg|ret|arg_cnt] helpers").
 */
bool abi_needs_slot(const struct abi *abi, bool opaque)
{
	return abi->typed && opaque;
}

/*
 * Of __data_loc and __rel_loc the low half is an offset, the high one a length
 * (include/trace/stages/stage4_event_cols.h, 6.1).
 */
static ir_reg load_field(struct ir *ir, ir_reg ctx, unsigned int n, unsigned int bytes)
{
	int32_t off = (int32_t)(n & 0xffff);
	ir_reg at;

	if ((n & ~0xffffU) == ABI_FIELD)
		return ir_load(ir, bytes, ctx, off);
	if ((n & ~0xffffU) == ABI_FIELD_AT)
		return ir_alu(ir, BPF_ADD, IR_64, ctx, ir_k(off));
	at = ir_alu(ir, BPF_AND, IR_64, ir_load(ir, 4, ctx, off), ir_k(0xffff));
	at = ir_alu(ir, BPF_ADD, IR_64, ctx, ir_r(at));
	return (n & ~0xffffU) == ABI_FIELD_NEAR ? ir_alu(ir, BPF_ADD, IR_64, at, ir_k(off + 4))
						: at;
}

/* what `after_call` has of the entry, and now */
static ir_reg load_latency(struct ir *ir, ir_reg call)
{
	ir_reg now;

	ir_note(ir, "latency = bpf_ktime_get_ns() - call->time;");
	now = ir_call(ir, BPF_FUNC_ktime_get_ns, NULL, 0);
	return ir_alu(ir, BPF_SUB, IR_64, now,
		      ir_r(ir_load(ir, 8, call, offsetof(struct after_call, time))));
}

ir_reg abi_load_arg(const struct abi *abi, struct ir *ir, ir_reg ctx, unsigned int n,
		    unsigned int bytes, ir_slot slot)
{
	if (n >= ABI_FIELD)
		return load_field(ir, ctx, n, bytes);
	if (n == ABI_LATENCY)
		return load_latency(ir, ctx);
	if (!slot)
		return ir_load(ir, bytes, ctx, n == ABI_RETVAL ? abi->ret : abi->arg[n]);
	ir_call(ir, BPF_FUNC_get_func_arg,
		(struct ir_val[]){ ir_r(ctx), ir_k(n), ir_r(ir_slot_addr(ir, slot, 0)) }, 3);
	return ir_slot_load(ir, bytes, slot, 0);
}

ir_reg abi_frame_address(const struct abi *abi, struct ir *ir, ir_reg ctx)
{
	return abi->has_sp ? ir_load(ir, 8, ctx, abi->sp) : ctx;
}
