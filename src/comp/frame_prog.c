/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The chain's programs: one at the entry of each distinct function, and where
 * a trampoline gives it one at its exit, keep the task's state. A place counts
 * as matched while the call that matched it is on the task's stack; the stack
 * address of that call, not a count, says which exit ends it.
 *
 * A function followed by its entry alone stays matched after it returned, and
 * nothing tells the two apart. So each of its entries is judged afresh: recursion
 * of a function followed by its entry alone counts as its innermost call. Named at
 * several places, only the outermost of them is ever matched: two calls could be
 * one after the other as well as one inside the other.
 */
#include "comp/lower.h"
#include "comp/program.h"

#include <linux/btf.h>

static void leave_outermost(struct pgm *p)
{
	struct ir *ir = p->ir;

	ir_note(ir, "active--; state->injected = 0;");
	ir_atomic_add(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(active)), 0, ir_k(-1));
	ir_store(ir, 4, p->state, STATE_OFF(injected), ir_k(0));
}

/* matched = k, which was more */
static void unmatch(struct pgm *p, unsigned int k, ir_reg matched)
{
	ir_mov(p->ir, matched, ir_k(k));
	ir_store(p->ir, 4, p->state, STATE_OFF(matched), ir_k(k));
	if (k == 0)
		leave_outermost(p);
}

/* frames below us on the stack are gone: their exit was missed, or is not traced */
static void prune(struct pgm *p, unsigned int n_places, ir_reg sp, ir_reg matched)
{
	struct ir *ir = p->ir;

	for (unsigned int i = n_places; i-- > 0;) {
		ir_label keep = ir_label_new(ir);

		ir_note(ir, "if (matched == %u && state->frame[%u] <= sp) matched = %u;", i + 1, i,
			i);
		ir_branch(ir, BPF_JNE, IR_64, matched, ir_k(i + 1), keep);
		ir_branch(ir, BPF_JGT, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(i)), ir_r(sp),
			  keep);
		unmatch(p, i, matched);
		ir_place(ir, keep);
	}
}

/* the function's outermost place, k, is open again: matched <= k */
static unsigned int judge_afresh(struct pgm *p, unsigned int func, ir_reg matched)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;
	ir_label keep = ir_label_new(ir);
	unsigned int k = 0;

	while (job->places[k].func != func)
		k++;
	ir_note(ir, "if (matched > %u) matched = %u; /* its exit is not seen */", k, k);
	ir_branch(ir, BPF_JLE, IR_64, matched, ir_k(k), keep);
	unmatch(p, k, matched);
	ir_place(ir, keep);
	return k;
}

/* matched = state ? state->matched without stale frames : 0 */
static ir_reg matched_now(struct pgm *p, unsigned int func, ir_reg sp, bool starts_chain)
{
	unsigned int kept = p->env->job->n_places;
	struct ir *ir = p->ir;
	ir_reg matched = ir_new_reg(ir);
	ir_label none = ir_label_new(ir);

	ir_note(ir, starts_chain ? "matched = state ? state->matched : 0;"
				 : "if (!state) return 0; matched = state->matched;");
	ir_mov(ir, matched, ir_k(0));
	ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), starts_chain ? none : p->leave);
	ir_mov(ir, matched, ir_r(ir_load(ir, 4, p->state, STATE_OFF(matched))));
	if (!p->env->job->funcs[func].trampoline)
		kept = judge_afresh(p, func, matched);
	prune(p, kept, sp, matched);
	ir_place(ir, none);
	return matched;
}

/* this call is place k */
static void enter_place(struct pgm *p, unsigned int k, ir_reg sp)
{
	struct ir *ir = p->ir;

	ir_at(ir, p->env->job->places[k].frame->at);
	pgm_predicate(p, &p->env->place[k]);
	if (k == 0) {
		pgm_draw(p);
		pgm_state_or_new(p);
	}
	ir_note(ir, "state->frame[%u] = sp; state->matched = %u;", k, k + 1);
	ir_store(ir, 8, p->state, FRAME_OFF(k), ir_r(sp));
	ir_store(ir, 4, p->state, STATE_OFF(matched), ir_k(k + 1));
	if (k == 0) {
		ir_note(ir, "state->injected = 0; active++;");
		ir_store(ir, 4, p->state, STATE_OFF(injected), ir_k(0));
		pgm_count(p, CONTROL_OFF(active));
	}
}

static void enter(struct pgm *p, unsigned int func)
{
	const struct comp_job *job = p->env->job;
	bool starts_chain = job->places[0].func == func;
	ir_reg found, matched, sp;
	struct ir *ir = p->ir;

	pgm_need_armed(p);
	if (!starts_chain)
		pgm_need_active(p);
	pgm_need_task_context(p);
	if (starts_chain)
		pgm_need_scope(p);
	pgm_state(p);
	found = p->state;
	ir_note(ir, p->abi->has_sp ? "sp = regs->sp;" : "sp = ctx; /* on the task's stack */");
	sp = abi_frame_address(p->abi, ir, p->ctx);
	matched = matched_now(p, func, sp, starts_chain);
	for (unsigned int k = 0; k < job->n_places; k++) {
		ir_label next;

		if (job->places[k].func != func)
			continue;
		next = ir_label_new(ir);
		ir_note(ir, "if (matched == %u) {", k);
		ir_branch(ir, BPF_JNE, IR_64, matched, ir_k(k), next);
		p->state = found;
		enter_place(p, k, sp);
		ir_note(ir, "return 0; }");
		ir_jump(ir, p->leave);
		ir_place(ir, next);
		lower_forget(p->lower);
		if (!job->funcs[func].trampoline)
			break; /* matched is no more than k */
	}
}

int frame_enter_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit)
{
	const struct comp_func *f = &env->job->funcs[func];
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, f->trampoline ? PROG_FENTRY : PROG_KPROBE);
	if (ret < 0)
		return ret;
	enter(&p, func);
	pgm_end(&p);
	return 0;
}

/* the type returned, if it is one a record can carry */
static bool returned_type(const struct comp_env *env, uint32_t func_id, struct type *out)
{
	struct kbtf_proto proto;

	if (kbtf_func_by_id(env->job->btf, func_id, &proto) < 0)
		return false;
	*out = type_of_id(env->job->btf, proto.ret);
	return type_is_scalar(*out);
}

/* What an exit program reports, and the stack it does it on. */
struct report {
	bool possible; /* the function returns something */
	struct type type;
	struct pgm_record record;
	ir_slot value;
};

static struct report report_begin(struct pgm *p, unsigned int func)
{
	struct report r = { 0 };

	r.possible = returned_type(p->env, p->env->job->funcs[func].func_id, &r.type);
	if (r.possible) {
		r.record.slot = ir_slot_new(p->ir, RECORD_OFF(stack));
		r.value = ir_slot_new(p->ir, 8);
	}
	return r;
}

/* if (state->injected) tell what this call returns */
static void report_return(struct pgm *p, unsigned int k, const struct report *r)
{
	struct ir *ir = p->ir;
	ir_label silent = ir_label_new(ir);
	ir_reg value;

	if (!r->possible) {
		ir_place(ir, silent);
		return;
	}
	ir_note(ir, "if (state->injected) {");
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, p->state, STATE_OFF(injected)), ir_k(0),
		  silent);
	ir_note(ir, "bpf_get_func_ret(ctx, &value);");
	ir_call(ir, BPF_FUNC_get_func_ret,
		(struct ir_val[]){ ir_r(p->ctx), ir_r(ir_slot_addr(ir, r->value, 0)) }, 2);
	value = ir_slot_load(ir, r->type.bytes, r->value, 0);
	if (r->type.is_signed && r->type.bytes < 8)
		value = ir_extend(ir, value, r->type.bytes, true);
	ir_slot_store(ir, 4, r->record.slot, RECORD_OFF(stack_bytes), ir_k(0));
	pgm_record_head(p, &r->record, RECORD_RETURN, k, value);
	pgm_record_send(p, &r->record, ir_k(RECORD_OFF(stack)));
	ir_note(ir, "}");
	ir_place(ir, silent);
}

static void leave_place(struct pgm *p, unsigned int k, const struct report *r)
{
	struct ir *ir = p->ir;
	ir_label other = ir_label_new(ir);

	ir_at(ir, p->env->job->places[k].frame->at);
	ir_note(ir, "if (state->matched > %u && state->frame[%u] == ctx) {", k, k);
	ir_branch(ir, BPF_JLE, IR_64, ir_load(ir, 4, p->state, STATE_OFF(matched)), ir_k(k), other);
	ir_branch(ir, BPF_JNE, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(k)), ir_r(p->ctx), other);
	ir_note(ir, "state->matched = %u;", k);
	ir_store(ir, 4, p->state, STATE_OFF(matched), ir_k(k));
	report_return(p, k, r);
	if (k == 0)
		leave_outermost(p);
	ir_note(ir, "return 0; }");
	ir_jump(ir, p->leave);
	ir_place(ir, other);
}

/* no test for task context: an interrupt's frames are at other addresses */
int frame_exit_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit)
{
	const struct comp_job *job = env->job;
	struct report report;
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_FEXIT);
	if (ret < 0)
		return ret;
	report = report_begin(&p, func);
	pgm_need_active(&p);
	pgm_state(&p);
	ir_note(p.ir, "if (!state) return 0;");
	ir_branch(p.ir, BPF_JEQ, IR_64, p.state, ir_k(0), p.leave);
	for (unsigned int k = 0; k < job->n_places; k++)
		if (job->places[k].func == func)
			leave_place(&p, k, &report);
	pgm_end(&p);
	return 0;
}
