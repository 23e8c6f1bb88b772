/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and types: a frame's predicate, bound over BTF, as a typed tree. */
#pragma once

#include "comp/comp.h"
#include "comp/tree.h"

/* the tree and the parameters live in `arena`; `frame` may have no predicate */
int sema_predicate(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
		   const struct frame *frame, struct arena *arena, struct pred *out,
		   struct err *err);

/* NULL: no parameter of that name */
const struct tree_param *sema_param(const struct pred *p, const char *name);
