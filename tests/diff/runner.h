/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How compiled predicates are run for real: by themselves, or on a function of the test module. */
#pragma once

#include <stdbool.h>

#include "kern/kbtf.h"
#include "run_prog.h"
#include "util/prog.h"

struct runner {
	enum prog_kind kind; /* to compile them as */
	/* a descriptor or -errno, and then the verifier's words in the log */
	int (*load)(struct runner *r, const struct prog *p, struct run_log *log);
	/* 0: *got is what the predicate says; -errno: it did not run */
	int (*run)(struct runner *r, int fd, const char *func, const uint64_t args[6],
		   uint32_t *got);
	void (*unload)(struct runner *r, int fd, const char *func);
	struct fentry *fentry;
};

extern const struct runner runner_syscall; /* BPF_PROG_TEST_RUN */

/*
 * fentry on functions of the test module, which is loaded; btf: the kernel's and the
 * module's. -errno after saying why not.
 */
int runner_fentry(struct runner *r, const struct kbtf *btf);
void runner_free(struct runner *r);
/* this function of the module can be run */
bool runner_has(const struct runner *r, const char *func);
