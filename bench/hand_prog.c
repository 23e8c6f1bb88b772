/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three programs, with retcon's promises: see src/comp/target_prog.c and
 * frame_prog.c for what each test is for. What a call that does not match pays
 * is kept as short as it can be: all that follows a running chain is a function of
 * its own, so that the short way saves no registers and has no stack.
 */
#include "hand_prog.h"

#include <stddef.h>

#include "util/control.h"

#define NOT_TASK_CONTEXT 0x00ff0100
#define PF_KTHREAD	 0x00200000
#define REGS_SI		 104
#define REGS_SP		 152
#define STACK_BYTES	 ((int)sizeof(((struct record *)0)->stack))
#define REC(field)	 ((int)offsetof(struct record, field))
#define STATE(field)	 ((int)offsetof(struct hand_state, field))

enum {
	R0,
	R1,
	R2,
	R3,
	R4,
	R5,
	R6,
	R7,
	R8,
	R9,
	FP
};

#define CONTROL(d, field)                                                                          \
	LD64(d, BPF_PSEUDO_MAP_VALUE, h->control_map, offsetof(struct hand_control, field))
#define MAP(d, map) LD64(d, BPF_PSEUDO_MAP_FD, h->map, 0)

/* clobbers R0 and R1 */
#define COUNT(field)                                                                               \
	do {                                                                                       \
		CONTROL(R0, field);                                                                \
		MOV_K(R1, 1);                                                                      \
		ATOMIC_ADD(R0, 0, R1);                                                             \
	} while (0)

/* the per-CPU variable's name is in R1; its address is then in R0 */
static void need_task_context(struct code *c, const struct constants *k, struct label *out)
{
	CALL(this_cpu_ptr);
	LDX(BPF_W, R1, R0, k->preempt_off);
	JMP_K(BPF_JSET, R1, NOT_TASK_CONTEXT, out);
}

static void count_hit(struct code *c, const struct hand *h, const struct constants *k)
{
	/* 6.12 makes three instructions of it; a load from pcpu_hot would be checked, ten */
	CALL(get_smp_processor_id);
	ALU32_K(BPF_AND, R0, (__s32)k->cpu_slots - 1);
	ALU_K(BPF_LSH, R0, 6);
	CONTROL(R1, rule.cpu);
	ALU(BPF_ADD, R1, R0);
	LDX(BPF_DW, R0, R1, 0);
	ALU_K(BPF_ADD, R0, 1);
	STX(BPF_DW, R1, 0, R0);
}

/* state in R0, may be NULL; the task goes to R7 */
static void get_state(struct code *c, const struct hand *h, int flags)
{
	CALL(get_current_task_btf);
	MOV(R7, R0);
	MOV(R2, R0);
	MAP(R1, tasks_map);
	MOV_K(R3, 0);
	MOV_K(R4, flags);
	CALL(task_storage_get);
}

static void leave(struct code *c, struct label *out)
{
	place(c, out);
	MOV_K(R0, 0);
	EXIT();
}

static void need_chain(struct code *c, const struct hand *h, struct label *out)
{
	get_state(c, h, 0);
	MOV(R8, R0);
	JMP_K(BPF_JEQ, R8, 0, out);
	LDX(BPF_W, R1, R8, STATE(rule.matched));
	JMP_K(BPF_JEQ, R1, 0, out);
	LDX(BPF_DW, R1, R6, REGS_SP);
	LDX(BPF_DW, R2, R8, STATE(rule.frame));
	JMP(BPF_JLE, R2, R1, out);
}

/* flags_at: in the context, of the allocation; -1: it is about none */
static void skip_exempt(struct code *c, const struct hand *h, const struct constants *k, __u32 pid,
			__u32 ppid, int flags_at, struct label *out)
{
	struct label exempt = { 0 }, go = { 0 }, may_fail = { 0 };

	LDX(BPF_W, R1, R7, k->task_flags);
	JMP_K(BPF_JSET, R1, PF_KTHREAD, &exempt);
	LDX(BPF_W, R1, R7, k->task_tgid);
	JMP32_K(BPF_JEQ, R1, (__s32)pid, &exempt);
	JMP32_K(BPF_JEQ, R1, (__s32)ppid, &exempt);
	JMP32_K(BPF_JNE, R1, 1, &go);
	place(c, &exempt);
	COUNT(rule.exempt);
	GOTO(out);
	place(c, &go);
	if (flags_at < 0)
		return;
	LDX(BPF_W, R1, R6, flags_at);
	ALU32_K(BPF_AND, R1, (__s32)k->nofail);
	JMP32_K(BPF_JEQ, R1, 0, &may_fail);
	COUNT(rule.nofail);
	GOTO(out);
	place(c, &may_fail);
}

/* record in R7, bytes of stack in it, in R9 and R0 */
static void take_stack(struct code *c, const struct hand *h, struct label *out)
{
	ST_K(BPF_W, FP, -8, 0);
	MAP(R1, scratch_map);
	MOV(R2, FP);
	ALU_K(BPF_ADD, R2, -8);
	CALL(map_lookup_elem);
	MOV(R7, R0);
	JMP_K(BPF_JEQ, R7, 0, out);
	MOV(R1, R6);
	MOV(R2, R7);
	ALU_K(BPF_ADD, R2, REC(stack));
	MOV_K(R3, STACK_BYTES);
	MOV_K(R4, 0);
	CALL(get_stack);
	MOV(R9, R0);
	STX(BPF_W, R7, REC(stack_bytes), R9);
}

/* the walk is { record, left } at FP - 16 */
static void confirm_by_stack(struct code *c, const struct hand *h, unsigned int *callback,
			     struct label *out)
{
	struct label bad = { 0 }, good = { 0 };

	take_stack(c, h, out);
	JMP_K(BPF_JSLT, R9, 0, &bad);
	STX(BPF_DW, FP, -16, R7);
	ST_K(BPF_DW, FP, -8, 1);
	MOV(R1, R9);
	ALU_K(BPF_RSH, R1, 3);
	*callback = c->n;
	LD64(R2, BPF_PSEUDO_FUNC, 0, 0);
	MOV(R3, FP);
	ALU_K(BPF_ADD, R3, -16);
	MOV_K(R4, 0);
	CALL(loop);
	LDX(BPF_DW, R0, FP, -8);
	JMP_K(BPF_JEQ, R0, 0, &good);
	place(c, &bad);
	COUNT(rule.unconfirmed);
	GOTO(out);
	place(c, &good);
}

/* the head of the record at base (R7 or FP) + off; value is there already */
static void fill_record(struct code *c, __u8 base, int off, int kind)
{
	ST_K(BPF_W, base, off + REC(kind), kind); /* of rule 0 */
	ST_K(BPF_W, base, off + REC(place), 0);
	CALL(ktime_get_ns);
	STX(BPF_DW, base, off + REC(time), R0);
	CALL(get_current_pid_tgid);
	STX(BPF_W, base, off + REC(tid), R0);
	ALU_K(BPF_RSH, R0, 32);
	STX(BPF_W, base, off + REC(pid), R0);
	MOV(R1, base);
	ALU_K(BPF_ADD, R1, off + REC(comm));
	MOV_K(R2, 16);
	CALL(get_current_comm);
	CALL(get_smp_processor_id);
	STX(BPF_W, base, off + REC(cpu), R0);
}

/* R2 and R3 are the record and its size */
static void send_record(struct code *c, const struct hand *h)
{
	struct label sent = { 0 };

	MAP(R1, events_map);
	MOV_K(R4, 0);
	CALL(ringbuf_output);
	JMP_K(BPF_JEQ, R0, 0, &sent);
	COUNT(all.drops);
	place(c, &sent);
}

static void inject(struct code *c, const struct hand *h, bool by_helper)
{
	struct label sized = { 0 };

	COUNT(rule.injected);
	if (by_helper) {
		MOV(R1, R6);
		MOV_K(R2, -12);
		CALL(override_return);
	}
	ST_K(BPF_DW, R7, REC(value), -12);
	fill_record(c, R7, 0, RECORD_INJECTED);
	MOV(R2, R7);
	MOV_K(R3, REC(stack));
	JMP_K(BPF_JGT, R9, STACK_BYTES, &sized);
	ALU(BPF_ADD, R3, R9);
	place(c, &sized);
	send_record(c, h);
}

/* long confirm(u64 i, struct { record, left } *walk): is this the place's function? */
static void confirm(struct code *c, const struct constants *k)
{
	struct label stop = { 0 }, on = { 0 };

	JMP_K(BPF_JGE, R1, LIMIT_STACK_DEPTH, &stop);
	LDX(BPF_DW, R3, R2, 0);
	ALU_K(BPF_LSH, R1, 3);
	ALU(BPF_ADD, R3, R1);
	LDX(BPF_DW, R3, R3, REC(stack));
	LD64(R4, 0, k->frame, k->frame >> 32);
	ALU(BPF_SUB, R3, R4);
	JMP_K(BPF_JGE, R3, (__s32)k->frame_size, &on);
	ST_K(BPF_DW, R2, 8, 0);
	place(c, &stop);
	MOV_K(R0, 1);
	EXIT();
	leave(c, &on);
}

/*
 * The verifier walks all of the kernel's types each time a program names a per-CPU
 * variable. So what is quick to load names it once, for both ways; what is quick to
 * run names it twice, and saves an instruction a call.
 */
static void name_cpu_area(struct code *c, const struct constants *k, __u8 reg)
{
	LD64(reg, BPF_PSEUDO_BTF_ID, k->preempt_var, 0);
}

/* what a call pays while no task is in the chain; gives where it calls the rest */
static unsigned int fast_way(struct code *c, const struct hand *h, const struct constants *k,
			     bool quick_load)
{
	struct label out = { 0 }, slow = { 0 };
	unsigned int call;

	CONTROL(R3, all.armed);
	LDX(BPF_W, R4, R3, 0);
	JMP_K(BPF_JEQ, R4, 0, &out);
	if (quick_load)
		name_cpu_area(c, k, R2);
	LDX(BPF_DW, R4, R3, offsetof(struct hand_control, rule.active));
	JMP_K(BPF_JNE, R4, 0, &slow);
	if (quick_load)
		MOV(R1, R2);
	else
		name_cpu_area(c, k, R1);
	need_task_context(c, k, &out);
	count_hit(c, h, k);
	leave(c, &out);
	place(c, &slow);
	call = c->n;
	CALL_LOCAL(0);
	EXIT();
	return call;
}

void hand_target(struct code *c, const struct hand *h, const struct constants *k, __u32 pid,
		 __u32 ppid, bool quick_load, struct hand_funcs *f)
{
	struct label out = { 0 };
	unsigned int call, callback;

	_Static_assert(sizeof(((struct hand_control *)0)->rule.cpu[0]) == 64, "scaled by a shift");
	c->n = 0;
	call = fast_way(c, h, k, quick_load);

	f->slow = c->n;
	c->insn[call].imm = (__s32)(f->slow - call - 1);
	MOV(R6, R1);
	if (quick_load)
		MOV(R1, R2);
	else
		name_cpu_area(c, k, R1);
	need_task_context(c, k, &out);
	count_hit(c, h, k);
	need_chain(c, h, &out);
	skip_exempt(c, h, k, pid, ppid, REGS_SI, &out);
	COUNT(rule.matches);
	confirm_by_stack(c, h, &callback, &out);
	ST_K(BPF_W, R8, STATE(rule.injected), 1);
	inject(c, h, true);
	leave(c, &out);

	f->confirm = c->n;
	c->insn[callback].imm = (__s32)(f->confirm - callback - 1);
	confirm(c, k);
}

void hand_flat_target(struct code *c, const struct hand *h, const struct constants *k,
		      const struct hand_way *way, __u32 scope, __u32 pid, __u32 ppid,
		      struct hand_funcs *f)
{
	struct label out = { 0 }, skip = { 0 };
	unsigned int call;

	c->n = 0;
	MOV(R6, R1);
	CONTROL(R3, all.armed);
	LDX(BPF_W, R4, R3, 0);
	JMP_K(BPF_JEQ, R4, 0, &out);
	name_cpu_area(c, k, R1);
	need_task_context(c, k, &out);
	CALL(get_current_task_btf);
	LDX(BPF_W, R1, R0, k->task_tgid);
	JMP32_K(BPF_JNE, R1, (__s32)scope, &out);
	MOV(R1, R6);
	call = c->n;
	CALL_LOCAL(0);
	EXIT();
	leave(c, &out);

	f->slow = c->n;
	f->confirm = 0;
	c->insn[call].imm = (__s32)(f->slow - call - 1);
	MOV(R6, R1);
	CALL(get_current_task_btf);
	MOV(R7, R0);
	count_hit(c, h, k);
	skip_exempt(c, h, k, pid, ppid, way->flags_at, &skip);
	COUNT(rule.matches);
	take_stack(c, h, &skip);
	inject(c, h, !way->attach_id);
	MOV_K(R0, way->attach_id ? -12 : 0);
	EXIT();
	leave(c, &skip);
}

void hand_enter(struct code *c, const struct hand *h, const struct constants *k)
{
	struct label out = { 0 }, have = { 0 }, first = { 0 }, counted = { 0 };

	c->n = 0;
	MOV(R6, R1);
	CONTROL(R2, all.armed);
	LDX(BPF_W, R3, R2, 0);
	JMP_K(BPF_JEQ, R3, 0, &out);
	name_cpu_area(c, k, R1);
	need_task_context(c, k, &out);
	get_state(c, h, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MOV(R8, R0);
	JMP_K(BPF_JNE, R8, 0, &have);
	COUNT(all.lost);
	GOTO(&out);
	place(c, &have);
	LDX(BPF_W, R1, R8, STATE(rule.matched));
	JMP_K(BPF_JEQ, R1, 0, &first);
	LDX(BPF_DW, R1, R8, STATE(rule.frame));
	JMP(BPF_JGT, R1, R6, &out); /* a recursion */
	GOTO(&counted);		    /* an exit was missed: it counts on */
	place(c, &first);
	COUNT(rule.entered);
	COUNT(rule.active);
	place(c, &counted);
	STX(BPF_DW, R8, STATE(rule.frame), R6);
	ST_K(BPF_W, R8, STATE(rule.matched), 1);
	ST_K(BPF_W, R8, STATE(rule.injected), 0);
	leave(c, &out);
}

void hand_exit(struct code *c, const struct hand *h)
{
	const int rec = -REC(stack);
	struct label out = { 0 }, silent = { 0 };

	c->n = 0;
	CONTROL(R2, rule.active);
	LDX(BPF_DW, R2, R2, 0);
	JMP_K(BPF_JEQ, R2, 0, &out);
	MOV(R6, R1);
	get_state(c, h, 0);
	MOV(R8, R0);
	JMP_K(BPF_JEQ, R8, 0, &out);
	LDX(BPF_W, R1, R8, STATE(rule.matched));
	JMP_K(BPF_JEQ, R1, 0, &out);
	LDX(BPF_DW, R1, R8, STATE(rule.frame));
	JMP(BPF_JNE, R1, R6, &out);
	ST_K(BPF_W, R8, STATE(rule.matched), 0);
	LDX(BPF_W, R1, R8, STATE(rule.injected));
	JMP_K(BPF_JEQ, R1, 0, &silent);
	MOV(R1, R6);
	MOV(R2, FP);
	ALU_K(BPF_ADD, R2, rec - 8);
	CALL(get_func_ret);
	LDX(BPF_W, R0, FP, rec - 8);
	ALU_K(BPF_LSH, R0, 32);
	ALU_K(BPF_ARSH, R0, 32);
	STX(BPF_DW, FP, rec + REC(value), R0);
	ST_K(BPF_W, FP, rec + REC(stack_bytes), 0);
	fill_record(c, FP, rec, RECORD_RETURN);
	MOV(R2, FP);
	ALU_K(BPF_ADD, R2, rec);
	MOV_K(R3, REC(stack));
	send_record(c, h);
	place(c, &silent);
	CONTROL(R0, rule.active);
	MOV_K(R1, -1);
	ATOMIC_ADD(R0, 0, R1);
	ST_K(BPF_W, R8, STATE(rule.injected), 0);
	leave(c, &out);
}
