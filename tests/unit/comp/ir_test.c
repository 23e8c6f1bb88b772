/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording: what is kept, what is refused, how it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "comp/ir.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

static struct ir *new_ir(void)
{
	struct ir *ir = NULL;

	assert_int_equal(ir_new(&ir), 0);
	return ir;
}

/* assembling has to fail, with this in the message */
static void fails(struct ir *ir, int code, const char *words)
{
	struct prog p = { .n_insns = 7 };
	struct err err = { 0 };

	assert_int_equal(ir_assemble(ir, NULL, 0, &p, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, words))
		print_error("\"%s\" does not say \"%s\"\n", err.msg, words);
	assert_non_null(strstr(err.msg, words));
	assert_int_equal(p.n_insns, 7); /* untouched */
	ir_free(ir);
}

static void test_print(void **state)
{
	_cleanup_(ir_freep) struct ir *ir = new_ir();
	_cleanup_buf_ struct buf text = { 0 };
	ir_reg ctx, a, b, x;
	ir_label out = ir_label_new(ir);
	ir_slot s;

	(void)state;
	ctx = ir_arg(ir, 1);
	ir_note(ir, "if (%s) return 0;", "!armed");
	a = ir_load(ir, 4, ir_map_value(ir, PROG_MAP_CONTROL, 8), -4);
	ir_branch(ir, BPF_JEQ, IR_32, a, ir_k(0), out);
	b = ir_extend(ir, ir_bswap(ir, 16, a), 2, true);
	x = ir_new_reg(ir);
	ir_mov(ir, x, ir_k(-5));
	ir_alu_to(ir, BPF_ARSH, IR_32, x, ir_r(b));
	s = ir_slot_new(ir, 12);
	ir_slot_store(ir, 2, s, 2, ir_r(x));
	ir_atomic_add(ir, 8, ctx, 16, ir_k(1));
	ir_fetch_add(ir, 4, ctx, 16, ir_r(ir_neg(ir, IR_64, b)));
	ir_call(ir, BPF_FUNC_loop,
		(struct ir_val[]){ ir_k(3), ir_r(ir_callback(ir, 0)), ir_r(ir_slot_addr(ir, s, 0)),
				   ir_k(0) },
		4);
	ir_call(ir, BPF_FUNC_this_cpu_ptr, (struct ir_val[]){ ir_r(ir_ksym(ir, 99)) }, 1);
	ir_place(ir, out);
	ir_exit(ir, ir_k(0));
	ir_print(ir, &text);
	assert_string_equal(buf_str(&text), "\tslot1: 16 bytes\n"
					    "\tv1 = arg1\n"
					    "\t; if (!armed) return 0;\n"
					    "\tv2 = &map[control] + 8\n"
					    "\tv3 = u32 [v2 - 4]\n"
					    "\tif v3 ==.32 0 goto L1\n"
					    "\tv4 = swap16 v3\n"
					    "\tv5 = s16 v4\n"
					    "\tv6 = -5\n"
					    "\tv6 = v6 s>>.32 v5\n"
					    "\tu16 [slot1 + 2] = v6\n"
					    "\tu64 [v1 + 16] atomic += 1\n"
					    "\tv7 = -v5\n"
					    "\tv8 = fetch_add u32 [v1 + 16], v7\n"
					    "\tv9 = callback\n"
					    "\tv10 = &slot1 + 0\n"
					    "\tv11 = call bpf_loop(3, v9, v10, 0)\n"
					    "\tv12 = ksym 99\n"
					    "\tv13 = call bpf_this_cpu_ptr(v12)\n"
					    "L1:\n"
					    "\treturn 0\n");
}

static void test_sticky(void **state)
{
	struct ir *ir = new_ir();

	(void)state;
	ir_alu(ir, BPF_ADD, IR_64, 77, ir_k(1)); /* the first error */
	ir_exit(ir, ir_r(ir_load(ir, 3, 12, 1 << 20)));
	ir_place(ir, 5);
	ir_note(ir, "after an error");
	assert_true(ir_label_new(ir) > 0);
	assert_true(ir_slot_new(ir, 8) > 0);
	fails(ir, -EINVAL, "register that does not exist");
}

static void test_misuse(void **state)
{
	struct ir *ir = new_ir();
	ir_label l = ir_label_new(ir);

	(void)state;
	ir_place(ir, l);
	ir_jump(ir, l);
	ir_exit(ir, ir_k(0));
	fails(ir, -EINVAL, "only goes forward");

	ir = new_ir();
	l = ir_label_new(ir);
	ir_place(ir, l);
	ir_place(ir, l);
	fails(ir, -EINVAL, "label");

	ir = new_ir();
	ir_branch(ir, BPF_JEQ, IR_64, ir_arg(ir, 1), ir_k(0), ir_label_new(ir));
	ir_exit(ir, ir_k(0));
	fails(ir, -EINVAL, "which is nowhere");

	ir = new_ir();
	ir_const(ir, 1);
	fails(ir, -EINVAL, "does not end in an exit");

	fails(new_ir(), -EINVAL, "does not end in an exit");

	ir = new_ir();
	ir_const(ir, 1);
	ir_arg(ir, 1);
	ir_exit(ir, ir_k(0));
	fails(ir, -EINVAL, "after the first operation");

	ir = new_ir();
	ir_slot_store(ir, 8, ir_slot_new(ir, 8), 4, ir_k(0));
	fails(ir, -EINVAL, "beside a stack slot");

	ir = new_ir();
	ir_store(ir, 8, ir_slot_addr(ir, ir_slot_new(ir, 8), 0), 4, ir_k(0));
	ir_exit(ir, ir_k(0));
	fails(ir, -EINVAL, "beside a stack slot");

	ir = new_ir();
	ir_exit(ir, ir_r(ir_fetch_add(ir, 8, ir_slot_addr(ir, ir_slot_new(ir, 8), 0), 0, ir_k(1))));
	fails(ir, -EINVAL, "on the stack");

	ir = new_ir();
	ir_call(ir, BPF_FUNC_loop, (struct ir_val[]){ ir_k(1), ir_r(ir_callback(ir, 0)) }, 2);
	ir_exit(ir, ir_k(0));
	fails(ir, -EINVAL, "without a callback");
}

/* set on one path only */
static void test_unset(void **state)
{
	struct ir *ir = new_ir();
	ir_reg ctx = ir_arg(ir, 1), x = ir_new_reg(ir);
	ir_label l = ir_label_new(ir);

	(void)state;
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 8, ctx, 0), ir_k(0), l);
	ir_mov(ir, x, ir_r(ir_load(ir, 8, ctx, 8)));
	ir_place(ir, l);
	ir_exit(ir, ir_r(x));
	fails(ir, -EINVAL, "nothing has set it");
}

static void test_limit_ir(void **state)
{
	_cleanup_(prog_free) struct prog p = { 0 };
	struct ir *ir = new_ir();
	ir_reg x = ir_const(ir, 0);

	(void)state;
	for (unsigned int i = 2; i < LIMIT_IR; i++)
		ir_mov(ir, x, ir_k(i)); /* all but the last one go */
	ir_exit(ir, ir_r(x));
	assert_int_equal(ir_assemble(ir, NULL, 0, &p, NULL), 0);
	ir_note(ir, "one more");
	fails(ir, -E2BIG, "more than 16384 operations");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),	 cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_misuse),	 cmocka_unit_test(test_unset),
		cmocka_unit_test(test_limit_ir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
