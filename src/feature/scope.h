/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose calls a rule is about, and that somebody said so. */
#pragma once

#include <sys/types.h>

#include "comp/scope.h"
#include "plan/plan.h"

/* As the user names them: values of a kind unite, kinds intersect; no value: whoever's. */
struct scope_opts {
	const pid_t *pids, *tids;
	size_t n_pids, n_tids;
	const char *const *comms, *const *users, *const *cgroups, *const *netns;
	size_t n_comms, n_users, n_cgroups, n_netns;
	pid_t command; /* only this process, waiting to exec, and its descendants; 0: any */
	bool kthreads;
	bool system_wide; /* no chain, scope or condition is needed */
};

/*
 * As the kernel knows them. Directories and namespaces are kept open as long as their
 * numbers are in use, which so can come to mean nothing else.
 */
struct scope {
	struct comp_scope who;
	bool narrows; /* it is not everybody's calls anyway */
	int fds[2 * LIMIT_SCOPE];
	unsigned int n_fds;
};

/* -EINVAL: kinds that exclude each other, no such process, user, cgroup, namespace; -E2BIG */
int scope_open(struct scope *out, const struct scope_opts *o, struct err *err);
void scope_close(struct scope *s);
/* what the user may want to know of it, a line each */
void scope_notes(const struct scope_opts *o, struct buf *notes);

/*
 * Refuses a rule that nothing narrows: no caller, no scope, no condition that a call
 * could make false. `what` is what would fail, in words.
 */
int scope_check_rule(const struct scope *s, bool system_wide, const struct plan *p,
		     struct kern *kern, const char *what, struct err *err);

/* a path, or one below the mounted hierarchy; *fd is the caller's (scope_place.c) */
int scope_cgroup(const char *path, struct comp_cgroup *out, int *fd, struct err *err);
/* a file of a namespace, a process that is in it, or a name that ip-netns(8) gave */
int scope_netns(const char *text, uint32_t *inum, int *fd, struct err *err);
/* all digits, at most max */
bool scope_is_number(const char *text, uint64_t max, uint64_t *out);
