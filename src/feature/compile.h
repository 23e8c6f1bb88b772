/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule on its way to instructions, each stage as text. Needs no rights, loads nothing. */
#pragma once

#include "feature/injection.h"

enum compile_stage {
	COMPILE_RULE = 1 << 0,	/* canonical text */
	COMPILE_TREE = 1 << 1,	/* as parsed */
	COMPILE_TYPES = 1 << 2, /* conditions bound to the kernel's types, folded */
	COMPILE_IR = 1 << 3,
	COMPILE_INSNS = 1 << 4, /* instructions, the C they stand for above them */
	COMPILE_ALL = (1 << 5) - 1,
};

struct compile_opts {
	const char *mode; /* then rule is a spec; NULL */
	const char *rule;
	const char *target_btf; /* a file; NULL: the running kernel's */
	unsigned int stages;	/* with more than one, each has a heading */
	bool force;
	const char *engine; /* NULL: the first that may work */
};

/* *notes: one line each about the rule on that kernel */
int compile_text(const struct compile_opts *opts, struct buf *text, struct buf *notes,
		 struct err *err);
