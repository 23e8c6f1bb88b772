/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of lowering share. A value sits in a 64-bit register: integers
 * below int extended as their type says, int and unsigned int in the low half
 * with anything above (32-bit operations read no more), long and pointers whole.
 */
#pragma once

#include "comp/lower.h"

#define LOWER_SEEN   64
#define LOWER_SHARED 8

enum seen_state {
	SEEN_VALUE,  /* of a parameter or field, as C has it */
	SEEN_BYTES,  /* as they were read: zero-extended, a pointer perhaps typed */
	SEEN_RAW,    /* the same, but a 0 may mean that they were not read */
	SEEN_STRING, /* what reading shared[off] returned; it is in its slot */
};

/* A value read or computed before on every path to here. */
struct seen {
	enum seen_state state;
	ir_reg base; /* 0: a parameter, its register number in off; or a helper, < 0 there */
	int64_t off;
	uint32_t bit_off, bits;
	unsigned int bytes;
	bool is_signed, user;
	ir_reg value;
};

/* A string that several tests look at the start of. */
struct shared {
	const struct node *at; /* its address */
	uint32_t room;	       /* of its array, 0: it is none */
	bool user;
	unsigned int tests, bytes; /* bytes: what they need at most, with a NUL */
	ir_slot slot;		   /* 0 until it is read */
};

struct lower {
	struct ir *ir;
	const struct abi *abi;
	ir_reg ctx;
	const struct kbtf *btf;
	ir_slot buf; /* what reads are stored in; 0 until needed */
	unsigned int buf_bytes;
	bool may_fault, may_sleep;
	ir_label on_fault;
	struct seen seen[LOWER_SEEN];
	unsigned int n_seen;
	struct shared shared[LOWER_SHARED];
	unsigned int n_shared, shared_bytes;
};

/* lower.c */
ir_reg lower_value(struct lower *l, const struct node *n);
/* second operand: constants stay constants */
struct ir_val lower_operand(struct lower *l, const struct node *n);
enum ir_width lower_width(struct type t);
void lower_locals(struct lower *l, const struct node *block);

/*
 * lower_cond.c: goto `to` if n's truth is `when`, else fall through. Returns how
 * much of seen[] holds on both ways out.
 */
unsigned int lower_branch(struct lower *l, const struct node *n, ir_label to, bool when);
ir_reg lower_truth(struct lower *l, const struct node *n); /* 0 or 1 */

/* lower_task.c */
ir_reg lower_task(struct lower *l, enum task_value which);

/* lower_direct.c */
/* a load through a typed pointer */
struct direct {
	ir_reg base, value; /* 0 if it faulted */
	unsigned int bytes;
	uint32_t record; /* value is a typed pointer, to this; 0: a number */
};

/* false: not possible */
bool lower_direct(struct lower *l, const struct node *n, struct direct *d);
ir_reg lower_confirmed(struct lower *l, const struct node *n, const struct direct *d);
ir_reg lower_typed_param(struct lower *l, const struct tree_param *p);
ir_reg lower_pointer(struct lower *l, const struct node *n, uint32_t *record);
ir_reg lower_number_of(struct lower *l, ir_reg pointer);
/* values good for nothing but comparing them, and reading at them */
ir_reg lower_comparable(struct lower *l, const struct node *n);
ir_reg lower_base(struct lower *l, const struct node *n, int64_t off);

/* lower_mem.c */
enum read_from {
	READ_KERNEL,
	READ_KERNEL_STRING,
	READ_USER,
	READ_USER_STRING,
};

/*
 * bytes at base + off into the buffer, or a string of at most so many with its NUL;
 * what the helper returned, which is no error
 */
ir_reg lower_read(struct lower *l, enum read_from from, struct ir_val bytes, ir_reg base,
		  int64_t off);
/* the same, elsewhere than into the buffer */
ir_reg lower_read_to(struct lower *l, ir_slot to, enum read_from from, struct ir_val bytes,
		     ir_reg base, int64_t off);
/* where reads go before they are loaded: at least 8 bytes */
ir_slot lower_buffer(struct lower *l);
ir_reg lower_load(struct lower *l, const struct node *n);
ir_reg lower_address(struct lower *l, const struct node *n);
ir_reg lower_seen(const struct lower *l, const struct seen *key);
void lower_remember(struct lower *l, struct seen key, ir_reg value);

/* lower_string.c: as lower_branch() */
unsigned int lower_string(struct lower *l, const struct node *n, ir_label to, bool when);

/* lower_shared.c: before anything of a predicate is lowered */
void lower_find_shared(struct lower *l, const struct node *n);
/* what NODE_STRCMP n shares with other tests; NULL: it reads for itself */
struct shared *lower_shared(struct lower *l, const struct node *n);
/* the string into its slot, unless it is there; what the helper returned */
ir_reg lower_shared_read(struct lower *l, const struct node *n, const struct shared *s);
/* so many are read for a test of a string's start, with the helper's NUL */
unsigned int lower_string_bytes(const struct node *n);
