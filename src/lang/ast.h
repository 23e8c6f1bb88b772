/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree of a rule. Made by the parsers, owned by the rule's arena, never
 * changed afterwards: binding and typing build their own tree beside it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/str.h"

enum expr_kind {
	EXPR_INT,    /* 42, 'c', 0x10UL: value, is_unsigned, is_long */
	EXPR_STRING, /* "text": str holds the unescaped bytes */
	EXPR_NAME,   /* parameter, enum constant, macro, pid, comm; `$pid` keeps its $ */
	EXPR_UNARY,  /* op: ! ~ - + * & ; a */
	EXPR_BINARY, /* op; a, b */
	EXPR_COND,   /* a ? b : c */
	EXPR_MEMBER, /* a.name or a->name (arrow) */
	EXPR_INDEX,  /* a[b] */
	EXPR_CAST,   /* (type)a */
	EXPR_SIZEOF, /* sizeof(type), or sizeof a; sizeof(foo) has a NAME in a, maybe a type's */
	EXPR_CALL,   /* name(args...) : STRCMP, htons, ...; container_of(a, type, m): args a, m */
	EXPR_BLOCK,  /* ({ T x = ...; ...; expr; }) */
};

enum expr_op {
	OP_NONE,
	OP_NOT,
	OP_BITNOT,
	OP_NEG,
	OP_PLUS,
	OP_DEREF,
	OP_ADDR,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_ADD,
	OP_SUB,
	OP_SHL,
	OP_SHR,
	OP_LT,
	OP_GT,
	OP_LE,
	OP_GE,
	OP_EQ,
	OP_NE,
	OP_BITAND,
	OP_BITXOR,
	OP_BITOR,
	OP_AND,
	OP_OR,
};

/* `const char __user *` : words as written (without const/volatile), then stars */
struct type_name {
	struct span at;
	enum {
		TYPE_WORDS,
		TYPE_STRUCT,
		TYPE_UNION,
		TYPE_ENUM
	} tag;
	struct str name; /* "qstr", "unsigned int" (words joined by one space), "gfp_t" */
	unsigned int stars;
	unsigned int user; /* outermost star whose target is __user, from 1; 0: none */
	bool is_array;	   /* T name[] or T name[N] as a parameter: decays to a pointer */
	bool is_funcptr;   /* T (*name)(...) as a parameter: accepted, opaque */
};

struct local; /* one declaration of an EXPR_BLOCK */

struct expr {
	enum expr_kind kind;
	enum expr_op op;
	struct span at;	   /* the whole expression */
	struct span op_at; /* the operator, for carets between operands */
	struct str name;   /* NAME, MEMBER, CALL */
	struct span name_at;
	struct str str;	 /* STRING */
	bool raw_string; /* STRING from bcc's bare STRCMP argument */
	uint64_t value;	 /* INT */
	bool is_unsigned, is_long;
	bool arrow;
	bool user; /* NAME: name@user, a string of the process's; in probes */
	struct expr *a, *b, *c;
	struct expr **args;
	unsigned int n_args;
	struct type_name *type; /* CAST, SIZEOF, CALL of container_of */
	struct local *locals;	/* BLOCK: declarations in order; a is the result */
	unsigned int height;	/* nesting from here down: at most LIMIT_EXPR_DEPTH */
};

struct local {
	struct local *next;
	struct type_name type;
	struct str name;
	struct span at;
	struct expr *init; /* NULL: none */
};

struct param {
	struct type_name type;
	struct str name; /* empty: unnamed */
	struct span at;
};

/* func, func(params), func(params)(pred), or (pred) alone for the target */
struct frame {
	struct span at;	 /* the whole frame */
	struct str func; /* empty: a predicate on the mode's target */
	struct span func_at;
	bool has_params; /* a parameter list was written; (void) has n_params 0 */
	struct span params_at;
	struct param *params;
	unsigned int n_params;
	struct expr *pred; /* NULL: always true */
};

/* Callers that must be active, or must not: nearest caller first, not necessarily adjacent. */
struct chain {
	struct span at;
	bool negated; /* not under */
	struct frame *frames;
	unsigned int n_frames;
};

/* Which of the matches are injected. Applied in this order; times counts what is left. */
struct schedule {
	/* when FIRST[..LAST][+[STEP]]: by number of the match, from 1 */
	uint64_t when_first; /* 0: every match */
	uint64_t when_last;  /* UINT64_MAX: no end */
	uint64_t when_step;
	uint64_t interval;    /* one of so many; 0, 1: each */
	uint64_t probability; /* of 2^32: PROBABILITY_ALWAYS */
	uint64_t times;	      /* 0: no limit */
	struct span when_at, interval_at, probability_at, times_at;
};

#define PROBABILITY_ALWAYS (1ull << 32)

/* What a reader of the rule may not expect; for callers to print. */
struct rule_note {
	struct span at;
	const char *text;
};

enum target_kind {
	TARGET_FUNC,	/* func, module:func, or a mode's word */
	TARGET_SYSCALL, /* syscall:NAME */
	TARGET_LSM,	/* lsm:HOOK */
};

/*
 * A rule as written. `on_target` is the frame that speaks about the target
 * itself: its `if` in a rule, in a spec the first frame if its func is empty or
 * the target's own name; its pred is NULL if none was written.
 */
struct rule {
	const struct source *src; /* owned by the arena */
	struct arena *arena;
	bool is_spec;	    /* bcc's form: target and value come from the mode */
	const char *target; /* "should_failslab", "openat" for syscall:openat */
	enum target_kind target_kind;
	bool is_pattern;    /* the target is a pattern of names, as in fnmatch(3) */
	const char *module; /* NULL: any */
	const char *mode;   /* "kmalloc", "bio", "alloc_page" where that was written; NULL */
	struct span target_at;
	struct expr *value; /* NULL in a spec */
	struct frame on_target;
	struct chain *chains;
	unsigned int n_chains;
	struct schedule schedule;
	bool after; /* let it run, then replace */
	struct span after_at;
	struct rule_note *notes;
	unsigned int n_notes;
};

void rule_free(struct rule *r); /* and its arena */
void rule_freep(struct rule **r);

/* canonical text; parses back to the same tree (used by golden tests and -v) */
void expr_print(const struct expr *e, struct buf *out);
void type_name_print(const struct type_name *t, struct buf *out);
void rule_print(const struct rule *r, struct buf *out);
/* func(params)(condition): one pair of parentheses is the parameters' in a spec */
void frame_print(const struct frame *f, bool is_spec, struct buf *out);
/* in quotes, escaped */
void string_print(struct str s, struct buf *out);
/* FIRST[..LAST][+[STEP]], and the decimal before '%', as the clauses have them */
void schedule_print_when(const struct schedule *s, struct buf *out);
void probability_print(uint64_t probability, struct buf *out);
/* an indented dump, one node a line, for golden tests */
void rule_dump(const struct rule *r, struct buf *out);
const char *expr_op_text(enum expr_op op);
