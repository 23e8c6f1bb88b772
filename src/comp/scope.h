/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose calls count, as data: names are ids here, paths numbers. Kinds of values
 * intersect, values of a kind unite; a kind without values asks for nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/limits.h"

struct err;
struct kbtf;

#define SCOPE_COMM 16 /* TASK_COMM_LEN */

/* a cgroup2 directory and all below it */
struct comp_cgroup {
	uint64_t id;	/* as bpf_get_current_cgroup_id() has it */
	uint32_t level; /* ancestors it has: 0 is the root */
};

/* All process and thread ids as the initial pid namespace sees them, uids as the initial user's. */
struct comp_scope {
	uint32_t self;		/* retcon's process: always exempt */
	const uint32_t *exempt; /* its ancestors and init */
	unsigned int n_exempt;
	bool kthreads; /* kernel threads count too */
	bool marked;   /* only tasks with task_state.in_scope (CMD and descendants) */
	uint32_t pids[LIMIT_SCOPE], tids[LIMIT_SCOPE], uids[LIMIT_SCOPE];
	uint32_t netns[LIMIT_SCOPE];	     /* inode numbers */
	char comms[LIMIT_SCOPE][SCOPE_COMM]; /* padded with NUL */
	struct comp_cgroup cgroups[LIMIT_SCOPE];
	unsigned int n_pids, n_tids, n_uids, n_netns, n_comms, n_cgroups;
};

/* Where the kernel keeps what is compared; only what the scope at hand asks for is looked up. */
struct scope_offsets {
	int32_t task_pid, task_comm;
	int32_t task_cred, cred_uid;
	int32_t task_nsproxy, nsproxy_net, net_inum;
};

int scope_find(const struct kbtf *btf, const struct comp_scope *s, struct scope_offsets *out,
	       struct err *err);

/* can a task of this process be in scope at all? */
bool scope_admits(const struct comp_scope *s, uint32_t pid);
