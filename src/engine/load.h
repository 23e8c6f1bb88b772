/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"

/* One program into the kernel, as prog_type/attach_type say. *fd on success. */
int prog_load(const struct prog *p, uint32_t attach_type, const struct prog_info *info,
	      const struct engine_world *world, int *fd, struct err *err);

/*
 * What the verifier said last, and where: the index of the last instruction it
 * looked at and its complaint (pointing into log). Pure, for tests and fuzzing.
 */
struct verifier_complaint {
	bool found; /* else the log is statistics, and the reason is elsewhere */
	bool began; /* it is about instructions; else about where the program is to go */
	uint32_t insn;
	const char *text;
	size_t len;
};
struct verifier_complaint verifier_complaint(const char *log);
