/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --follow: which functions are on the stacks of what is injected, seen to by the session
 * from then on, and their records put together (path.h).
 */
#pragma once

#include "feature/injection.h"
#include "feature/path.h"

struct follow; /* NULL: nothing is followed, and all of this does nothing */

/* Functions seen on stacks, from one session to the next. */
struct follow_known {
	struct follow_func {
		uint64_t addr;
		struct path_func func;
	} * funcs;
	unsigned int n;
};
void follow_known_free(struct follow_known *k);

/* what is known is seen to as soon as it is armed; dry: stacks are looked at, no more */
int follow_new(struct follow **out, const struct injection *in, bool dry,
	       const struct follow_known *known, struct err *err);
/* what it has come to know goes to *known (NULL: nowhere), in place of what was there */
void follow_free(struct follow *f, struct follow_known *known);

/* a record as the session hands it over; what it says in words, for who tells of it */
struct follow_step {
	const char *function; /* RECORD_STEP: which returned; RECORD_SYSCALL: its name, or NULL */
	int64_t value;
	char text[PATH_TEXT];
	uint64_t injection; /* it is about, counted from 1; 0: none that is followed */
};
/*
 * RECORD_INJECTED: addrs and symbols are its stack as stack_tidy() left it; the function
 * `target` returned `value`.
 */
uint64_t follow_injected(struct follow *f, const struct record *r, const char *rule,
			 const char *target, const uint64_t *addrs, const char *const *symbols,
			 unsigned int n);
void follow_record(struct follow *f, const struct record *r, struct follow_step *out);
/* between records: have the session see to functions that are new */
void follow_learn(struct follow *f);
/* no more will come */
void follow_finish(struct follow *f);
void follow_print(const struct follow *f, unsigned int width, struct buf *out);
void follow_json(const struct follow *f, struct buf *out);
