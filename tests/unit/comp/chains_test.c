/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules beyond one chain: several callers, callers that must not be, schedules. */
#include <errno.h>
#include <stdio.h>

#include "bench.h"

#define FAIL	  "should_failslab = -ENOMEM "
#define CONNECT	  "tcp_v4_connect"
#define STREAM	  "inet_stream_connect"
#define CONNECT_3 "tcp_v4_connect(addr_len == 3)"
#define PROTO_6	  "tcp_v4_connect(sk->sk_protocol == 6)"

/* functions, in the order in which the chains name them */
enum {
	FIRST,
	SECOND,
	OTHER = 40
};

/* as the session does it, by function: FIRST is at 0x1000 */
static void ready(struct bench *b)
{
	compile(b);
	for (unsigned int i = 0; i < b->t.job.n_places; i++)
		b->m->rule->place[i].start = 0x1000 * (b->t.places[i].func + 1);
}

static void begin(struct bench *b, const char *rule)
{
	open_bench(b, rule, true);
	ready(b);
}

#define on_stack(b, ...)                                                                           \
	trace(b, sizeof((unsigned int[]){ __VA_ARGS__ }) / sizeof(unsigned int),                   \
	      (unsigned int[]){ __VA_ARGS__ })

static bool has_prog(const struct bench *b, const char *name)
{
	for (unsigned int i = 0; i < b->set.n_progs; i++)
		if (!strcmp(b->set.progs[i].name, name))
			return true;
	return false;
}

/* an entry, with the argument the conditions above look at */
static void enter_with(struct bench *b, const char *prog, unsigned int depth, uint64_t addr_len)
{
	b->m->stack[MACHINE_STACK - depth + 2] = addr_len;
	event_with(b, prog, depth, addr_len);
}

static void all_callers_are_needed(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "under " CONNECT " under " STREAM);
	assert_int_equal(b.set.n_progs, 5);
	on_stack(&b, FIRST, SECOND);
	event(&b, "rc_enter_0", 20);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_exit_0", 20);
	event(&b, "rc_enter_1", 10);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->matches, 0);
	event(&b, "rc_enter_0", 20);
	assert_int_equal(b.m->rule->active[0], 1);
	assert_int_equal(b.m->rule->active[1], 1);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	event(&b, "rc_exit_0", 20);
	assert_int_equal(b.m->n_sent, 2);
	assert_int_equal(b.m->sent[1].place, 0);
	event(&b, "rc_exit_1", 10);
	assert_int_equal(b.m->n_sent, 3);
	assert_int_equal(b.m->sent[2].place, 1);
	/* either may be the outer one */
	event(&b, "rc_enter_0", 10);
	event(&b, "rc_enter_1", 20);
	on_stack(&b, SECOND, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 2);
	on_stack(&b, SECOND, OTHER);
	hit(&b, 50, 0);
	on_stack(&b, OTHER, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 2);
	assert_int_equal(b.m->rule->unconfirmed, 2);
	close_bench(&b);
}

/* one program at its entry serves every chain, whatever becomes of the others */
static void one_function_in_several_chains(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "under " CONNECT_3 " under " CONNECT " <- " STREAM);
	assert_int_equal(b.set.n_progs, 5);
	on_stack(&b, FIRST, SECOND);
	event(&b, "rc_enter_1", 10);
	enter_with(&b, "rc_enter_0", 20, 4);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	assert_int_equal(b.task.state.rule[0].matched[1], 2);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_exit_0", 20);
	assert_int_equal(b.task.state.rule[0].matched[1], 1);
	enter_with(&b, "rc_enter_0", 20, 3);
	assert_int_equal(b.task.state.rule[0].matched[0], 1);
	assert_int_equal(b.task.state.rule[0].matched[1], 2);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	event(&b, "rc_exit_0", 20); /* tells its return once */
	assert_int_equal(b.m->n_sent, 2);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	assert_int_equal(b.task.state.rule[0].matched[1], 1);
	event(&b, "rc_exit_1", 10);
	assert_int_equal(b.m->n_sent, 3);
	assert_int_equal(b.m->rule->active[0], 0);
	assert_int_equal(b.m->rule->active[1], 0);
	close_bench(&b);
}

/* a fault in one chain's condition: the other chain is looked at all the same */
static void faults_stay_in_their_chain(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "under " PROTO_6 " under " CONNECT);
	b.m->stack[MACHINE_STACK - 20] = 0; /* sk */
	event(&b, "rc_enter_0", 20);
	assert_int_equal(b.m->rule->read_faults, 1);
	assert_int_equal(b.task.state.rule[0].matched[0], 0);
	assert_int_equal(b.task.state.rule[0].matched[1], 1);
	assert_int_equal(b.m->rule->active[1], 1);
	event(&b, "rc_exit_0", 20);
	assert_int_equal(b.m->rule->active[1], 0);
	close_bench(&b);
}

static void storage_for_several_chains(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "under " CONNECT " under " CONNECT);
	b.m->storage_fails = true;
	event(&b, "rc_enter_0", 20);
	assert_true(b.m->control->lost > 0);
	assert_int_equal(b.m->rule->active[0] + b.m->rule->active[1], 0);
	b.m->storage_fails = false;
	event(&b, "rc_enter_0", 20);
	assert_int_equal(b.m->rule->active[0] + b.m->rule->active[1], 2);
	close_bench(&b);
}

/* without conditions the stack is enough: nothing follows the calls */
static void not_under_by_the_stack(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "not under " CONNECT " <- " STREAM);
	assert_int_equal(b.set.n_progs, 3);
	assert_true(has_prog(&b, "rc_hold_0") && has_prog(&b, "rc_hold_1"));
	event(&b, "rc_hold_0", 10);
	assert_false(b.task.has_state);
	trace(&b, 0, NULL);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	on_stack(&b, SECOND, FIRST); /* FIRST is the outer one: STREAM */
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->matches, 1);
	assert_int_equal(b.m->rule->unconfirmed, 0);
	assert_int_equal(b.m->rule->cpu[0].hits, 2);
	on_stack(&b, FIRST, SECOND);
	hit(&b, 50, 0);
	on_stack(&b, OTHER, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 3);
	b.m->trace_bytes = -14;
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 3);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	/* as deep as we look: what is above may be the caller */
	for (unsigned int i = 0; i < LIMIT_STACK_DEPTH; i++)
		b.m->trace[i] = 7;
	b.m->trace_bytes = 8 * LIMIT_STACK_DEPTH;
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 3);
	assert_int_equal(b.m->rule->unconfirmed, 2);
	b.m->trace_bytes -= 8;
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 4);
	close_bench(&b);
}

static void functions_without_trampoline_are_only_looked_for(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, FAIL "not under " CONNECT, false);
	ready(&b);
	assert_int_equal(b.set.n_progs, 1);
	on_stack(&b, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	close_bench(&b);
}

static void under_one_but_not_under_another(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "under " STREAM " not under " CONNECT);
	on_stack(&b, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_enter_0", 10);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	on_stack(&b, SECOND, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->matches, 1);
	event(&b, "rc_exit_0", 10);
	assert_int_equal(b.m->n_sent, 2);
	close_bench(&b);
}

static void not_under_with_a_condition(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "not under " CONNECT_3);
	assert_int_equal(b.set.n_progs, 3);
	trace(&b, 0, NULL);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	on_stack(&b, FIRST);
	enter_with(&b, "rc_enter_0", 20, 3);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->unconfirmed, 0);
	event(&b, "rc_exit_0", 20);
	enter_with(&b, "rc_enter_0", 20, 4);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 2);
	/* one inside it that does, and is over; the outer one is still known */
	enter_with(&b, "rc_enter_0", 30, 3);
	hit(&b, 50, 0);
	event(&b, "rc_exit_0", 30);
	assert_int_equal(b.m->overrides, 2);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 3);
	/* one inside that does not, and is over */
	enter_with(&b, "rc_enter_0", 30, 5);
	event(&b, "rc_exit_0", 30);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 4);
	event(&b, "rc_exit_0", 20);
	assert_int_equal(b.m->n_sent, 4); /* it reports no returns */
	assert_int_equal(b.m->rule->unconfirmed, 0);
	close_bench(&b);
}

/* on the stack, and nobody knows whether its condition held */
static void a_missed_entry_forbids_too(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "not under " CONNECT_3);
	on_stack(&b, FIRST);
	hit(&b, 50, 0); /* no state at all */
	assert_int_equal(b.m->rule->unconfirmed, 1);
	enter_with(&b, "rc_enter_0", 20, 4);
	event(&b, "rc_exit_0", 20);
	hit(&b, 50, 0); /* an entry was judged, but is over */
	assert_int_equal(b.m->rule->unconfirmed, 2);
	enter_with(&b, "rc_enter_0", 20, 4);
	hit(&b, 15, 0); /* the same, its exit missed */
	assert_int_equal(b.m->rule->unconfirmed, 3);
	event(&b, "rc_exit_0", 20);
	b.m->storage_fails = true;
	b.task.has_state = false;
	enter_with(&b, "rc_enter_0", 20, 4);
	assert_int_equal(b.m->control->lost, 1);
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->unconfirmed, 4);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->matches, 0);
	close_bench(&b);
}

static void a_fault_judges_nothing(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "not under " PROTO_6);
	on_stack(&b, FIRST);
	b.m->stack[MACHINE_STACK - 20] = 0; /* sk */
	event(&b, "rc_enter_0", 20);
	assert_int_equal(b.m->rule->read_faults, 1);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	close_bench(&b);
}

static void not_under_two_with_a_condition(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "not under " CONNECT_3 " <- " STREAM);
	on_stack(&b, SECOND, FIRST);
	event(&b, "rc_enter_0", 10);
	hit(&b, 50, 0); /* the inner entry was missed */
	assert_int_equal(b.m->rule->unconfirmed, 1);
	enter_with(&b, "rc_enter_1", 20, 4);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	event(&b, "rc_exit_1", 20);
	enter_with(&b, "rc_enter_1", 20, 3);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	event(&b, "rc_exit_1", 20);
	event(&b, "rc_exit_0", 10);
	assert_int_equal(b.m->rule->active[0], 0);
	/* the inner function alone, or the other way round, is not the chain */
	enter_with(&b, "rc_enter_1", 20, 3);
	on_stack(&b, SECOND);
	hit(&b, 50, 0);
	on_stack(&b, FIRST, SECOND);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 3);
	close_bench(&b);
}

static void wanted_and_forbidden_by_condition(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "under " CONNECT " not under " CONNECT_3);
	assert_int_equal(b.set.n_progs, 3);
	on_stack(&b, FIRST);
	enter_with(&b, "rc_enter_0", 20, 3);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 0);
	event(&b, "rc_exit_0", 20);
	enter_with(&b, "rc_enter_0", 20, 2);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	event(&b, "rc_exit_0", 20);
	assert_int_equal(b.m->n_sent, 2);
	assert_int_equal(b.m->rule->unconfirmed, 0);
	close_bench(&b);
}

/* what retcon-rule(5) says, in the plainest way */
static bool lets_through(const struct schedule *s, uint64_t match, uint64_t *passed)
{
	uint64_t step = s->when_step ? s->when_step : 1;

	if (s->when_first &&
	    (match < s->when_first || match > s->when_last || (match - s->when_first) % step))
		return false;
	return s->interval <= 1 || ++*passed % s->interval == 0;
}

static void run_schedule(const char *clauses, bool chain)
{
	uint64_t passed = 0, injected = 0;
	struct schedule s;
	char rule[256];
	struct bench b;

	snprintf(rule, sizeof(rule), FAIL "%s%s", clauses, chain ? " under " CONNECT : "");
	begin(&b, rule);
	s = b.t.job.schedule;
	on_stack(&b, FIRST);
	if (chain)
		event(&b, "rc_enter_0", 10);
	for (uint64_t match = 1; match <= 40; match++) {
		bool let = lets_through(&s, match, &passed);

		if (let && (!s.times || injected < s.times))
			injected++;
		b.m->n_sent = 0;
		hit(&b, 50, 0);
		assert_int_equal(b.m->overrides, injected);
	}
	assert_int_equal(b.m->rule->injected, injected);
	if (!s.times) {
		assert_int_equal(b.m->rule->matches, 40);
		assert_int_equal(b.m->rule->skipped, 40 - injected);
	}
	close_bench(&b);
}

static void schedules(void **unused)
{
	static const char *const s[] = {
		"",
		"when 1",
		"when 7",
		"when 1+",
		"when 7+",
		"when 3..9",
		"when 3+4",
		"when 3..17+5",
		"when 1..40+40",
		"when 41+",
		"when 1099511627776..2199023255552+68719476736",
		"when 3+68719476736",
		"interval 1",
		"interval 2",
		"interval 7 times 3",
		"interval 41",
		"interval 8589934592",
		"when 5..30 interval 4",
		"when 5+3 interval 2",
		"when 5..35+3 interval 2 times 4",
		"when 2..20+2 times 3",
		"times 40",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		run_schedule(s[i], false);
		run_schedule(s[i], true);
	}
}

static void only_confirmed_matches_have_numbers(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "when 2 under " CONNECT " not under " STREAM);
	event(&b, "rc_enter_0", 10);
	on_stack(&b, OTHER);
	hit(&b, 50, 0);
	on_stack(&b, SECOND, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->unconfirmed, 1);
	assert_int_equal(b.m->rule->matches, 0);
	on_stack(&b, FIRST);
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->matches, 1);
	assert_int_equal(b.m->rule->skipped, 1);
	assert_int_equal(b.m->overrides, 0);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->skipped, 2);
	close_bench(&b);
}

/* in a rule, unlike in a spec; after interval, before times */
static void probability_is_drawn_for_each_match(void **unused)
{
	struct bench b;

	(void)unused;
	begin(&b, FAIL "times 1 probability 50% interval 2 under " CONNECT);
	on_stack(&b, FIRST);
	b.m->random = UINT32_MAX;
	event(&b, "rc_enter_0", 10);
	assert_int_equal(b.m->rule->active[0], 1);
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->skipped, 1);
	assert_int_equal(b.m->rule->unlucky, 0);
	hit(&b, 50, 0);
	assert_int_equal(b.m->rule->unlucky, 1);
	assert_int_equal(b.m->rule->taken, 0);
	b.m->random = 0;
	hit(&b, 50, 0);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	assert_int_equal(b.m->rule->taken, 1);
	assert_int_equal(b.m->rule->matches, 4);
	close_bench(&b);
}

static void as_many_chains_and_callers_as_there_may_be(void **unused)
{
	static const unsigned int seen[4];
	char rule[2048] = FAIL;
	struct bench b;

	(void)unused;
	for (unsigned int c = 0; c < LIMIT_CHAINS; c++)
		strcat(rule, "under " CONNECT " <- " CONNECT " <- " CONNECT " <- " CONNECT " ");
	begin(&b, rule);
	assert_int_equal(b.t.job.n_places, LIMIT_FRAMES);
	for (unsigned int i = 0; i < 4; i++)
		event(&b, "rc_enter_0", 10 + 5 * i);
	trace(&b, 4, seen);
	hit(&b, 50, 0);
	assert_int_equal(b.m->overrides, 1);
	for (unsigned int i = 4; i-- > 0;)
		event(&b, "rc_exit_0", 10 + 5 * i);
	assert_int_equal(b.m->n_sent, 5);
	for (unsigned int c = 0; c < LIMIT_CHAINS; c++)
		assert_int_equal(b.m->rule->active[c], 0);
	close_bench(&b);
}

/* a forbidden caller with a condition has two places in the task's state */
static void room_for_forbidden_conditions(void **unused)
{
	struct err err = { 0 };
	char rule[2048] = FAIL "not under " CONNECT_3 " under " CONNECT;
	struct bench b;

	(void)unused;
	for (unsigned int i = 0; i < LIMIT_FRAMES - 3; i++)
		strcat(rule, " <- " CONNECT);
	begin(&b, rule);
	assert_int_equal(b.t.job.n_places, LIMIT_FRAMES - 1);
	close_bench(&b);
	open_bench(&b, strcat(rule, " <- " CONNECT), true);
	assert_int_equal(b.t.job.n_places, LIMIT_FRAMES);
	assert_int_equal(comp_rule(&b.t.job, &b.set, &err), -E2BIG);
	assert_int_equal(err.tag, ERR_LIMIT);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_callers_are_needed),
		cmocka_unit_test(one_function_in_several_chains),
		cmocka_unit_test(faults_stay_in_their_chain),
		cmocka_unit_test(storage_for_several_chains),
		cmocka_unit_test(not_under_by_the_stack),
		cmocka_unit_test(functions_without_trampoline_are_only_looked_for),
		cmocka_unit_test(under_one_but_not_under_another),
		cmocka_unit_test(not_under_with_a_condition),
		cmocka_unit_test(a_missed_entry_forbids_too),
		cmocka_unit_test(a_fault_judges_nothing),
		cmocka_unit_test(not_under_two_with_a_condition),
		cmocka_unit_test(wanted_and_forbidden_by_condition),
		cmocka_unit_test(schedules),
		cmocka_unit_test(only_confirmed_matches_have_numbers),
		cmocka_unit_test(probability_is_drawn_for_each_match),
		cmocka_unit_test(as_many_chains_and_callers_as_there_may_be),
		cmocka_unit_test(room_for_forbidden_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
