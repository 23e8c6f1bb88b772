// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs of other engines than the kprobe's, and of several rules, on a simulated
 * kernel: what is returned, which rule acts, and that calls are paired with returns.
 */
#include <errno.h>
#include <stdio.h>

#include "bench.h"

/* the target's program of these two rules, both over should_failslab */
static void compile_both(struct bench *b, struct bench *second)
{
	const struct comp_job *jobs[2] = { &b->t.job, &second->t.job };
	struct err err = { 0 };

	second->t.job.number = 1;
	second->t.job.control = machine_control(1);
	second->t.job.state = machine_state(1);
	if (comp_target(jobs, 2, &b->t.site, &b->set, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(b->set.n_progs, 1);
	if (prog_check(&b->set.progs[0], &err) < 0)
		fail_msg("%s", err.msg);
}

static void the_first_that_matches_acts(void **unused)
{
	const struct rule_control *other;
	struct bench b, second;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM if gfpflags == 1", true);
	open_bench(&second, "should_failslab = -EIO if gfpflags <= 2", true);
	second.t.job.value = -5;
	compile_both(&b, &second);
	other = machine_rule(b.m, 1);
	trace(&b, 0, NULL);
	hit(&b, 8, 1);
	assert_int_equal((int64_t)b.m->override_value, -12);
	hit(&b, 8, 2);
	assert_int_equal((int64_t)b.m->override_value, -5);
	hit(&b, 8, 3);
	assert_int_equal(b.m->overrides, 2);
	assert_int_equal(b.m->rule->cpu[0].hits, 3);
	assert_int_equal(b.m->rule->injected, 1);
	assert_int_equal(other->cpu[0].hits, 2); /* what the first did not take */
	assert_int_equal(other->matches, 1);
	assert_int_equal(other->injected, 1);
	assert_int_equal(b.m->sent[0].rule, 0);
	assert_int_equal(b.m->sent[1].rule, 1);
	close_bench(&second);
	close_bench(&b);
}

static void what_one_lets_pass_is_left_to_the_next(void **unused)
{
	const struct rule_control *other;
	struct bench b, second;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM times 2", true);
	open_bench(&second, "should_failslab = -EIO times 1", true);
	second.t.job.value = -5;
	compile_both(&b, &second);
	other = machine_rule(b.m, 1);
	trace(&b, 0, NULL);
	for (unsigned int i = 0; i < 5; i++)
		hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 3);
	assert_int_equal(b.m->rule->injected, 2);
	assert_int_equal(other->injected, 1);
	assert_int_equal(b.m->rule->matches, 5);
	assert_int_equal(other->matches, 3);
	close_bench(&second);
	close_bench(&b);
}

static void so_is_one_that_could_not_be_read(void **unused)
{
	struct bench b, second;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM if s->name == \"x\"", true);
	open_bench(&second, "should_failslab = -EIO if gfpflags == 7", true);
	compile_both(&b, &second);
	trace(&b, 0, NULL);
	hit(&b, 8, 7); /* the name is a null pointer */
	assert_int_equal(b.m->rule->read_faults, 1);
	assert_int_equal(machine_rule(b.m, 1)->injected, 1);
	close_bench(&second);
	close_bench(&b);
}

/* each with callers of its own, and a walk that looks for them */
static void chains_of_two_rules(void **unused)
{
	struct bench b, second;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM under tcp_v4_connect", true);
	open_bench(&second, "should_failslab = -EIO under inet_stream_connect", true);
	compile_both(&b, &second);
	assert_int_equal(b.set.progs[0].n_subprogs, 2);
	b.task.has_state = true;
	b.m->rule->active[0] = 1;
	machine_rule(b.m, 1)->active[0] = 1;
	machine_rule(b.m, 1)->place[0].start = 0x1000;
	machine_rule(b.m, 1)->place[0].size = 0x100;
	b.task.state.rule[1].matched[0] = 1;
	b.task.state.rule[1].frame[0] = UINT64_MAX;
	trace(&b, 1, (unsigned int[]){ 0 });
	hit(&b, 8, 0);
	assert_int_equal(b.m->rule->injected, 0);
	assert_int_equal(machine_rule(b.m, 1)->injected, 1);
	assert_int_equal(b.task.state.rule[1].injected[0], 1);
	close_bench(&second);
	close_bench(&b);
}

static void too_many_walks_are_refused(void **unused)
{
	const struct comp_job *jobs[LIMIT_CALLBACKS + 1];
	struct prog_set set = { 0 };
	struct err err = { 0 };
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM under tcp_v4_connect", true);
	for (unsigned int i = 0; i <= LIMIT_CALLBACKS; i++)
		jobs[i] = &b.t.job;
	assert_int_equal(comp_target(jobs, LIMIT_CALLBACKS + 1, &b.t.site, &set, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "callers"));
	err = (struct err){ 0 };
	assert_int_equal(comp_target(jobs, LIMIT_CALLBACKS, &b.t.site, &set, &err), 0);
	prog_set_free(&set);
	close_bench(&b);
}

static uint64_t returned(enum prog_kind kind, int64_t value, uint64_t gfp)
{
	struct bench b;
	uint64_t *args, ret;

	open_bench(&b, "should_failslab = -ENOMEM if gfpflags == 1", true);
	b.t.site.kind = kind;
	b.t.job.value = value;
	compile(&b);
	trace(&b, 0, NULL);
	args = &b.m->stack[MACHINE_STACK - 8];
	args[0] = (uint64_t)(uintptr_t)b.cache;
	args[1] = gfp;
	ret = machine_run(b.m, &b.set.progs[0], args);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->cpu[0].hits, 1);
	close_bench(&b);
	return ret;
}

static void trampolines_return_it(void **unused)
{
	(void)unused;
	assert_int_equal((int64_t)returned(PROG_FMOD_RET, -12, 1), -12);
	assert_int_equal(returned(PROG_FMOD_RET, -12, 2), 0);
	assert_int_equal(returned(PROG_FMOD_RET, 1, 1), 1);
	assert_int_equal((int64_t)returned(PROG_LSM, -1, 1), -1);
	/* to them 0 is "run it"; these bits are none of an int's */
	assert_int_equal(returned(PROG_FMOD_RET, 0, 1), 1ull << 32);
}

/* another task was preempted where it walks on this CPU: its record is left alone */
static void one_walks_at_a_time(void **unused)
{
	static const enum prog_kind kinds[] = { PROG_FMOD_RET, PROG_LSM };
	struct bench b;

	(void)unused;
	for (unsigned int i = 0; i < 2; i++) {
		open_bench(&b, "should_failslab = -ENOMEM under tcp_v4_connect", true);
		b.t.site.kind = kinds[i];
		compile(&b);
		b.task.has_state = true;
		b.m->rule->active[0] = 1;
		b.task.state.rule[0].matched[0] = 1;
		b.task.state.rule[0].frame[0] = UINT64_MAX;
		trace(&b, 1, (unsigned int[]){ 0 });
		b.m->rule->cpu[0].walking = 1;
		assert_int_equal(machine_run(b.m, &b.set.progs[0], &b.m->stack[MACHINE_STACK - 8]),
				 0);
		assert_int_equal(b.m->rule->cpu[0].walking, 1);
		assert_int_equal(b.m->control->busy, 1);
		assert_int_equal(b.m->rule->injected, 0);
		b.m->rule->cpu[0].walking = 0;
		assert_int_not_equal(
			machine_run(b.m, &b.set.progs[0], &b.m->stack[MACHINE_STACK - 8]), 0);
		assert_int_equal(b.m->rule->injected, 1);
		assert_int_equal(b.m->rule->cpu[0].walking, 0);
		/* nor is it held by a walk that finds nothing */
		trace(&b, 0, NULL);
		assert_int_equal(machine_run(b.m, &b.set.progs[0], &b.m->stack[MACHINE_STACK - 8]),
				 0);
		assert_int_equal(b.m->rule->unconfirmed, 1);
		assert_int_equal(b.m->rule->cpu[0].walking, 0);
		close_bench(&b);
	}
}

static void returns(struct bench *b, unsigned int depth, int64_t value)
{
	struct pt_regs regs = { .rax = (uint64_t)value };

	/* what the entry's stack pointer pointed at was taken off */
	regs.rsp = (uint64_t)(uintptr_t)&b->m->stack[MACHINE_STACK - depth + 1];
	assert_int_equal(machine_run(b->m, &b->set.progs[0], &regs), 0);
}

static void entry(struct bench *b, unsigned int depth, uint64_t gfp)
{
	struct pt_regs regs = { .rdi = (uint64_t)(uintptr_t)b->cache, .rsi = gfp };

	regs.rsp = (uint64_t)(uintptr_t)&b->m->stack[MACHINE_STACK - depth];
	assert_int_equal(machine_run(b->m, &b->set.progs[1], &regs), 0);
}

static void open_after(struct bench *b, const char *rule)
{
	open_bench(b, rule, true);
	compile(b);
	assert_int_equal(b->set.n_progs, 2);
	assert_int_equal(b->set.progs[0].kind, PROG_KRETPROBE);
	assert_string_equal(b->set.progs[1].name, "rc_call");
	trace(b, 0, NULL);
}

static void after_sees_arguments_and_result(void **unused)
{
	struct bench b;

	(void)unused;
	open_after(&b, "should_failslab = -EIO after if gfpflags == 1 && retval == 0");
	entry(&b, 8, 1);
	returns(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	entry(&b, 8, 1);
	returns(&b, 8, -3);
	entry(&b, 8, 2);
	returns(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->cpu[0].hits, 3);
	assert_int_equal(b.m->rule->unpaired, 0);
	close_bench(&b);
}

static void nested_calls_are_told_apart(void **unused)
{
	struct bench b;

	(void)unused;
	open_after(&b, "should_failslab = -EIO after if gfpflags == retval");
	for (unsigned int i = 0; i < LIMIT_AFTER_CALLS; i++)
		entry(&b, 8 + 8 * i, i + 1);
	for (unsigned int i = LIMIT_AFTER_CALLS; i-- > 0;)
		returns(&b, 8 + 8 * i, i + 1);
	assert_int_equal(b.m->overrides, LIMIT_AFTER_CALLS);
	assert_int_equal(b.m->rule->unpaired, 0);
	/* one more has no room, nor have the two that it calls: each is counted once, as it comes
	 */
	for (unsigned int i = 0; i < LIMIT_AFTER_CALLS + 3; i++)
		entry(&b, 8 + 8 * i, i + 1);
	for (unsigned int i = LIMIT_AFTER_CALLS + 3; i-- > 0;)
		returns(&b, 8 + 8 * i, i + 1);
	assert_int_equal(b.m->overrides, 2 * LIMIT_AFTER_CALLS);
	assert_int_equal(b.m->rule->unpaired, 3);
	assert_int_equal(b.m->rule->cpu[0].kept, 0);
	/* now there is room again, and there a return without an entry is counted */
	entry(&b, 8, 1);
	returns(&b, 8 + 8 * (LIMIT_AFTER_CALLS + 1), 1);
	assert_int_equal(b.m->rule->unpaired, 4);
	close_bench(&b);
}

static void lost_returns_are_counted(void **unused)
{
	struct bench b;

	(void)unused;
	open_after(&b, "should_failslab = -EIO after if gfpflags == 1");
	entry(&b, 8, 1);
	entry(&b, 40, 2); /* its return is lost */
	returns(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->unpaired, 0);
	assert_int_equal(b.m->rule->cpu[0].kept, 1); /* as lost as if it were the end */
	entry(&b, 16, 3);			     /* further out than the lost one ever was */
	assert_int_equal(b.m->rule->unpaired, 1);
	assert_int_equal(b.m->rule->cpu[0].kept, 1);
	returns(&b, 16, 0);
	returns(&b, 24, 0); /* an entry that was not seen */
	assert_int_equal(b.m->rule->unpaired, 2);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->cpu[0].kept, 0);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_matches_acts),
		cmocka_unit_test(what_one_lets_pass_is_left_to_the_next),
		cmocka_unit_test(so_is_one_that_could_not_be_read),
		cmocka_unit_test(chains_of_two_rules),
		cmocka_unit_test(too_many_walks_are_refused),
		cmocka_unit_test(trampolines_return_it),
		cmocka_unit_test(one_walks_at_a_time),
		cmocka_unit_test(after_sees_arguments_and_result),
		cmocka_unit_test(nested_calls_are_told_apart),
		cmocka_unit_test(lost_returns_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
