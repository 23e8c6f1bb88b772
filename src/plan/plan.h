/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A rule against one kernel: which function is meant by each name, how it can be
 * followed, and what is odd about it. Pure given a struct kern; arms nothing.
 */
#pragma once

#include "comp/comp.h"
#include "kern/kern.h"
#include "lang/ast.h"
#include "util/buf.h"

struct plan_func {
	char name[LIMIT_IDENT + 1]; /* as this kernel calls it */
	struct ksym sym;
};

struct plan {
	const struct rule *rule;
	char target_name[LIMIT_IDENT + 1];
	struct comp_func target;
	struct ksym target_sym;
	struct plan_func func[LIMIT_FRAMES]; /* beside comp_funcs, same index */
	struct comp_func comp_funcs[LIMIT_FRAMES];
	struct rule *target_declared;	     /* owns what target says is declared */
	struct rule *declared[LIMIT_FRAMES]; /* owns what comp_funcs say is declared */
	unsigned int n_funcs;
	struct comp_place places[LIMIT_FRAMES]; /* chain by chain, each outermost first */
	unsigned int n_places;
	struct comp_chain chains[LIMIT_CHAINS];
	unsigned int n_chains;
	struct buf notes; /* one line each: what the user should know */
};

/*
 * -ENOENT with the nearest names for an unknown function; -EINVAL for a chain
 * that contains its own target. *out needs plan_free() even after an error.
 */
int plan_rule(struct plan *out, const struct rule *rule, struct kern *kern, struct err *err);
void plan_free(struct plan *p);
/* some caller must be active; a rule that only says who must not be is as good as none */
bool plan_has_caller(const struct plan *p);

/*
 * What the target shall return: the rule's VALUE, which has to be constant, to fit the
 * target's return type, and to be one its callers can take. -EINVAL with a caret; `force`
 * lifts all but the first, with a note.
 */
int plan_value(struct plan *p, struct kern *kern, bool force, int64_t *value, struct err *err);

/* "__x64_sys_mount" for SyS_mount, sys_mount; the name itself otherwise. -E2BIG */
int plan_kernel_name(const char *written, char *out, size_t size, bool *is_syscall);
