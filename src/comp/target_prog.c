/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The target's program: at its entry, decide and replace its return value. Tests
 * come cheapest first; what is counted, and in which order, is in control.h.
 */
#include "comp/lower.h"
#include "comp/program.h"

#define STACK_BYTES ((int64_t)sizeof(((struct record *)0)->stack))

/*
 * What the callback of the stack walk is given, on the target program's stack: the
 * scratch record. How many places are not seen yet is in there too (in `place`, free
 * until it is filled in), and not on the stack: before "bpf: verify callbacks as if
 * they are called unknown number of times" (ab5cfac139ab, 6.7) the verifier takes one
 * turn for all, knows what a counter on the stack then is, and deletes the rest. On
 * 6.1 no chain of two places was ever confirmed.
 */
struct walk {
	uint64_t rec;
};

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

static void need_chain(struct pgm *p)
{
	unsigned int n = p->env->job->n_places;
	struct ir *ir = p->ir;

	if (!n)
		return;
	pgm_need_active(p);
	pgm_state(p);
	if (!p->env->job->scope.marked)
		pgm_need_state(p);
	ir_note(ir, "if (state->matched < %u) return 0;", n);
	ir_branch(ir, BPF_JLT, IR_64, ir_load(ir, 4, p->state, STATE_OFF(matched)), ir_k(n),
		  p->leave);
	/* below our stack pointer: left long ago, its exit was missed */
	ir_note(ir, "if (state->frame[%u] <= regs->sp) return 0;", n - 1);
	ir_branch(ir, BPF_JLE, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(n - 1)),
		  ir_r(abi_frame_address(p->abi, ir, p->ctx)), p->leave);
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

/* a look before the walk; take() is exact */
static void need_times_left(struct pgm *p)
{
	uint64_t times = p->env->job->times;
	struct ir *ir = p->ir;

	if (!times)
		return;
	ir_note(ir, "if (control->taken >= %llu) return 0;", (unsigned long long)times);
	ir_branch(ir, BPF_JGE, IR_64,
		  ir_load(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(taken)), 0),
		  ir_k((int64_t)times), p->leave);
}

static void take(struct pgm *p)
{
	uint64_t times = p->env->job->times;
	struct ir *ir = p->ir;
	ir_reg taken;

	if (!times)
		return;
	ir_note(ir, "if (fetch_add(&control->taken, 1) >= %llu) return 0;",
		(unsigned long long)times);
	taken = ir_fetch_add(ir, 8, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(taken)), 0,
			     ir_k(1));
	ir_branch(ir, BPF_JGE, IR_64, taken, ir_k((int64_t)times), p->leave);
}

/* the scratch record with the stack in it; *bytes is what bpf_get_stack() returned */
static ir_reg walk_stack(struct pgm *p, ir_reg *bytes)
{
	struct ir *ir = p->ir;
	ir_slot key = ir_slot_new(ir, 4);
	ir_reg rec, at;

	ir_note(ir, "rec = bpf_map_lookup_elem(&scratch, &(int){ 0 });");
	ir_slot_store(ir, 4, key, 0, ir_k(0));
	rec = ir_call(ir, BPF_FUNC_map_lookup_elem,
		      (struct ir_val[]){ ir_r(ir_map(ir, PROG_MAP_SCRATCH)),
					 ir_r(ir_slot_addr(ir, key, 0)) },
		      2);
	ir_branch(ir, BPF_JEQ, IR_64, rec, ir_k(0), p->leave);
	ir_note(ir, "n = bpf_get_stack(ctx, rec->stack, %lld, 0);", (long long)STACK_BYTES);
	at = ir_alu(ir, BPF_ADD, IR_64, rec, ir_k(RECORD_OFF(stack)));
	*bytes =
		ir_call(ir, BPF_FUNC_get_stack,
			(struct ir_val[]){ ir_r(p->ctx), ir_r(at), ir_k(STACK_BYTES), ir_k(0) }, 4);
	ir_store(ir, 4, rec, RECORD_OFF(stack_bytes), ir_r(*bytes));
	return rec;
}

/*
 * The callback: is this return address in the next place's function?
 *
 *   long confirm(u32 i, struct walk *w)
 *   {
 *           rec = w->rec;
 *           k = rec->place - 1;
 *           if (i >= DEPTH || k >= n_places) return 1;
 *           place = &control->place[k];
 *           if (!place->size || rec->stack[i] - place->start < place->size)
 *                   rec->place = k;
 *           return rec->place == 0;
 *   }
 */
static int confirm_callback(const struct comp_env *env, struct comp_unit *unit)
{
	_Static_assert(sizeof(((struct control *)0)->place[0]) == 16, "scaled by a shift below");
	ir_label stop, found, out;
	ir_reg i, rec, k, place, at, size;
	struct ir *ir;

	if (ir_new(&unit->callback) < 0)
		return err_nomem(env->err);
	ir = unit->callback;
	stop = ir_label_new(ir);
	found = ir_label_new(ir);
	out = ir_label_new(ir);
	ir_at(ir, env->job->rule->on_target.at);
	i = ir_arg(ir, 1);
	rec = ir_arg(ir, 2);
	ir_note(ir, "rec = w->rec; k = rec->place - 1;");
	rec = ir_load(ir, 8, rec, offsetof(struct walk, rec));
	k = ir_alu(ir, BPF_SUB, IR_64, ir_load(ir, 4, rec, RECORD_OFF(place)), ir_k(1));
	ir_note(ir, "if (i >= %d || k >= %u) return 1;", LIMIT_STACK_DEPTH, env->job->n_places);
	ir_branch(ir, BPF_JGE, IR_64, i, ir_k(LIMIT_STACK_DEPTH), stop);
	ir_branch(ir, BPF_JGE, IR_64, k, ir_k(env->job->n_places), stop);
	ir_note(ir, "place = &control->place[k];");
	place = ir_alu(ir, BPF_ADD, IR_64, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(place)),
		       ir_r(ir_alu(ir, BPF_LSH, IR_64, k, ir_k(4))));
	ir_note(ir, "if (!place->size || rec->stack[i] - place->start < place->size)");
	size = ir_load(ir, 8, place, 8);
	ir_branch(ir, BPF_JEQ, IR_64, size, ir_k(0), found);
	at = ir_alu(ir, BPF_ADD, IR_64, rec, ir_r(ir_alu(ir, BPF_LSH, IR_64, i, ir_k(3))));
	at = ir_alu(ir, BPF_SUB, IR_64, ir_load(ir, 8, at, RECORD_OFF(stack)),
		    ir_r(ir_load(ir, 8, place, 0)));
	ir_branch(ir, BPF_JGE, IR_64, at, ir_r(size), out);
	ir_place(ir, found);
	ir_note(ir, "    rec->place = k;");
	ir_store(ir, 4, rec, RECORD_OFF(place), ir_r(k));
	ir_note(ir, "return rec->place == 0;");
	ir_branch(ir, BPF_JEQ, IR_64, k, ir_k(0), stop);
	ir_place(ir, out);
	ir_exit(ir, ir_k(0));
	ir_place(ir, stop);
	ir_exit(ir, ir_k(1));
	return 0;
}

/* every place's function on the stack, in order; state alone can be stale */
static void confirm_chain(struct pgm *p, ir_reg rec, ir_reg bytes)
{
	unsigned int n = p->env->job->n_places;
	struct ir *ir = p->ir;
	ir_label bad, good;
	ir_slot walk;
	ir_reg flags;

	if (!n)
		return;
	bad = ir_label_new(ir);
	good = ir_label_new(ir);
	walk = ir_slot_new(ir, sizeof(struct walk));
	ir_note(ir, "if (n < 0) goto unconfirmed;");
	ir_branch(ir, BPF_JSLT, IR_64, bytes, ir_k(0), bad);
	ir_note(ir, "walk.rec = rec; rec->place = %u;", n);
	ir_slot_store(ir, 8, walk, offsetof(struct walk, rec), ir_r(rec));
	ir_store(ir, 4, rec, RECORD_OFF(place), ir_k(n));
	/*
	 * A flag known to be 0 makes the verifier inline the loop (1ade23711971, "bpf: Inline
	 * calls to bpf_loop when callback is known", 6.0), with r6-r8 then saved at every entry.
	 */
	ir_note(ir, "bpf_loop(n / 8, confirm, &walk, control->zero);");
	flags = ir_load(ir, 4, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(zero)), 0);
	ir_call(ir, BPF_FUNC_loop,
		(struct ir_val[]){ ir_r(ir_alu(ir, BPF_RSH, IR_64, bytes, ir_k(3))),
				   ir_r(ir_callback(ir)), ir_r(ir_slot_addr(ir, walk, 0)),
				   ir_r(flags) },
		4);
	ir_note(ir, "if (rec->place) { unconfirmed++; return 0; }");
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, rec, RECORD_OFF(place)), ir_k(0), good);
	ir_place(ir, bad);
	pgm_count(p, CONTROL_OFF(unconfirmed));
	ir_jump(ir, p->leave);
	ir_place(ir, good);
}

static void inject(struct pgm *p)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;

	if (job->n_places) {
		ir_note(ir, "state->injected = 1;");
		ir_store(ir, 4, p->state, STATE_OFF(injected), ir_k(1));
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

int target_prog(const struct comp_env *env, struct comp_unit *unit)
{
	ir_reg rec, bytes;
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_KPROBE);
	if (ret < 0)
		return ret;
	ir_leaves_early(p.ir);
	pgm_need_armed(&p);
	pgm_need_task_context(&p);
	pgm_need_scope(&p);
	count_hit(&p);
	need_chain(&p);
	pgm_predicate(&p, &env->target);
	skip_exempt(&p);
	skip_nofail(&p);
	ir_note(p.ir, "matches++;");
	pgm_count(&p, CONTROL_OFF(matches));
	if (!env->job->n_places)
		pgm_draw(&p);
	need_times_left(&p);
	rec = walk_stack(&p, &bytes);
	confirm_chain(&p, rec, bytes);
	take(&p);
	inject(&p);
	send_record(&p, rec);
	pgm_end(&p);
	return env->job->n_places ? confirm_callback(env, unit) : 0;
}
