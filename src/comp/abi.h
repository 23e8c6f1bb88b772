/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How code reaches its arguments: the codegen half of each engine, as a const
 * table, so that tests can hold it against the kernel's own headers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "comp/ir.h"
#include "util/limits.h"

struct abi {
	const char *name;
	uint16_t arg[LIMIT_PARAMS]; /* offset of each argument in ctx */
	bool typed;		    /* loading a pointer gives a typed one, or is refused */
	bool has_sp;		    /* else ctx itself is an address on the task's stack */
	uint16_t sp;
};

const struct abi *abi_of(enum prog_kind kind);

/*
 * Where a system call's wrapper finds argument n in the struct pt_regs that is its own
 * only argument; name of the call in *name. -ENOENT: func is no such wrapper.
 */
int abi_syscall_name(const char *func, const char **name);
uint16_t abi_syscall_arg(unsigned int n);

/*
 * Argument n: low `bytes` of it, zero-extended. slot: 8 bytes to pass it through
 * where abi_needs_slot() says so, of a pointer of which the verifier may not make a
 * number or a typed pointer.
 */
ir_reg abi_load_arg(const struct abi *abi, struct ir *ir, ir_reg ctx, unsigned int n,
		    unsigned int bytes, ir_slot slot);
bool abi_needs_slot(const struct abi *abi, bool opaque);
/* an address on the task's stack that belongs to the probed call */
ir_reg abi_frame_address(const struct abi *abi, struct ir *ir, ir_reg ctx);
