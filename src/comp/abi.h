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
	uint16_t result; /* at a return: where ctx has what the function returned */
	uint16_t ret;	 /* and where that is kept, beside the arguments: ABI_RETVAL */
};

/* numbers of arguments that are none: what the function returned, how long it took */
#define ABI_RETVAL  (LIMIT_PARAMS + 1)
#define ABI_LATENCY (LIMIT_PARAMS + 2)
/*
 * And behind these, by its offset: what the context itself holds; its address there; the
 * address that the context's u32 there tells, from the context's start or from behind it
 */
#define ABI_FIELD      0x10000
#define ABI_FIELD_AT   0x20000
#define ABI_FIELD_TEXT 0x30000
#define ABI_FIELD_NEAR 0x40000

const struct abi *abi_of(enum prog_kind kind);

/* A system call's wrapper, whose own only argument is a struct pt_regs with the call's. */
struct abi_syscall {
	const char *name; /* of the call */
	bool narrow;	  /* of 32-bit callers: arguments are the low halves of other registers */
	bool compat;	  /* and have types of their own */
};

/* -ENOENT: func is no such wrapper */
int abi_syscall(const char *func, struct abi_syscall *out);
/* where argument n is in the struct pt_regs */
uint16_t abi_syscall_arg(const struct abi_syscall *call, unsigned int n);

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
