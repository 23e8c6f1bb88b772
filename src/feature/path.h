/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of an injection on its way up the stack: records of single steps, put
 * together again to paths, and paths that are the same counted. Pure: knows neither the
 * kernel nor how it is told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/limits.h"

/* how to read what a function returns */
enum path_type {
	PATH_UNKNOWN, /* nobody says */
	PATH_VOID,
	PATH_INT, /* signed: negative ones are errors */
	PATH_PTR, /* NULL and ERR_PTR() are */
	PATH_BOOL,
	PATH_NUMBER, /* unsigned, an enum: it may mean anything */
};

struct path_func {
	const char *name; /* copied */
	enum path_type type;
	unsigned int bytes; /* of what it returns */
	bool can;	    /* it can be seen to return ... */
	uint64_t since;	    /* ... from then on, CLOCK_MONOTONIC */
};

enum path_sight {
	PATH_SEEN,
	PATH_MISSED, /* not seen to return, though it could have been */
	PATH_NEW,    /* nobody had known that it would be on the stack */
	PATH_CANNOT, /* the kernel lets nobody see it return */
};

struct path_frame {
	unsigned int func;
	enum path_sight state;
	int64_t value; /* PATH_SEEN: as its type says */
};

/* how a task went on after an injection */
struct path_fate {
	bool ended;
	int status; /* ended: as wait(2) has it */
	uint64_t count;
};

/* how the system call ended */
enum path_end {
	PATH_RETURNED,
	PATH_INSIDE, /* not before all did */
	PATH_NEVER,  /* the task ended in it */
	PATH_LOST,   /* nobody told */
};

/* One path, and how often it was taken. */
struct path {
	const char *rule; /* borrowed */
	unsigned int target;
	int64_t value;
	struct path_frame frame[LIMIT_STACK_DEPTH]; /* nearest first */
	unsigned int n;
	bool in_call; /* it was in a system call ... */
	enum path_end end;
	int64_t result; /* ... which returned this */
	uint64_t count;
	struct path_fate *fate;
	unsigned int n_fates;
};

struct path_log;

int path_log_new(struct path_log **out);
void path_log_free(struct path_log *l);

/* the number of a function that is new, counted from 0; -ENOMEM, -E2BIG */
int path_func_add(struct path_log *l, const struct path_func *f);
const struct path_func *path_func(const struct path_log *l, unsigned int func);
void path_func_seen(struct path_log *l, unsigned int func, bool can, uint64_t since);

struct path_start {
	const char *rule;
	uint32_t tid;
	uint64_t time;
	/* up to which stack address calls had come and gone since the one before; 0: all */
	uint64_t low;
	uint64_t hurt; /* how many there were of the task, with this */
	unsigned int target;
	int64_t value;
	const unsigned int *stack; /* functions, nearest first */
	unsigned int n;
};
/* each gives the number of the injection it is about, counted from 1; 0: of none */
uint64_t path_injected(struct path_log *l, const struct path_start *start);
/* hurt: of the last of the task before it */
uint64_t path_step(struct path_log *l, uint32_t tid, uint64_t hurt, uint64_t sp, unsigned int func,
		   int64_t raw);
uint64_t path_syscall(struct path_log *l, uint32_t tid, int64_t result);
void path_exit(struct path_log *l, uint32_t tid, int status);
/* one that there was no room for: only counted */
void path_refused(struct path_log *l);
/* no more will come */
void path_finish(struct path_log *l);

/* by which a system call is entered: its name, or NULL */
const char *path_syscall_name(const char *function);
/* as the type has it, from a register */
int64_t path_value(const struct path_func *f, int64_t raw);
/* "-ENOMEM", "NULL", "true" */
#define PATH_TEXT 40
const char *path_value_text(const struct path_func *f, int64_t value, char text[static PATH_TEXT]);

/* for those that print */
unsigned int path_count(const struct path_log *l);
const struct path *path_at(const struct path_log *l, unsigned int i);
uint64_t path_untold(const struct path_log *l); /* injections there was no room for */

/* the trees, of at most width columns; 0: as wide as it takes */
void path_print(const struct path_log *l, unsigned int width, struct buf *out);
/* the same, an object a line */
void path_json(const struct path_log *l, struct buf *out);
