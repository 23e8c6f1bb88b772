/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other people's BPF programs that have a function's trampoline: fentry, fexit, fmod_ret, LSM. */
#pragma once

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
