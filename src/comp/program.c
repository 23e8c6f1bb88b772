/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces that several of a rule's programs have in common. */
#include "comp/program.h"

#include "comp/lower.h"

/* of the predicates that this program may hold */
static unsigned int buf_bytes(const struct comp_env *env, enum prog_kind kind)
{
	unsigned int most = env->target.buf_bytes;

	if (!env->site && (kind == PROG_FENTRY || kind == PROG_KPROBE))
		for (unsigned int i = 0; i < env->job->n_places; i++)
			if (env->place[i].buf_bytes > most)
				most = env->place[i].buf_bytes;
	return most;
}

static const struct kbtf *pgm_btf(const struct comp_env *env)
{
	return env->site && env->site->func.btf ? env->site->func.btf : env->job->btf;
}

int pgm_begin(struct pgm *p, const struct comp_env *env, struct comp_unit *unit,
	      enum prog_kind kind)
{
	int ret = ir_new(&unit->main);

	if (ret < 0)
		return err_nomem(env->err);
	unit->meta.kind = kind;
	unit->meta.src = env->job->rule->src;
	*p = (struct pgm){ .env = env, .abi = abi_of(kind), .ir = unit->main, .unit = unit };
	ir_at(p->ir, env->job->rule->on_target.at);
	p->ctx = ir_arg(p->ir, 1);
	p->leave = ir_label_new(p->ir);
	p->fault = ir_label_new(p->ir);
	ret = lower_new(&p->lower, p->ir, p->abi, p->ctx, pgm_btf(env), buf_bytes(env, kind));
	if (ret < 0)
		return err_nomem(env->err);
	if (env->site && site_sleeps(env->site))
		lower_may_sleep(p->lower);
	return 0;
}

void pgm_end(struct pgm *p)
{
	ir_place(p->ir, p->leave);
	ir_note(p->ir, "return 0;");
	ir_exit(p->ir, ir_k(0));
	if (lower_may_fault(p->lower)) {
		ir_place(p->ir, p->fault);
		ir_note(p->ir, "fault: read_faults++; return 0;");
		pgm_count(p, RULE_OFF(p, read_faults));
		ir_exit(p->ir, ir_k(0));
	}
	lower_free(p->lower);
	p->lower = NULL;
}

void pgm_need_armed(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_reg armed;

	ir_note(ir, "if (!control->armed) return 0;");
	armed = ir_load(ir, 4, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(armed)), 0);
	ir_branch(ir, BPF_JEQ, IR_64, armed, ir_k(0), p->leave);
}

bool chain_tracked(const struct comp_env *env, unsigned int chain)
{
	const struct comp_chain *c = &env->job->chains[chain];
	bool conditions = false;

	for (unsigned int k = 0; k < c->n; k++)
		conditions |= env->judged[c->first + k] != 0;
	return !c->negated || conditions;
}

uint32_t func_chains(const struct comp_env *env, unsigned int func)
{
	const struct comp_job *job = env->job;
	uint32_t chains = 0;

	for (unsigned int c = 0; c < job->n_chains; c++)
		for (unsigned int k = 0; k < job->chains[c].n; k++)
			if (job->places[job->chains[c].first + k].func == func &&
			    chain_tracked(env, c))
				chains |= 1U << c;
	return chains;
}

void pgm_need_active(struct pgm *p, uint32_t chains)
{
	struct ir *ir = p->ir;
	ir_label go = ir_label_new(ir);
	bool several = (chains & (chains - 1)) != 0;

	for (unsigned int c = 0; chains; c++) {
		bool last = chains == 1U << c;
		ir_reg active;

		if (!(chains & 1U << c))
			continue;
		chains &= ~(1U << c);
		ir_note(ir,
			last ? "if (!control->active[%u]) return 0;" : "if (!control->active[%u])",
			c);
		active = ir_load(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, ACTIVE_OFF(p, c)), 0);
		ir_branch(ir, last ? BPF_JEQ : BPF_JNE, IR_64, active, ir_k(0),
			  last ? p->leave : go);
	}
	if (several)
		ir_place(ir, go);
}

/* a system call is always a task's; naming the counter is two thirds of what loading costs */
void pgm_need_task_context(struct pgm *p, const struct comp_func *func)
{
	const struct comp_kernel *k = &p->env->kern;
	struct ir *ir = p->ir;
	ir_reg at, count;

	if (func->syscall || (func->context && func->context->user))
		return;
	ir_note(ir, "if (preempt_count() & 0x%08x) return 0;", NOT_TASK_CONTEXT);
	at = ir_call(ir, BPF_FUNC_this_cpu_ptr,
		     (struct ir_val[]){ ir_r(ir_ksym(ir, k->preempt_var)) }, 1);
	count = ir_load(ir, 4, at, k->preempt_off);
	ir_branch(ir, BPF_JSET, IR_64, count, ir_k(NOT_TASK_CONTEXT), p->leave);
}

void pgm_need_task(struct pgm *p)
{
	if (p->task)
		return;
	ir_note(p->ir, "task = bpf_get_current_task_btf();");
	p->task = ir_call(p->ir, BPF_FUNC_get_current_task_btf, NULL, 0);
}

static ir_reg storage_get(struct pgm *p, uint64_t flags)
{
	struct ir_val args[] = {
		ir_r(ir_map(p->ir, PROG_MAP_TASKS)),
		ir_r(p->task),
		ir_k(0),
		ir_k((int64_t)flags),
	};

	return ir_call(p->ir, BPF_FUNC_task_storage_get, args, 4);
}

void pgm_state(struct pgm *p)
{
	if (p->state)
		return;
	pgm_need_task(p);
	ir_note(p->ir, "state = bpf_task_storage_get(&tasks, task, NULL, 0);");
	p->state = storage_get(p, 0);
}

void pgm_need_state(struct pgm *p)
{
	int32_t storage = p->env->kern.task_storage;
	struct ir *ir = p->ir;
	ir_label found;

	if (storage < 0) {
		ir_note(ir, "if (!state) return 0;");
		ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), p->leave);
		return;
	}
	found = ir_label_new(ir);
	ir_note(ir, "if (!state) { if (task->bpf_storage) lost++; return 0; }");
	ir_branch(ir, BPF_JNE, IR_64, p->state, ir_k(0), found);
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 8, p->task, storage), ir_k(0), p->leave);
	pgm_count(p, CONTROL_OFF(lost));
	ir_jump(ir, p->leave);
	ir_place(ir, found);
}

void pgm_state_or_new(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_label have = ir_label_new(ir);
	ir_reg state = ir_new_reg(ir);

	ir_note(ir, "if (!state) state = bpf_task_storage_get(&tasks, task, NULL, CREATE);");
	ir_mov(ir, state, ir_r(p->state));
	ir_branch(ir, BPF_JNE, IR_64, p->state, ir_k(0), have);
	ir_mov(ir, state, ir_r(storage_get(p, BPF_LOCAL_STORAGE_GET_F_CREATE)));
	ir_note(ir, "if (!state) { lost++; return 0; }");
	ir_branch(ir, BPF_JNE, IR_64, state, ir_k(0), have);
	pgm_count(p, CONTROL_OFF(lost));
	ir_jump(ir, p->leave);
	ir_place(ir, have);
	p->state = state;
}

void pgm_state_or(struct pgm *p, ir_label none)
{
	struct ir *ir = p->ir;
	ir_label have = ir_label_new(ir);
	ir_reg state = ir_new_reg(ir);

	pgm_state(p);
	ir_note(ir, "if (!state) state = bpf_task_storage_get(&tasks, task, NULL, CREATE);");
	ir_mov(ir, state, ir_r(p->state));
	ir_branch(ir, BPF_JNE, IR_64, p->state, ir_k(0), have);
	ir_mov(ir, state, ir_r(storage_get(p, BPF_LOCAL_STORAGE_GET_F_CREATE)));
	ir_branch(ir, BPF_JEQ, IR_64, state, ir_k(0), none);
	ir_place(ir, have);
	p->state = state;
}

void pgm_draw(struct pgm *p)
{
	uint64_t threshold = p->env->job->schedule.probability;
	struct ir *ir = p->ir;
	ir_label lucky;
	ir_reg r;

	if (threshold >= PROBABILITY_ALWAYS)
		return;
	lucky = ir_label_new(ir);
	ir_note(ir, "if (bpf_get_prandom_u32() >= %llu) { unlucky++; return 0; }",
		(unsigned long long)threshold);
	r = ir_call(ir, BPF_FUNC_get_prandom_u32, NULL, 0);
	ir_branch(ir, BPF_JLT, IR_32, r, ir_k((int32_t)threshold), lucky);
	pgm_count(p, RULE_OFF(p, unlucky));
	ir_jump(ir, p->leave);
	ir_place(ir, lucky);
}

void pgm_count(struct pgm *p, uint32_t control_off)
{
	ir_atomic_add(p->ir, 8, ir_map_value(p->ir, PROG_MAP_CONTROL, control_off), 0, ir_k(1));
}

bool pgm_interruptible(const struct pgm *p)
{
	const struct comp_site *site = p->env->site;
	enum prog_kind kind = p->unit->meta.kind;

	/* a uprobe's runs as the task does (bpf_prog_run_array_uprobe(), 6.12) */
	if (site && site->func.context && site->func.context->user)
		return true;

	return kind != PROG_KPROBE && kind != PROG_KRETPROBE;
}

ir_reg pgm_cpu_slot(struct pgm *p, uint32_t control_off)
{
	struct ir *ir = p->ir;
	ir_reg at = ir_call(ir, BPF_FUNC_get_smp_processor_id, NULL, 0);

	at = ir_alu(ir, BPF_AND, IR_32, at, ir_k(p->env->job->cpu_slots - 1));
	at = ir_alu(ir, BPF_MUL, IR_64, at, ir_k(sizeof(((struct rule_control *)0)->cpu[0])));
	return ir_alu(ir, BPF_ADD, IR_64, ir_map_value(ir, PROG_MAP_CONTROL, control_off),
		      ir_r(at));
}

void pgm_count_cpu(struct pgm *p, uint32_t control_off, int64_t n, const char *what)
{
	bool atomic = pgm_interruptible(p);
	struct ir *ir = p->ir;
	ir_reg at, was;

	ir_note(ir, "control->cpu[bpf_get_smp_processor_id() & %u].%s;%s",
		p->env->job->cpu_slots - 1, what, atomic ? " /* atomic */" : "");
	at = pgm_cpu_slot(p, control_off);
	if (atomic) {
		ir_atomic_add(ir, 8, at, 0, ir_k(n));
		return;
	}
	was = ir_load(ir, 8, at, 0);
	ir_store(ir, 8, at, 0, ir_r(ir_alu(ir, BPF_ADD, IR_64, was, ir_k(n))));
}

void pgm_predicate(struct pgm *p, const struct pred *pred)
{
	if (pred->root)
		lower_predicate(p->lower, pred, p->leave, p->fault);
}

/* a field of the record, wherever it is */
static void put(struct pgm *p, const struct pgm_record *r, unsigned int bytes, int32_t off,
		struct ir_val v)
{
	if (r->base)
		ir_store(p->ir, bytes, r->base, off, v);
	else
		ir_slot_store(p->ir, bytes, r->slot, off, v);
}

static ir_reg record_addr(struct pgm *p, const struct pgm_record *r, int32_t off)
{
	if (!r->base)
		return ir_slot_addr(p->ir, r->slot, off);
	return off ? ir_alu(p->ir, BPF_ADD, IR_64, r->base, ir_k(off)) : r->base;
}

void pgm_record_head(struct pgm *p, const struct pgm_record *r, enum record_kind kind,
		     struct ir_val place, ir_reg value)
{
	unsigned int rule = p->env->job->number;
	struct ir *ir = p->ir;
	ir_reg id;

	if (place.reg)
		ir_note(ir,
			"record.kind = %u; record.rule = %u; record.place = place; "
			"record.value = value;",
			kind, rule);
	else
		ir_note(ir,
			"record.kind = %u; record.rule = %u; record.place = %lld; "
			"record.value = value;",
			kind, rule, (long long)place.k);
	put(p, r, 4, RECORD_OFF(kind), ir_k((int32_t)(rule << 16 | kind)));
	put(p, r, 4, RECORD_OFF(place), place);
	put(p, r, 8, RECORD_OFF(value), ir_r(value));
	ir_note(ir, "record.time = bpf_ktime_get_ns();");
	put(p, r, 8, RECORD_OFF(time), ir_r(ir_call(ir, BPF_FUNC_ktime_get_ns, NULL, 0)));
	ir_note(ir, "record.pid, record.tid = bpf_get_current_pid_tgid();");
	id = ir_call(ir, BPF_FUNC_get_current_pid_tgid, NULL, 0);
	put(p, r, 4, RECORD_OFF(tid), ir_r(id));
	put(p, r, 4, RECORD_OFF(pid), ir_r(ir_alu(ir, BPF_RSH, IR_64, id, ir_k(32))));
	ir_note(ir, "bpf_get_current_comm(record.comm, 16);");
	ir_call(ir, BPF_FUNC_get_current_comm,
		(struct ir_val[]){ ir_r(record_addr(p, r, RECORD_OFF(comm))), ir_k(16) }, 2);
	ir_note(ir, "record.cpu = bpf_get_smp_processor_id();");
	put(p, r, 4, RECORD_OFF(cpu), ir_r(ir_call(ir, BPF_FUNC_get_smp_processor_id, NULL, 0)));
}

void pgm_record_send(struct pgm *p, const struct pgm_record *r, struct ir_val size)
{
	struct ir *ir = p->ir;
	ir_label sent = ir_label_new(ir);
	ir_reg ret;

	ir_note(ir, "if (bpf_ringbuf_output(&events, &record, size, 0) < 0) drops++;");
	ret = ir_call(ir, BPF_FUNC_ringbuf_output,
		      (struct ir_val[]){ ir_r(ir_map(ir, PROG_MAP_EVENTS)),
					 ir_r(record_addr(p, r, 0)), size, ir_k(0) },
		      4);
	ir_branch(ir, BPF_JEQ, IR_64, ret, ir_k(0), sent);
	pgm_count(p, CONTROL_OFF(drops));
	ir_place(ir, sent);
}
