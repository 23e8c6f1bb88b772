/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed trees to IR. Conditions become control flow, so that `p && p->x` guards
 * the read; every read of kernel memory may fault and then ends the predicate.
 */
#pragma once

#include "comp/abi.h"
#include "comp/tree.h"

struct lower;

/* one for each program; buf_bytes: the most any of its predicates needs */
int lower_new(struct lower **out, struct ir *ir, const struct abi *abi, ir_reg ctx,
	      const struct kbtf *btf, unsigned int buf_bytes);
void lower_free(struct lower *l);
/* so much more, for another program's predicate; before anything is lowered */
void lower_reserve(struct lower *l, unsigned int buf_bytes);
/* where arguments are, if not in ctx */
void lower_arguments(struct lower *l, ir_reg at);

/* reads of user memory wait until it is there */
void lower_may_sleep(struct lower *l);

/* falls through if the predicate holds */
void lower_predicate(struct lower *l, const struct pred *p, ir_label if_false, ir_label on_fault);
/*
 * A number as 64 bits, extended as its type says. A read that fails goes to on_fault, which
 * has to be placed if *may_fault says so: then nothing that was read here is known behind it.
 */
ir_reg lower_number(struct lower *l, const struct node *n, ir_label on_fault, bool *may_fault);
/* a string, of at most so many bytes with its NUL; on_fault has to be placed */
struct lower_text {
	ir_reg to; /* memory of the program's, not its stack */
	unsigned int bytes;
	bool user; /* the process's for sure */
};
void lower_text(struct lower *l, const struct node *at, const struct lower_text *text,
		ir_label on_fault);
/* low bytes of one parameter, as lower_predicate() would see it */
ir_reg lower_param(struct lower *l, const struct tree_param *p);
/* nothing lowered so far dominates what follows: read again */
void lower_forget(struct lower *l);
/* some read was emitted: on_fault has to be placed */
bool lower_may_fault(const struct lower *l);
