/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions of all rules, put together: which rules name each, and which can share a
 * program. Pure.
 */
#pragma once

#include "session/session.h"

/* Sites that have the same rules and engines, and whose conditions see no difference. */
struct group {
	const struct comp_job **jobs; /* the rules, in the order of the session */
	unsigned int n_jobs;
	const struct plan_site **sites;
	unsigned int n_sites;
	uint32_t first;			  /* number of the first site; the others follow */
	enum engine engine[PLAN_ENGINES]; /* that all of the rules can have */
	unsigned int n_engines;
	bool may_sleep;	       /* some rule's condition waits for user memory, and may */
	bool pattern;	       /* named by a pattern alone: sites may be left out */
	uint32_t after;	       /* of `after` rules: where its calls are in a task's state */
	enum engine planned;   /* what progs are for: compiled first, and then tried first */
	struct prog_set progs; /* the target's; for `after` with the entry's behind it */
};

struct targets {
	struct group *group;
	unsigned int n_groups;
	const struct plan_site **site; /* by number */
	uint32_t n_sites;
};

/*
 * jobs: one for each rule. -EINVAL: rules on one function that cannot be together, with
 * a caret in the second.
 */
int targets_build(struct targets *out, const struct session_rule *rules,
		  const struct comp_job *jobs, unsigned int n_rules, struct err *err);
void targets_free(struct targets *t);

/* the site as the compiler wants it: the group's first, or one of many */
struct comp_site group_site(const struct group *g, unsigned int site, enum engine e);
