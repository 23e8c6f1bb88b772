/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules with `after` look at a call when it returns, and then its arguments are gone.
 * A program at the entry keeps them, in the task's state, under the stack address of
 * the call; the program at the return finds the call by that address, never by
 * counting: returns get lost, when more calls are inside than the kernel has instances
 * for. That is 2 for each processor with kretprobe.multi (fprobe_init_rethook(), 6.12),
 * and what it loses it does not tell before 6.7; and it counts everybody's calls, not
 * those in scope. So we count, each lost call once: as it enters, if there is no room
 * to keep it; when a call further out shows that it is gone; or at the end, as one that
 * is still kept.
 */
#include "comp/lower.h"
#include "comp/program.h"

#define RETURN_ADDRESS 8
#define BEYOND_OFF(p)  ((int32_t)((p)->env->site->after + offsetof(struct after_state, beyond)))
#define CALL_OFF(p, k, field)                                                                      \
	((int32_t)((p)->env->site->after + offsetof(struct after_state, call) +                    \
		   (size_t)(k) * sizeof(struct after_call) + offsetof(struct after_call, field)))

static void count_kept(struct pgm *p, int64_t n)
{
	pgm_count_cpu(p, RULE_OFF(p, cpu[0].kept), n, n < 0 ? "kept--" : "kept++");
}

/* at the first place that is free; what is kept of calls further in than this one was lost */
static ir_reg find_room(struct pgm *p, ir_reg sp)
{
	struct ir *ir = p->ir;
	ir_reg room = ir_new_reg(ir);

	ir_note(ir, "room = NULL;");
	ir_mov(ir, room, ir_k(0));
	for (unsigned int k = 0; k < LIMIT_AFTER_CALLS; k++) {
		ir_label next = ir_label_new(ir), free = ir_label_new(ir);
		ir_reg there = ir_load(ir, 8, p->state, CALL_OFF(p, k, sp));

		ir_note(ir, "if (state->call[%u].sp <= sp) {", k);
		ir_branch(ir, BPF_JGT, IR_64, there, ir_r(sp), next);
		ir_note(ir,
			"	if (state->call[%u].sp) { unpaired++; kept--; state->call[%u].sp = 0; }",
			k, k);
		ir_branch(ir, BPF_JEQ, IR_64, there, ir_k(0), free);
		pgm_count(p, RULE_OFF(p, unpaired));
		count_kept(p, -1);
		ir_store(ir, 8, p->state, CALL_OFF(p, k, sp), ir_k(0));
		ir_place(ir, free);
		ir_note(ir, "	if (!room) room = &state->call[%u]; }", k);
		ir_branch(ir, BPF_JNE, IR_64, room, ir_k(0), next);
		ir_mov(ir, room,
		       ir_r(ir_alu(ir, BPF_ADD, IR_64, p->state, ir_k(CALL_OFF(p, k, sp)))));
		ir_place(ir, next);
	}
	return room;
}

/* no room: its return is not to be counted once more, nor are those of calls in it */
static void give_up(struct pgm *p, ir_reg sp)
{
	struct ir *ir = p->ir;
	ir_label within = ir_label_new(ir);

	ir_note(ir, "unpaired++; if (state->beyond <= sp) state->beyond = sp; return 0;");
	pgm_count(p, RULE_OFF(p, unpaired));
	ir_branch(ir, BPF_JGT, IR_64, ir_load(ir, 8, p->state, BEYOND_OFF(p)), ir_r(sp), within);
	ir_store(ir, 8, p->state, BEYOND_OFF(p), ir_r(sp));
	ir_place(ir, within);
	ir_jump(ir, p->leave);
}

static void keep_call(struct pgm *p, ir_reg sp)
{
	struct ir *ir = p->ir;
	ir_reg room = find_room(p, sp);
	ir_label found = ir_label_new(ir);

	ir_note(ir, "if (!room) {");
	ir_branch(ir, BPF_JNE, IR_64, room, ir_k(0), found);
	give_up(p, sp);
	ir_note(ir, "}");
	ir_place(ir, found);
	count_kept(p, 1);
	ir_note(ir, "state->beyond = 0; /* it was further in than what has made room */");
	ir_store(ir, 8, p->state, BEYOND_OFF(p), ir_k(0));
	ir_note(ir, "room->sp = sp; room->arg[] = arguments;");
	ir_store(ir, 8, room, offsetof(struct after_call, sp), ir_r(sp));
	if (p->env->site->func.context) {
		ir_note(ir, "room->time = bpf_ktime_get_ns();");
		ir_store(ir, 8, room, offsetof(struct after_call, time),
			 ir_r(ir_call(ir, BPF_FUNC_ktime_get_ns, NULL, 0)));
	}
	for (unsigned int n = 0; n < LIMIT_PARAMS; n++)
		ir_store(ir, 8, room, offsetof(struct after_call, arg) + 8 * (int32_t)n,
			 ir_r(ir_load(ir, 8, p->ctx, p->abi->arg[n])));
}

int after_entry_prog(const struct comp_env *env, struct comp_unit *unit)
{
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_KPROBE);
	if (ret < 0)
		return ret;
	pgm_need_armed(&p);
	pgm_need_task_context(&p, &env->site->func);
	pgm_need_scope(&p);
	pgm_state(&p);
	pgm_state_or_new(&p);
	ir_note(p.ir, "sp = regs->sp;");
	keep_call(&p, abi_frame_address(p.abi, p.ir, p.ctx));
	pgm_end(&p);
	return 0;
}

void after_find_call(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_label found = ir_label_new(ir);
	ir_reg sp;

	p->call = ir_new_reg(ir);
	pgm_state(p);
	/* the return address, which the entry's stack pointer points at, is gone by now */
	ir_note(ir, "if (!state) return 0; sp = regs->sp - %d;", RETURN_ADDRESS);
	ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), p->leave);
	sp = ir_alu(ir, BPF_SUB, IR_64, abi_frame_address(p->abi, ir, p->ctx),
		    ir_k(RETURN_ADDRESS));
	for (unsigned int k = 0; k < LIMIT_AFTER_CALLS; k++) {
		ir_label other = ir_label_new(ir);

		ir_note(ir,
			"if (state->call[%u].sp == sp) { call = &state->call[%u]; goto found; }", k,
			k);
		ir_branch(ir, BPF_JNE, IR_64, ir_load(ir, 8, p->state, CALL_OFF(p, k, sp)),
			  ir_r(sp), other);
		ir_mov(ir, p->call,
		       ir_r(ir_alu(ir, BPF_ADD, IR_64, p->state, ir_k(CALL_OFF(p, k, sp)))));
		ir_jump(ir, found);
		ir_place(ir, other);
	}
	ir_note(ir, "if (sp > state->beyond) unpaired++; return 0; /* its entry was not seen */");
	ir_branch(ir, BPF_JLE, IR_64, sp, ir_r(ir_load(ir, 8, p->state, BEYOND_OFF(p))), p->leave);
	pgm_count(p, RULE_OFF(p, unpaired));
	ir_jump(ir, p->leave);
	ir_place(ir, found);
	count_kept(p, -1);
	ir_note(ir, "call->sp = 0; call->ret = regs->ax;");
	ir_store(ir, 8, p->call, offsetof(struct after_call, sp), ir_k(0));
	ir_store(ir, 8, p->call, offsetof(struct after_call, ret),
		 ir_r(ir_load(ir, 8, p->ctx, p->abi->result)));
	lower_arguments(p->lower, p->call);
}
