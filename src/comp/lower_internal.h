/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of lowering share. A value sits in a 64-bit register: integers
 * below int extended as their type says, int and unsigned int in the low half
 * with anything above (32-bit operations read no more), long and pointers whole.
 */
#pragma once

#include "comp/lower.h"

#define LOWER_SEEN 64

/* A value read or computed before on every path to here. */
struct seen {
	ir_reg base; /* 0: a parameter, its register number in off; or a helper, < 0 there */
	int64_t off;
	uint32_t bit_off, bits;
	unsigned int bytes;
	bool is_signed, user;
	ir_reg value;
};

struct lower {
	struct ir *ir;
	const struct abi *abi;
	ir_reg ctx;
	const struct kbtf *btf;
	ir_slot buf; /* what reads are stored in; 0 until needed */
	unsigned int buf_bytes;
	bool may_fault;
	ir_label on_fault;
	struct seen seen[LOWER_SEEN];
	unsigned int n_seen;
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

/* lower_mem.c */
/* where reads go before they are loaded: at least 8 bytes */
ir_slot lower_buffer(struct lower *l);
ir_reg lower_load(struct lower *l, const struct node *n);
ir_reg lower_address(struct lower *l, const struct node *n);
/*
 * bytes at address into the buffer, or a string of at most so many with its NUL;
 * what the helper returned, which is no error
 */
ir_reg lower_read(struct lower *l, bool user, bool string, struct ir_val bytes, ir_reg address);
ir_reg lower_seen(const struct lower *l, const struct seen *key);
void lower_remember(struct lower *l, struct seen key, ir_reg value);

/* lower_string.c: as lower_branch() */
unsigned int lower_string(struct lower *l, const struct node *n, ir_label to, bool when);
