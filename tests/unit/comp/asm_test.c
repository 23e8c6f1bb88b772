/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From operations to instructions: how good, how large, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf_interp.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

static struct ir *new_ir(void)
{
	struct ir *ir = NULL;

	assert_int_equal(ir_new(&ir), 0);
	return ir;
}

/* frees ir */
static void becomes(struct ir *ir, struct ir *cb, const char *text)
{
	_cleanup_(prog_free) struct prog p = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };

	if (ir_assemble(ir, &cb, cb != NULL, &p, &err))
		print_error("%s\n", err.msg);
	assert_int_equal(err.code, 0);
	prog_print(&p, &out);
	assert_string_equal(buf_str(&out), text);
	ir_free(ir);
	ir_free(cb);
}

static void fails(struct ir *ir, struct ir *cb, int code, const char *words)
{
	_cleanup_(prog_free) struct prog p = { 0 };
	struct err err = { 0 };

	assert_int_equal(ir_assemble(ir, &cb, cb != NULL, &p, &err), code);
	if (!strstr(err.msg, words))
		print_error("\"%s\" does not say \"%s\"\n", err.msg, words);
	assert_non_null(strstr(err.msg, words));
	ir_free(ir);
	ir_free(cb);
}

/* as a person would have written it */
static void test_typical(void **state)
{
	struct ir *ir = new_ir();
	ir_reg ctx = ir_arg(ir, 1), armed, size, task;
	ir_label out = ir_label_new(ir), next = ir_label_new(ir);
	ir_slot s = ir_slot_new(ir, 8);

	(void)state;
	ir_note(ir, "if (!control->armed)\n\treturn 0;");
	armed = ir_load(ir, 4, ir_map_value(ir, PROG_MAP_CONTROL, 8), 0);
	ir_branch(ir, BPF_JNE, IR_64, armed, ir_k(0), next);
	ir_jump(ir, out);
	ir_place(ir, next);
	ir_note(ir, "if (size <= 4096) return 0;");
	size = ir_load(ir, 8, ctx, 96);
	ir_branch(ir, BPF_JLE, IR_64, size, ir_r(ir_const(ir, 4096)), out);
	ir_note(ir, "unused = 7;");
	ir_const(ir, 7);
	ir_note(ir, "probe_read(&s, 8, task + 16);");
	task = ir_call(ir, BPF_FUNC_get_current_task, NULL, 0);
	ir_call(ir, BPF_FUNC_probe_read_kernel,
		(struct ir_val[]){ ir_r(ir_slot_addr(ir, s, 0)), ir_k(8),
				   ir_r(ir_alu(ir, BPF_ADD, IR_64, task, ir_k(16))) },
		3);
	ir_note(ir, "override(ctx, -12);");
	ir_call(ir, BPF_FUNC_override_return, (struct ir_val[]){ ir_r(ctx), ir_k(-12) }, 2);
	ir_exit(ir, ir_k(0));
	ir_place(ir, out);
	ir_exit(ir, ir_k(0));
	becomes(ir, NULL,
		"0: (bf) r6 = r1\n"
		"; if (!control->armed)\n"
		"; \treturn 0;\n"
		"1: (18) r0 = map[control]+8\n"
		"3: (61) r0 = *(u32 *)(r0 +0)\n"
		"4: (15) if r0 == 0x0 goto pc+12\n"
		"; if (size <= 4096) return 0;\n"
		"5: (79) r0 = *(u64 *)(r6 +96)\n"
		"6: (b5) if r0 <= 0x1000 goto pc+10\n"
		"; probe_read(&s, 8, task + 16);\n"
		"7: (85) call bpf_get_current_task#35\n"
		"8: (07) r0 += 16\n"
		"9: (bf) r3 = r0\n"
		"10: (bf) r1 = r10\n"
		"11: (07) r1 += -8\n"
		"12: (b7) r2 = 8\n"
		"13: (85) call bpf_probe_read_kernel#113\n"
		"; override(ctx, -12);\n"
		"14: (bf) r1 = r6\n"
		"15: (b7) r2 = -12\n"
		"16: (85) call bpf_override_return#58\n"
		"17: (b7) r0 = 0\n"
		"18: (95) exit\n");
}

/* arguments come from anywhere, in any order, up to five: against a hash of them */
static void test_random_calls(void **state)
{
	static struct rnd g;
	uint64_t first = (uint64_t)time(NULL) << 16;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)first);
	for (uint64_t seed = first; seed < first + 2000; seed++) {
		_cleanup_(prog_free) struct prog p = { 0 };
		_cleanup_free_ uint8_t *n_args = NULL;
		struct eval real = { 0 }, meant;
		struct interp m = { .mem = &real };
		uint64_t got, want;
		uint32_t pc = 0;

		assert_int_equal(rnd_program(&g, seed, false), 0);
		assert_int_equal(ir_assemble(g.ir, NULL, 0, &p, NULL), 0);
		n_args = calloc(p.n_insns, 1);
		assert_non_null(n_args);
		for (pc = 0; pc < p.n_insns; pc++)
			n_args[pc] = (uint8_t)(p.insns[pc].imm - 1000);
		for (size_t i = 0; i < sizeof(real.ctx); i++)
			real.ctx[i] = (uint8_t)rnd_next(&g);
		meant = real;
		m.n_args = n_args;
		got = interp_run(&m, &p);
		want = eval_run(&meant, g.ir);
		if (got != want)
			print_error("seed %llu\n", (unsigned long long)seed);
		assert_true(got == want);
		assert_memory_equal(real.ctx, meant.ctx, sizeof(real.ctx));
		ir_free(g.ir);
	}
}

/* everything about a jump at the far end of a program of n + 5 instructions */
static struct ir *long_jump(unsigned int n)
{
	struct ir *ir = new_ir();
	ir_reg ctx = ir_arg(ir, 1), x = ir_load(ir, 8, ctx, 0);
	ir_label out = ir_label_new(ir);
	struct ir_val wide[5];

	for (unsigned int i = 0; i < 5; i++)
		wide[i] = ir_k(INT64_MAX - i);
	ir_branch(ir, BPF_JEQ, IR_64, x, ir_k(0), out);
	for (; n >= 11; n -= 11)
		ir_call(ir, BPF_FUNC_ktime_get_ns, wide, 5);
	for (; n > 0; n--)
		ir_call(ir, BPF_FUNC_ktime_get_ns, NULL, 0);
	ir_place(ir, out);
	ir_exit(ir, ir_k(0));
	return ir;
}

static void test_limits(void **state)
{
	_cleanup_(prog_free) struct prog p = { 0 };
	struct ir *ir = long_jump(LIMIT_INSNS - 4);

	(void)state;
	assert_int_equal(ir_assemble(ir, NULL, 0, &p, NULL), 0);
	assert_int_equal(p.n_insns, LIMIT_INSNS);
	ir_free(ir);
	fails(long_jump(LIMIT_INSNS - 3), NULL, -E2BIG, "4097 instructions");
	/* as far as a jump goes it is the number of instructions that is refused */
	fails(long_jump(LIMIT_JUMP), NULL, -E2BIG, "instructions in one program");
	fails(long_jump(LIMIT_JUMP + 1), NULL, -E2BIG, "jump over 32768");
}

/* a program with `slots` bytes of slots, and spills: 9 values live across a call */
static struct ir *with_stack(unsigned int slots, bool spill)
{
	struct ir *ir = new_ir();
	ir_reg ctx = ir_arg(ir, 1), x[9], sum;
	ir_slot s;

	for (unsigned int i = 0; i < 9; i++)
		x[i] = ir_load(ir, 8, ctx, (int32_t)(8 * i));
	for (; slots; slots -= 8) {
		s = ir_slot_new(ir, 8);
		ir_slot_store(ir, 8, s, 0, ir_k(1));
	}
	ir_call(ir, BPF_FUNC_ktime_get_ns, NULL, 0);
	sum = x[0];
	for (unsigned int i = 1; i < 9; i++)
		sum = ir_alu(ir, BPF_XOR, IR_64, sum, ir_r(x[i]));
	ir_exit(ir, spill ? ir_r(sum) : ir_k(0));
	return ir;
}

static struct ir *loop_with(unsigned int slots)
{
	struct ir *ir = new_ir();
	ir_slot s = ir_slot_new(ir, slots);

	ir_slot_store(ir, 8, s, 0, ir_k(0));
	ir_call(ir, BPF_FUNC_loop,
		(struct ir_val[]){ ir_k(1), ir_r(ir_callback(ir, 0)), ir_r(ir_slot_addr(ir, s, 0)),
				   ir_k(0) },
		4);
	ir_exit(ir, ir_k(0));
	return ir;
}

static void test_stack(void **state)
{
	_cleanup_(prog_free) struct prog p = { 0 }, with_cb = { 0 };
	struct ir *ir = with_stack(LIMIT_STACK_BYTES, false), *cb;

	(void)state;
	assert_int_equal(ir_assemble(ir, NULL, 0, &p, NULL), 0);
	ir_free(ir);
	prog_free(&p);
	fails(with_stack(LIMIT_STACK_BYTES + 8, false), NULL, -E2BIG, "520 bytes of stack");
	/* five of nine values are on the stack */
	ir = with_stack(LIMIT_STACK_BYTES - 40, true);
	assert_int_equal(ir_assemble(ir, NULL, 0, &p, NULL), 0);
	ir_free(ir);
	fails(with_stack(LIMIT_STACK_BYTES - 32, true), NULL, -E2BIG, "520 bytes of stack");
	/* frames add up, in steps of 32 */
	ir = loop_with(384);
	cb = with_stack(128, false);
	assert_int_equal(ir_assemble(ir, &cb, cb != NULL, &with_cb, NULL), 0);
	assert_true(with_cb.n_subprogs == 1);
	assert_int_equal(with_cb.lines[with_cb.n_lines - 1].insn, with_cb.subprog[0]);
	ir_free(ir);
	ir_free(cb);
	fails(loop_with(384), with_stack(136, false), -E2BIG, "544 bytes of stack");
}

#define INSN(c, d, s, o, i)                                                                        \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define MOV0 INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static void test_check(void **state)
{
	static const struct {
		struct bpf_insn insns[4];
		uint32_t n;
		const char *words; /* NULL: is fine */
	} cases[] = {
		{ { MOV0, EXIT }, 2, NULL },
		{ { MOV0 }, 0, "without instructions" },
		{ { MOV0 }, 1, "leaves the program" },
		{ { EXIT }, 1, "not set on every path" },
		{ { MOV0, EXIT, MOV0, EXIT }, 4, "cannot be reached" },
		{ { MOV0, INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0), EXIT }, 3, "goes backwards" },
		{ { MOV0, INSN(BPF_JMP | BPF_JEQ, 0, 0, 9, 0), EXIT }, 3, "leaves the program" },
		{ { INSN(BPF_JMP | BPF_JEQ, 1, 0, 1, 0), MOV0, EXIT }, 3, "not set on every path" },
		{ { INSN(BPF_JMP | BPF_JEQ, 1, 0, 1, 0), INSN(BPF_LD | BPF_DW, 0, 0, 0, 0),
		    INSN(0, 0, 0, 0, 0), EXIT },
		  4,
		  "middle of a load" },
		{ { INSN(BPF_JMP | BPF_CALL, 0, 0, 0, 5),
		    INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 0, 0), EXIT },
		  3,
		  "not set on every path" },
		{ { INSN(BPF_ALU64 | BPF_MOV | BPF_K, 10, 0, 0, 0), MOV0, EXIT },
		  3,
		  "frame pointer" },
		{ { INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -512, 0), MOV0, EXIT }, 3, NULL },
		{ { INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -520, 0), MOV0, EXIT },
		  3,
		  "within the stack" },
		{ { INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -4, 0), MOV0, EXIT },
		  3,
		  "within the stack" },
		{ { INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -12, 0), MOV0, EXIT },
		  3,
		  "not aligned" },
		{ { MOV0, INSN(BPF_ALU64 | BPF_LSH | BPF_K, 0, 0, 0, 64), EXIT }, 3, "too far" },
		{ { MOV0, INSN(BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0, 0), EXIT }, 3, "by zero" },
		{ { MOV0, INSN(BPF_ALU64 | BPF_DIV | BPF_K, 0, 0, 1, 3), EXIT }, 3, "newer" },
		{ { MOV0, INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 0), EXIT }, 3, "newer" },
		{ { INSN(BPF_LD | BPF_DW, 0, BPF_PSEUDO_FUNC, 0, 1), MOV0, EXIT },
		  3,
		  "not a callback" },
		{ { INSN(BPF_LD | BPF_DW, 0, BPF_PSEUDO_MAP_FD, 0, 1), INSN(0, 0, 0, 0, 0), EXIT },
		  3,
		  "0 relocations for 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prog p = { .insns = (struct bpf_insn *)cases[i].insns,
				  .n_insns = cases[i].n };
		struct err err = { 0 };
		int r = prog_check(&p, &err);

		if (!cases[i].words) {
			assert_int_equal(r, 0);
			continue;
		}
		if (r != -EINVAL || !strstr(err.msg, cases[i].words))
			print_error("case %zu: %s\n", i, err.msg);
		assert_int_equal(r, -EINVAL);
		assert_non_null(strstr(err.msg, cases[i].words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typical), cmocka_unit_test(test_random_calls),
		cmocka_unit_test(test_limits),	cmocka_unit_test(test_stack),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
