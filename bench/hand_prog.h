/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "code.h"
#include "hand.h"

/* where the target's other functions begin */
struct hand_funcs {
	__u32 slow, confirm;
};

void hand_target(struct code *c, const struct hand *h, const struct constants *k, __u32 pid,
		 __u32 ppid, bool quick_load, struct hand_funcs *f);
/* slow is all that there is beside it */
void hand_flat_target(struct code *c, const struct hand *h, const struct constants *k,
		      const struct hand_way *way, __u32 scope, __u32 pid, __u32 ppid,
		      struct hand_funcs *f);
void hand_enter(struct code *c, const struct hand *h, const struct constants *k);
void hand_exit(struct code *c, const struct hand *h);
