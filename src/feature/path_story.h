/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each caller made of the error below it, as path_text.c and path_json.c tell it. */
#pragma once

#include "feature/path.h"

enum path_word {
	WORD_NOTHING, /* says neither */
	WORD_GOOD,
	WORD_BAD
};

/* What is known of the error so far, from the target outwards. */
struct path_story {
	enum path_word word;
	char text[PATH_TEXT]; /* of a bad one: "-ENOMEM", "NULL" */
	bool gap;	      /* callers since then said nothing */
};

enum path_verdict_kind {
	PATH_SAYS_NOTHING, /* what it returned may mean anything */
	PATH_WENT_WELL,	   /* there was no error any more */
	PATH_CARRIED,	   /* the same error */
	PATH_CHANGED,
	PATH_SWALLOWED,
	PATH_FAILED_ANEW, /* an error, when there was none any more */
};

struct path_verdict {
	enum path_verdict_kind kind;
	char from[PATH_TEXT], to[PATH_TEXT]; /* errors */
	bool or_before; /* by this one, or by those below it that say nothing */
};

/* what a system call returns */
extern const struct path_func path_call;

struct path_story path_story_begin(const struct path_func *target, int64_t value);
/* the next caller, which returned this */
void path_tell(struct path_story *s, const struct path_func *f, int64_t value,
	       struct path_verdict *out);

/* the name of the system call that it was in, or NULL */
const char *path_in_syscall(const struct path_log *l, const struct path *p);
/* none of its callers was known yet */
bool path_is_first(const struct path *p);
/* another path tells it, and has its count among these */
bool path_is_told(const struct path_log *l, const struct path *p);
uint64_t path_told_before(const struct path_log *l, const struct path *p);
