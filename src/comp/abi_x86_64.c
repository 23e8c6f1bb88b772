/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64: where struct pt_regs keeps the System V argument registers of a
 * kernel function (the fourth is rcx; r10 is the system call convention).
 * Offsets are part of the kernel's user ABI (asm/ptrace.h).
 */
#include "comp/abi.h"

#include <errno.h>
#include <string.h>

#define RCX 88
#define RDX 96
#define RSI 104
#define RDI 112
#define RSP 152
#define R8  72
#define R9  64
#define R10 56

static const struct abi abis[] = {
	[PROG_KPROBE] = {
		.name = "pt_regs",
		.arg = { RDI, RSI, RDX, RCX, R8, R9 },
		.has_sp = true,
		.sp = RSP,
	},
	[PROG_FENTRY] = { .name = "fentry", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
	[PROG_FEXIT] = { .name = "fexit", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
	[PROG_RAW_TP] = { .name = "tracepoint", .arg = { 0, 8, 16, 24, 32, 40 } },
	[PROG_SYSCALL] = { .name = "test", .arg = { 0, 8, 16, 24, 32, 40 } },
	[PROG_SYSCALL_TYPED] = { .name = "test", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
};

const struct abi *abi_of(enum prog_kind kind)
{
	return &abis[kind];
}

/* arch/x86/include/asm/syscall_wrapper.h; 32-bit calls come by other registers */
int abi_syscall_name(const char *func, const char **name)
{
	static const char prefix[] = "__x64_sys_";

	if (strncmp(func, prefix, sizeof(prefix) - 1) != 0)
		return -ENOENT;
	*name = func + sizeof(prefix) - 1;
	return 0;
}

uint16_t abi_syscall_arg(unsigned int n)
{
	static const uint16_t at[LIMIT_PARAMS] = { RDI, RSI, RDX, R10, R8, R9 };

	return at[n];
}
