/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules, armed together: programs, maps, links and what they report. Arming either
 * succeeds or leaves nothing behind; disarming cannot fail.
 */
#pragma once

#include <sys/types.h>

#include "plan/plan.h"
#include "util/control.h"

struct session;

struct session_rule {
	const struct plan *plan;
	int64_t value;		  /* what the target returns */
	struct schedule schedule; /* a rule's own, or what a command's options say */
};

struct session_opts {
	const struct session_rule *rules; /* copied; of several on one function the first wins */
	unsigned int n_rules;
	/* but for self and exempt, which the session finds: processes named here are not */
	struct comp_scope scope;
	pid_t command;	 /* scope.marked: this process, waiting to exec, and its descendants */
	bool dry;	 /* all but replacing the value */
	bool follow;	 /* up the stack of what was injected: session_follow() */
	bool shown_only; /* not to be armed: programs are the same on every machine */
};

struct session_rule_stats {
	uint64_t hits, matches, injected, exempt, nofail, skipped, unlucky;
	uint64_t read_faults, unconfirmed, unpaired;
	uint64_t entered; /* outermost callers */
	bool callers;	  /* there are some to be entered */
};

struct session_stats {
	struct session_rule_stats rules; /* all of them together */
	uint64_t drops, lost;
	uint64_t misses; /* entries not seen, by the kernel's count, or not judged */
	uint64_t
		exit_misses; /* exits not seen: a stale frame, pruned by the next shallower entry */
	bool untold;	     /* the kernel has no count of what its probes' programs miss */
};

/* Compiles; loads and attaches nothing. kern and plans must outlive the session. */
int session_new(struct session **out, struct kern *kern, const struct session_opts *opts,
		struct err *err);
void session_free(struct session *s);
void session_freep(struct session **s);

/* each program as C beside its instructions */
int session_print(const struct session *s, struct buf *out);
/* the stages before that, as text: typed trees, then IR; either may be NULL */
int session_explain(const struct session *s, struct buf *types, struct buf *ir, struct err *err);

int session_arm(struct session *s, struct err *err);
/* a store; then everything is taken down. Safe to repeat. Records stay readable. */
void session_disarm(struct session *s);
/* by which a rule's targets are overridden, once armed: "kprobe.multi, fmod_ret"; "" before */
const char *session_engine(const struct session *s, unsigned int rule);
/* what arming left out: one line each, "" if nothing */
const char *session_notes(const struct session *s);
/* the engines that would not do, with the reason: one line each, "" if the first did */
const char *session_tried(const struct session *s);
/* the function that a record's place means, of one that was injected; NULL: no such place */
const char *session_site_name(const struct session *s, uint32_t place);

/*
 * Functions that may be on the stack of what is injected: from here on their calls are
 * seen to return (session_opts.follow). number: what records say, of the first; the others
 * count on. seen[i]: that one can be; the kernel has functions that cannot. -errno: none is.
 */
int session_follow(struct session *s, const uint64_t *addrs, unsigned int n, unsigned int number,
		   bool *seen);

int session_fd(const struct session *s); /* readable when records wait; -1 unarmed */
typedef int (*session_record_fn)(void *arg, const struct record *r, size_t len);
/*
 * Hands over what waits, at most SESSION_BATCH records, so that a flood cannot keep the
 * caller from its other business; the descriptor stays readable if there are more.
 * The callback's non-zero return stops and is returned.
 */
#define SESSION_BATCH 256
int session_consume(struct session *s, session_record_fn fn, void *arg);
void session_stats(const struct session *s, struct session_stats *out);
/* of one rule, by its place in session_opts.rules */
void session_rule_stats(const struct session *s, unsigned int rule, struct session_rule_stats *out);
