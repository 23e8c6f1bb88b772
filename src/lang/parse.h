/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to tree. Pure: no file, no kernel, no output. */
#pragma once

#include "lang/ast.h"

/*
 * bcc's chain spec: [frame =>] func(params)(pred) => ... , callee first.
 * `name` is what diagnostics call the text; `target` is the base function of
 * the mode (borrowed: must outlive the rule). The text is copied.
 * -EINVAL with a caret, -E2BIG over a limit, -ENOMEM.
 */
int spec_parse(struct rule **out, const char *name, const char *text, const char *target,
	       struct err *err);

/*
 * The native form: TARGET = VALUE, then clauses. Otherwise as spec_parse().
 */
int rule_parse(struct rule **out, const char *name, const char *text, struct err *err);

/* "int a, const char *b": a rule of which nothing is there but on_target's parameters */
int params_parse(struct rule **out, const char *text, struct err *err);
