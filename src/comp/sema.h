/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and types: a frame's predicate, bound over BTF, as a typed tree. */
#pragma once

#include "comp/comp.h"
#include "comp/tree.h"
#include "lang/probe.h"

/* the tree and the parameters live in `arena`; `frame` may have no predicate */
int sema_predicate(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
		   const struct frame *frame, struct arena *arena, struct pred *out,
		   struct err *err);

/* One value of a probe, bound. */
struct value {
	const struct conversion
		*conv;	   /* NULL: what a function returned, of a probe without format */
	struct node *root; /* a string's: its address */
	bool string;
	uint32_t room;	  /* of its array; 0: none */
	struct type type; /* before a string's became an address */
};

/* the probe's condition, as sema_predicate(); then its values, as many as it has conversions */
int sema_probe(const struct kbtf *btf, const struct probe *probe, const struct comp_func *func,
	       struct arena *arena, struct pred *out, struct value *values, struct err *err);

/* NULL: no parameter of that name */
const struct tree_param *sema_param(const struct pred *p, const char *name);
