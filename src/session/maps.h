/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The maps of one armed session, and the control page as memory. */
#pragma once

#include <sys/types.h>

#include "util/control.h"
#include "util/err.h"
#include "util/prog.h"

struct lineinfo;

struct maps {
	int fd[PROG_MAP_COUNT];
	struct control *control; /* shared with the programs */
	size_t control_len;
	int btf_fd; /* of what is in them, and of the programs; -1: there are none yet */
};

/* How large they have to be. */
struct maps_size {
	unsigned int n_rules;
	uint32_t cpu_slots;
	uint32_t state_bytes;  /* of a task's state */
	uint32_t events_bytes; /* of the ring buffer, a power of two; 0: what injections need */
};

void maps_init(struct maps *m);
/* with li's BTF; command: a process that is in scope, 0 for none. On failure: maps_free() */
int maps_create(struct maps *m, const struct maps_size *size, const struct lineinfo *li,
		pid_t command, struct err *err);
/* where a rule's struct rule_control is in the value of the control map */
uint32_t maps_rule_offset(unsigned int rule, uint32_t cpu_slots);
void maps_free(struct maps *m);

/* possible CPUs, rounded up to a power of two, at most LIMIT_CPUS: beyond, they share */
uint32_t maps_cpu_slots(void);
uint32_t maps_slots_for(long cpus);
