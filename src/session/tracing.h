/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probes, armed together. Arming either succeeds or leaves nothing behind; everything
 * ends with the process, for links are held by descriptors alone.
 */
#pragma once

#include <sys/types.h>

#include "plan/probe.h"

struct tracing;

struct tracing_opts {
	const struct plan_probe *probes;
	unsigned int n_probes;
	struct trace_opts trace; /* but for btf, cpu_slots and scope.self, which are found */
	pid_t command;		 /* scope.marked: this process and its descendants */
	pid_t pid; /* user probes go into this process alone; 0: into all that run the file */
	uint32_t buffer_bytes; /* of the ring buffer, a power of two; 0: the default */
};

struct tracing_stats {
	uint64_t hits;	      /* calls in scope */
	uint64_t drops;	      /* events lost: nobody read them in time */
	uint64_t read_faults; /* conditions false because memory could not be read */
	uint64_t unpaired;    /* returns whose call, or calls whose return, was not seen */
	uint64_t lost;	      /* tasks that could not be followed */
	uint64_t misses;      /* calls that the kernel did not show */
};

/* Compiles; loads and attaches nothing. kern and probes must outlive it. */
int tracing_new(struct tracing **out, struct kern *kern, const struct tracing_opts *opts,
		struct err *err);
void tracing_free(struct tracing *t);
void tracing_freep(struct tracing **t);
/* each program as C beside its instructions */
int tracing_print(const struct tracing *t, struct buf *out);

int tracing_arm(struct tracing *t, struct err *err);
void tracing_disarm(struct tracing *t);
/* what arming left out of patterns: one line each */
const char *tracing_notes(const struct tracing *t);

int tracing_fd(const struct tracing *t);
/* A record, and how it is laid out; place is one of the probe's, checked. */
struct tracing_event {
	const struct record *head;
	const struct trace_tail *tail;
	const struct trace_layout *layout;
	const struct plan_probe *probe;
	unsigned int number;
	const struct plan_place *place;
};
typedef int (*tracing_event_fn)(void *arg, const struct tracing_event *e);
/* at most SESSION_BATCH; the callback's non-zero return stops, and is returned */
int tracing_consume(struct tracing *t, tracing_event_fn fn, void *arg);
void tracing_stats(const struct tracing *t, struct tracing_stats *out);
