/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Following what was injected up the stack (--follow): which calls that were active at
 * the injection return what. One program at the entry and one at the return of however
 * many functions tell, without keeping a single call.
 *
 * The task's state has one stack address, `low`: how far up the stack calls have come and
 * gone since the injection. It starts at the target's own call. A call further out than
 * that which returns was there before; and its return moves `low` up. A call entered since
 * moves `low` up to itself as it enters, so that its own return is not further out. What
 * is lost, as returns are when more calls are inside than the kernel has instances for,
 * is told neither right nor wrong then: the next one further out is still itself.
 *
 * An injection inside that of another one, or after it: what `low` was tells user space
 * which calls have been active at both. The end of the system call ends all of it, and a
 * task of which nothing is to be told is left alone until its next one.
 */
#include "comp/program.h"
#include "util/str.h"

#define RETURN_ADDRESS	   8
#define PATH_OFF(p, field) ((int32_t)((p)->env->job->path + offsetof(struct path_state, field)))

/* nobody's: in whichever function we are, it may be that of an interrupt */
static const struct comp_func any_function;

static void put_at(struct pgm *p, const struct pgm_record *r, ir_reg sp, ir_reg low,
		   const char *what)
{
	ir_note(p->ir, "record.at = { sp, %s };", what);
	ir_slot_store(p->ir, 8, r->slot, RECORD_OFF(at.sp), ir_r(sp));
	ir_slot_store(p->ir, 8, r->slot, RECORD_OFF(at.low), ir_r(low));
}

static struct pgm_record begin_record(struct pgm *p)
{
	struct pgm_record r = { .slot = ir_slot_new(p->ir, RECORD_OFF(stack)) };

	ir_slot_store(p->ir, 4, r.slot, RECORD_OFF(stack_bytes), ir_k(0));
	return r;
}

/* at a return: where it was; a caller without a frame has its own right above it */
static ir_reg return_address(struct pgm *p, ir_reg sp)
{
	ir_note(p->ir, "sp = regs->sp - %d;", RETURN_ADDRESS);
	return ir_alu(p->ir, BPF_SUB, IR_64, sp, ir_k(RETURN_ADDRESS));
}

/* without memory for the task's state it is injected and not followed */
void path_begin(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_label none = ir_label_new(ir);
	ir_reg state = p->state, hurt, sp, low;
	struct pgm_record r;

	pgm_state_or(p, none);
	r = begin_record(p);
	ir_note(ir, "value = ++state->path.hurt;");
	hurt = ir_alu(ir, BPF_ADD, IR_64, ir_load(ir, 8, p->state, PATH_OFF(p, hurt)), ir_k(1));
	ir_store(ir, 8, p->state, PATH_OFF(p, hurt), ir_r(hurt));
	pgm_record_head(p, &r, RECORD_PATH, ir_k(0), hurt);
	sp = abi_frame_address(p->abi, ir, p->ctx);
	if (p->unit->meta.kind == PROG_KRETPROBE)
		sp = return_address(p, sp);
	low = ir_load(ir, 8, p->state, PATH_OFF(p, low));
	put_at(p, &r, sp, low, "low");
	ir_note(ir, "state->path.low = sp;");
	ir_store(ir, 8, p->state, PATH_OFF(p, low), ir_r(sp));
	pgm_record_send(p, &r, ir_k(RECORD_OFF(stack)));
	ir_place(ir, none);
	p->state = state;
}

/* p->state, of a task in which there is something to follow; low */
static ir_reg need_followed(struct pgm *p)
{
	struct ir *ir = p->ir;
	ir_reg low;

	pgm_need_armed(p);
	pgm_need_task_context(p, &any_function);
	pgm_state(p);
	ir_note(ir, "if (!state || !(low = state->path.low)) return 0;");
	ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), p->leave);
	low = ir_load(ir, 8, p->state, PATH_OFF(p, low));
	ir_branch(ir, BPF_JEQ, IR_64, low, ir_k(0), p->leave);
	return low;
}

static void entry_prog(struct pgm *p)
{
	ir_reg low = need_followed(p);
	ir_reg sp = abi_frame_address(p->abi, p->ir, p->ctx);

	ir_note(p->ir, "if (low < regs->sp) state->path.low = regs->sp;");
	ir_branch(p->ir, BPF_JGE, IR_64, low, ir_r(sp), p->leave);
	ir_store(p->ir, 8, p->state, PATH_OFF(p, low), ir_r(sp));
}

static void return_prog(struct pgm *p)
{
	ir_reg low = need_followed(p), sp, hurt, place, value;
	struct ir *ir = p->ir;
	struct pgm_record r;

	sp = return_address(p, abi_frame_address(p->abi, ir, p->ctx));
	ir_note(ir, "if (low >= sp) return 0; state->path.low = sp;");
	ir_branch(ir, BPF_JGE, IR_64, low, ir_r(sp), p->leave);
	ir_store(ir, 8, p->state, PATH_OFF(p, low), ir_r(sp));
	ir_note(ir, "place = bpf_get_attach_cookie(ctx); value = regs->ax;");
	place = ir_call(ir, BPF_FUNC_get_attach_cookie, (struct ir_val[]){ ir_r(p->ctx) }, 1);
	value = ir_load(ir, 8, p->ctx, p->abi->result);
	hurt = ir_load(ir, 8, p->state, PATH_OFF(p, hurt));
	r = begin_record(p);
	pgm_record_head(p, &r, RECORD_STEP, ir_r(place), value);
	put_at(p, &r, sp, hurt, "state->path.hurt");
	pgm_record_send(p, &r, ir_k(RECORD_OFF(stack)));
}

/* sys_exit: (struct pt_regs *regs, long ret) */
static void syscall_prog(struct pgm *p)
{
	struct ir *ir = p->ir;
	struct pgm_record r;

	need_followed(p);
	ir_note(ir, "state->path.low = 0;");
	ir_store(ir, 8, p->state, PATH_OFF(p, low), ir_k(0));
	r = begin_record(p);
	pgm_record_head(p, &r, RECORD_SYSCALL, ir_k(0), ir_load(ir, 8, p->ctx, p->abi->arg[1]));
	pgm_record_send(p, &r, ir_k(RECORD_OFF(stack)));
}

/* sched_process_exit: of current, whose exit_code do_exit() has set by then (6.1, 6.12) */
static void exit_prog(struct pgm *p)
{
	struct ir *ir = p->ir;
	struct pgm_record r;

	pgm_need_armed(p);
	pgm_state(p);
	ir_note(ir, "if (!state || !state->path.hurt) return 0;");
	ir_branch(ir, BPF_JEQ, IR_64, p->state, ir_k(0), p->leave);
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 8, p->state, PATH_OFF(p, hurt)), ir_k(0),
		  p->leave);
	r = begin_record(p);
	ir_note(ir, "value = task->exit_code;");
	pgm_record_head(p, &r, RECORD_EXIT, ir_k(0),
			ir_load(ir, 4, p->task, p->env->kern.task_exit_code));
	pgm_record_send(p, &r, ir_k(RECORD_OFF(stack)));
}

int path_prog(const struct comp_env *env, enum comp_path which, struct comp_unit *unit)
{
	static const struct {
		const char *name;
		enum prog_kind kind;
		void (*write)(struct pgm *p);
	} progs[COMP_PATH_COUNT] = {
		[COMP_PATH_ENTRY] = { "rc_path_entry", PROG_KPROBE, entry_prog },
		[COMP_PATH_RETURN] = { "rc_path_return", PROG_KRETPROBE, return_prog },
		[COMP_PATH_SYSCALL] = { "rc_path_syscall", PROG_RAW_TP, syscall_prog },
		[COMP_PATH_EXIT] = { "rc_path_exit", PROG_RAW_TP, exit_prog },
	};
	struct pgm p;
	int ret = pgm_begin(&p, env, unit, progs[which].kind);

	if (ret < 0)
		return ret;
	progs[which].write(&p);
	pgm_end(&p);
	str_copy(unit->meta.name, sizeof(unit->meta.name), progs[which].name);
	if (which == COMP_PATH_SYSCALL)
		unit->meta.attach_btf_id = env->kern.sys_exit;
	else if (which == COMP_PATH_EXIT)
		unit->meta.attach_btf_id = env->kern.process_exit;
	return 0;
}
