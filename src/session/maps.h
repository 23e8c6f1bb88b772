/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The maps of one armed session, and the control page as memory. */
#pragma once

#include <sys/types.h>

#include "util/control.h"
#include "util/err.h"
#include "util/prog.h"

struct maps {
	int fd[PROG_MAP_COUNT];
	struct control *control; /* shared with the programs */
	size_t control_len;
};

/* How large they have to be. */
struct maps_size {
	unsigned int n_rules;
	uint32_t cpu_slots;
	uint32_t state_bytes;  /* of a task's state */
	uint32_t events_bytes; /* of the ring buffer, a power of two; 0: what injections need */
};

void maps_init(struct maps *m);
/* btf_fd describes int (key_id) and a task's state (value_id) */
int maps_create(struct maps *m, const struct maps_size *size, int btf_fd, uint32_t key_id,
		uint32_t value_id, struct err *err);
/* where a rule's struct rule_control is in the value of the control map */
uint32_t maps_rule_offset(unsigned int rule, uint32_t cpu_slots);
/* the process behind pid, and its future children, count as in scope */
int maps_mark(const struct maps *m, uint32_t state_bytes, pid_t pid, struct err *err);
void maps_free(struct maps *m);

/* possible CPUs, rounded up to a power of two, at most LIMIT_CPUS: beyond, they share */
uint32_t maps_cpu_slots(void);
uint32_t maps_slots_for(long cpus);
