/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C's integer rules once more, written without the compiler's. */
#pragma once

#include "comp/type.h"

/* what storing v in a variable of type t and reading it again gives */
uint64_t eval_fit(struct type t, uint64_t v);
struct type eval_promoted(struct type t);
struct type eval_common(struct type a, struct type b);
/* op is / or %; by zero as BPF defines it */
uint64_t eval_divide(enum expr_op op, struct type t, uint64_t a, uint64_t b);
bool eval_ordered(enum expr_op op, bool less, bool equal);
