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
#define ALWAYS		 (1ull << 32) /* probability 1 */

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
	struct arena *arena;	      /* typed trees */
	struct pred target;	      /* predicate on the target's arguments */
	struct pred *place;	      /* one for each place */
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
	ir_label leave;	     /* return 0 */
	ir_label fault;	     /* read_faults++; return 0 */
	struct lower *lower; /* arguments and reads shared by the predicates */
};

#define CONTROL_OFF(field) ((uint32_t)offsetof(struct control, field))
#define STATE_OFF(field)   ((int32_t)offsetof(struct task_state, field))
#define RECORD_OFF(field)  ((int32_t)offsetof(struct record, field))
#define FRAME_OFF(k)	   ((int32_t)(offsetof(struct task_state, frame) + 8 * (size_t)(k)))

/* pieces of every program (program.c) */
int pgm_begin(struct pgm *p, const struct comp_env *env, struct comp_unit *unit,
	      enum prog_kind kind);
void pgm_end(struct pgm *p); /* places `leave` */
void pgm_need_armed(struct pgm *p);
void pgm_need_active(struct pgm *p);
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

int target_prog(const struct comp_env *env, struct comp_unit *unit);
int frame_enter_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit);
int frame_exit_prog(const struct comp_env *env, unsigned int func, struct comp_unit *unit);
int scope_prog(const struct comp_env *env, struct comp_unit *unit);
