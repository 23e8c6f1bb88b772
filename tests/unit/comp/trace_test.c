/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A probe's programs and its record, over the fixture's types. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "comp/trace.h"
#include "tests/diff/fixture.h"

static struct kbtf *btf;

static int set_up(void **state)
{
	(void)state;
	return fixture_btf(&btf);
}

static int tear_down(void **state)
{
	(void)state;
	kbtf_freep(&btf);
	return 0;
}

static int compile(const char *text, const struct trace_opts *given, struct trace_programs *out,
		   struct err *err)
{
	static const struct probe_opts po;
	struct probe probe = { 0 };
	int ret = probe_parse(&probe, "probe", text, &po, err);
	struct trace_opts opts = given ? *given : (struct trace_opts){ .string_bytes = 80 };
	const struct comp_context context = { .regs = true, .timed = probe.kind == PROBE_RETURN };
	struct comp_func func = { .context = &context };
	struct trace_job job = { .opts = &opts, .probe = &probe, .func = &func };
	struct kbtf_proto proto;

	if (ret)
		return ret;
	opts.btf = btf;
	opts.cpu_slots = 1;
	func.name = probe.func;
	func.returned = probe.kind == PROBE_RETURN;
	if (kbtf_func(btf, probe.func, &proto) == 0)
		func.func_id = proto.func_id;
	job.control = sizeof(struct control);
	job.after = sizeof(struct task_state);
	ret = comp_trace(&job, out, err);
	if (ret == 0) /* what the layout points at is the probe's */
		for (unsigned int i = 0; i < out->layout.n_values; i++)
			out->layout.value[i].conv = NULL;
	probe_free(&probe);
	return ret;
}

static void lays_out(void **state)
{
	const struct trace_opts opts = { .string_bytes = 81,
					 .kernel_stack = true,
					 .user_stack = true };
	struct trace_programs t = { 0 };
	struct err err = { 0 };
	uint32_t head = offsetof(struct record, stack) + sizeof(struct trace_tail);

	(void)state;
	assert_int_equal(
		compile("should_failslab \"%d %s %d\", gfpflags, s->name, arg1", &opts, &t, &err),
		0);
	assert_int_equal(t.progs.n_progs, 1);
	assert_false(t.paired);
	assert_int_equal(t.layout.n_values, 3);
	assert_int_equal(t.layout.value[0].off, head);
	assert_int_equal(t.layout.value[0].bytes, 4);
	assert_true(t.layout.value[1].string);
	assert_int_equal(t.layout.value[1].off, head + 16); /* strings are behind the numbers */
	assert_int_equal(t.layout.value[2].off, head + 8);
	assert_int_equal(t.layout.kernel_stack, head + 8 + 88 + 8);
	assert_int_equal(t.layout.user_stack, t.layout.kernel_stack + 8 * LIMIT_TRACE_STACK);
	assert_int_equal(t.layout.size, t.layout.user_stack + 8 * LIMIT_TRACE_STACK);
	trace_programs_free(&t);
}

/* as many and as long strings as there may be, and a number behind them */
static void reaches_all(void **state)
{
	const struct trace_opts opts = { .string_bytes = LIMIT_TRACE_STRING };
	struct trace_programs t = { 0 };
	struct err err = { 0 };
	char text[512] = "should_failslab \"";

	(void)state;
	for (unsigned int i = 1; i < LIMIT_VALUES; i++)
		strcat(text, "%s");
	strcat(text, "%d\"");
	for (unsigned int i = 1; i < LIMIT_VALUES; i++)
		strcat(text, ", s->name");
	strcat(text, ", gfpflags");
	if (compile(text, &opts, &t, &err))
		fail_msg("%s", err.msg);
	trace_programs_free(&t);
}

/* the entry is seen only if the probe asks for something of it */
static void pairs(void **state)
{
	static const struct {
		const char *text;
		bool paired;
	} rows[] = {
		{ "r::should_failslab", false },
		{ "r::should_failslab (retval < 0) \"%d\", retval", false },
		{ "r::should_failslab \"%d\", gfpflags", true },
		{ "r::should_failslab (arg2 == 1) \"%d\", retval", true },
		{ "r::should_failslab \"%llu\", $latency", true },
		{ "r::should_failslab \"%d\", $pid", false },
		{ "r::should_failslab \"%llx\", ctx->di", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trace_programs t = { 0 };
		struct err err = { 0 };

		if (compile(rows[i].text, NULL, &t, &err) || t.paired != rows[i].paired)
			fail_msg("%s: %s", rows[i].text, err.msg);
		assert_int_equal(t.progs.n_progs, 1 + rows[i].paired);
		trace_programs_free(&t);
	}
}

static void refuses(void **state)
{
	static const char *const rows[] = {
		"should_failslab \"%d\", retval",
		"should_failslab \"%d\", $latency",
		"should_failslab \"%d\", nothing",
		"should_failslab \"%d\", args->x",
		"should_failslab \"%d\", *s",
		"should_failslab \"%d\", arg3",
		"should_failslab \"%s\", gfpflags",
		"r::should_failslab \"%d %d\", gfpflags, ctx->di",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trace_programs t = { 0 };
		struct err err = { 0 };

		if (!compile(rows[i], NULL, &t, &err))
			fail_msg("accepted: %s", rows[i]);
		assert_true(err.place.line == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays_out),
		cmocka_unit_test(reaches_all),
		cmocka_unit_test(pairs),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("comp/trace_test", tests, set_up, tear_down);
}
