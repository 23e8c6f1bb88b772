/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The argument tables against the headers of those who define them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <asm/ptrace.h>
#include <cmocka.h>

#define __TARGET_ARCH_x86
#include <bpf/bpf_tracing.h>

#include "comp/abi.h"
#include "util/control.h"

static uint64_t word_at(const void *base, unsigned int off)
{
	uint64_t v;

	memcpy(&v, (const char *)base + off, sizeof(v));
	return v;
}

static void probes_read_pt_regs(void **state)
{
	const struct abi *abi = abi_of(PROG_KPROBE);
	struct pt_regs regs;

	(void)state;
	for (size_t i = 0; i < sizeof(regs) / 8; i++)
		memcpy((char *)&regs + 8 * i, &(uint64_t){ 0x1000 + i }, 8);
	assert_int_equal(word_at(&regs, abi->arg[0]), PT_REGS_PARM1(&regs));
	assert_int_equal(word_at(&regs, abi->arg[1]), PT_REGS_PARM2(&regs));
	assert_int_equal(word_at(&regs, abi->arg[2]), PT_REGS_PARM3(&regs));
	assert_int_equal(word_at(&regs, abi->arg[3]), PT_REGS_PARM4(&regs));
	assert_int_equal(word_at(&regs, abi->arg[4]), PT_REGS_PARM5(&regs));
	assert_int_equal(word_at(&regs, abi->arg[5]), regs.r9);
	assert_int_equal(word_at(&regs, abi->sp), PT_REGS_SP(&regs));
	assert_int_equal(abi->arg[5], offsetof(struct pt_regs, r9));
	assert_true(abi->has_sp);
	assert_false(abi_needs_slot(abi, true));
}

static void others_read_an_array(void **state)
{
	static const enum prog_kind kinds[] = { PROG_FENTRY, PROG_FEXIT, PROG_RAW_TP,
						PROG_SYSCALL };

	(void)state;
	for (unsigned int k = 0; k < 4; k++) {
		const struct abi *abi = abi_of(kinds[k]);

		for (unsigned int i = 0; i < LIMIT_PARAMS; i++)
			assert_int_equal(abi->arg[i], 8 * i);
		assert_false(abi->has_sp);
		assert_non_null(abi->name);
	}
	assert_true(abi_needs_slot(abi_of(PROG_FENTRY), true));
	assert_false(abi_needs_slot(abi_of(PROG_FENTRY), false));
	assert_false(abi_needs_slot(abi_of(PROG_SYSCALL), true));
}

/* what libbpf calls the arguments of a system call: the fourth is not rcx */
static void system_calls_read_pt_regs(void **state)
{
	struct abi_syscall call = { 0 };
	struct pt_regs regs;

	(void)state;
	for (size_t i = 0; i < sizeof(regs) / 8; i++)
		memcpy((char *)&regs + 8 * i, &(uint64_t){ 0x1000 + i }, 8);
	assert_int_equal(abi_syscall("__x64_sys_openat", &call), 0);
	assert_string_equal(call.name, "openat");
	assert_false(call.narrow || call.compat);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 0)), PT_REGS_PARM1_SYSCALL(&regs));
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 1)), PT_REGS_PARM2_SYSCALL(&regs));
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 2)), PT_REGS_PARM3_SYSCALL(&regs));
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 3)), PT_REGS_PARM4_SYSCALL(&regs));
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 4)), PT_REGS_PARM5_SYSCALL(&regs));
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 5)), regs.r9);
	assert_int_equal(abi_syscall("do_sys_open", &call), -ENOENT);
	assert_string_equal(call.name, "openat");
}

/* int $0x80: ebx, ecx, edx, esi, edi, ebp */
static void narrow_system_calls_have_other_registers(void **state)
{
	struct abi_syscall call = { 0 };
	struct pt_regs regs;

	(void)state;
	for (size_t i = 0; i < sizeof(regs) / 8; i++)
		memcpy((char *)&regs + 8 * i, &(uint64_t){ 0x1000 + i }, 8);
	assert_int_equal(abi_syscall("__ia32_compat_sys_openat", &call), 0);
	assert_true(call.narrow && call.compat);
	assert_int_equal(abi_syscall("__ia32_sys_openat", &call), 0);
	assert_string_equal(call.name, "openat");
	assert_true(call.narrow && !call.compat);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 0)), regs.rbx);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 1)), regs.rcx);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 2)), regs.rdx);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 3)), regs.rsi);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 4)), regs.rdi);
	assert_int_equal(word_at(&regs, abi_syscall_arg(&call, 5)), regs.rbp);
}

/* at a return: the result from the registers, the rest from what the entry has kept */
static void returns_read_what_was_kept(void **state)
{
	const struct abi *abi = abi_of(PROG_KRETPROBE);

	(void)state;
	assert_int_equal(abi->result, offsetof(struct pt_regs, rax));
	assert_int_equal(abi->sp, offsetof(struct pt_regs, rsp));
	assert_int_equal(abi->ret, offsetof(struct after_call, ret));
	for (unsigned int i = 0; i < LIMIT_PARAMS; i++)
		assert_int_equal(abi->arg[i], offsetof(struct after_call, arg) + 8 * i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes_read_pt_regs),
		cmocka_unit_test(others_read_an_array),
		cmocka_unit_test(system_calls_read_pt_regs),
		cmocka_unit_test(narrow_system_calls_have_other_registers),
		cmocka_unit_test(returns_read_what_was_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
