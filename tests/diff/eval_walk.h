/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the evaluator share. */
#pragma once

#include "comp/type.h"
#include "eval.h"

/* A value, or a place in memory that has one. */
struct val {
	struct type type;
	uint64_t v; /* sign- or zero-extended; of a place: its address */
	bool place, user;
	uint32_t bit_off, bits;
};

struct var;

struct walk {
	struct eval_world *w;
	struct var *vars;
	enum eval_result stop; /* EVAL_TRUE: go on */
	unsigned int dry;      /* only the type is wanted */
};

/* eval.c */
struct val eval_expr(struct walk *k, const struct expr *e); /* perhaps a place */
struct val eval_field(struct walk *k, struct val base, const char *name);
struct val eval_deref(struct walk *k, struct val p);
struct val eval_give_up(struct walk *k, enum eval_result why);

/* eval_read.c */
struct val eval_read(struct walk *k, struct val p); /* the value there */
struct type eval_pointer_to(struct type t, bool user);
/* tells whoever wants to know that this is about to be read */
void eval_touch(struct walk *k, uint64_t addr, struct type t);
uint8_t eval_peek(struct walk *k, bool user, uint64_t addr);

/* eval_string.c: what `test` ("==", "STRCMP", ...) says of a string and a literal */
bool eval_string(struct walk *k, struct str test, const struct expr *subject, struct str lit);
