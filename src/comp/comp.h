/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One rule to programs. Pure: asks the kernel nothing but its types, given as
 * BTF; knows nothing of how programs are loaded.
 */
#pragma once

#include "comp/context.h"
#include "comp/scope.h"
#include "kern/kbtf.h"
#include "lang/ast.h"
#include "util/control.h"
#include "util/prog.h"

/* A distinct function of the chain; several places may share one. */
struct comp_func {
	const char *name; /* as the kernel calls it */
	uint32_t func_id; /* BTF FUNC; 0: no BTF, entry probe only */
	bool trampoline;  /* fentry + fexit; else entry probe */
	bool syscall;	  /* a syscall wrapper: its arguments are in the pt_regs it is given */
	bool returned;	  /* it is looked at when it returns: `retval` is known */
	const struct kbtf *btf; /* its module's types; NULL: the session's */
	int attach_fd;		/* borrowed: of that BTF, for trampolines; -1: not to be had */
	const struct frame *declared;	    /* its parameters, should BTF not have them; or NULL */
	const struct comp_context *context; /* of a probe; NULL: a rule's function */
};

struct comp_place {
	const struct frame *frame;
	unsigned int func; /* index into funcs */
};

/*
 * Consecutive places. In one that is negated, every function stands only once, and one
 * with a condition has a trampoline: else a call could pass for another.
 */
struct comp_chain {
	unsigned int first, n;
	bool negated;
};

/* A function whose return value is to be replaced, and how its program is run. */
struct comp_site {
	struct comp_func func;
	enum prog_kind kind;
	const char *gfp_param; /* parameter holding GFP flags, NULL: none */
	uint64_t nofail_mask;  /* allocations with it are left alone; 0: no guard */
	uint32_t number;       /* what records say of it */
	bool many;	       /* one program for several: records then have the link's cookie */
	uint32_t after;	       /* where its struct after_state is in a task's state */
	bool may_sleep;	       /* it runs where it may; so may a trampoline's program then */
};

/* One rule on the way to programs. Jobs of one session share btf, scope and cpu_slots. */
struct comp_job {
	const struct rule *rule;
	unsigned int number; /* of the rule in its session */
	const struct kbtf *btf;
	const struct comp_site *site; /* the target, or the first of them */
	const struct comp_func *funcs;
	unsigned int n_funcs;
	const struct comp_place *places; /* chain by chain, each outermost first */
	unsigned int n_places;
	const struct comp_chain *chains; /* none is empty */
	unsigned int n_chains;
	struct comp_scope scope;
	int64_t value;		  /* what the target returns when injected */
	struct schedule schedule; /* in a spec drawn at the entry of the outermost frame */
	uint32_t cpu_slots;	  /* power of two */
	uint32_t control;	  /* where its struct rule_control is in the control map's value */
	uint32_t state;		  /* where its struct chain_state is in a task's */
	uint32_t path;		  /* where the struct path_state is; 0: nothing is followed */
	bool dry;		  /* nothing is replaced, all else is done */
};

struct prog_set {
	struct prog *progs;
	unsigned int n_progs;
};

/* a name that is no parameter's but differs from call to call: pid, $comm, arg1 */
bool comp_name_varies(struct str name);

/*
 * Whether calls differ in what the frame's condition says: one of constants alone does
 * not, nor one that plainly holds for whatever it names, as `x || 1`.
 */
int comp_varies(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
		const struct frame *frame, bool *varies, struct err *err);

/* What the condition looks at. Nothing is said of one that does not fit the function: -EINVAL. */
struct comp_reads {
	bool arguments; /* what differs from function to function */
	bool user;	/* memory of the process, which need not be there */
};
int comp_reads(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
	       const struct frame *frame, struct comp_reads *out, struct err *err);

/* An expression that has to be constant: -EINVAL with a caret if it is not. */
struct comp_constant {
	int64_t value;
	bool is_unsigned; /* a negative value stands for one above INT64_MAX */
	bool is_pointer;
};
int comp_constant(const struct kbtf *btf, const struct source *src, const struct expr *e,
		  struct comp_constant *out, struct err *err);

/*
 * The programs of one site for all rules that name it: the first rule that matches
 * acts. One; for `after` two, what remembers the entry behind it.
 */
int comp_target(const struct comp_job *const *jobs, unsigned int n_jobs,
		const struct comp_site *site, struct prog_set *out, struct err *err);
/* those that follow the rule's callers */
int comp_chains(const struct comp_job *job, struct prog_set *out, struct err *err);
/* what marks the children of marked tasks */
int comp_children(const struct comp_job *job, struct prog_set *out, struct err *err);
/*
 * What follows an injection up its stack, whatever the rule: the entry and the return of
 * any function, the end of a system call, the end of a task; in this order (job->path).
 */
enum comp_path {
	COMP_PATH_ENTRY,
	COMP_PATH_RETURN,
	COMP_PATH_SYSCALL,
	COMP_PATH_EXIT,
	COMP_PATH_COUNT
};
int comp_path(const struct comp_job *job, struct prog_set *out, struct err *err);
/* those of a rule, targets first, for a session of one rule on one site */
int comp_rule(const struct comp_job *job, struct prog_set *out, struct err *err);
void prog_set_free(struct prog_set *s);
void prog_set_print(const struct prog_set *s, struct buf *out);

/* stages as text, for -v and golden files: typed trees of all predicates, then IR */
struct buf;
int comp_explain(const struct comp_job *job, struct buf *types, struct buf *ir, struct err *err);

/*
 * A predicate alone, for tests, reading arguments and memory as a rule's program of
 * that kind does. 1: it holds, 0: it does not, 2: a read faulted; PROG_SYSCALL
 * programs (ctx: u64 args[6]) return it, any other stores it as the control page's
 * first u32.
 */
int comp_predicate(const struct kbtf *btf, const struct source *src, const struct frame *frame,
		   const char *func, enum prog_kind kind, struct prog *out, struct err *err);
