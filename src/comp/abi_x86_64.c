/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64: where struct pt_regs keeps the System V argument registers of a
 * kernel function (the fourth is rcx; r10 is the system call convention).
 * Offsets are part of the kernel's user ABI (asm/ptrace.h).
 */
#include "comp/abi.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "util/control.h"
#include "util/str.h"

#define RBP 32
#define RBX 40
#define RAX 80
#define RCX 88
#define RDX 96
#define RSI 104
#define RDI 112
#define RSP 152
#define R8  72
#define R9  64
#define R10 56

/* at a return the arguments are where the entry's program has put them */
#define CALL(field) offsetof(struct after_call, field)

static const struct abi abis[] = {
	[PROG_KPROBE] = {
		.name = "pt_regs",
		.arg = { RDI, RSI, RDX, RCX, R8, R9 },
		.has_sp = true,
		.sp = RSP,
		.ret = RAX, /* a probe's, at a return whose entry nobody asks for */
	},
	[PROG_KRETPROBE] = {
		.name = "after",
		.arg = { CALL(arg[0]), CALL(arg[1]), CALL(arg[2]), CALL(arg[3]), CALL(arg[4]),
			 CALL(arg[5]) },
		.has_sp = true,
		.sp = RSP,
		.result = RAX,
		.ret = CALL(ret),
	},
	[PROG_FMOD_RET] = { .name = "fmod_ret", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
	[PROG_LSM] = { .name = "lsm", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
	[PROG_FENTRY] = { .name = "fentry", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
	[PROG_FEXIT] = { .name = "fexit", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
	[PROG_TRACEPOINT] = { .name = "record" },
	[PROG_RAW_TP] = { .name = "tracepoint", .arg = { 0, 8, 16, 24, 32, 40 } },
	[PROG_SYSCALL] = { .name = "test", .arg = { 0, 8, 16, 24, 32, 40 } },
	[PROG_SYSCALL_WAITS] = { .name = "test", .arg = { 0, 8, 16, 24, 32, 40 } },
	[PROG_SYSCALL_TYPED] = { .name = "test", .arg = { 0, 8, 16, 24, 32, 40 }, .typed = true },
};

const struct abi *abi_of(enum prog_kind kind)
{
	return &abis[kind];
}

/*
 * SC_X86_64_REGS_TO_ARGS, SC_IA32_REGS_TO_ARGS: arch/x86/include/asm/syscall_wrapper.h.
 * x32's __x64_compat_sys_ are left to those who have such kernels.
 */
int abi_syscall(const char *func, struct abi_syscall *out)
{
	static const struct {
		const char *prefix;
		bool narrow, compat;
	} wrappers[] = {
		{ "__x64_sys_", false, false },
		{ "__ia32_sys_", true, false },
		{ "__ia32_compat_sys_", true, true },
	};

	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
		if (!str_begins(func, wrappers[i].prefix))
			continue;
		*out = (struct abi_syscall){ func + strlen(wrappers[i].prefix), wrappers[i].narrow,
					     wrappers[i].compat };
		return 0;
	}
	return -ENOENT;
}

uint16_t abi_syscall_arg(const struct abi_syscall *call, unsigned int n)
{
	static const uint16_t wide[LIMIT_PARAMS] = { RDI, RSI, RDX, R10, R8, R9 };
	static const uint16_t narrow[LIMIT_PARAMS] = { RBX, RCX, RDX, RSI, RDI, RBP };

	return call->narrow ? narrow[n] : wide[n];
}
