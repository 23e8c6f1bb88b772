/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pointers that the verifier knows the type of: through them a program may load
 * without a helper, and a load that faults gives 0.
 */
#pragma once

#include "kern/kbtf.h"

/* What the verifier takes a pointer for. */
struct typed {
	uint32_t record; /* struct or union it can be loaded through, 0: a number, or unknown */
	bool opaque;	 /* unknown: to be had as a number only */
};

/* a pointer of BTF type id, as an argument of a trampoline's context */
struct typed typed_argument(const struct kbtf *btf, uint32_t id);

/*
 * May `bytes` be loaded at `off` from a pointer to record? *target: what the result is
 * to the verifier, a pointer to this record or (0) a number.
 */
bool typed_load(const struct kbtf *btf, uint32_t record, int64_t off, unsigned int bytes,
		uint32_t *target);
