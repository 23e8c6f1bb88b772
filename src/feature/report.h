/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events and counters as text for people and as JSON lines for programs. */
#pragma once

#include "retcon/retcon.h"
#include "util/buf.h"

struct report_style {
	bool json;
	uint64_t start; /* CLOCK_MONOTONIC when armed: text times count from here */
	bool dry;	/* what would be injected is not */
};

/* "armed" line: mode (NULL: the rule has its own target), rule, target's engine, and for JSON the
 * process it speaks for */
void report_armed(struct buf *out, const struct report_style *style, const char *mode,
		  const char *rule, const char *engine);
void report_event(struct buf *out, const struct report_style *style, const struct retcon_event *e);
/* one of several rules, the first or behind others; the summary is of all */
void report_rule_summary(struct buf *out, const struct report_style *style, const char *rule,
			 bool first, const struct retcon_stats *s);
void report_summary(struct buf *out, const struct report_style *style,
		    const struct retcon_stats *s);
/* behind it, of rules that were never hit: what may be the reason, one line each */
void report_perhaps(struct buf *out, const struct report_style *style, const char *reasons);
