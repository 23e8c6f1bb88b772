/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes and all they rest on, together because they live and end together. */
#pragma once

#include "exe/procs.h"
#include "feature/scope.h"
#include "session/tracing.h"

struct trace {
	struct kern *kern;
	struct probe *parsed;
	struct plan_probe *probes;
	unsigned int n_probes;
	struct scope scope;
	struct tracing *tracing;
	struct exe_procs *procs; /* whose addresses are named */
	struct buf notes;	 /* one a line */
};

struct trace_feature_opts {
	const char *const *probes;
	unsigned int n_probes;
	struct scope_opts scope;
	bool include_self;
	bool kernel_stack, user_stack;
	bool bin_cmp;
	unsigned int string_bytes; /* 0: 80, as in bcc */
	unsigned int buffer_pages; /* of the ring buffer for each processor; 0: 64 */
};

/* From texts to programs, which are not loaded. What fails leaves *t to trace_free(). */
int trace_prepare(struct trace *t, const struct trace_feature_opts *o, struct err *err);
void trace_free(struct trace *t);

/* trace_text.c: what an event says: its format with the values, or what was returned */
void trace_message(struct trace *t, const struct tracing_event *e, struct buf *out);
/* "symbol+0x1f [file]" of an address in a process, text has KSYM_TEXT bytes; of a whole stack */
void trace_user_symbol(struct trace *t, uint32_t pid, uint64_t addr, char *text);
void trace_user_stack(struct trace *t, uint32_t pid, const uint64_t *addrs, unsigned int n,
		      char (*text)[KSYM_TEXT]);
/* the name of what was hit: the function, or the event, or the USDT probe */
const char *trace_function(const struct tracing_event *e);
/* a value that is no string, cut and extended as its conversion has it */
int64_t trace_number(const struct tracing_event *e, unsigned int i, bool *is_unsigned);
