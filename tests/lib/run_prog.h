/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a compiled program for real: BPF_PROG_TYPE_SYSCALL under
 * BPF_PROG_TEST_RUN, with the verifier and the JIT but without a hook.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "comp/lineinfo.h"
#include "util/prog.h"

/* descriptors of the maps the program refers to; 0: none */
struct run_maps {
	int fd[PROG_MAP_COUNT];
};

struct run_log {
	char text[1 << 16]; /* of the verifier, after a refusal */
};

/* 0 if programs can be loaded and run here; else prints why not */
int run_prog_possible(void);

/* -errno or a descriptor; li (with this one program) and maps may be NULL */
int run_prog_load(const struct prog *p, const struct lineinfo *li, const struct run_maps *maps,
		  struct run_log *log);

/* runs it once; ctx goes in and comes back */
int run_prog_once(int fd, void *ctx, size_t ctx_len, uint32_t *retval);

/* both, and closes it again */
int run_prog(const struct prog *p, const struct run_maps *maps, void *ctx, size_t ctx_len,
	     uint32_t *retval, struct run_log *log);
