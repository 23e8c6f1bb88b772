/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What programs and user space share, written down once. Programs address
 * these fields by offsetof(); user space maps struct control and reads records.
 */
#pragma once

#include <linux/types.h>

#include "util/limits.h"

/*
 * The one value of PROG_MAP_CONTROL, mapped into retcon: this, then a struct
 * rule_control for each rule. `armed` comes first and is read first: storing 0 stops
 * every rule at once, with no system call that could itself fail. (While slab fails,
 * so do map updates, with -ENOMEM, and taking a program off a trampoline:
 * bpf_trampoline_get_progs() allocates; kernel/bpf/trampoline.c, 6.12.)
 */
struct control {
	__u32 armed;
	__u32 zero; /* always 0, which the verifier does not know */
	__u64 pad[7];
	__u64 drops; /* records that found the ring buffer full */
	__u64 lost;  /* no task storage to be had: a task perhaps inside is not followed */
	__u64 busy;  /* matches not judged: another task was being judged on this CPU */
	__u64 pad2[5];
};

/*
 * Records to work on, of each CPU: programs of probes do not interrupt each other, and of
 * those of trampolines one walks at a time (walk_alone() in comp/target_walk.c).
 */
enum {
	SCRATCH_PROBE,
	SCRATCH_TRAMPOLINE,
	SCRATCH_RECORDS
};

struct rule_control {
	/* by chain: tasks inside its outermost frame; may stay high, never low */
	__u64 active[LIMIT_CHAINS];
	__u64 matches;	   /* conditions held; numbers them where `when` or `interval` asks */
	__u64 taken;	   /* matches that asked for one of `times` */
	__u64 injected;	   /* return values replaced */
	__u64 exempt;	   /* matches left alone: kernel threads, retcon, its ancestors, init */
	__u64 nofail;	   /* matches left alone: the allocation may not fail */
	__u64 skipped;	   /* matches that `when` or `interval` let pass */
	__u64 unlucky;	   /* matches, or outermost entries, that the probability let pass */
	__u64 read_faults; /* predicates false because a read faulted */
	__u64 unconfirmed; /* chain state said yes, the stack walk said no: not injected */
	__u64 unpaired;	   /* `after`: a call known to be lost: no room, or passed by others */
	__u64 entered;	   /* outermost callers of chains that have to be there */
	__u64 pad[5];
	struct {
		__u64 start;
		__u64 size;
	} place[LIMIT_FRAMES]; /* text of each chain function, in order of comp_job.places */
	struct {
		__u64 hits; /* calls of the target in scope; one line per CPU */
		__u64 kept; /* `after`: calls entered and not seen to return; only the sum counts */
		__u64 walking; /* the first rule's is all rules': see walk_stack() */
		__u64 pad[5];
	} cpu[]; /* possible CPUs rounded up to a power of two */
};

/*
 * Per task, in PROG_MAP_TASKS, zeroed when created: this, then a struct chain_state for
 * each rule with callers, then a struct after_state for each target whose entry has to
 * be remembered until its return.
 */
struct task_state {
	__u32 in_scope; /* CMD or a descendant of it */
	__u32 pad;
};

struct chain_state {
	/* by chain */
	__u32 matched[LIMIT_CHAINS];  /* places matched so far, outermost first */
	__u32 injected[LIMIT_CHAINS]; /* something was injected since the first of them matched */
	/* stack address of the call that matched each place, or (comp_env.judged) did not */
	__u64 frame[LIMIT_FRAMES];
};

/* a call that has not returned, as it was entered; and then, what it returned */
struct after_call {
	__u64 sp; /* 0: free */
	__u64 arg[LIMIT_PARAMS];
	__u64 ret;
	__u64 time; /* of the entry, CLOCK_MONOTONIC; in probes */
};

/* what is followed up a task's stack, behind the chains of all rules: comp/path_prog.c */
struct path_state {
	__u64 low;  /* how far up the stack calls have come and gone since; 0: nothing to follow */
	__u64 hurt; /* injections into the task so far */
};

struct after_state {
	__u64 beyond; /* stack address of the outermost call that found no room; 0: none did */
	struct after_call call[LIMIT_AFTER_CALLS];
};

enum record_kind {
	RECORD_INJECTED = 1, /* value replaced, with stack */
	RECORD_RETURN = 2,   /* a chain function left after an injection inside it */
	RECORD_TRACE = 3,    /* a probe's: comp/trace.h has what follows the head */
	RECORD_PATH = 4,     /* before RECORD_INJECTED of what is followed; value: .hurt; `at` */
	RECORD_STEP = 5,     /* a call active at an injection returned; place: whose; `at` */
	RECORD_SYSCALL = 6,  /* the system call with an injection in it returned */
	RECORD_EXIT = 7,     /* a task that had one ended; value: as wait(2) has it */
};

struct record {
	__u16 kind;
	__u16 rule;
	__u32 place; /* RECORD_INJECTED: which site; RECORD_RETURN: which chain place */
	__u64 time;  /* CLOCK_MONOTONIC, ns */
	__u32 pid;   /* process */
	__u32 tid;   /* thread */
	__s64 value; /* injected or returned, sign-extended */
	union {
		char comm[16];
		struct {
			__u64 sp;  /* where the return address of the call was */
			__u64 low; /* RECORD_PATH: path_state.low before; RECORD_STEP: .hurt */
		} at;
	};
	__u32 cpu;
	__s32 stack_bytes;		/* RECORD_INJECTED; negative: errno of the walk */
	__u64 stack[LIMIT_STACK_DEPTH]; /* only stack_bytes of it are sent */
};
