/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The programs of a rule, run on a simulated kernel: whose calls match, which
 * counter moves, and that the chain's state survives lost exits and recursion.
 */
#include <errno.h>
#include <stdio.h>

#include "bench.h"

#define CONNECT	       "should_failslab() => tcp_v4_connect()"
#define CONNECT_STREAM "should_failslab() => tcp_v4_connect() => inet_stream_connect()"

static void plain_rule_injects(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	compile(&b);
	trace(&b, 0, NULL);
	hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal((int64_t)b.m->override_value, -12);
	assert_int_equal(b.m->rule->cpu[0].hits, 1);
	assert_int_equal(b.m->rule->matches, 1);
	assert_int_equal(b.m->rule->injected, 1);
	assert_int_equal(b.m->n_sent, 1);
	assert_int_equal(b.m->sent[0].kind, RECORD_INJECTED);
	assert_int_equal(b.m->sent[0].value, -12);
	assert_int_equal(b.m->sent[0].pid, 77);
	assert_int_equal(b.m->sent[0].tid, 78);
	assert_int_equal(b.m->sent[0].stack_bytes, 8);
	assert_int_equal(b.m->sent[0].stack[0], 0xabc);
	assert_int_equal(b.m->sent_bytes[0], offsetof(struct record, stack) + 8);
	assert_string_equal(b.m->sent[0].comm, "simulated");
	close_bench(&b);
}

/* a limit of the whole program: it is the condition that needs so much */
static void what_needs_too_much_stack_is_shown(void **unused)
{
	char text[4096] = "should_failslab = -ENOMEM if ({ ";
	struct err err = { 0 };
	struct test_job t;
	size_t len = strlen(text);
	struct prog_set set;

	(void)unused;
	for (unsigned int i = 0; i < 80; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "u64 v%u = s[%u].size; ", i,
					i);
	for (unsigned int i = 0; i < 80; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%sv%u", i ? " ^ " : "", i);
	snprintf(text + len, sizeof(text) - len, "; }) && s");
	assert_int_equal(test_job_rule(&t, text, true, &err), 0);
	assert_int_equal(comp_rule(&t.job, &set, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "bytes of stack"));
	assert_int_equal(err.place.line, 1);
	assert_int_equal(err.place.col, strlen("should_failslab = -ENOMEM if ") + 1);
	test_job_free(&t);
}

static void disarmed_and_interrupts_do_nothing(void **unused)
{
	static const uint32_t busy[] = { 1u << 20, 1u << 16, 1u << 8 };
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	compile(&b);
	b.m->control->armed = 0;
	hit(&b, 8, 0);
	b.m->control->armed = 1;
	for (unsigned int i = 0; i < 3; i++) {
		b.m->preempt_count = busy[i];
		hit(&b, 8, 0);
	}
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->cpu[0].hits, 0);
	/* preemption and bottom halves disabled: still the task's own doing */
	b.m->preempt_count = 0x80000000 | 0x200 | 3;
	b.m->cpu = 6;
	hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->cpu[6 & 3].hits, 1);
	close_bench(&b);
}

static void scope_by_pid_and_mark(void **unused)
{
	struct machine_task other, child;
	uint64_t ctx[2] = { (uint64_t)(uintptr_t)&child, 0 };
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	b.t.job.scope.pids[b.t.job.scope.n_pids++] = 77;
	compile(&b);
	hit(&b, 8, 0);
	machine_task(&other, 78, 0);
	b.m->current = &other;
	hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->cpu[0].hits, 1);
	close_bench(&b);

	open_bench(&b, "(true)", true);
	b.t.job.scope.marked = true;
	compile(&b);
	assert_int_equal(b.set.n_progs, 2);
	assert_int_equal(b.set.progs[1].kind, PROG_RAW_TP);
	assert_true(b.set.progs[1].attach_btf_id);
	hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 0);
	machine_task(&child, 79, 0);
	machine_run(b.m, &b.set.progs[1], ctx);
	assert_false(child.has_state);
	b.task.has_state = true;
	b.task.state.own.in_scope = 1;
	hit(&b, 8, 0);
	machine_run(b.m, &b.set.progs[1], ctx);
	assert_int_equal(child.state.own.in_scope, 1);
	machine_task(&child, 79, 0);
	b.m->storage_fails = true;
	machine_run(b.m, &b.set.progs[1], ctx);
	assert_int_equal(b.m->control->lost, 1);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);
}

static void exempt_tasks(void **unused)
{
	static const uint32_t ids[] = { 100, 1, 50 };
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	compile(&b);
	for (unsigned int i = 0; i < 3; i++) {
		machine_task(&b.task, ids[i], 0);
		hit(&b, 8, 0);
	}
	machine_task(&b.task, 2, 0x00200000);
	hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->exempt, 4);
	assert_int_equal(b.m->rule->cpu[0].hits, 4);
	assert_int_equal(b.m->rule->matches, 0);
	prog_set_free(&b.set);
	b.t.job.scope.kthreads = true;
	compile(&b);
	hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);
}

static void predicate_and_faults(void **unused)
{
	uint32_t size = 600;
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab()(s->object_size > 512 && gfpflags & 0x400)", true);
	compile(&b);
	memcpy(b.cache + 20, &size, 4);
	hit(&b, 8, 0x400);
	hit(&b, 8, 0x800);
	size = 512;
	memcpy(b.cache + 20, &size, 4);
	hit(&b, 8, 0x400);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);

	open_bench(&b, "should_failslab()(STRCMP(s->name, \"x\"))", true);
	compile(&b);
	hit(&b, 8, 0); /* name is NULL */
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->read_faults, 1);
	assert_int_equal(b.m->rule->matches, 0);
	close_bench(&b);
}

static void nofail_is_left_alone(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab(struct kmem_cache *s, gfp_t renamed)(true)", true);
	b.t.site.gfp_param = "gfpflags";
	b.t.site.nofail_mask = 0x80000000;
	compile(&b);
	hit(&b, 8, 0x80000400);
	assert_int_equal(b.m->rule->nofail, 1);
	assert_int_equal(b.m->overrides, 0);
	hit(&b, 8, 0x400);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);
}

static void probability_and_times(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	b.t.job.schedule.probability = 0xc0000000;
	b.t.job.schedule.times = 2;
	compile(&b);
	b.m->random = 0xc0000000;
	hit(&b, 8, 0);
	assert_int_equal(b.m->rule->unlucky, 1);
	assert_int_equal(b.m->rule->matches, 1);
	b.m->random = 0xbfffffff;
	for (unsigned int i = 0; i < 4; i++)
		hit(&b, 8, 0);
	assert_int_equal(b.m->overrides, 2);
	assert_int_equal(b.m->rule->taken, 2);
	assert_int_equal(b.m->rule->matches, 5);
	close_bench(&b);
}

static void failed_walks_and_full_buffers(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	compile(&b);
	b.m->trace_bytes = -14;
	hit(&b, 8, 0);
	assert_int_equal(b.m->sent[0].stack_bytes, -14);
	assert_int_equal(b.m->sent_bytes[0], offsetof(struct record, stack));
	b.m->ring_full = true;
	hit(&b, 8, 0);
	assert_int_equal(b.m->control->drops, 1);
	assert_int_equal(b.m->overrides, 2);
	close_bench(&b);
}

static void chain_matches_only_inside(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT_STREAM, true);
	compile(&b);
	assert_int_equal(b.set.n_progs, 5);
	trace(&b, 2, (unsigned int[]){ 1, 0 });
	hit(&b, 50, 0);
	event(&b, "rc_enter_1", 40); /* the inner one alone */
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.m->rule->active[0], 1);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_enter_1", 20);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.task.state.rule[0].injected[0], 1);
	b.m->func_ret = 0xfffffffffffffff4;
	event(&b, "rc_exit_1", 20);
	assert_int_equal(b.m->sent[1].kind, RECORD_RETURN);
	assert_int_equal(b.m->sent[1].place, 1);
	assert_int_equal(b.m->sent[1].value, -12);
	assert_int_equal(b.m->sent_bytes[1], offsetof(struct record, stack));
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	event(&b, "rc_exit_0", 10);
	assert_int_equal(b.m->sent[2].place, 0);
	assert_int_equal(b.m->rule->active[0], 0);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	assert_int_equal(b.task.state.rule[0].injected[0], 0);
	close_bench(&b);
}

static void quiet_returns_are_not_reported(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, true);
	compile(&b);
	event(&b, "rc_enter_0", 10);
	event(&b, "rc_exit_0", 10);
	assert_int_equal(b.m->n_sent, 0);
	assert_int_equal(b.m->rule->active[0], 0);
	event(&b, "rc_exit_0", 10); /* one whose entry was missed */
	assert_int_equal(b.m->rule->active[0], 0);
	close_bench(&b);
}

static void recursion_keeps_the_outer_call(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, true);
	compile(&b);
	trace(&b, 1, (unsigned int[]){ 0 });
	event(&b, "rc_enter_0", 10);
	event(&b, "rc_enter_0", 20);
	event(&b, "rc_exit_0", 20);
	hit(&b, 30, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->active[0], 1);
	event(&b, "rc_exit_0", 10);
	hit(&b, 30, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->active[0], 0);
	close_bench(&b);
}

static void one_function_in_two_places(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab() => tcp_v4_connect() => tcp_v4_connect()", true);
	compile(&b);
	assert_int_equal(b.set.n_progs, 3);
	trace(&b, 2, (unsigned int[]){ 1, 0 });
	event(&b, "rc_enter_0", 10);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_enter_0", 20);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	event(&b, "rc_exit_0", 20);
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	event(&b, "rc_exit_0", 10);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	close_bench(&b);
}

static void missed_exits_heal(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT_STREAM, true);
	compile(&b);
	trace(&b, 2, (unsigned int[]){ 1, 0 });
	event(&b, "rc_enter_0", 10);
	event(&b, "rc_enter_1", 30);
	/* the inner exit was missed, and the stack is shallower than its frame */
	hit(&b, 20, 0);
	assert_int_equal(b.m->overrides, 0);
	/* the next inner call takes its place */
	event(&b, "rc_enter_1", 25);
	assert_int_equal(b.task.state.rule[0].matched[0], 2);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	/* both exits missed: a new outer call starts afresh */
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	assert_int_equal(b.m->rule->active[0], 1);
	assert_int_equal(b.task.state.rule[0].injected[0], 0);
	/* an unrelated, deeper call with stale state: the walk has the last word */
	event(&b, "rc_enter_1", 30);
	trace(&b, 1, (unsigned int[]){ 0 });
	hit(&b, 60, 0);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);
}

static void walk_confirms_in_order(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT_STREAM, true);
	compile(&b);
	event(&b, "rc_enter_0", 10);
	event(&b, "rc_enter_1", 20);
	trace(&b, 2, (unsigned int[]){ 0, 1 }); /* the wrong way round */
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	b.m->trace_bytes = -14;
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->unconfirmed, 2);
	trace(&b, 3, (unsigned int[]){ 7, 1, 0 });
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	trace(&b, 2, (unsigned int[]){ 5, 0 });
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->unconfirmed, 3);
	b.m->rule->place[1].size = 0; /* unknown: taken as confirmed */
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 2);
	assert_int_equal(b.m->rule->taken, 0);
	close_bench(&b);
}

static void unconfirmed_takes_nothing(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, true);
	b.t.job.schedule.times = 1;
	compile(&b);
	event(&b, "rc_enter_0", 10);
	trace(&b, 1, (unsigned int[]){ 3 });
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->taken, 0);
	trace(&b, 1, (unsigned int[]){ 0 });
	hit(&b, 50, 0);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);
}

static void frame_predicates(void **unused)
{
	struct {
		uint8_t pad[20];
		uint16_t protocol;
		uint8_t rest[42];
	} sock = { .protocol = 6 };
	struct bench b;

	(void)unused;
	open_bench(&b,
		   "should_failslab() => tcp_v4_connect()(sk->sk_protocol == 6 && addr_len > 3)",
		   true);
	compile(&b);
	b.m->stack[MACHINE_STACK - 10] = (uint64_t)(uintptr_t)&sock;
	b.m->stack[MACHINE_STACK - 8] = 3;
	event(&b, "rc_enter_0", 10);
	assert_false(b.task.has_state);
	b.m->stack[MACHINE_STACK - 8] = 4;
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	event(&b, "rc_exit_0", 10);
	b.m->stack[MACHINE_STACK - 10] = 0;
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.m->rule->read_faults, 1);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	close_bench(&b);
}

static void probability_at_the_outermost_entry(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, true);
	b.t.job.schedule.probability = 1u << 31;
	compile(&b);
	trace(&b, 1, (unsigned int[]){ 0 });
	b.m->random = 1u << 31;
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.m->rule->unlucky, 1);
	assert_int_equal(b.m->rule->active[0], 0);
	b.m->random = 0;
	event(&b, "rc_enter_0", 10);
	b.m->random = UINT32_MAX;
	hit(&b, 20, 0);
	hit(&b, 20, 0);
	assert_int_equal(b.m->overrides, 2);
	close_bench(&b);
}

static void storage_that_is_not_to_be_had(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, true);
	compile(&b);
	b.m->storage_fails = true;
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.m->control->lost, 1);
	assert_int_equal(b.m->rule->active[0], 0);
	close_bench(&b);
}

static void entry_probes_without_exits(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, false);
	compile(&b);
	assert_int_equal(b.set.n_progs, 2);
	assert_int_equal(b.set.progs[1].kind, PROG_KPROBE);
	assert_int_equal(b.set.progs[1].attach_btf_id, 0);
	trace(&b, 1, (unsigned int[]){ 0 });
	event(&b, "rc_enter_0", 20);
	hit(&b, 30, 0);
	assert_int_equal(b.m->overrides, 1);
	hit(&b, 20, 0); /* as deep as the frame was: it has returned */
	assert_int_equal(b.m->overrides, 1);
	trace(&b, 1, (unsigned int[]){ 9 });
	hit(&b, 30, 0); /* it has returned, and something else went deeper */
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	event(&b, "rc_enter_0", 10); /* a shallower call: the old frame is gone */
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	assert_int_equal(b.m->rule->active[0], 1);
	close_bench(&b);
}

#define LEN_3 "should_failslab() => tcp_v4_connect()(addr_len == 3)"

static void an_unseen_exit_does_not_vouch_for_the_next_call(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, LEN_3, false);
	compile(&b);
	trace(&b, 1, (unsigned int[]){ 0 });
	call(&b, 20, 3);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.task.state.rule[0].injected[0], 1);
	/* it has returned, unseen; the next call is deeper, and not one to follow */
	call(&b, 30, 4);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	assert_int_equal(b.task.state.rule[0].injected[0], 0);
	assert_int_equal(b.m->rule->active[0], 0);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	call(&b, 35, 3);
	assert_int_equal(b.m->rule->active[0], 1);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 2);
	call(&b, 38, 3);
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	assert_int_equal(b.m->rule->active[0], 1);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 3);
	close_bench(&b);
}

static void an_unseen_exit_does_not_spare_the_draw(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, CONNECT, false);
	b.t.job.schedule.probability = 1u << 31;
	compile(&b);
	trace(&b, 1, (unsigned int[]){ 0 });
	event(&b, "rc_enter_0", 20);
	b.m->random = 1u << 31;
	event(&b, "rc_enter_0", 30);
	assert_int_equal(b.m->rule->unlucky, 1);
	assert_int_equal(b.m->rule->active[0], 0);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 0);
	close_bench(&b);
}

static void a_seen_exit_lets_the_outer_call_vouch(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, LEN_3, true);
	compile(&b);
	trace(&b, 2, (unsigned int[]){ 0, 0 });
	call(&b, 20, 3);
	call(&b, 30, 4);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->active[0], 1);
	close_bench(&b);
}

/* its own place starts over, the outer one stays as it was */
static void an_inner_entry_probe_judges_its_own_place(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b,
		   "should_failslab() => tcp_v4_connect()(addr_len == 3) => inet_stream_connect()",
		   true);
	b.t.funcs[1].trampoline = false;
	compile(&b);
	assert_int_equal(b.set.n_progs, 4);
	trace(&b, 2, (unsigned int[]){ 1, 0 });
	event(&b, "rc_enter_0", 10);
	event_with(&b, "rc_enter_1", 20, 3);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	event_with(&b, "rc_enter_1", 30, 4);
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	assert_int_equal(b.m->rule->active[0], 1);
	assert_int_equal(b.task.state.rule[0].injected[0], 1);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	event_with(&b, "rc_enter_1", 30, 3);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 2);
	event(&b, "rc_exit_0", 10);
	assert_int_equal(b.m->n_sent, 3);
	assert_int_equal(b.m->rule->active[0], 0);
	close_bench(&b);
}

/* an outer one: what was matched inside its earlier call goes with it */
static void an_outer_entry_probe_takes_the_inner_place_along(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b,
		   "should_failslab() => inet_stream_connect() => tcp_v4_connect()(addr_len == 3)",
		   true);
	b.t.funcs[0].trampoline = false;
	compile(&b);
	trace(&b, 2, (unsigned int[]){ 1, 0 });
	call(&b, 10, 3);
	event(&b, "rc_enter_1", 25); /* its exit is missed */
	assert_int_equal(b.task.state.rule[0].matched[0], 2);
	call(&b, 15, 4);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	assert_int_equal(b.m->rule->active[0], 0);
	event(&b, "rc_enter_1", 25);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 0);
	call(&b, 20, 3);
	event(&b, "rc_enter_1", 25);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 1);
	close_bench(&b);
}

static void entry_probes_at_two_places_never_match(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "should_failslab() => tcp_v4_connect() => tcp_v4_connect()", false);
	compile(&b);
	trace(&b, 2, (unsigned int[]){ 1, 0 });
	event(&b, "rc_enter_0", 20);
	event(&b, "rc_enter_0", 30); /* perhaps inside the first, perhaps after it */
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	hit(&b, 40, 0);
	assert_int_equal(b.m->overrides, 0);
	close_bench(&b);
}

static void thirty_two_frames(void **unused)
{
	char spec[2048] = "should_failslab()";
	struct bench b;

	(void)unused;
	for (unsigned int i = 0; i < LIMIT_FRAMES; i++)
		strcat(spec, " => tcp_v4_connect()");
	open_bench(&b, spec, true);
	compile(&b);
	trace(&b, 0, NULL);
	for (unsigned int i = 0; i < LIMIT_FRAMES; i++) {
		event(&b, "rc_enter_0", 10 + 5 * i);
		b.m->trace[i + 1] = 0x1000 * (LIMIT_FRAMES - i) + 4;
	}
	b.m->trace_bytes = 8 * (LIMIT_FRAMES + 1);
	assert_int_equal(b.task.state.rule[0].matched[0], LIMIT_FRAMES);
	hit(&b, 400, 0);
	assert_int_equal(b.m->overrides, 1);
	for (unsigned int i = LIMIT_FRAMES; i-- > 0;) {
		b.m->n_sent = 0;
		event(&b, "rc_exit_0", 10 + 5 * i);
		assert_int_equal(b.m->sent[0].place, i);
	}
	assert_int_equal(b.m->rule->active[0], 0);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_rule_injects),
		cmocka_unit_test(disarmed_and_interrupts_do_nothing),
		cmocka_unit_test(scope_by_pid_and_mark),
		cmocka_unit_test(exempt_tasks),
		cmocka_unit_test(predicate_and_faults),
		cmocka_unit_test(nofail_is_left_alone),
		cmocka_unit_test(probability_and_times),
		cmocka_unit_test(failed_walks_and_full_buffers),
		cmocka_unit_test(chain_matches_only_inside),
		cmocka_unit_test(quiet_returns_are_not_reported),
		cmocka_unit_test(recursion_keeps_the_outer_call),
		cmocka_unit_test(one_function_in_two_places),
		cmocka_unit_test(missed_exits_heal),
		cmocka_unit_test(walk_confirms_in_order),
		cmocka_unit_test(unconfirmed_takes_nothing),
		cmocka_unit_test(frame_predicates),
		cmocka_unit_test(probability_at_the_outermost_entry),
		cmocka_unit_test(storage_that_is_not_to_be_had),
		cmocka_unit_test(entry_probes_without_exits),
		cmocka_unit_test(an_unseen_exit_does_not_vouch_for_the_next_call),
		cmocka_unit_test(an_unseen_exit_does_not_spare_the_draw),
		cmocka_unit_test(a_seen_exit_lets_the_outer_call_vouch),
		cmocka_unit_test(an_inner_entry_probe_judges_its_own_place),
		cmocka_unit_test(an_outer_entry_probe_takes_the_inner_place_along),
		cmocka_unit_test(entry_probes_at_two_places_never_match),
		cmocka_unit_test(thirty_two_frames),
		cmocka_unit_test(what_needs_too_much_stack_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
