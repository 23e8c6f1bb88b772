/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One predicate: compiled, loaded, run, and what came of it held against the evaluator. */
#pragma once

#include "eval.h"
#include "runner.h"
#include "subject.h"

enum trial_result {
	TRIAL_AGREES,
	TRIAL_SKIPPED,	/* it would read memory that is not ours */
	TRIAL_REJECTED, /* no predicate, says the compiler */
	TRIAL_REFUSED,	/* by the verifier */
	TRIAL_MISMATCH,
	TRIAL_BROKEN, /* the evaluator does not know it, or it cannot be run */
};

struct trial {
	struct subject s;
	struct runner run;
	enum expr_op broken; /* see struct eval_world */
	bool reprint;	     /* compile the canonical text; the evaluator has what was written */
	uint64_t args[6];
	struct rule *rule;
	int fd;
	struct eval_world w;
	enum eval_result want;
	uint32_t got;
	struct err err;	    /* after TRIAL_REJECTED */
	struct run_log log; /* after TRIAL_REFUSED */
};

/* of gen.func; TRIAL_AGREES: it can be run */
enum trial_result trial_start(struct trial *t, const char *spec);
void trial_end(struct trial *t);

/* new values for arguments and memory, as the predicate is going to read them */
void trial_values(struct trial *t, unsigned int run);
/* on the values there are */
enum trial_result trial_run(struct trial *t);

/* spec failed so, on the values there are: a short one that does too */
void trial_shrink(struct trial *t, const char *spec, enum trial_result how, struct buf *out);
/* arguments, and what is read */
void trial_print_values(struct trial *t, const char *spec);
