/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed trees: what a predicate means after binding and typing. Sugar is gone:
 * members and indices are byte offsets from a pointer, conversions are nodes of
 * their own, constants are folded.
 */
#pragma once

#include "comp/pattern.h"
#include "comp/type.h"
#include "comp/typed.h"
#include "lang/ast.h"
#include "util/limits.h"

struct buf;

enum node_kind {
	NODE_CONST,   /* value, canonical for its type (type_canonical()) */
	NODE_PARAM,   /* param */
	NODE_TASK,    /* task: a value of the current task */
	NODE_LOCAL,   /* local */
	NODE_PLACE,   /* lvalue: type at (pointer a) + off; becomes LOAD or ADDR when used */
	NODE_LOAD,    /* value of a place; bits != 0: a bit-field */
	NODE_ADDR,    /* (pointer a) + off */
	NODE_CONV,    /* a converted to type */
	NODE_NEG,     /* -a, of the node's type */
	NODE_BINARY,  /* op: arithmetic on a, b of the node's type (shift: count b of any) */
	NODE_COMPARE, /* op on a, b of one type; int */
	NODE_NOT,     /* !a; int */
	NODE_AND,     /* a && b; int */
	NODE_OR,      /* a || b; int */
	NODE_COND,    /* a ? b : c */
	NODE_STRCMP,  /* `string` at pointer a, of b bytes if there is a b, matches; int */
	NODE_BSWAP,   /* bytes of a swapped */
	NODE_BLOCK,   /* locals, then a */
};

enum task_value {
	TASK_PID, /* of the process, as the initial pid namespace has it */
	TASK_TID,
	TASK_UID, /* as the initial user namespace has it */
	TASK_GID,
	TASK_CPU,
	TASK_CGROUP,
	TASK_CURRENT, /* struct task_struct *: where comm is */
};

/* A parameter as the rule names it. */
struct tree_param {
	struct str name;
	struct type type;
	unsigned int reg;  /* argument register, >= LIMIT_PARAMS: none */
	bool by_value;	   /* a struct in registers: cannot be named yet */
	struct typed held; /* what a trampoline's argument is, whatever the rule declares */
};

struct tree_local {
	struct tree_local *next; /* of the same block */
	struct str name;
	struct type type;
	struct node *init;
	uint32_t reg;		  /* lowering's virtual register */
	uint32_t pointer, record; /* the same as a typed pointer, 0: it is none */
};

/* How a string is tested, and how much is known of where it ends. */
struct tree_string {
	enum string_test test;
	struct str lit;
	const struct pattern *pattern;
	uint32_t room; /* bytes of its array: it may lack a NUL; 0: it is no array */
	bool user;     /* in user memory */
};

struct node {
	enum node_kind kind;
	enum expr_op op;
	enum task_value task;
	struct type type;
	struct span at;
	uint64_t value;
	int64_t off;
	uint32_t bit_off, bits; /* PLACE, LOAD: bit-field inside [off, ...) */
	bool user;		/* PLACE, LOAD: in user memory */
	struct node *a, *b, *c;
	const struct tree_param *param;
	const struct tree_string *string;
	struct tree_local *local; /* LOCAL: which; BLOCK: the first */
};

/* A bound predicate: parameters of one function, and a tree over them. */
struct pred {
	const struct frame *frame;
	struct tree_param *params;
	unsigned int n_params;
	const struct tree_param *retval; /* NULL: nothing was returned yet, or nothing ever is */
	unsigned int n_regs;	/* argument registers in use; LIMIT_PARAMS if nobody knows */
	struct node *root;	/* NULL: always true */
	unsigned int buf_bytes; /* stack its reads need */
};

void tree_dump(const struct node *n, const struct kbtf *btf, struct buf *out);
