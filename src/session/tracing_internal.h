/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tracing from the inside, for tracing.c and tracing_attach.c. */
#pragma once

#include "comp/lineinfo.h"
#include "engine/engine.h"
#include "session/events.h"
#include "session/maps.h"
#include "session/tracing.h"
#include "util/left_out.h"

/* The programs of some places of a probe: all that can share them. */
struct trace_group {
	unsigned int probe;
	unsigned int first, n; /* of its places */
	bool many;	       /* records have the place from the link's cookie */
	struct trace_programs programs;
};

struct trace_link {
	int prog_fd; /* -1: that of an earlier row */
	struct engine_link link;
	bool counts; /* what it misses is calls */
};

struct tracing {
	struct kern *kern; /* borrowed */
	struct tracing_opts opts;
	struct trace_group *groups;
	unsigned int n_groups;
	struct prog_set children;
	struct maps_size size;
	struct maps maps;
	struct trace_link *links;
	unsigned int n_links;
	uint64_t misses; /* of what is attached no more */
	struct left_out left_out;
	struct buf notes;
	struct events events;
};

/* everything there is; li describes the children's program, then each group's */
int tracing_attach(struct tracing *t, const struct lineinfo *li, struct err *err);
void tracing_detach(struct tracing *t);
