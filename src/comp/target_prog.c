/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The target's program: at its entry, decide and replace its return value. Tests
 * come cheapest first; what is counted, and in which order, is in control.h.
 */
#include "comp/lower.h"
#include "comp/program.h"

#define STACK_BYTES ((int64_t)sizeof(((struct record *)0)->stack))

static void count_hit(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_reg at, hits;

	ir_note(ir, "control->cpu[bpf_get_smp_processor_id() & %u].hits++;",
		p->env->job->cpu_slots - 1);
	at = ir_call(ir, BPF_FUNC_get_smp_processor_id, NULL, 0);
	at = ir_alu(ir, BPF_AND, IR_32, at, ir_k(p->env->job->cpu_slots - 1));
	at = ir_alu(ir, BPF_MUL, IR_64, at, ir_k(sizeof(((struct control *)0)->cpu[0])));
	at = ir_alu(ir, BPF_ADD, IR_64, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(cpu)),
		    ir_r(at));
	hits = ir_load(ir, 8, at, 0);
	ir_store(ir, 8, at, 0, ir_r(ir_alu(ir, BPF_ADD, IR_64, hits, ir_k(1))));
}

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
		ir_branch(ir, BPF_JLT, IR_64, ir_load(ir, 4, p->state, MATCHED_OFF(c)), ir_k(n),
			  p->leave);
		/* below our stack pointer: left long ago, its exit was missed */
		ir_note(ir, "if (state->frame[%u] <= regs->sp) return 0;", last);
		ir_branch(ir, BPF_JLE, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(last)),
			  ir_r(abi_frame_address(p->abi, ir, p->ctx)), p->leave);
	}
}

/* ids that a call in scope can have at all */
static bool ids_matter(const struct comp_scope *s, uint32_t id)
{
	return id && (!s->pid || s->pid == id);
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

		if (!ids_matter(s, id))
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
	pgm_count(p, CONTROL_OFF(exempt));
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
		(unsigned long long)env->job->nofail_mask);
	ir_branch(ir, BPF_JEQ, IR_32,
		  ir_alu(ir, BPF_AND, IR_32, lower_param(p->lower, env->gfp),
			 ir_k((int32_t)env->job->nofail_mask)),
		  ir_k(0), go);
	pgm_count(p, CONTROL_OFF(nofail));
	ir_jump(ir, p->leave);
	ir_place(ir, go);
}

static void inject(struct pgm *p)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;

	for (unsigned int c = 0; c < job->n_chains; c++) {
		if (job->chains[c].negated)
			continue;
		ir_note(ir, "state->injected[%u] = 1;", c);
		ir_store(ir, 4, p->state, INJECTED_OFF(c), ir_k(1));
	}
	ir_note(ir, "injected++; bpf_override_return(ctx, %lld);", (long long)job->value);
	pgm_count(p, CONTROL_OFF(injected));
	ir_call(ir, BPF_FUNC_override_return, (struct ir_val[]){ ir_r(p->ctx), ir_k(job->value) },
		2);
}

/* read back: 6.1 forgets what a comparison says of a value that lives on the stack */
static void send_record(struct pgm *p, ir_reg rec)
{
	struct pgm_record r = { .base = rec };
	struct ir *ir = p->ir;
	ir_label sized = ir_label_new(ir);
	ir_reg size = ir_new_reg(ir), bytes;

	pgm_record_head(p, &r, RECORD_INJECTED, 0, ir_const(ir, p->env->job->value));
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

int target_prog(const struct comp_env *env, struct comp_unit *unit)
{
	struct pgm p;
	ir_reg rec;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_KPROBE);
	if (ret < 0)
		return ret;
	ir_leaves_early(p.ir);
	pgm_need_armed(&p);
	pgm_need_task_context(&p);
	pgm_need_scope(&p);
	count_hit(&p);
	need_chains(&p);
	pgm_predicate(&p, &env->target);
	skip_exempt(&p);
	skip_nofail(&p);
	if (!walk_decides(&p))
		schedule_match(&p);
	schedule_look(&p);
	rec = walk_stack(&p);
	walk_chains(&p, rec);
	if (walk_decides(&p))
		schedule_match(&p);
	schedule_take(&p);
	inject(&p);
	send_record(&p, rec);
	pgm_end(&p);
	return env->job->n_chains ? walk_callback(env, unit) : 0;
}
