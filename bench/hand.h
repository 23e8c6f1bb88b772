/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `retcon inject kmalloc 'tcp_v4_connect()'` does, written by hand for this
 * one rule, with everything it has to know about the kernel known beforehand.
 * The maps and their layouts are retcon's (util/control.h).
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>

#include "util/control.h"

/* Looked up once by bench/constants, in a file; all of it is of this boot only. */
struct constants {
	__u64 target; /* should_failslab */
	__u64 frame;  /* tcp_v4_connect: address, bytes, type id */
	__u64 frame_size;
	__u32 frame_btf_id;
	__u32 target_btf_id, hook_btf_id; /* hook: bpf_lsm_task_getpgid */
	__u32 preempt_var; /* per-CPU variable with the preemption count, and where in it */
	__u32 preempt_off;
	__u32 task_flags; /* offsets in struct task_struct */
	__u32 task_tgid;
	__u32 nofail;	 /* __GFP_NOFAIL */
	__u32 cpu_slots; /* possible CPUs, rounded up to a power of two */
};

/* The values of the maps, of one rule. */
struct hand_control {
	struct control all;
	struct rule_control rule;
};

struct hand_state {
	struct task_state own;
	struct chain_state rule;
};

struct hand {
	int btf, control_map, tasks_map, events_map, scratch_map;
	int target_prog, enter_prog, exit_prog;
	int target_link, enter_link, exit_link;
	struct hand_control *control;
	void *ring; /* consumer page, producer page and data */
};

/*
 * Everything, armed last. quick_load: a call may cost an instruction more if arming
 * costs less. 0 or -errno; the kernel cleans up after a failure at exit.
 */
int hand_arm(struct hand *h, const struct constants *k, __u32 pid, __u32 ppid, bool quick_load);
void hand_disarm(struct hand *h);

/* A rule without callers, `should_failslab = -ENOMEM` with -p, by one way to override. */
struct hand_way {
	__u32 type, attach_type; /* of the program */
	__u32 attach_id;	 /* of a trampoline's function; 0: a probe */
	int flags_at; /* where in its context the allocation's flags are; -1: there are none */
	bool multi;
};

/* the program, for calls of one process; it is not attached. 0 or -errno */
int hand_flat(struct hand *h, const struct constants *k, const struct hand_way *way, __u32 scope,
	      __u32 pid, __u32 ppid);
int hand_link_trampoline(int prog);

struct bpf_insn;
/* -errno or its descriptor; attach_id: of a trampoline's function */
int hand_load(const char *name, __u32 type, __u32 attach_type, __u32 attach_id,
	      const struct bpf_insn *insns, __u32 n);
int hand_link_multi(int prog, const __u64 *addrs, const char *const *syms, bool at_return);
