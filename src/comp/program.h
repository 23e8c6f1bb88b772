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
	struct scope_offsets scope;
	uint32_t newtask;		 /* typedef btf_trace_task_newtask; 0 unless scope.marked */
	uint32_t sys_exit, process_exit; /* the same of these; 0 unless job->path */
	int32_t task_exit_code;
};

/* One rule, bound to types; of the target's program on one of its sites. */
struct comp_env {
	const struct comp_job *job;
	const struct comp_site *site; /* NULL: the chain's programs are written */
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
	struct ir *callback[LIMIT_CALLBACKS];
	unsigned int n_callbacks;
	bool no_memory; /* for one of them */
};

/* The programs of one compilation, until they are assembled (comp.c). */
struct comp_units {
	struct comp_unit *unit;
	unsigned int n;
};
int comp_units_alloc(struct comp_units *u, unsigned int n, struct err *err);
void comp_units_free(struct comp_units *u);
/* behind those that are in *out already */
int comp_units_assemble(struct comp_units *u, struct prog_set *out, struct err *err);

/* One program being written. */
struct pgm {
	const struct comp_env *env;
	const struct abi *abi;
	struct ir *ir;
	ir_reg ctx;
	ir_reg task;	     /* 0 until needed */
	ir_reg state;	     /* 0 until looked up; may be NULL then */
	ir_reg walked;	     /* what bpf_get_stack() returned */
	ir_reg call;	     /* `after`: the struct after_call at hand */
	ir_label leave;	     /* return 0 */
	ir_label fault;	     /* read_faults++; return 0 */
	struct lower *lower; /* arguments and reads shared by the predicates */
	struct comp_unit *unit;
};

/* what all rules share, and what the rule at hand (p, a struct pgm) has for itself */
#define CONTROL_OFF(field)  ((uint32_t)offsetof(struct control, field))
#define RULE_OFF(p, field)  ((p)->env->job->control + (uint32_t)offsetof(struct rule_control, field))
#define ACTIVE_OFF(p, c)    (RULE_OFF(p, active) + 8 * (uint32_t)(c))
#define STATE_OFF(field)    ((int32_t)offsetof(struct task_state, field))
#define CHAIN_OFF(p, field) ((int32_t)((p)->env->job->state + offsetof(struct chain_state, field)))
#define MATCHED_OFF(p, c)   (CHAIN_OFF(p, matched) + 4 * (int32_t)(c))
#define INJECTED_OFF(p, c)  (CHAIN_OFF(p, injected) + 4 * (int32_t)(c))
#define FRAME_OFF(p, k)	    (CHAIN_OFF(p, frame) + 8 * (int32_t)(k))
#define RECORD_OFF(field)   ((int32_t)offsetof(struct record, field))

/*
 * fmod_ret on a system call: allowed on the injection list, check_attach_btf_id(), 6.1. (Of
 * what else is on it, the kernel refuses only what it knows to be called in atomic context.)
 */
static inline bool site_sleeps(const struct comp_site *site)
{
	return site->may_sleep && site->kind == PROG_FMOD_RET;
}

/*
 * Does the task's state follow the chain, or is the stack looked at alone? That is
 * enough to say that a negated chain without conditions is not there.
 */
bool chain_tracked(const struct comp_env *env, unsigned int chain);
/* tracked chains that name the function, by bit */
uint32_t func_chains(const struct comp_env *env, unsigned int func);

int comp_find_kernel(const struct comp_job *job, struct comp_kernel *k, struct err *err);

/* pieces of every program (program.c) */
int pgm_begin(struct pgm *p, const struct comp_env *env, struct comp_unit *unit,
	      enum prog_kind kind);
void pgm_end(struct pgm *p); /* places `leave` */
void pgm_need_armed(struct pgm *p);
/* one of these chains, by bit, has tasks inside */
void pgm_need_active(struct pgm *p, uint32_t chains);
void pgm_need_task_context(struct pgm *p, const struct comp_func *func);
void pgm_need_task(struct pgm *p);
/* return 0 unless the current task is in scope (scope.c) */
void pgm_need_scope(struct pgm *p);
/* p->state = storage of current, which may be NULL */
void pgm_state(struct pgm *p);
/* if (!state) return 0; counted as lost where that may be a failed look-up */
void pgm_need_state(struct pgm *p);
/* same, made if there is none: never NULL; no memory: lost++, return 0 */
void pgm_state_or_new(struct pgm *p);
/* the same, but goes to `none` uncounted */
void pgm_state_or(struct pgm *p, ir_label none);
/* if (draw fails) { unlucky++; return 0; } */
void pgm_draw(struct pgm *p);
void pgm_count(struct pgm *p, uint32_t control_off);
/* can another program run on this CPU in the middle of this one, or this one once more? */
bool pgm_interruptible(const struct pgm *p);
/* the address of a field of a cpu[], this CPU's */
ir_reg pgm_cpu_slot(struct pgm *p, uint32_t control_off);
/* add n to a field of the rule's cpu[], which each CPU has for itself; `what` is for the listing */
void pgm_count_cpu(struct pgm *p, uint32_t control_off, int64_t n, const char *what);
/* whose, when, where: what both kinds of record start with */
struct pgm_record {
	ir_reg base; /* pointer to it, or 0: */
	ir_slot slot;
};
void pgm_record_head(struct pgm *p, const struct pgm_record *r, enum record_kind kind,
		     struct ir_val place, ir_reg value);
/* send it, counting a full buffer */
void pgm_record_send(struct pgm *p, const struct pgm_record *r, struct ir_val size);
/* if (!predicate) return 0; a faulting read counts */
void pgm_predicate(struct pgm *p, const struct pred *pred);

/* the target's: the stack, and whether it has the chains it should (target_walk.c) */
struct walk_hold {
	ir_reg on; /* what says that this CPU's record is in use; 0: nothing has to */
	ir_label leave;
};
/* p->leave lets go of the record from here on; done: where the program ends */
ir_reg walk_stack(struct pgm *p, struct walk_hold *hold, ir_label done);
/* where it is used no more, but nothing left yet; walk_end(), where all is written */
void walk_let_go(struct pgm *p, const struct walk_hold *hold);
void walk_end(struct pgm *p, const struct walk_hold *hold);
void walk_chains(struct pgm *p, ir_reg rec);

/* the target's: count the match, and return 0 unless it is one to inject (target_schedule.c) */
void schedule_match(struct pgm *p);
void schedule_look(struct pgm *p);
void schedule_take(struct pgm *p);
bool schedule_numbers(const struct pgm *p);

/* what is injected is followed up the stack (path_prog.c) */
void path_begin(struct pgm *p);
int path_prog(const struct comp_env *env, enum comp_path which, struct comp_unit *unit);

/* the first of the rules that matches acts; all are of one site */
int target_prog(const struct comp_env *envs, unsigned int n_envs, struct comp_unit *unit);
/* what remembers a call of an `after` target until it returns (after_prog.c) */
int after_entry_prog(const struct comp_env *env, struct comp_unit *unit);
/* at the return: p->call, or leave */
void after_find_call(struct pgm *p);
int frame_enter_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit);
/* keeps calls on the stack that end in a jump: the trampoline is what does it */
int frame_hold_prog(const struct comp_env *env, struct comp_unit *unit);
int frame_exit_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit);
int scope_prog(const struct comp_env *env, struct comp_unit *unit);
