/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A rule against one kernel: which functions are meant by each name, by which engine
 * they can be overridden, how callers can be followed, and what is odd about it. Pure
 * given a struct kern; arms nothing.
 */
#pragma once

#include "comp/comp.h"
#include "engine/engine.h"
#include "kern/kern.h"
#include "lang/ast.h"
#include "util/arena.h"
#include "util/buf.h"

#define PLAN_ENGINES 3 /* of which a site has a choice at most */

/* One function whose value is to be replaced. */
struct plan_site {
	struct comp_site comp; /* its kind and numbers are for whoever compiles it */
	const char *symbol;    /* what to look up: its name, of a module's "module:name" */
	const char *module;    /* that the rule or the kernel's list says has it; NULL */
	struct ksym sym;
	struct rule *declared;	   /* owns what comp.func says is declared */
	enum kern_error_type type; /* as the kernel's list says; unknown unless it was read */
	enum engine engine[PLAN_ENGINES]; /* in the order in which to try them */
	unsigned int n_engines;
	bool left_out; /* until target_sweep() */
};

struct plan_func {
	char name[LIMIT_IDENT + 1]; /* as this kernel calls it */
	struct ksym sym;
};

struct plan_opts {
	bool force;		 /* take what is refused for what may come of it */
	const enum engine *only; /* this one and no other; NULL */
};

struct plan {
	const struct rule *rule;
	struct plan_opts opts;
	struct arena *arena; /* names of sites */
	struct plan_site *sites;
	unsigned int n_sites;
	const char *wanted; /* what the first of them was looked for as */
	bool pattern;	    /* the rule names them by a pattern: some may be left out */
	int64_t value;	    /* what they return when injected */
	bool judged;	    /* the rule's condition on some site was */
	bool by_arguments; /* the rule's condition on them looks at arguments or what is returned */
	struct plan_func func[LIMIT_FRAMES]; /* beside comp_funcs, same index */
	struct comp_func comp_funcs[LIMIT_FRAMES];
	struct rule *declared[LIMIT_FRAMES]; /* owns what comp_funcs say is declared */
	unsigned int n_funcs;
	struct comp_place places[LIMIT_FRAMES]; /* chain by chain, each outermost first */
	unsigned int n_places;
	struct comp_chain chains[LIMIT_CHAINS];
	unsigned int n_chains;
	struct buf notes; /* one line each: what the user should know */
};

/*
 * -ENOENT with the nearest names for an unknown function; -EINVAL for a chain that
 * contains its own target, or a value the target may not return; -EOPNOTSUPP when no
 * engine is left. Of a pattern, sites that cannot be had are left out, with a note.
 * *out needs plan_free() even after an error.
 */
int plan_rule(struct plan *out, const struct rule *rule, struct kern *kern,
	      const struct plan_opts *opts, struct err *err);
void plan_free(struct plan *p);
/* some caller must be active; a rule that only says who must not be is as good as none */
bool plan_has_caller(const struct plan *p);
/* the first site, by the name this kernel has for it */
const char *plan_target(const struct plan *p);

/*
 * "__x64_sys_mount" for SyS_mount, sys_mount; the name itself otherwise, and where the
 * kernel has that function and no such system call. -E2BIG
 */
int plan_kernel_name(const struct kbtf *btf, const char *written, char *out, size_t size,
		     bool *is_syscall);
