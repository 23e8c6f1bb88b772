/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel half of each mechanism: load a program, attach it to places, and
 * let go of it. The pure half (how code reaches its arguments) is comp/abi.
 */
#pragma once

#include <sys/types.h>

#include "comp/lineinfo.h"
#include "kern/kern.h"
#include "util/err.h"
#include "util/prog.h"

/* In the order in which they are tried. */
enum engine {
	ENGINE_KPROBE_MULTI,	/* override at the entry, through one ftrace hook for many sites */
	ENGINE_KPROBE,		/* the same, a perf event for each site */
	ENGINE_FMOD_RET,	/* a trampoline of the function's own */
	ENGINE_LSM,		/* the same, on a hook of the BPF LSM */
	ENGINE_KRETPROBE_MULTI, /* override at the return */
	ENGINE_KRETPROBE,
	ENGINE_FENTRY, /* what follows callers and children */
	ENGINE_FEXIT,
	ENGINE_TP_BTF,
	ENGINE_UPROBE, /* in files that processes run: nothing is replaced there */
	ENGINE_URETPROBE,
	ENGINE_TRACEPOINT,
	ENGINE_COUNT
};

const char *engine_name(enum engine e);
enum prog_kind engine_kind(enum engine e);
/* runs at the target's return, not at its entry */
bool engine_is_after(enum engine e);
/* the same mechanism at the entry of what e sees returning */
enum engine engine_entry(enum engine e);
/* one attachment may have several sites */
bool engine_takes_many(enum engine e);
/* lives in the function's trampoline: goes with fentry and fexit, and not with kprobes */
bool engine_is_trampoline(enum engine e);
/* of those that replace values; -ENOENT with their names */
int engine_by_name(const char *name, enum engine *out, struct err *err);

/* What a program is attached to: its engine's part of this. */
struct engine_site {
	const char *func;
	uint64_t addr;	 /* 0: by name */
	uint64_t cookie; /* what bpf_get_attach_cookie() is to say there */
	struct {
		const char *path;
		uint64_t offset;    /* in the file: of the instruction */
		uint64_t semaphore; /* of the counter that a marker has beside it; 0: none */
		pid_t pid;	    /* 0: every process, and those to come */
	} file;			    /* uprobe, uretprobe */
	uint32_t tracepoint;	    /* its id */
};

/* One attachment. Descriptors only: closing them is all there is to undo. */
struct engine_link {
	int link_fd;
	int perf_fd; /* what goes through an event of perf */
};

#define ENGINE_LINK_NONE ((struct engine_link){ .link_fd = -1, .perf_fd = -1 })

struct engine_world {
	int btf_fd;	    /* functions, lines, map types of this session */
	const int *map_fds; /* by enum prog_map */
};

/*
 * Load p for this mechanism: *fd. -EACCES: the verifier refused it, and err points into
 * the rule; else what the kernel said, as is, with a plain message: the caller knows
 * better words.
 */
int engine_load(enum engine e, const struct prog *p, const struct prog_info *info,
		const struct engine_world *world, int *fd, struct err *err);
/* attach it at n sites, all or none; n is 1 unless the engine takes many. -errno as it is */
int engine_attach(enum engine e, int prog_fd, const struct engine_site *sites, unsigned int n,
		  struct engine_link *out);
/* what it says of one address that the kernel has no place for a probe at: others may do */
bool engine_is_about_site(int ret);
void engine_release(struct engine_link *link);
