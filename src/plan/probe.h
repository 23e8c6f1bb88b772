/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A probe against one kernel: which functions, of the kernel or of a file, or which event
 * it means, and what can be said there. Pure given a struct kern; attaches nothing.
 */
#pragma once

#include <sys/types.h>

#include "comp/trace.h"
#include "comp/type.h"
#include "kern/kern.h"
#include "util/buf.h"

/* One place that a probe looks at. */
struct plan_place {
	struct comp_func func;
	struct comp_context context; /* func.context is this */
	struct rule *declared;	     /* owns what func.declared is */
	uint64_t addr;		     /* of the kernel's function, and the offset */
	const char *path;	     /* of the file that a user function is in; NULL */
	uint64_t file_offset, semaphore;
	uint32_t event;	      /* a tracepoint's id */
	struct type returned; /* TYPE_OTHER: nobody says; TYPE_VOID: nothing */
};

struct plan_probe {
	const struct probe *probe;
	struct arena *arena;
	struct plan_place *places;
	unsigned int n_places;
	unsigned int left_out; /* of a pattern: what has no address */
	struct buf notes;      /* one line each */
};

/*
 * -ENOENT with the nearest names: no such function, library or event. *out needs
 * plan_probe_free() even after an error. pid: whose libraries are meant; 0: any.
 */
int plan_probe(struct plan_probe *out, const struct probe *probe, struct kern *kern, pid_t pid,
	       struct err *err);
void plan_probe_free(struct plan_probe *p);
