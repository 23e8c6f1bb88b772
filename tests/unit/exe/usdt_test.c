// SPDX-License-Identifier: LGPL-2.1-or-later
/* Markers' arguments, as compilers write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <asm/ptrace.h>
#include <cmocka.h>

#include "exe/usdt.h"

#define REG(r)	offsetof(struct pt_regs, r)
#define NO	USDT_NONE
#define CONST	USDT_CONSTANT
#define MEM	USDT_MEMORY
#define UNKNOWN USDT_UNSUPPORTED

static const struct {
	const char *text;
	enum usdt_kind kind;
	unsigned int size;
	bool is_signed;
	unsigned int shift, reg, base, index, scale;
	int64_t disp;
	const char *symbol;
} rows[] = {
	{ "-4@$5", CONST, 4, true, 0, NO, NO, NO, 1, 5, "" },
	{ "-8@$-1", CONST, 8, true, 0, NO, NO, NO, 1, -1, "" },
	{ "8@$0x10", CONST, 8, false, 0, NO, NO, NO, 1, 16, "" },
	{ "8@$18446744073709551615", CONST, 8, false, 0, NO, NO, NO, 1, -1, "" },
	{ "1@$-128", CONST, 1, false, 0, NO, NO, NO, 1, -128, "" },
	{ "8@%rax", USDT_REGISTER, 8, false, 0, REG(rax), NO, NO, 1, 0, "" },
	{ "-4@%r10d", USDT_REGISTER, 4, true, 0, REG(r10), NO, NO, 1, 0, "" },
	{ "2@%si", USDT_REGISTER, 2, false, 0, REG(rsi), NO, NO, 1, 0, "" },
	{ "-1@%ch", USDT_REGISTER, 1, true, 8, REG(rcx), NO, NO, 1, 0, "" },
	{ "4@%dil", USDT_REGISTER, 1, false, 0, REG(rdi), NO, NO, 1, 0, "" },
	{ "%rdi", USDT_REGISTER, 8, false, 0, REG(rdi), NO, NO, 1, 0, "" },
	{ "8@(%rsp)", MEM, 8, false, 0, NO, REG(rsp), NO, 1, 0, "" },
	{ "-4@-12(%rbp)", MEM, 4, true, 0, NO, REG(rbp), NO, 1, -12, "" },
	{ "8@8+16(%rbp)", MEM, 8, false, 0, NO, REG(rbp), NO, 1, 24, "" },
	{ "1@7(%rdx,%rcx,8)", MEM, 1, false, 0, NO, REG(rdx), REG(rcx), 8, 7, "" },
	{ "1@(%rdx,%rcx)", MEM, 1, false, 0, NO, REG(rdx), REG(rcx), 1, 0, "" },
	{ "1@(%rdx, %rcx, 2)", UNKNOWN, 1, false, 0, NO, REG(rdx), NO, 1, 0, "" },
	{ "2@(,%r9,2)", MEM, 2, false, 0, NO, NO, REG(r9), 2, 0, "" },
	{ "4@8(%eax)", MEM, 4, false, 0, NO, REG(rax), NO, 1, 8, "" },
	{ "8@counter(%rip)", MEM, 8, false, 0, NO, REG(rip), NO, 1, 0, "counter" },
	{ "8@counter.0+4(%rip)", MEM, 8, false, 0, NO, REG(rip), NO, 1, 4, "counter.0" },
	{ "8@4+counter-8(%rip)", MEM, 8, false, 0, NO, REG(rip), NO, 1, -4, "counter" },
	{ "8@table(,%rax,8)", MEM, 8, false, 0, NO, NO, REG(rax), 8, 0, "table" },
	{ "8@counter", MEM, 8, false, 0, NO, NO, NO, 1, 0, "counter" },
	{ "8f@%xmm0", USDT_FLOAT, 8, false, 0, NO, NO, NO, 1, 0, "" },
	{ "4f@-4(%rbp)", USDT_FLOAT, 4, false, 0, NO, NO, NO, 1, 0, "" },
	{ "8@%xmm12", USDT_FLOAT, 8, false, 0, NO, NO, NO, 1, 0, "" },
};

static void operands_by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct usdt_arg a[LIMIT_USDT_ARGS];
		const char *symbol;
		unsigned int n = 0;

		assert_int_equal(usdt_args(rows[i].text, a, &n), 0);
		assert_int_equal(n, 1);
		assert_int_equal(a->written.len, strlen(rows[i].text));
		symbol = a->symbol.name ? a->symbol.name : "";
		if (a->kind != rows[i].kind)
			fail_msg("%s: kind %d", rows[i].text, a->kind);
		if (a->kind == UNKNOWN)
			continue;
		if (a->size != rows[i].size || a->is_signed != rows[i].is_signed ||
		    a->shift != rows[i].shift || a->reg != rows[i].reg || a->base != rows[i].base ||
		    a->index != rows[i].index || a->scale != rows[i].scale ||
		    a->disp != rows[i].disp || a->symbol.len != strlen(rows[i].symbol) ||
		    memcmp(symbol, rows[i].symbol, a->symbol.len) != 0)
			fail_msg("%s: size %u reg %u base %u index %u scale %u disp %lld '%.*s'",
				 rows[i].text, a->size, a->reg, a->base, a->index, a->scale,
				 (long long)a->disp, (int)a->symbol.len, symbol);
	}
}

static void others_are_not_understood(void **state)
{
	static const char *const wrong[] = {
		"@",
		"8@",
		"3@%rax",
		"16@%rax",
		"x@%rax",
		"8@%",
		"8@%rbz",
		"8@%cr0",
		"8@%raxx",
		"8@$",
		"8@$x",
		"8@$-",
		"8@$18446744073709551616",
		"8@$1x",
		"8@5",
		"8@-(%rax)",
		"8@8",
		"8@()",
		"8@(%rax",
		"8@(%rax,",
		"8@(%rax,)",
		"8@(%rax,%rbx,3)",
		"8@(%al)",
		"8@(%rax)x",
		"8@%fs:0",
		"8@%fs:8(%rax)",
		"8@-x(%rip)",
		"8@a+b(%rip)",
		"8@x@GOT(%rip)",
		"8@8(%rip)",
		"8@x(%rip,%rax)",
		"8@x(%rax,%rip)",
		"8@(%rax,%rbx,8",
		"8@1a(%rip)",
		"8@-4+",
		"-@%rax",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct usdt_arg a[LIMIT_USDT_ARGS];
		unsigned int n = 0;

		assert_int_equal(usdt_args(wrong[i], a, &n), 0);
		if (n != 1 || a->kind != USDT_UNSUPPORTED)
			fail_msg("%s is understood as %d", wrong[i], a->kind);
	}
}

static void lists(void **state)
{
	struct usdt_arg a[LIMIT_USDT_ARGS];
	unsigned int n = 9;

	(void)state;
	assert_int_equal(usdt_args("", a, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(usdt_args(" 8@%rdi  8f@%xmm1 -4@$3 ", a, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(a[0].reg, REG(rdi));
	assert_int_equal(a[1].kind, USDT_FLOAT);
	assert_int_equal(a[2].disp, 3);
	/* blanks in brackets are not where one ends */
	assert_int_equal(usdt_args("8@(%rax, %rbx) 8@%rdi", a, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(a[1].reg, REG(rdi));
}

static void lists_are_limited(void **state)
{
	struct usdt_arg a[LIMIT_USDT_ARGS];
	char text[8 * (LIMIT_USDT_ARGS + 1) + 1] = "";
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i <= LIMIT_USDT_ARGS; i++) {
		assert_int_equal(usdt_args(text, a, &n), 0);
		assert_int_equal(n, i);
		memcpy(text + strlen(text), "8@%rax ", sizeof("8@%rax "));
	}
	assert_int_equal(usdt_args(text, a, &n), -E2BIG);
}

#define NAMES(l, o)                                                                                \
	{ "r" #l, o, 64, 0 }, { "e" #l, o, 32, 0 },                                                \
	{                                                                                          \
#l, o, 16, 0                                                                       \
	}
#define NUMBERED(l)                                                                                \
	{ #l, REG(l), 64, 0 }, { #l "d", REG(l), 32, 0 }, { #l "w", REG(l), 16, 0 },               \
	{                                                                                          \
#l "b", REG(l), 8, 0                                                               \
	}

/* against the header of those who define them */
static void all_registers(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		unsigned int bits, shift;
	} all[] = {
		NAMES(ax, REG(rax)),
		{ "al", REG(rax), 8, 0 },
		{ "ah", REG(rax), 8, 8 },
		NAMES(bx, REG(rbx)),
		{ "bl", REG(rbx), 8, 0 },
		{ "bh", REG(rbx), 8, 8 },
		NAMES(cx, REG(rcx)),
		{ "cl", REG(rcx), 8, 0 },
		{ "ch", REG(rcx), 8, 8 },
		NAMES(dx, REG(rdx)),
		{ "dl", REG(rdx), 8, 0 },
		{ "dh", REG(rdx), 8, 8 },
		NAMES(si, REG(rsi)),
		{ "sil", REG(rsi), 8, 0 },
		NAMES(di, REG(rdi)),
		{ "dil", REG(rdi), 8, 0 },
		NAMES(bp, REG(rbp)),
		{ "bpl", REG(rbp), 8, 0 },
		NAMES(sp, REG(rsp)),
		{ "spl", REG(rsp), 8, 0 },
		NUMBERED(r8),
		NUMBERED(r9),
		NUMBERED(r10),
		NUMBERED(r11),
		NUMBERED(r12),
		NUMBERED(r13),
		NUMBERED(r14),
		NUMBERED(r15),
		{ "rip", REG(rip), 64, 0 },
		{ "eip", REG(rip), 32, 0 },
	};
	uint16_t offset;
	uint8_t bits, shift;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!usdt_register(all[i].name, (unsigned int)strlen(all[i].name), &offset, &bits,
				   &shift) ||
		    offset != all[i].offset || bits != all[i].bits || shift != all[i].shift)
			fail_msg("%s", all[i].name);
	}
	assert_false(usdt_register("", 0, &offset, &bits, &shift));
	assert_false(usdt_register("rflags", 6, &offset, &bits, &shift));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands_by_hand),
		cmocka_unit_test(others_are_not_understood),
		cmocka_unit_test(lists),
		cmocka_unit_test(lists_are_limited),
		cmocka_unit_test(all_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
