/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which matches are injected: when, interval, probability, times, in this order.
 * Matches are numbered by the addition that counts them, so that numbers are
 * exact over all processors and each is given once.
 *
 * `interval N` means what it does in the kernel's fault injection: N - 1 are let
 * pass before each (should_fail_ex(), lib/fault-inject.c, 6.12), so the first is
 * the Nth of what `when` lets through. The number of that one follows from the
 * number of the match: no second counter is needed.
 */
#include "comp/program.h"

bool schedule_numbers(const struct pgm *p)
{
	const struct schedule *s = &p->env->job->schedule;

	return s->when_first || s->interval > 1;
}

/* n: how many came before; it becomes how many `when` let through before */
static ir_reg when(struct pgm *p, ir_reg n, ir_label skip)
{
	const struct schedule *s = &p->env->job->schedule;
	uint64_t before = s->when_first ? s->when_first - 1 : 0;
	struct ir *ir = p->ir;

	if (s->when_first && s->when_last != UINT64_MAX) {
		ir_note(ir, "n -= %llu; if (n > %llu) goto skip; /* or it was less */",
			(unsigned long long)before,
			(unsigned long long)(s->when_last - s->when_first));
		if (before)
			n = ir_alu(ir, BPF_SUB, IR_64, n, ir_k((int64_t)before));
		ir_branch(ir, BPF_JGT, IR_64, n, ir_k((int64_t)(s->when_last - s->when_first)),
			  skip);
	} else if (before) {
		ir_note(ir, "if (n < %llu) goto skip; n -= %llu;", (unsigned long long)before,
			(unsigned long long)before);
		ir_branch(ir, BPF_JLT, IR_64, n, ir_k((int64_t)before), skip);
		n = ir_alu(ir, BPF_SUB, IR_64, n, ir_k((int64_t)before));
	}
	if (s->when_first && s->when_step > 1) {
		ir_note(ir, "if (n %% %llu) goto skip;", (unsigned long long)s->when_step);
		ir_branch(ir, BPF_JNE, IR_64,
			  ir_alu(ir, BPF_MOD, IR_64, n, ir_k((int64_t)s->when_step)), ir_k(0),
			  skip);
		if (s->interval > 1)
			n = ir_alu(ir, BPF_DIV, IR_64, n, ir_k((int64_t)s->when_step));
	}
	return n;
}

static void interval(struct pgm *p, ir_reg n, ir_label skip)
{
	uint64_t interval = p->env->job->schedule.interval;
	struct ir *ir = p->ir;

	if (interval <= 1)
		return;
	ir_note(ir, "if ((n + 1) %% %llu) goto skip;", (unsigned long long)interval);
	n = ir_alu(ir, BPF_ADD, IR_64, n, ir_k(1));
	ir_branch(ir, BPF_JNE, IR_64, ir_alu(ir, BPF_MOD, IR_64, n, ir_k((int64_t)interval)),
		  ir_k(0), skip);
}

static void number(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_label skip = ir_label_new(ir), go = ir_label_new(ir);
	ir_reg n;

	ir_note(ir, "n = fetch_add(&matches, 1);");
	n = ir_fetch_add(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, RULE_OFF(p, matches)), 0,
			 ir_k(1));
	n = when(p, n, skip);
	interval(p, n, skip);
	ir_jump(ir, go);
	ir_place(ir, skip);
	ir_note(ir, "skip: skipped++; return 0;");
	pgm_count(p, RULE_OFF(p, skipped));
	ir_jump(ir, p->leave);
	ir_place(ir, go);
}

void schedule_match(struct pgm *p)
{
	if (schedule_numbers(p)) {
		number(p);
	} else {
		ir_note(p->ir, "matches++;");
		pgm_count(p, RULE_OFF(p, matches));
	}
	if (!p->env->job->rule->is_spec || !p->env->job->n_chains)
		pgm_draw(p);
}

/* before the walk; schedule_take() is exact */
void schedule_look(struct pgm *p)
{
	uint64_t times = p->env->job->schedule.times;
	struct ir *ir = p->ir;

	if (!times)
		return;
	ir_note(ir, "if (control->taken >= %llu) return 0;", (unsigned long long)times);
	ir_branch(ir, BPF_JGE, IR_64,
		  ir_load(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, RULE_OFF(p, taken)), 0),
		  ir_k((int64_t)times), p->leave);
}

void schedule_take(struct pgm *p)
{
	uint64_t times = p->env->job->schedule.times;
	struct ir *ir = p->ir;
	ir_reg taken;

	if (!times)
		return;
	ir_note(ir, "if (fetch_add(&control->taken, 1) >= %llu) return 0;",
		(unsigned long long)times);
	taken = ir_fetch_add(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, RULE_OFF(p, taken)), 0,
			     ir_k(1));
	ir_branch(ir, BPF_JGE, IR_64, taken, ir_k((int64_t)times), p->leave);
}
