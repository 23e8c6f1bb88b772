/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses in processes to functions, for stacks. What a process has mapped is read when
 * it is first asked about, and again when an address is in nothing known or another program
 * runs there; what was read stays of use when the process is gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

struct exe_procs;

int exe_procs_new(struct exe_procs **out, struct err *err);
void exe_procs_free(struct exe_procs *p);
void exe_procs_freep(struct exe_procs **p);

#define EXE_SYMBOL_TEXT 192

struct exe_frame {
	char symbol[EXE_SYMBOL_TEXT]; /* "main+0x1f"; "[unknown]" */
	char file[64];		      /* without directories: "bash", "[vdso]"; "" */
	uint64_t offset;	      /* in that file */
};

/*
 * The n addresses of a stack, innermost first. All but the first are where calls return to,
 * which may be behind the end of the function that called.
 */
void exe_procs_stack(struct exe_procs *p, pid_t pid, const uint64_t *addrs, unsigned int n,
		     struct exe_frame *out);
/* Ask for nothing, but read now what is read at the first stack: of a process that may end. */
void exe_procs_note(struct exe_procs *p, pid_t pid);
