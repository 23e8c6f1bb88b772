/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constants that are no enum's, and the kernel's macros, for the evaluator. */
#pragma once

#include "comp/type.h"

/* errno's and allocation flags, as far as the generator knows them; false: another name */
bool eval_named(const struct kbtf *btf, const char *name, struct type *t, uint64_t *v);
/* macros of one number; *t, *v: the argument, then the result; false: another name */
bool eval_macro(struct str name, struct type *t, uint64_t *v);
/* where member `m` ("in", "many[1].sh") of *t is, and its type; false: it has none */
bool eval_member(const struct kbtf *btf, const struct expr *m, struct type *t, uint64_t *off);
