/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The target's program: at its entry (or, of an `after` rule, at its return) decide
 * and replace its return value. Tests come cheapest first; what is counted, and in
 * which order, is in control.h.
 *
 * Rules that share a target share this program: one after the other, until one acts.
 * That a rule lets a match pass, for whatever reason, leaves it to the next.
 */
#include "comp/lower.h"
#include "comp/program.h"

#define STACK_BYTES ((int64_t)sizeof(((struct record *)0)->stack))

/* inside every chain that must be there, as far as the task's state knows */
static void need_chains(struct pgm *p)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;
	bool any = false;

	for (unsigned int c = 0; c < job->n_chains; c++)
		if (!job->chains[c].negated) {
			pgm_need_active(p, 1U << c);
			any = true;
		}
	if (!any)
		return;
	pgm_state(p);
	if (!job->scope.marked)
		pgm_need_state(p);
	for (unsigned int c = 0; c < job->n_chains; c++) {
		unsigned int n = job->chains[c].n, last = job->chains[c].first + n - 1;

		if (job->chains[c].negated)
			continue;
		ir_note(ir, "if (state->matched[%u] < %u) return 0;", c, n);
		ir_branch(ir, BPF_JLT, IR_64, ir_load(ir, 4, p->state, MATCHED_OFF(p, c)), ir_k(n),
			  p->leave);
		/* below our stack pointer: left long ago, its exit was missed */
		ir_note(ir, "if (state->frame[%u] <= regs->sp) return 0;", last);
		ir_branch(ir, BPF_JLE, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(p, last)),
			  ir_r(abi_frame_address(p->abi, ir, p->ctx)), p->leave);
	}
}

static void skip_exempt(struct pgm *p)
{
	const struct comp_scope *s = &p->env->job->scope;
	struct ir *ir = p->ir;
	ir_label exempt = ir_label_new(ir), go = ir_label_new(ir);
	bool any = !s->kthreads;
	ir_reg tgid = 0;

	if (!s->kthreads) {
		pgm_need_task(p);
		ir_note(ir, "if (task->flags & PF_KTHREAD) goto exempt;");
		ir_branch(ir, BPF_JSET, IR_32, ir_load(ir, 4, p->task, p->env->kern.task_flags),
			  ir_k(PF_KTHREAD), exempt);
	}
	for (unsigned int i = 0; i <= s->n_exempt; i++) {
		uint32_t id = i ? s->exempt[i - 1] : s->self;

		if (!id || !scope_admits(s, id))
			continue;
		pgm_need_task(p);
		if (!tgid)
			tgid = ir_load(ir, 4, p->task, p->env->kern.task_tgid);
		ir_note(ir, "if (task->tgid == %u) goto exempt;", id);
		ir_branch(ir, BPF_JEQ, IR_32, tgid, ir_k((int32_t)id), exempt);
		any = true;
	}
	if (!any)
		return;
	ir_jump(ir, go);
	ir_place(ir, exempt);
	ir_note(ir, "exempt: exempt++; return 0;");
	pgm_count(p, RULE_OFF(p, exempt));
	ir_jump(ir, p->leave);
	ir_place(ir, go);
}

static void skip_nofail(struct pgm *p)
{
	const struct comp_env *env = p->env;
	struct ir *ir = p->ir;
	ir_label go;

	if (!env->gfp)
		return;
	go = ir_label_new(ir);
	ir_note(ir, "if (%.*s & 0x%llx) { nofail++; return 0; }", STR_FMT(env->gfp->name),
		(unsigned long long)env->site->nofail_mask);
	ir_branch(ir, BPF_JEQ, IR_32,
		  ir_alu(ir, BPF_AND, IR_32, lower_param(p->lower, env->gfp),
			 ir_k((int32_t)env->site->nofail_mask)),
		  ir_k(0), go);
	pgm_count(p, RULE_OFF(p, nofail));
	ir_jump(ir, p->leave);
	ir_place(ir, go);
}

/*
 * What a trampoline's program has to return for the function to return `value` at once.
 * It tests all 64 bits and copies them: a 0 for a narrower type is any number whose low
 * bits are 0 (invoke_bpf_mod_ret(), arch/x86/net/bpf_jit_comp.c, 6.12).
 */
static int64_t modified_return(int64_t value)
{
	return value ? value : 1ll << 32;
}

static void mark_injected(struct pgm *p)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;

	for (unsigned int c = 0; c < job->n_chains; c++) {
		if (job->chains[c].negated || job->dry)
			continue;
		ir_note(ir, "state->injected[%u] = 1;", c);
		ir_store(ir, 4, p->state, INJECTED_OFF(p, c), ir_k(1));
	}
	ir_note(ir, "injected++;");
	pgm_count(p, RULE_OFF(p, injected));
}

/* done: nothing is looked at any more. A function returns what it would in a dry run */
static void replace(struct pgm *p, ir_label done)
{
	int64_t value = p->env->job->value;
	struct ir *ir = p->ir;

	if (p->env->job->dry) {
		ir_note(ir, "return 0; /* a dry run */");
		ir_jump(ir, done);
		return;
	}
	if (p->unit->meta.kind == PROG_FMOD_RET || p->unit->meta.kind == PROG_LSM) {
		ir_note(ir, "return %lld;", (long long)modified_return(value));
		ir_exit(ir, ir_k(modified_return(value)));
		return;
	}
	ir_note(ir, "bpf_override_return(ctx, %lld);", (long long)value);
	ir_call(ir, BPF_FUNC_override_return, (struct ir_val[]){ ir_r(p->ctx), ir_k(value) }, 2);
	ir_jump(ir, done);
}

/* of several sites, which: the link has a cookie for each (ca74823c6e16, 5.19) */
static struct ir_val site_number(struct pgm *p)
{
	const struct comp_site *site = p->env->site;

	if (!site->many)
		return ir_k((int32_t)site->number);
	ir_note(p->ir, "place = bpf_get_attach_cookie(ctx);");
	return ir_r(
		ir_call(p->ir, BPF_FUNC_get_attach_cookie, (struct ir_val[]){ ir_r(p->ctx) }, 1));
}

/* read back: 6.1 forgets what a comparison says of a value that lives on the stack */
static void send_record(struct pgm *p, ir_reg rec)
{
	struct pgm_record r = { .base = rec };
	struct ir *ir = p->ir;
	ir_label sized = ir_label_new(ir);
	ir_reg size = ir_new_reg(ir), bytes;

	pgm_record_head(p, &r, RECORD_INJECTED, site_number(p), ir_const(ir, p->env->job->value));
	ir_note(ir, "n = (u32)rec->stack_bytes; /* negative: too large */");
	bytes = ir_load(ir, 4, rec, RECORD_OFF(stack_bytes));
	ir_note(ir, "size = offsetof(struct record, stack) + (n > %lld ? 0 : n);",
		(long long)STACK_BYTES);
	ir_mov(ir, size, ir_k(RECORD_OFF(stack)));
	ir_branch(ir, BPF_JGT, IR_64, bytes, ir_k(STACK_BYTES), sized);
	ir_alu_to(ir, BPF_ADD, IR_64, size, ir_r(bytes));
	ir_place(ir, sized);
	pgm_record_send(p, &r, ir_r(size));
}

/*
 * Can the walk come last? Then it is spared the matches that are let pass. It cannot
 * where it decides what is a match (a negated chain), or which number one has.
 */
static bool walk_decides(const struct pgm *p)
{
	const struct comp_job *job = p->env->job;

	for (unsigned int c = 0; c < job->n_chains; c++)
		if (job->chains[c].negated)
			return true;
	return job->n_chains && schedule_numbers(p);
}

/* falls through, or goes to p->leave, if this rule does not act; else ends at `done` */
static void write_rule(struct pgm *p, ir_label done)
{
	struct walk_hold hold;
	ir_reg rec;

	ir_at(p->ir, p->env->job->rule->on_target.at);
	pgm_count_cpu(p, RULE_OFF(p, cpu[0].hits), 1, "hits++");
	need_chains(p);
	pgm_predicate(p, &p->env->target);
	skip_exempt(p);
	skip_nofail(p);
	if (!walk_decides(p))
		schedule_match(p);
	schedule_look(p);
	rec = walk_stack(p, &hold, done);
	walk_chains(p, rec);
	if (walk_decides(p))
		schedule_match(p);
	schedule_take(p);
	mark_injected(p);
	if (p->env->job->path && !p->env->job->dry)
		path_begin(p);
	send_record(p, rec);
	walk_let_go(p, &hold);
	replace(p, done);
	walk_end(p, &hold);
}

/* but the last: what it leaves to the next rule, comes to that */
static void write_other_rule(struct pgm *p, ir_label done)
{
	ir_reg task = p->task, state = p->state;
	ir_label leave = p->leave, fault = p->fault, next = ir_label_new(p->ir);

	p->leave = next;
	p->fault = ir_label_new(p->ir);
	write_rule(p, done);
	ir_place(p->ir, p->fault);
	ir_note(p->ir, "fault: read_faults++;");
	pgm_count(p, RULE_OFF(p, read_faults));
	ir_place(p->ir, next);
	p->leave = leave;
	p->fault = fault;
	p->task = task;
	p->state = state;
	lower_forget(p->lower);
}

int target_prog(const struct comp_env *envs, unsigned int n_envs, struct comp_unit *unit)
{
	enum prog_kind kind = envs->site->kind;
	struct pgm p;
	ir_label done;
	int ret;

	ret = pgm_begin(&p, envs, unit, kind);
	if (ret < 0)
		return ret;
	for (unsigned int i = 1; i < n_envs; i++)
		lower_reserve(p.lower, envs[i].target.buf_bytes);
	ir_leaves_early(p.ir);
	pgm_need_armed(&p);
	pgm_need_task_context(&p, &envs->site->func);
	pgm_need_scope(&p);
	if (kind == PROG_KRETPROBE)
		after_find_call(&p);
	done = p.leave;
	for (unsigned int i = 0; i < n_envs; i++) {
		p.env = &envs[i];
		if (i + 1 < n_envs)
			write_other_rule(&p, done);
		else
			write_rule(&p, done);
	}
	pgm_end(&p);
	return unit->no_memory ? err_nomem(envs->err) : 0;
}
