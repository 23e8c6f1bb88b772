/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors are values with words. The callee that knows sets code, tag and
 * message; callers may prepend what they were doing. Success leaves the object
 * untouched, the first error wins, and nothing here allocates or prints.
 */
#pragma once

#include "util/span.h"

/* Stable ids, printed as [tag]; append only. ERR_TAG(enumerator, "text") */
#define ERR_TAGS(X)                                                                                \
	X(ERR_NONE, "none")                                                                        \
	X(ERR_SYNTAX, "syntax")                                                                    \
	X(ERR_LIMIT, "limit")                                                                      \
	X(ERR_UNKNOWN_FUNCTION, "unknown-function")                                                \
	X(ERR_UNKNOWN_NAME, "unknown-name")                                                        \
	X(ERR_UNKNOWN_TYPE, "unknown-type")                                                        \
	X(ERR_UNKNOWN_MEMBER, "unknown-member")                                                    \
	X(ERR_TYPE_MISMATCH, "type-mismatch")                                                      \
	X(ERR_SIGNATURE, "signature")                                                              \
	X(ERR_UNSUPPORTED, "unsupported")                                                          \
	X(ERR_NOT_INJECTABLE, "not-injectable")                                                    \
	X(ERR_KERNEL_LACKS, "kernel-lacks")                                                        \
	X(ERR_PERMISSION, "permission")                                                            \
	X(ERR_VERIFIER, "verifier")                                                                \
	X(ERR_ATTACH, "attach")                                                                    \
	X(ERR_BTF, "btf")                                                                          \
	X(ERR_SYSTEM, "system")                                                                    \
	X(ERR_USAGE, "usage")                                                                      \
	X(ERR_NO_PROCESS, "no-process")                                                            \
	X(ERR_BUSY, "busy")                                                                        \
	X(ERR_MEMORY, "memory")

#define X(id, text) id,
enum err_tag {
	ERR_TAGS(X) ERR_TAG_COUNT
};
#undef X

#define ERR_NOTES 4

/*
 * What rendering needs of the source, copied when the error is made: the text
 * belongs to a rule, and the error outlives the rule that failed.
 */
struct err_place {
	unsigned int line, col;	  /* 1-based; line 0: not about a text */
	char name[64];		  /* of the source */
	char text[400];		  /* the line, or the part of it around the caret */
	uint32_t off, len;	  /* what to underline in text[] */
	bool cut_left, cut_right; /* text[] is not the whole line */
};

struct err {
	int code; /* negative errno; 0: none */
	enum err_tag tag;
	struct span at;		  /* SPAN_NONE if not about text */
	const struct source *src; /* may die before the error: diag_render() does not touch it */
	struct err_place place;
	char msg[320]; /* lower case, no full stop, names the operand and both types */
	struct {
		struct span at;
		struct err_place place;
		char msg[240];
	} note[ERR_NOTES];
	unsigned int n_notes;
};

/*
 * return err_set(err, -EINVAL, ERR_SYNTAX, src, span, "...", ...);
 * returns code. err may be NULL; a set error is kept (first wins).
 */
int err_set(struct err *err, int code, enum err_tag tag, const struct source *src, struct span at,
	    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* same, for errors that are not about a text */
#define err_plain(err, code, tag, ...) err_set(err, code, tag, NULL, SPAN_NONE, __VA_ARGS__)

/* say where in the text it is, if it has no place yet and `at` is one; returns err->code */
int err_locate(struct err *err, const struct source *src, struct span at);

/* prepend what the caller was doing; returns err->code */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* add a note ("did you mean ...", "run ..."); silently full after ERR_NOTES */
void err_note(struct err *err, struct span at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void err_clear(struct err *err);
const char *err_tag_name(enum err_tag tag);

int err_nomem(struct err *err); /* -ENOMEM, "out of memory" */
