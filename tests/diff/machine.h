/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel's side of a rule's programs, simulated: instructions run on host
 * memory, helpers act on the fields below. For what a verdict cannot show:
 * which counter moved, what the task's state became, what was sent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/control.h"
#include "util/prog.h"

#define MACHINE_CPUS   4
#define MACHINE_LEVELS 4
#define MACHINE_RULES  2
#define MACHINE_STACK  512 /* words of the current task's stack */

struct machine_task {
	uint8_t bytes[256]; /* struct task_struct of the fixture */
	struct {
		struct task_state own;
		struct chain_state rule[MACHINE_RULES];
		struct path_state path;
		struct after_state after;
	} state;
	bool has_state;
};

struct machine {
	struct control *control;
	struct rule_control *rule; /* the first; machine_rule() has the others */
	struct machine_task *current;
	uint32_t preempt_count;
	uint32_t cpu, random;
	bool storage_fails, ring_full;
	uint64_t cgroup[MACHINE_LEVELS]; /* the current task's and its ancestors, 0: none so deep */
	uint64_t cookie;		 /* of the link that runs a program */
	uint64_t func_ret;		 /* what the function of an exit program returned */
	/* what bpf_get_stack() finds; negative: its error */
	uint64_t trace[LIMIT_STACK_DEPTH];
	int trace_bytes;
	uint64_t stack[MACHINE_STACK]; /* contexts and stack pointers are addresses in here */

	unsigned int overrides;
	uint64_t override_value;
	struct record sent[16];
	unsigned int sent_bytes[16];
	unsigned int n_sent;

	struct record scratch;
	uint8_t percpu[64];
	const char *broken; /* what the simulation did not know; NULL: all is well */
};

struct machine *machine_new(void);
/* where rule n's struct rule_control and struct chain_state are, as a job wants it */
uint32_t machine_control(unsigned int n);
uint32_t machine_state(unsigned int n);
uint32_t machine_path(void);
uint32_t machine_after(void);
struct rule_control *machine_rule(const struct machine *m, unsigned int n);
void machine_free(struct machine *m);
void machine_task(struct machine_task *t, uint32_t tgid, uint32_t flags);
uint64_t machine_run(struct machine *m, const struct prog *p, void *ctx);
