/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between trace.c, which binds and lays out, and trace_prog.c, which writes. */
#pragma once

#include "comp/lower.h"
#include "comp/program.h"
#include "comp/sema.h"
#include "comp/trace.h"

int trace_prog(const struct comp_env *env, const struct trace_job *job, const struct value *values,
	       const struct trace_layout *l, struct comp_unit *unit);
