/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of `trace` as rows for people, as bcc's trace has them, and as JSON lines. */
#pragma once

#include "retcon/retcon.h"
#include "util/buf.h"

enum trace_clock {
	CLOCK_NONE,
	CLOCK_SINCE, /* -t: seconds since the start */
	CLOCK_UNIX,  /* -tu: seconds of the epoch */
	CLOCK_TIME,  /* -T: local time of day */
};

struct trace_rows {
	bool json;
	enum trace_clock clock;
	bool cpu;
	uint64_t start;	   /* CLOCK_MONOTONIC when armed */
	int64_t wall_skew; /* CLOCK_REALTIME minus that */
	bool messages;	   /* some probe has something to say */
	size_t func_width; /* of the longest name so far, within reason */
};

void trace_rows_header(const struct trace_rows *r, struct buf *out);
void trace_row(struct trace_rows *r, const struct retcon_trace_event *e, struct buf *out);
/* what was not seen, if anything; as JSON all there is */
void trace_rows_summary(const struct trace_rows *r, const struct retcon_trace_stats *s,
			struct buf *out);
