/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The programs of one rule, shared by their writers (target_prog.c,
 * frame_prog.c, scope_prog.c) and comp.c. Not an interface of the compiler.
 *
 * Writers never fail visibly: the IR is sticky, and everything that can be wrong
 * with a rule was found before, while binding and typing.
 */
#pragma once

#include <stddef.h>

#include "comp/abi.h"
#include "comp/comp.h"
#include "comp/ir.h"
#include "comp/tree.h"
#include "util/control.h"

/* NMI, hardirq, softirq being served: current is only a bystander (preempt.h) */
#define NOT_TASK_CONTEXT 0x00ff0100
#define PF_KTHREAD	 0x00200000

/* What the kernel's BTF says and programs need. */
struct comp_kernel {
	int32_t task_tgid, task_flags;
	int32_t task_storage; /* task->bpf_storage, if a look-up can fail; -1: it cannot */
	uint32_t preempt_var; /* BTF VAR, per CPU */
	int32_t preempt_off;
	uint32_t newtask; /* typedef btf_trace_task_newtask; 0 unless scope.marked */
};

struct comp_env {
	const struct comp_job *job;
	struct comp_kernel kern;
	struct arena *arena; /* typed trees */
	struct pred target;  /* predicate on the target's arguments */
	struct pred *place;  /* one for each place */
	/*
	 * By place, in negated chains: which frame[] of the task's state holds the outermost
	 * call that was judged and found not to match; 0: none, it has no condition. What the
	 * stack shows and nobody judged was missed, and may be what the chain forbids.
	 */
	unsigned int judged[LIMIT_FRAMES];
	const struct tree_param *gfp; /* NULL: no guard */
	struct err *err;
};

/* One program before assembly. */
struct comp_unit {
	struct prog meta; /* kind, name, func, src, attach_btf_id */
	struct ir *main;
	struct ir *callback; /* or NULL */
};

/* One program being written. */
struct pgm {
	const struct comp_env *env;
	const struct abi *abi;
	struct ir *ir;
	ir_reg ctx;
	ir_reg task;	     /* 0 until needed */
	ir_reg state;	     /* 0 until looked up; may be NULL then */
	ir_reg walked;	     /* what bpf_get_stack() returned */
	ir_label leave;	     /* return 0 */
	ir_label fault;	     /* read_faults++; return 0 */
	struct lower *lower; /* arguments and reads shared by the predicates */
};

#define CONTROL_OFF(field) ((uint32_t)offsetof(struct control, field))
#define STATE_OFF(field)   ((int32_t)offsetof(struct task_state, field))
#define RECORD_OFF(field)  ((int32_t)offsetof(struct record, field))
#define ACTIVE_OFF(c)	   ((uint32_t)(offsetof(struct control, active) + 8 * (size_t)(c)))
#define MATCHED_OFF(c)	   ((int32_t)(offsetof(struct task_state, matched) + 4 * (size_t)(c)))
#define INJECTED_OFF(c)	   ((int32_t)(offsetof(struct task_state, injected) + 4 * (size_t)(c)))
#define FRAME_OFF(k)	   ((int32_t)(offsetof(struct task_state, frame) + 8 * (size_t)(k)))

/*
 * Does the task's state follow the chain, or is the stack looked at alone? That is
 * enough to say that a negated chain without conditions is not there.
 */
bool chain_tracked(const struct comp_env *env, unsigned int chain);
/* tracked chains that name the function, by bit */
uint32_t func_chains(const struct comp_env *env, unsigned int func);

/* pieces of every program (program.c) */
int pgm_begin(struct pgm *p, const struct comp_env *env, struct comp_unit *unit,
	      enum prog_kind kind);
void pgm_end(struct pgm *p); /* places `leave` */
void pgm_need_armed(struct pgm *p);
/* one of these chains, by bit, has tasks inside */
void pgm_need_active(struct pgm *p, uint32_t chains);
void pgm_need_task_context(struct pgm *p);
void pgm_need_task(struct pgm *p);
void pgm_need_scope(struct pgm *p);
/* p->state = storage of current, which may be NULL */
void pgm_state(struct pgm *p);
/* if (!state) return 0; counted as lost where that may be a failed look-up */
void pgm_need_state(struct pgm *p);
/* same, made if there is none: never NULL; no memory: lost++, return 0 */
void pgm_state_or_new(struct pgm *p);
/* if (draw fails) { unlucky++; return 0; } */
void pgm_draw(struct pgm *p);
void pgm_count(struct pgm *p, uint32_t control_off);
/* whose, when, where: what both kinds of record start with */
struct pgm_record {
	ir_reg base; /* pointer to it, or 0: */
	ir_slot slot;
};
void pgm_record_head(struct pgm *p, const struct pgm_record *r, enum record_kind kind,
		     uint32_t place, ir_reg value);
/* send it, counting a full buffer */
void pgm_record_send(struct pgm *p, const struct pgm_record *r, struct ir_val size);
/* if (!predicate) return 0; a faulting read counts */
void pgm_predicate(struct pgm *p, const struct pred *pred);

/* the target's: the stack, and whether it has the chains it should (target_walk.c) */
ir_reg walk_stack(struct pgm *p);
void walk_chains(struct pgm *p, ir_reg rec);
int walk_callback(const struct comp_env *env, struct comp_unit *unit);

/* the target's: count the match, and return 0 unless it is one to inject (target_schedule.c) */
void schedule_match(struct pgm *p);
void schedule_look(struct pgm *p);
void schedule_take(struct pgm *p);
bool schedule_numbers(const struct pgm *p);

int target_prog(const struct comp_env *env, struct comp_unit *unit);
int frame_enter_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit);
/* keeps calls on the stack that end in a jump: the trampoline is what does it */
int frame_hold_prog(const struct comp_env *env, struct comp_unit *unit);
int frame_exit_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit);
int scope_prog(const struct comp_env *env, struct comp_unit *unit);
