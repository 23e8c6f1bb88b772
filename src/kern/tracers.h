/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other people's BPF programs that have a function's trampoline: fentry, fexit, fmod_ret, LSM. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kern/kern.h"

struct kern_tracer {
	uint32_t func_id; /* BTF of the function */
	char module[64];  /* that has it; "": vmlinux */
	uint32_t prog_id;
	char prog[17]; /* its name */
};

/*
 * All that are attached, as of the first time it was asked: so before retcon has any of its
 * own. What may not be looked at is not there: none then.
 */
unsigned int kern_tracers(struct kern *k, const struct kern_tracer **out);
/* one on this function; NULL */
const struct kern_tracer *kern_tracer_of(struct kern *k, const char *module, uint32_t func_id);

/*
 * Somebody else's program at a function's entry, by kprobe or kprobe.multi. It may be one
 * that overrides.
 */
struct kern_probe {
	uint32_t prog_id;
	char prog[17];
};

/* Walks all links, so for when it matters. Kernels before 6.6 do not say where theirs are. */
bool kern_probe_on(struct kern *k, uint64_t addr, struct kern_probe *out);
