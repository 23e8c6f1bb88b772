/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stack at a match, and what it says of the rule's chains. One walk looks for
 * all of them: each chain's places, innermost first, not necessarily adjacent.
 *
 * A chain that must be there is tracked, and has to be on the stack as well: state
 * alone can be stale. A chain that must not be there is not there if the stack does
 * not show it. If the stack does, it is there; unless it has conditions: then
 * the state says whether they held, and if the state does not know the calls on the
 * stack, nothing is injected. The same goes for a stack that was cut off.
 */
#include "comp/program.h"

#define STACK_BYTES ((int64_t)sizeof(((struct record *)0)->stack))

/*
 * What the callback of the stack walk is given, on the target program's stack: the
 * scratch record. How many places of each chain are not seen yet is in there too (from
 * `place` on, free until it is filled in), and not on the stack: before "bpf: verify
 * callbacks as if they are called unknown number of times" (ab5cfac139ab, 6.7) the
 * verifier takes one turn for all, knows what a counter on the stack then is, and deletes
 * the rest. On 6.1 no chain of two places was ever confirmed.
 */
struct walk {
	uint64_t rec;
};

#define LEFT_OFF(c) (RECORD_OFF(place) + 4 * (int32_t)(c))
_Static_assert(offsetof(struct record, place) + 4 * LIMIT_CHAINS <=
		       offsetof(struct record, stack_bytes),
	       "counters where the record's head is filled in later");

/*
 * With preempt=full a trampoline's program can be preempted in the middle of its walk, and
 * then another task may come to walk on this CPU: by the same program if it is a BPF LSM's,
 * whose entry has no recursion counter (bpf_prog_check_recur()), and then with the same
 * record; or by another program, and out of order they get each other's registers
 * (get_bpf_raw_tp_regs(), kernel/trace/bpf_trace.c, 6.12). So one walks at a time.
 */
static void walk_alone(struct pgm *p, struct walk_hold *hold, ir_label done)
{
	struct ir *ir = p->ir;
	ir_label alone;

	hold->leave = p->leave;
	hold->on = 0;
	if (!pgm_interruptible(p))
		return;
	alone = ir_label_new(ir);
	ir_note(ir, "walking = &control->cpu[bpf_get_smp_processor_id() & %u].walking;",
		p->env->job->cpu_slots - 1);
	hold->on = pgm_cpu_slot(p, (uint32_t)sizeof(struct control) +
					   (uint32_t)offsetof(struct rule_control, cpu[0].walking));
	ir_note(ir, "if (fetch_add(walking, 1)) { --*walking; busy++; return 0; } /* atomic */");
	ir_branch(ir, BPF_JEQ, IR_64, ir_fetch_add(ir, 8, hold->on, 0, ir_k(1)), ir_k(0), alone);
	walk_let_go(p, hold);
	pgm_count(p, CONTROL_OFF(busy));
	ir_jump(ir, done); /* it was this rule's call: no other's */
	ir_place(ir, alone);
	p->leave = ir_label_new(ir);
}

void walk_let_go(struct pgm *p, const struct walk_hold *hold)
{
	if (!hold->on)
		return;
	ir_note(p->ir, "--*walking; /* atomic */");
	ir_atomic_add(p->ir, 8, hold->on, 0, ir_k(-1));
}

void walk_end(struct pgm *p, const struct walk_hold *hold)
{
	if (!hold->on)
		return;
	ir_place(p->ir, p->leave);
	walk_let_go(p, hold);
	ir_jump(p->ir, hold->leave);
	p->leave = hold->leave;
}

/* the scratch record with the stack in it */
ir_reg walk_stack(struct pgm *p, struct walk_hold *hold, ir_label done)
{
	struct ir *ir = p->ir;
	ir_slot key = ir_slot_new(ir, 4);
	int32_t record = pgm_interruptible(p) ? SCRATCH_TRAMPOLINE : SCRATCH_PROBE;
	ir_reg rec, at, bytes;

	walk_alone(p, hold, done);
	ir_note(ir, "rec = bpf_map_lookup_elem(&scratch, &(int){ %d });", record);
	ir_slot_store(ir, 4, key, 0, ir_k(record));
	rec = ir_call(ir, BPF_FUNC_map_lookup_elem,
		      (struct ir_val[]){ ir_r(ir_map(ir, PROG_MAP_SCRATCH)),
					 ir_r(ir_slot_addr(ir, key, 0)) },
		      2);
	ir_branch(ir, BPF_JEQ, IR_64, rec, ir_k(0), p->leave);
	ir_note(ir, "n = bpf_get_stack(ctx, rec->stack, %lld, 0);", (long long)STACK_BYTES);
	at = ir_alu(ir, BPF_ADD, IR_64, rec, ir_k(RECORD_OFF(stack)));
	bytes = ir_call(ir, BPF_FUNC_get_stack,
			(struct ir_val[]){ ir_r(p->ctx), ir_r(at), ir_k(STACK_BYTES), ir_k(0) }, 4);
	ir_store(ir, 4, rec, RECORD_OFF(stack_bytes), ir_r(bytes));
	p->walked = bytes;
	return rec;
}

/* is the return address in the chain's next place? Goes to `all` if that was the last */
static void look_for(const struct pgm *p, struct ir *ir, unsigned int c, ir_reg rec, ir_reg ip,
		     ir_label all, ir_label some)
{
	const struct comp_chain *chain = &p->env->job->chains[c];
	_Static_assert(sizeof(((struct rule_control *)0)->place[0]) == 16,
		       "scaled by a shift below");
	uint32_t places = RULE_OFF(p, place) + 16 * chain->first;
	ir_label found = ir_label_new(ir);
	ir_reg k, place, size;

	ir_note(ir, "k = rec->left[%u] - 1; if (k >= %u) goto all;", c, chain->n);
	k = ir_alu(ir, BPF_SUB, IR_64, ir_load(ir, 4, rec, LEFT_OFF(c)), ir_k(1));
	ir_branch(ir, BPF_JGE, IR_64, k, ir_k(chain->n), all);
	ir_note(ir, "place = &control->place[%u + k];", chain->first);
	place = ir_alu(ir, BPF_ADD, IR_64, ir_map_value(ir, PROG_MAP_CONTROL, places),
		       ir_r(ir_alu(ir, BPF_LSH, IR_64, k, ir_k(4))));
	ir_note(ir, "if (place->size && ip - place->start >= place->size) goto some;");
	size = ir_load(ir, 8, place, 8);
	ir_branch(ir, BPF_JEQ, IR_64, size, ir_k(0), found);
	ir_branch(ir, BPF_JGE, IR_64,
		  ir_alu(ir, BPF_SUB, IR_64, ip, ir_r(ir_load(ir, 8, place, 0))), ir_r(size), some);
	ir_place(ir, found);
	ir_note(ir, "rec->left[%u] = k; if (!k) goto all;", c);
	ir_store(ir, 4, rec, LEFT_OFF(c), ir_r(k));
	ir_branch(ir, BPF_JEQ, IR_64, k, ir_k(0), all);
}

/* if a chain is still looked for, ip may be in it: return !open */
static void look_for_each(const struct pgm *p, struct ir *ir, ir_reg rec, ir_reg ip, ir_label stop)
{
	ir_reg open = ir_new_reg(ir);

	ir_note(ir, "open = 0;");
	ir_mov(ir, open, ir_k(0));
	for (unsigned int c = 0; c < p->env->job->n_chains; c++) {
		ir_label all = ir_label_new(ir), some = ir_label_new(ir);

		look_for(p, ir, c, rec, ip, all, some);
		ir_place(ir, some);
		ir_note(ir, "some: open = 1; all:");
		ir_mov(ir, open, ir_k(1));
		ir_place(ir, all);
	}
	ir_note(ir, "return !open;");
	ir_branch(ir, BPF_JEQ, IR_64, open, ir_k(0), stop);
}

/* long look(u32 i, struct walk *w): one return address; 1 when there is no more to see */
static void write_look(const struct pgm *p, struct ir *ir)
{
	const struct comp_job *job = p->env->job;
	ir_label stop = ir_label_new(ir), go_on = ir_label_new(ir);
	ir_reg i, rec, ip;

	ir_at(ir, job->rule->on_target.at);
	i = ir_arg(ir, 1);
	rec = ir_arg(ir, 2);
	ir_note(ir, "if (i >= %d) return 1;", LIMIT_STACK_DEPTH);
	ir_branch(ir, BPF_JGE, IR_64, i, ir_k(LIMIT_STACK_DEPTH), stop);
	ir_note(ir, "rec = w->rec; ip = rec->stack[i];");
	rec = ir_load(ir, 8, rec, offsetof(struct walk, rec));
	ip = ir_alu(ir, BPF_ADD, IR_64, rec, ir_r(ir_alu(ir, BPF_LSH, IR_64, i, ir_k(3))));
	ip = ir_load(ir, 8, ip, RECORD_OFF(stack));
	if (job->n_chains == 1)
		look_for(p, ir, 0, rec, ip, stop, go_on);
	else
		look_for_each(p, ir, rec, ip, stop);
	ir_place(ir, go_on);
	ir_exit(ir, ir_k(0));
	ir_place(ir, stop);
	ir_exit(ir, ir_k(1));
}

/* the callback that looks for this rule's chains; comp_target() sees to it that there is room */
static ir_reg look_callback(struct pgm *p)
{
	struct comp_unit *unit = p->unit;
	unsigned int n = unit->n_callbacks;

	if (ir_new(&unit->callback[n]) < 0) {
		unit->no_memory = true;
		return p->ctx;
	}
	unit->n_callbacks++;
	write_look(p, unit->callback[n]);
	return ir_callback(p->ir, n);
}

static void look(struct pgm *p, ir_reg rec)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;
	ir_slot walk = ir_slot_new(ir, sizeof(struct walk));
	ir_reg flags;

	ir_note(ir, "walk.rec = rec;");
	ir_slot_store(ir, 8, walk, offsetof(struct walk, rec), ir_r(rec));
	for (unsigned int c = 0; c < job->n_chains; c++) {
		ir_note(ir, "rec->left[%u] = %u;", c, job->chains[c].n);
		ir_store(ir, 4, rec, LEFT_OFF(c), ir_k(job->chains[c].n));
	}
	/*
	 * A flag known to be 0 makes the verifier inline the loop (1ade23711971, "bpf: Inline
	 * calls to bpf_loop when callback is known", 6.0), with r6-r8 then saved at every entry.
	 */
	ir_note(ir, "bpf_loop(n / 8, look, &walk, control->zero);");
	flags = ir_load(ir, 4, ir_map_value(ir, PROG_MAP_CONTROL, CONTROL_OFF(zero)), 0);
	ir_call(ir, BPF_FUNC_loop,
		(struct ir_val[]){ ir_r(ir_alu(ir, BPF_RSH, IR_64, p->walked, ir_k(3))),
				   ir_r(look_callback(p)), ir_r(ir_slot_addr(ir, walk, 0)),
				   ir_r(flags) },
		4);
}

/* a negated chain's functions are on the stack: goto no if it is known not to match */
static void judge(struct pgm *p, unsigned int c, ir_label no, ir_label unknown)
{
	const struct comp_chain *chain = &p->env->job->chains[c];
	struct ir *ir = p->ir;
	ir_reg matched, sp;

	ir_note(ir, "if (!state) goto unconfirmed;");
	ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), unknown);
	ir_note(ir, "if (state->matched[%u] == %u) return 0;", c, chain->n);
	matched = ir_load(ir, 4, p->state, MATCHED_OFF(p, c));
	ir_branch(ir, BPF_JEQ, IR_64, matched, ir_k(chain->n), p->leave);
	sp = abi_frame_address(p->abi, ir, p->ctx);
	for (unsigned int k = 0; k < chain->n; k++) {
		unsigned int frame = p->env->judged[chain->first + k];
		ir_label other = ir_label_new(ir);

		if (!frame)
			continue;
		ir_note(ir, "if (state->matched[%u] == %u && state->frame[%u] > regs->sp) goto no;",
			c, k, frame);
		ir_branch(ir, BPF_JNE, IR_64, matched, ir_k(k), other);
		ir_branch(ir, BPF_JGT, IR_64, ir_load(ir, 8, p->state, FRAME_OFF(p, frame)),
			  ir_r(sp), no);
		ir_place(ir, other);
	}
	ir_jump(ir, unknown);
}

static void forbid(struct pgm *p, unsigned int c, ir_reg rec, ir_label unknown)
{
	struct ir *ir = p->ir;
	ir_label no = ir_label_new(ir), shown = ir_label_new(ir);
	bool tracked = chain_tracked(p->env, c);

	ir_note(ir, "if (!rec->left[%u]) %s; /* not under */", c,
		tracked ? "goto shown" : "return 0");
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, rec, LEFT_OFF(c)), ir_k(0),
		  tracked ? shown : p->leave);
	ir_note(ir, "if (rec->stack_bytes == %lld) goto unconfirmed; /* there may be more */",
		(long long)STACK_BYTES);
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, rec, RECORD_OFF(stack_bytes)),
		  ir_k(STACK_BYTES), unknown);
	if (tracked) {
		ir_jump(ir, no);
		ir_place(ir, shown);
		judge(p, c, no, unknown);
	}
	ir_place(ir, no);
}

void walk_chains(struct pgm *p, ir_reg rec)
{
	const struct comp_job *job = p->env->job;
	struct ir *ir = p->ir;
	ir_label unconfirmed, good;

	if (!job->n_chains)
		return;
	unconfirmed = ir_label_new(ir);
	good = ir_label_new(ir);
	ir_note(ir, "if (n < 0) goto unconfirmed;");
	ir_branch(ir, BPF_JSLT, IR_64, p->walked, ir_k(0), unconfirmed);
	look(p, rec);
	for (unsigned int c = 0; c < job->n_chains; c++) {
		if (job->chains[c].negated)
			continue;
		ir_note(ir, "if (rec->left[%u]) goto unconfirmed;", c);
		ir_branch(ir, BPF_JNE, IR_64, ir_load(ir, 4, rec, LEFT_OFF(c)), ir_k(0),
			  unconfirmed);
	}
	for (unsigned int c = 0; c < job->n_chains; c++) {
		if (!job->chains[c].negated)
			continue;
		if (chain_tracked(p->env, c))
			pgm_state(p);
		forbid(p, c, rec, unconfirmed);
	}
	ir_jump(ir, good);
	ir_place(ir, unconfirmed);
	ir_note(ir, "unconfirmed: unconfirmed++; return 0;");
	pgm_count(p, RULE_OFF(p, unconfirmed));
	ir_jump(ir, p->leave);
	ir_place(ir, good);
}
