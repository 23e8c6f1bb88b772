/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The chains' programs: one at the entry of each distinct function, and where
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

/* the place's number among all of the rule's */
static unsigned int place_of(struct pgm *p, unsigned int chain, unsigned int k)
{
	return p->env->job->chains[chain].first + k;
}

static bool is_at(struct pgm *p, unsigned int chain, unsigned int k, unsigned int func)
{
	return p->env->job->places[place_of(p, chain, k)].func == func;
}

static void leave_outermost(struct pgm *p, unsigned int chain)
{
	struct ir *ir = p->ir;

	ir_note(ir, "active[%u]--; state->injected[%u] = 0;", chain, chain);
	ir_atomic_add(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, ACTIVE_OFF(p, chain)), 0, ir_k(-1));
	ir_store(ir, 4, p->state, INJECTED_OFF(p, chain), ir_k(0));
}

/* matched = k, which was more */
static void unmatch(struct pgm *p, unsigned int chain, unsigned int k, ir_reg matched)
{
	ir_mov(p->ir, matched, ir_k(k));
	ir_store(p->ir, 4, p->state, MATCHED_OFF(p, chain), ir_k(k));
	if (k == 0)
		leave_outermost(p, chain);
}

/* frames below us on the stack are gone: their exit was missed, or is not traced */
static void prune(struct pgm *p, unsigned int chain, unsigned int n, ir_reg sp, ir_reg matched)
{
	struct ir *ir = p->ir;

	for (unsigned int k = n; k-- > 0;) {
		unsigned int i = place_of(p, chain, k);
		ir_label keep = ir_label_new(ir);

		ir_note(ir, "if (matched == %u && state->frame[%u] <= sp) matched = %u;", k + 1, i,
			k);
		ir_branch(ir, BPF_JNE, IR_64, matched, ir_k(k + 1), keep);
		ir_branch(ir, BPF_JGT, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(p, i)), ir_r(sp),
			  keep);
		unmatch(p, chain, k, matched);
		ir_place(ir, keep);
	}
}

/* the function's outermost place, k, is open again: matched <= k */
static unsigned int judge_afresh(struct pgm *p, unsigned int chain, unsigned int func,
				 ir_reg matched)
{
	struct ir *ir = p->ir;
	ir_label keep = ir_label_new(ir);
	unsigned int k = 0;

	while (!is_at(p, chain, k, func))
		k++;
	ir_note(ir, "if (matched > %u) matched = %u; /* its exit is not seen */", k, k);
	ir_branch(ir, BPF_JLE, IR_64, matched, ir_k(k), keep);
	unmatch(p, chain, k, matched);
	ir_place(ir, keep);
	return k;
}

/* An entry of a chain function, and the chain it is looked at for. */
struct entry {
	struct pgm *p;
	unsigned int func;
	unsigned int chain;
	ir_reg sp;
	ir_reg state; /* may be NULL */
	bool shared;  /* the function is in several chains: state is set on several paths */
};

/* matched = state ? state->matched[chain] without stale frames : 0 */
static ir_reg matched_now(const struct entry *e)
{
	const struct comp_job *job = e->p->env->job;
	bool starts_chain = is_at(e->p, e->chain, 0, e->func);
	unsigned int kept = job->chains[e->chain].n;
	struct pgm *p = e->p;
	struct ir *ir = p->ir;
	ir_reg matched = ir_new_reg(ir);
	ir_label none = ir_label_new(ir);

	ir_note(ir,
		starts_chain ? "matched = state ? state->matched[%u] : 0;"
			     : "if (!state) return 0; matched = state->matched[%u];",
		e->chain);
	ir_mov(ir, matched, ir_k(0));
	ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), starts_chain ? none : p->leave);
	ir_mov(ir, matched, ir_r(ir_load(ir, 4, p->state, MATCHED_OFF(p, e->chain))));
	if (!job->funcs[e->func].trampoline)
		kept = judge_afresh(p, e->chain, e->func, matched);
	prune(p, e->chain, kept, e->sp, matched);
	ir_place(ir, none);
	return matched;
}

static void need_state(const struct entry *e)
{
	pgm_state_or_new(e->p);
	if (e->shared)
		ir_mov(e->p->ir, e->state, ir_r(e->p->state));
}

/* this call is place k of the chain, if it has its condition */
static void match_place(const struct entry *e, unsigned int k)
{
	unsigned int i = place_of(e->p, e->chain, k);
	struct pgm *p = e->p;
	struct ir *ir = p->ir;

	if (k == 0 && !p->env->job->chains[e->chain].negated) {
		ir_note(ir, "entered++;");
		pgm_count(p, RULE_OFF(p, entered));
	}
	pgm_predicate(p, &p->env->place[i]);
	if (k == 0) {
		if (p->env->job->rule->is_spec)
			pgm_draw(p);
		need_state(e);
	}
	ir_note(ir, "state->frame[%u] = sp; state->matched[%u] = %u;", i, e->chain, k + 1);
	ir_store(ir, 8, p->state, FRAME_OFF(p, i), ir_r(e->sp));
	ir_store(ir, 4, p->state, MATCHED_OFF(p, e->chain), ir_k(k + 1));
	if (k == 0) {
		ir_note(ir, "state->injected[%u] = 0; active[%u]++;", e->chain, e->chain);
		ir_store(ir, 4, p->state, INJECTED_OFF(p, e->chain), ir_k(0));
		pgm_count(p, ACTIVE_OFF(p, e->chain));
	}
}

/* it is not: that too is remembered, the outermost call of those that are not */
static void reject_place(const struct entry *e, unsigned int k)
{
	unsigned int frame = e->p->env->judged[place_of(e->p, e->chain, k)];
	struct pgm *p = e->p;
	struct ir *ir = p->ir;

	p->state = e->state;
	if (k == 0)
		need_state(e);
	ir_note(ir, "if (state->frame[%u] <= sp) state->frame[%u] = sp; /* judged */", frame,
		frame);
	ir_branch(ir, BPF_JGT, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(p, frame)), ir_r(e->sp),
		  p->leave);
	ir_store(ir, 8, p->state, FRAME_OFF(p, frame), ir_r(e->sp));
}

static void enter_place(const struct entry *e, unsigned int k)
{
	unsigned int i = place_of(e->p, e->chain, k);
	struct pgm *p = e->p;
	ir_label leave = p->leave;

	ir_at(p->ir, p->env->job->places[i].frame->at);
	if (!p->env->judged[i]) {
		match_place(e, k);
		return;
	}
	p->leave = ir_label_new(p->ir);
	match_place(e, k);
	ir_jump(p->ir, leave);
	ir_place(p->ir, p->leave);
	p->leave = leave;
	reject_place(e, k);
}

static void enter_chain(const struct entry *e)
{
	const struct comp_job *job = e->p->env->job;
	struct pgm *p = e->p;
	struct ir *ir = p->ir;
	ir_reg matched;

	p->state = e->state;
	matched = matched_now(e);
	for (unsigned int k = 0; k < job->chains[e->chain].n; k++) {
		ir_label next;

		if (!is_at(p, e->chain, k, e->func))
			continue;
		next = ir_label_new(ir);
		ir_note(ir, "if (matched == %u) {", k);
		ir_branch(ir, BPF_JNE, IR_64, matched, ir_k(k), next);
		p->state = e->state;
		enter_place(e, k);
		ir_note(ir, e->shared ? "}" : "return 0; }");
		ir_jump(ir, p->leave);
		ir_place(ir, next);
		lower_forget(p->lower);
		if (!job->funcs[e->func].trampoline)
			break; /* matched is no more than k */
	}
}

/* whatever comes of one chain, the others are looked at */
static void enter_one_of(const struct entry *e)
{
	struct pgm *p = e->p;
	ir_label leave = p->leave, fault = p->fault;

	p->leave = ir_label_new(p->ir);
	p->fault = ir_label_new(p->ir);
	enter_chain(e);
	ir_jump(p->ir, p->leave);
	ir_place(p->ir, p->fault);
	ir_note(p->ir, "fault: read_faults++;");
	pgm_count(p, RULE_OFF(p, read_faults));
	ir_place(p->ir, p->leave);
	p->leave = leave;
	p->fault = fault;
	lower_forget(p->lower);
}

static void enter_chains(struct pgm *p, unsigned int func, uint32_t chains, ir_reg sp)
{
	struct entry e = {
		.p = p,
		.func = func,
		.sp = sp,
		.state = p->state,
		.shared = (chains & (chains - 1)) != 0,
	};

	if (e.shared) {
		e.state = ir_new_reg(p->ir);
		ir_mov(p->ir, e.state, ir_r(p->state));
	}
	for (e.chain = 0; chains; e.chain++) {
		if (!(chains & 1U << e.chain))
			continue;
		chains &= ~(1U << e.chain);
		if (chains)
			enter_one_of(&e);
		else
			enter_chain(&e);
	}
}

static void enter(struct pgm *p, unsigned int func)
{
	uint32_t chains = func_chains(p->env, func);
	bool starts_chain = false;
	struct ir *ir = p->ir;

	for (unsigned int c = 0; c < p->env->job->n_chains; c++)
		starts_chain |= chains & 1U << c && is_at(p, c, 0, func);
	pgm_need_armed(p);
	if (!starts_chain)
		pgm_need_active(p, chains);
	pgm_need_task_context(p, &p->env->job->funcs[func]);
	if (starts_chain)
		pgm_need_scope(p);
	pgm_state(p);
	ir_note(ir, p->abi->has_sp ? "sp = regs->sp;" : "sp = ctx; /* on the task's stack */");
	enter_chains(p, func, chains, abi_frame_address(p->abi, ir, p->ctx));
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
static bool returned_type(const struct comp_env *env, const struct comp_func *f, struct type *out)
{
	const struct kbtf *btf = f->btf ? f->btf : env->job->btf;
	struct kbtf_proto proto;

	if (kbtf_func_by_id(btf, f->func_id, &proto) < 0)
		return false;
	*out = type_of_id(btf, proto.ret);
	return type_is_scalar(*out);
}

/* What an exit program reports, and the stack it does it on. */
struct report {
	bool possible; /* the function returns something */
	struct type type;
	struct pgm_record record;
	ir_slot value;
	ir_reg told; /* 0: no need, the function is in one chain alone */
};

static struct report report_begin(struct pgm *p, unsigned int func)
{
	struct report r = { 0 };

	r.possible = returned_type(p->env, &p->env->job->funcs[func], &r.type);
	if (r.possible) {
		r.record.slot = ir_slot_new(p->ir, RECORD_OFF(stack));
		r.value = ir_slot_new(p->ir, 8);
	}
	return r;
}

/* if (state->injected) tell what this call returns, once */
static void report_return(struct pgm *p, unsigned int chain, unsigned int place,
			  const struct report *r)
{
	struct ir *ir = p->ir;
	ir_label silent = ir_label_new(ir);
	ir_reg value;

	if (!r->possible) {
		ir_place(ir, silent);
		return;
	}
	ir_note(ir, r->told ? "if (state->injected[%u] && !told) {" : "if (state->injected[%u]) {",
		chain);
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, p->state, INJECTED_OFF(p, chain)), ir_k(0),
		  silent);
	if (r->told) {
		ir_branch(ir, BPF_JNE, IR_64, r->told, ir_k(0), silent);
		ir_mov(ir, r->told, ir_k(1));
	}
	ir_note(ir, "bpf_get_func_ret(ctx, &value);");
	ir_call(ir, BPF_FUNC_get_func_ret,
		(struct ir_val[]){ ir_r(p->ctx), ir_r(ir_slot_addr(ir, r->value, 0)) }, 2);
	value = ir_slot_load(ir, r->type.bytes, r->value, 0);
	if (r->type.is_signed && r->type.bytes < 8)
		value = ir_extend(ir, value, r->type.bytes, true);
	ir_slot_store(ir, 4, r->record.slot, RECORD_OFF(stack_bytes), ir_k(0));
	pgm_record_head(p, &r->record, RECORD_RETURN, ir_k(place), value);
	pgm_record_send(p, &r->record, ir_k(RECORD_OFF(stack)));
	ir_note(ir, "}");
	ir_place(ir, silent);
}

/* the call that was judged and did not match */
static void leave_rejected(struct pgm *p, unsigned int place)
{
	unsigned int frame = p->env->judged[place];
	struct ir *ir = p->ir;
	ir_label other;

	if (!frame)
		return;
	other = ir_label_new(ir);
	ir_note(ir, "if (state->frame[%u] == ctx) state->frame[%u] = 0;", frame, frame);
	ir_branch(ir, BPF_JNE, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(p, frame)), ir_r(p->ctx),
		  other);
	ir_store(ir, 8, p->state, FRAME_OFF(p, frame), ir_k(0));
	ir_place(ir, other);
}

static void leave_place(struct pgm *p, unsigned int chain, unsigned int k, const struct report *r,
			ir_label next)
{
	unsigned int i = place_of(p, chain, k);
	struct ir *ir = p->ir;
	ir_label other = ir_label_new(ir);

	ir_at(ir, p->env->job->places[i].frame->at);
	leave_rejected(p, i);
	ir_note(ir, "if (state->matched[%u] > %u && state->frame[%u] == ctx) {", chain, k, i);
	ir_branch(ir, BPF_JLE, IR_64, ir_load(ir, 4, p->state, MATCHED_OFF(p, chain)), ir_k(k),
		  other);
	ir_branch(ir, BPF_JNE, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(p, i)), ir_r(p->ctx),
		  other);
	ir_note(ir, "state->matched[%u] = %u;", chain, k);
	ir_store(ir, 4, p->state, MATCHED_OFF(p, chain), ir_k(k));
	if (!p->env->job->chains[chain].negated)
		report_return(p, chain, i, r);
	if (k == 0)
		leave_outermost(p, chain);
	ir_note(ir, r->told ? "}" : "return 0; }");
	ir_jump(ir, next);
	ir_place(ir, other);
}

static void leave_chains(struct pgm *p, unsigned int func, uint32_t chains, const struct report *r)
{
	const struct comp_job *job = p->env->job;

	for (unsigned int c = 0; c < job->n_chains; c++) {
		ir_label next = ir_label_new(p->ir);

		if (!(chains & 1U << c))
			continue;
		chains &= ~(1U << c);
		for (unsigned int k = 0; k < job->chains[c].n; k++)
			if (is_at(p, c, k, func))
				leave_place(p, c, k, r, chains ? next : p->leave);
		ir_place(p->ir, next);
	}
}

/* was a call remembered that did not match? Then a task has state without being active. */
static bool has_rejected(const struct comp_env *env, unsigned int func)
{
	for (unsigned int i = 0; i < env->job->n_places; i++)
		if (env->job->places[i].func == func && env->judged[i])
			return true;
	return false;
}

/* no test for task context: an interrupt's frames are at other addresses */
int frame_exit_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit)
{
	uint32_t chains = func_chains(env, func);
	struct report report;
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_FEXIT);
	if (ret < 0)
		return ret;
	report = report_begin(&p, func);
	if (!has_rejected(env, func))
		pgm_need_active(&p, chains);
	pgm_state(&p);
	ir_note(p.ir, "if (!state) return 0;");
	ir_branch(p.ir, BPF_JEQ, IR_64, p.state, ir_k(0), p.leave);
	if (chains & (chains - 1)) {
		report.told = ir_new_reg(p.ir);
		ir_mov(p.ir, report.told, ir_k(0));
	}
	leave_chains(&p, func, chains, &report);
	pgm_end(&p);
	return 0;
}

/* nothing is done: a fexit's trampoline calls the function, and so stays on the stack */
int frame_hold_prog(const struct comp_env *env, struct comp_unit *unit)
{
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_FEXIT);
	if (ret < 0)
		return ret;
	pgm_end(&p);
	return 0;
}
