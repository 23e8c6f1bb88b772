/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One probe to programs: what looks, and where its record has what. Pure, as comp.h is. */
#pragma once

#include "comp/comp.h"
#include "lang/probe.h"

/* What all probes of a run share. */
struct trace_opts {
	const struct kbtf *btf;
	struct comp_scope scope;
	bool include_self;
	bool kernel_stack, user_stack;
	unsigned int string_bytes; /* of a string, with its NUL */
	uint32_t cpu_slots;	   /* power of two */
};

/* One function of a probe, or several that one program serves. */
struct trace_job {
	const struct trace_opts *opts;
	const struct probe *probe;
	unsigned int number; /* of the probe */
	const struct comp_func *func;
	uint32_t place;	  /* which function, as records say */
	bool many;	  /* the link's cookie says it */
	uint32_t control; /* where its struct rule_control is in the control map's value */
	uint32_t after;	  /* where its struct after_state is in a task's state */
};

/* A value as the record has it. */
struct trace_value {
	const struct conversion *conv; /* NULL: what the function returned, unasked */
	bool string;
	uint32_t off;	    /* in the record: 8 bytes, or the string */
	unsigned int bytes; /* of its type */
	bool is_signed, is_pointer;
	bool typed; /* its type is known, not only its place */
};

/* Behind a record's head: struct trace_tail, values, strings, stacks. */
struct trace_layout {
	struct trace_value value[LIMIT_VALUES + 1];
	unsigned int n_values;
	uint32_t kernel_stack, user_stack; /* offsets; 0: none */
	uint32_t size;
};

struct trace_tail {
	int32_t user_bytes; /* of the user stack; negative: errno */
	uint32_t faults;    /* values that could not be read, by bit */
};

#define TRACE_STACK_BYTES (LIMIT_TRACE_STACK * 8)

struct trace_programs {
	struct prog_set progs; /* what makes the record, then, if paired, what sees the entry */
	struct trace_layout layout;
	bool paired; /* a return that needs its call's entry: PROG_KRETPROBE, PROG_KPROBE */
};

/* -EINVAL with a caret, -E2BIG over a limit. */
int comp_trace(const struct trace_job *job, struct trace_programs *out, struct err *err);
void trace_programs_free(struct trace_programs *t);

/* does it name what differs from function to function, parameters or their types? */
int comp_trace_names(const struct trace_job *job, bool *named, struct err *err);
/* what marks the children of a command */
int comp_trace_children(const struct trace_job *job, struct prog_set *out, struct err *err);
