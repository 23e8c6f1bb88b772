/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A probe as written: bcc trace's PROBE, where to look, under which condition, what to
 * say. What is a rule's as well (parameters, condition, notes, arena) is kept as one.
 */
#pragma once

#include "lang/ast.h"
#include "util/limits.h"

enum probe_kind {
	PROBE_ENTRY,
	PROBE_RETURN,
	PROBE_TRACEPOINT, /* library is the category, func the event */
	PROBE_USDT,
};

/* One % of a format, and the literal text before it. */
struct conversion {
	const char *before; /* unescaped, %% is % */
	struct span at;
	char letter;	    /* d u o x X c s p K U e; i is d */
	char flags[6];	    /* of "-+ #0", each once */
	int width;	    /* 0: none */
	int precision;	    /* -1: none */
	unsigned int bytes; /* of its length modifier, C's: 4 without one, hh 1, l 8 */
	bool sized;	    /* a length modifier was written */
	struct expr *value;
};

struct probe {
	struct rule *rule; /* owns everything; on_target: function, parameters, condition */
	enum probe_kind kind;
	const char *library;  /* NULL: the kernel's */
	const char *provider; /* of a USDT probe, NULL: any */
	const char *func;
	bool is_pattern; /* func is one, as in fnmatch(3) */
	uint64_t offset; /* behind the function's start */
	struct span at;	 /* of all that: library and function */
	struct span func_at;
	bool has_format;
	struct conversion *values;
	unsigned int n_values;
	const char *tail; /* literal text behind the last */
};

struct probe_opts {
	bool bin_cmp; /* STRCMP("{0x01, 0x00}", p) compares bytes */
};

/*
 * -EINVAL with a caret, -E2BIG over a limit, -ENOMEM. `name` is what diagnostics call
 * the text, which is copied.
 */
int probe_parse(struct probe *out, const char *name, const char *text,
		const struct probe_opts *opts, struct err *err);
void probe_free(struct probe *p);
/* canonical text; parses back to the same */
void probe_print(const struct probe *p, struct buf *out);
