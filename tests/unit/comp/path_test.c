/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs of --follow on a simulated kernel: which returns are told, and of what. */
#include <errno.h>

#include "bench.h"

static void open_path(struct bench *b, const char *text)
{
	struct err err = { 0 };

	open_bench(b, text, true);
	b->t.job.path = machine_path();
	compile(b);
	if (comp_path(&b->t.job, &b->set, &err) < 0)
		fail_msg("%s", err.msg);
	for (unsigned int i = 0; i < b->set.n_progs; i++)
		if (prog_check(&b->set.progs[i], &err) < 0)
			fail_msg("%s: %s", b->set.progs[i].name, err.msg);
	trace(b, 0, NULL);
}

static const struct prog *named(const struct bench *b, const char *name)
{
	for (unsigned int i = 0; i < b->set.n_progs; i++)
		if (strcmp(b->set.progs[i].name, name) == 0)
			return &b->set.progs[i];
	fail_msg("no program %s", name);
	return NULL;
}

static uint64_t slot(const struct bench *b, unsigned int depth)
{
	return (uint64_t)(uintptr_t)&b->m->stack[MACHINE_STACK - depth];
}

/* a call whose return address is that deep */
static void enter(struct bench *b, unsigned int depth)
{
	struct pt_regs regs = { .rsp = slot(b, depth) };

	machine_run(b->m, named(b, "rc_path_entry"), &regs);
}

static void leave(struct bench *b, unsigned int depth, uint64_t func, uint64_t value)
{
	struct pt_regs regs = { .rsp = slot(b, depth) + 8, .rax = value };

	b->m->cookie = func;
	machine_run(b->m, named(b, "rc_path_return"), &regs);
}

static void leave_call(struct bench *b, uint64_t value)
{
	uint64_t ctx[2] = { 0, value };

	machine_run(b->m, named(b, "rc_path_syscall"), ctx);
}

static const struct record *last(const struct bench *b, unsigned int n)
{
	assert_int_equal(b->m->n_sent, n);
	return &b->m->sent[n - 1];
}

static void nothing_is_told_before_an_injection(void **unused)
{
	struct bench b;

	(void)unused;
	open_path(&b, "should_failslab = -ENOMEM if gfpflags == 1");
	enter(&b, 9);
	leave(&b, 9, 1, 0);
	hit(&b, 8, 0);
	leave(&b, 7, 1, 0);
	leave_call(&b, 0);
	b.task.has_state = true; /* another rule's */
	leave(&b, 7, 1, 0);
	leave_call(&b, 0);
	machine_run(b.m, named(&b, "rc_path_exit"), NULL);
	assert_int_equal(b.m->n_sent, 0);
	close_bench(&b);
}

static void callers_are_told_and_later_calls_are_not(void **unused)
{
	const struct record *r;
	struct bench b;

	(void)unused;
	open_path(&b, "should_failslab = -ENOMEM");
	hit(&b, 20, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(last(&b, 2)->kind, RECORD_INJECTED);
	r = &b.m->sent[0];
	assert_int_equal(r->kind, RECORD_PATH);
	assert_int_equal(r->tid, 78);
	assert_true(r->at.sp == slot(&b, 20));
	assert_int_equal(r->at.low, 0);
	assert_int_equal(r->value, 1);
	assert_int_equal(b.m->sent_bytes[0], offsetof(struct record, stack));

	leave(&b, 20, 9, 1); /* the target itself */
	assert_int_equal(b.m->n_sent, 2);
	leave(&b, 19, 3, (uint64_t)-12);
	r = last(&b, 3);
	assert_int_equal(r->kind, RECORD_STEP);
	assert_int_equal(r->place, 3);
	assert_int_equal(r->value, -12);
	assert_true(r->at.sp == slot(&b, 19));
	assert_int_equal(r->at.low, 1);
	enter(&b, 18); /* a call since, further out than all that was told */
	enter(&b, 25);
	leave(&b, 25, 3, 0);
	leave(&b, 18, 4, 0);
	assert_int_equal(b.m->n_sent, 3);
	leave(&b, 17, 5, 7);
	assert_int_equal(last(&b, 4)->place, 5);
	leave(&b, 17, 5, 7); /* once */
	leave(&b, 18, 5, 7);
	assert_int_equal(b.m->n_sent, 4);
	leave_call(&b, (uint64_t)-5);
	r = last(&b, 5);
	assert_int_equal(r->kind, RECORD_SYSCALL);
	assert_int_equal(r->value, -5);
	leave(&b, 2, 6, 0); /* over */
	leave_call(&b, 0);
	assert_int_equal(b.m->n_sent, 5);
	b.task.bytes[108] = 11;
	machine_run(b.m, named(&b, "rc_path_exit"), NULL);
	r = last(&b, 6);
	assert_int_equal(r->kind, RECORD_EXIT);
	assert_int_equal(r->value, 11);
	close_bench(&b);
}

static void the_next_injection_says_how_far_it_came(void **unused)
{
	struct bench b;

	(void)unused;
	open_path(&b, "should_failslab = -ENOMEM");
	hit(&b, 20, 0);
	leave(&b, 15, 3, 0);
	hit(&b, 30, 0);
	assert_int_equal(b.m->sent[3].kind, RECORD_PATH);
	assert_true(b.m->sent[3].at.low == slot(&b, 15));
	assert_int_equal(b.m->sent[3].value, 2);
	leave(&b, 16, 4, 0); /* of the second alone: it was entered since the first */
	assert_int_equal(last(&b, 6)->place, 4);
	assert_int_equal(last(&b, 6)->at.low, 2);
	close_bench(&b);
}

static void interrupts_and_the_end_tell_nothing(void **unused)
{
	struct bench b;

	(void)unused;
	open_path(&b, "should_failslab = -ENOMEM");
	hit(&b, 20, 0);
	b.m->preempt_count = 1u << 16;
	leave(&b, 10, 3, 0);
	enter(&b, 5);
	b.m->preempt_count = 0;
	leave(&b, 10, 4, 0);
	assert_int_equal(last(&b, 3)->place, 4);
	b.m->control->armed = 0;
	leave(&b, 9, 4, 0);
	leave_call(&b, 0);
	machine_run(b.m, named(&b, "rc_path_exit"), NULL);
	assert_int_equal(b.m->n_sent, 3);
	close_bench(&b);
}

/* what cannot be followed is injected all the same */
static void without_storage(void **unused)
{
	struct bench b;

	(void)unused;
	open_path(&b, "should_failslab = -ENOMEM");
	b.m->storage_fails = true;
	hit(&b, 20, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(last(&b, 1)->kind, RECORD_INJECTED);
	close_bench(&b);
}

/* an `after` rule looks when the target is gone: the caller may have its own right above it */
static void after_at_the_return(void **unused)
{
	struct pt_regs regs = { 0 };
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab = -EIO after", true);
	b.t.job.path = machine_path();
	b.t.site.kind = PROG_KRETPROBE;
	b.t.site.after = machine_after();
	compile(&b);
	regs.rsp = slot(&b, 20);
	machine_run(b.m, &b.set.progs[1], &regs);
	regs.rsp += 8;
	machine_run(b.m, &b.set.progs[0], &regs);
	assert_int_equal(b.m->overrides, 1);
	assert_true(b.m->sent[0].at.sp == slot(&b, 20));
	assert_true(b.task.state.path.low == slot(&b, 20));
	close_bench(&b);
}

static void dry_run_counts_and_does_nothing(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM times 2", true);
	b.t.job.dry = true;
	compile(&b);
	trace(&b, 0, NULL);
	for (unsigned int i = 0; i < 3; i++)
		hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->matches, 3);
	assert_int_equal(b.m->rule->injected, 2);
	assert_int_equal(last(&b, 2)->kind, RECORD_INJECTED);
	close_bench(&b);

	open_bench(&b, "should_failslab() => tcp_v4_connect()", true);
	b.t.job.dry = true;
	compile(&b);
	trace(&b, 1, (const unsigned int[]){ 0 });
	call(&b, 40, 0);
	hit(&b, 50, 0);
	event(&b, "rc_exit_0", 40);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(last(&b, 1)->kind, RECORD_INJECTED); /* nothing came of it */
	close_bench(&b);
}

static void dry_trampoline_lets_the_function_run(void **unused)
{
	uint64_t args[8] = { 0 };
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab = -ENOMEM", true);
	b.t.job.dry = true;
	b.t.site.kind = PROG_FMOD_RET;
	compile(&b);
	trace(&b, 0, NULL);
	args[0] = (uint64_t)(uintptr_t)b.cache;
	assert_int_equal(machine_run(b.m, &b.set.progs[0], args), 0);
	assert_int_equal(b.m->rule->injected, 1);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_told_before_an_injection),
		cmocka_unit_test(callers_are_told_and_later_calls_are_not),
		cmocka_unit_test(the_next_injection_says_how_far_it_came),
		cmocka_unit_test(interrupts_and_the_end_tell_nothing),
		cmocka_unit_test(without_storage),
		cmocka_unit_test(after_at_the_return),
		cmocka_unit_test(dry_run_counts_and_does_nothing),
		cmocka_unit_test(dry_trampoline_lets_the_function_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
