/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The maps of one armed rule, and the control page as memory. */
#pragma once

#include <sys/types.h>

#include "util/control.h"
#include "util/err.h"
#include "util/prog.h"

struct maps {
	int fd[PROG_MAP_COUNT];
	struct control *control; /* shared with the programs */
	size_t control_len;
	uint32_t cpu_slots;
};

void maps_init(struct maps *m);
/* btf_fd describes int (key_id) and struct task_state (value_id) */
int maps_create(struct maps *m, uint32_t cpu_slots, int btf_fd, uint32_t key_id, uint32_t value_id,
		struct err *err);
/* the process behind pid, and its future children, count as in scope */
int maps_mark(const struct maps *m, pid_t pid, struct err *err);
void maps_free(struct maps *m);

/* possible CPUs, rounded up to a power of two, at most LIMIT_CPUS: beyond, they share */
uint32_t maps_cpu_slots(void);
uint32_t maps_slots_for(long cpus);
