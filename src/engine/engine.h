/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel half of each mechanism: load a program, attach it to a place, and
 * let go of it. The pure half (how code reaches its arguments) is comp/abi.
 */
#pragma once

#include "comp/lineinfo.h"
#include "kern/kern.h"
#include "util/err.h"
#include "util/prog.h"

/* One attached program. Descriptors only: closing them is all there is to undo. */
struct engine_link {
	int prog_fd;
	int link_fd;
	int perf_fd;	    /* perf kprobe only */
	const char *engine; /* "kprobe.multi", "kprobe", "fentry", "fexit", "tp_btf" */
};

#define ENGINE_LINK_NONE ((struct engine_link){ .prog_fd = -1, .link_fd = -1, .perf_fd = -1 })

struct engine_world {
	int btf_fd;	    /* functions, lines, map types of this session */
	const int *map_fds; /* by enum prog_map */
};

/* What a program is attached to. */
struct engine_site {
	const char *func;
	uint64_t addr; /* 0: by name */
};

/*
 * Load p and attach it at site by the first engine that works for its kind.
 * -EACCES: the verifier refused it, and err points into the rule; else what the
 * kernel said, as is, with a plain message: the caller knows better words.
 */
int engine_arm(const struct prog *p, const struct prog_info *info, const struct engine_world *world,
	       const struct engine_site *site, struct engine_link *out, struct err *err);
void engine_release(struct engine_link *link);
