/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The argument tables' common half; the tables are in abi_<arch>.c. */
#include "comp/abi.h"

/*
 * The verifier types what is loaded from a trampoline's context after the
 * function's prototype, and refuses the load if it cannot; what a helper stores
 * is a number. Inlined since 5.17 ("bpf: Add bpf_get_func_[arg|ret|arg_cnt] helpers").
 */
bool abi_needs_slot(const struct abi *abi, bool opaque)
{
	return abi->typed && opaque;
}

ir_reg abi_load_arg(const struct abi *abi, struct ir *ir, ir_reg ctx, unsigned int n,
		    unsigned int bytes, ir_slot slot)
{
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
