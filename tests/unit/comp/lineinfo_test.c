/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel accepts our BTF, and speaks about the rule's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/btf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "comp/ir.h"
#include "kern/sys.h"
#include "run_prog.h"
#include "util/cleanup.h"
#include "util/control.h"

#define STATE_BYTES (sizeof(struct task_state) + sizeof(struct chain_state))

static const char text[] = "inject first_line\n"
			   "  when second_line == 2\n"
			   "  and third_line";

static const struct source source = { "rules/test.rule", text, sizeof(text) - 1 };
static struct run_log kernel_log;
static bool can_run;

static struct span at(const char *what)
{
	return (struct span){ (uint32_t)(strstr(text, what) - text), (uint32_t)strlen(what) };
}

/* sum of 0..n-1 by bpf_loop, n from the context; the last insn reads ctx at `off` */
static void make(struct prog *out, int32_t off)
{
	_cleanup_(ir_freep) struct ir *ir = NULL, *cb = NULL;
	struct err err = { 0 };
	struct ir_val args[4];
	ir_reg ctx, index, sum, n;
	ir_slot s;

	assert_int_equal(ir_new(&ir), 0);
	assert_int_equal(ir_new(&cb), 0);
	ir_at(ir, at("first_line"));
	ctx = ir_arg(ir, 1);
	n = ir_load(ir, 8, ctx, 0);
	s = ir_slot_new(ir, 8);
	ir_slot_store(ir, 8, s, 0, ir_k(0));
	ir_at(ir, at("second_line"));
	args[0] = ir_r(n);
	args[1] = ir_r(ir_callback(ir, 0));
	args[2] = ir_r(ir_slot_addr(ir, s, 0));
	args[3] = ir_k(0);
	ir_call(ir, BPF_FUNC_loop, args, 4);
	ir_at(ir, at("third_line"));
	sum = ir_slot_load(ir, 8, s, 0);
	ir_exit(ir, ir_r(ir_alu(ir, BPF_ADD, IR_64, sum, ir_r(ir_load(ir, 8, ctx, off)))));

	ir_at(cb, at("when"));
	index = ir_arg(cb, 1);
	ctx = ir_arg(cb, 2);
	n = ir_load(cb, 8, ctx, 0);
	ir_store(cb, 8, ctx, 0, ir_r(ir_alu(cb, BPF_ADD, IR_64, n, ir_r(index))));
	ir_exit(cb, ir_k(0));
	assert_int_equal(ir_assemble(ir, &cb, cb != NULL, out, &err), 0);
	snprintf(out->name, sizeof(out->name), "rc_t.1");
	out->src = &source;
}

static void test_structure(void **state)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	struct prog progs[2] = { { .n_insns = 0 } };
	const struct btf_header *h;
	const struct prog_info *info;
	const char *strings;

	(void)state;
	make(&progs[0], 8);
	make(&progs[1], 8);
	assert_int_equal(lineinfo_build(&li, progs, 2, STATE_BYTES, NULL), 0);
	assert_int_equal(li.n_progs, 2);
	h = li.btf;
	assert_int_equal(h->magic, BTF_MAGIC);
	assert_int_equal(h->hdr_len + h->type_len + h->str_len, li.btf_len);
	strings = (const char *)li.btf + h->hdr_len + h->str_off;
	info = &li.progs[1];
	assert_int_equal(info->n_func, 2);
	assert_int_equal(info->func[0].insn_off, 0);
	assert_int_equal(info->func[1].insn_off, progs[1].subprog[0]);
	assert_int_equal(info->n_line, progs[1].n_lines);
	for (uint32_t i = 0; i < info->n_line; i++) {
		const struct bpf_line_info *l = &info->line[i];

		assert_int_equal(l->insn_off, progs[1].lines[i].insn);
		assert_string_equal(strings + l->file_name_off, "rules/test.rule");
		if (i)
			assert_true(l->insn_off > info->line[i - 1].insn_off);
	}
	assert_int_equal(info->line[0].line_col, 1U << 10 | 8);
	assert_string_equal(strings + info->line[0].line_off, "inject first_line");
	assert_int_equal(info->line[1].line_col, 2U << 10 | 8);
	assert_string_equal(strings + info->line[1].line_off, "  when second_line == 2");
	/* the same line is there once */
	assert_int_equal(info->line[1].line_off, li.progs[0].line[1].line_off);
	prog_free(&progs[0]);
	prog_free(&progs[1]);
}

/* programs that carry no lines, or lines without a text, get what the kernel insists on */
static void test_no_lines(void **state)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	struct prog p = { .n_insns = 0 };

	(void)state;
	make(&p, 8);
	p.n_lines = 0;
	p.src = NULL;
	assert_int_equal(lineinfo_build(&li, &p, 1, STATE_BYTES, NULL), 0);
	assert_int_equal(li.progs[0].n_line, 2);
	assert_int_equal(li.progs[0].line[0].insn_off, 0);
	assert_int_equal(li.progs[0].line[1].insn_off, p.subprog[0]);
	if (can_run) {
		int fd = run_prog_load(&p, &li, NULL, &kernel_log);

		if (fd < 0)
			print_error("%s\n", kernel_log.text);
		assert_true(fd >= 0);
		close(fd);
	}
	prog_free(&p);
}

static void test_loop_runs(void **state)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	struct prog p = { .n_insns = 0 };
	uint64_t ctx[2] = { 10, 1000 };
	uint32_t retval = 0;
	int fd;

	(void)state;
	if (!can_run)
		skip();
	make(&p, 8);
	assert_int_equal(lineinfo_build(&li, &p, 1, STATE_BYTES, NULL), 0);
	fd = run_prog_load(&p, &li, NULL, &kernel_log);
	if (fd < 0)
		print_error("%s\n", kernel_log.text);
	assert_true(fd >= 0);
	assert_int_equal(run_prog_once(fd, ctx, sizeof(ctx), &retval), 0);
	assert_int_equal(retval, 1045);
	close(fd);
	prog_free(&p);
}

/* a misaligned read: the message comes with the line it is about */
static void test_verifier_quotes(void **state)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	struct prog p = { .n_insns = 0 };

	(void)state;
	if (!can_run)
		skip();
	make(&p, 9);
	assert_int_equal(lineinfo_build(&li, &p, 1, STATE_BYTES, NULL), 0);
	assert_true(run_prog_load(&p, &li, NULL, &kernel_log) < 0);
	assert_non_null(strstr(kernel_log.text, "inject first_line"));
	assert_non_null(strstr(kernel_log.text, "when second_line == 2"));
	assert_non_null(strstr(kernel_log.text, "and third_line"));
	prog_free(&p);
}

static void test_task_storage(void **state)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	_cleanup_close_ int btf = -1, map = -1;
	struct sys_map m = {
		.name = "tasks",
		.type = BPF_MAP_TYPE_TASK_STORAGE,
		.key_size = sizeof(int),
		.value_size = STATE_BYTES,
		.flags = BPF_F_NO_PREALLOC,
	};

	(void)state;
	if (!can_run)
		skip();
	assert_int_equal(lineinfo_build(&li, NULL, 0, STATE_BYTES, NULL), 0);
	btf = sys_btf_load(li.btf, li.btf_len, kernel_log.text, sizeof(kernel_log.text));
	if (btf < 0)
		print_error("%s\n", kernel_log.text);
	assert_true(btf >= 0);
	m.btf_fd = btf;
	m.btf_key_id = li.key_id;
	m.btf_value_id = li.value_id;
	map = sys_map_create(&m);
	assert_true(map >= 0);
}

/* long lines are cut, not refused */
static void test_long_line(void **state)
{
	static char long_text[5000];
	struct source src = { "long", long_text, sizeof(long_text) - 1 };
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	struct prog p = { .n_insns = 0 };
	const struct btf_header *h;
	const char *strings;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	make(&p, 8);
	p.src = &src;
	p.lines[1].at.off = 4000;
	assert_int_equal(lineinfo_build(&li, &p, 1, STATE_BYTES, NULL), 0);
	h = li.btf;
	strings = (const char *)li.btf + h->hdr_len + h->str_off;
	assert_int_equal(strlen(strings + li.progs[0].line[1].line_off), 243);
	assert_int_equal(li.progs[0].line[1].line_col, 1U << 10 | 1023);
	prog_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),    cmocka_unit_test(test_no_lines),
		cmocka_unit_test(test_loop_runs),    cmocka_unit_test(test_verifier_quotes),
		cmocka_unit_test(test_task_storage), cmocka_unit_test(test_long_line),
	};

	can_run = run_prog_possible() == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
