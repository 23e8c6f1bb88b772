/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of the current task: a helper each, asked once however often they are named. */
#include "comp/lower_internal.h"

/* what the helper returns; nothing it tells changes while the program runs */
static ir_reg ask(struct lower *l, uint32_t helper)
{
	struct seen key = { .off = -1 - (int64_t)helper, .bytes = 8 };
	ir_reg r = lower_seen(l, &key);

	if (r)
		return r;
	r = ir_call(l->ir, helper, NULL, 0);
	lower_remember(l, key, r);
	return r;
}

static ir_reg high_half(struct lower *l, ir_reg r)
{
	return ir_alu(l->ir, BPF_RSH, IR_64, r, ir_k(32));
}

ir_reg lower_task(struct lower *l, enum task_value which)
{
	switch (which) {
	case TASK_PID: /* tgid << 32 | pid, the kernel's words for process and thread */
		return high_half(l, ask(l, BPF_FUNC_get_current_pid_tgid));
	case TASK_TID:
		return ask(l, BPF_FUNC_get_current_pid_tgid);
	case TASK_UID:
		return ask(l, BPF_FUNC_get_current_uid_gid);
	case TASK_GID:
		return high_half(l, ask(l, BPF_FUNC_get_current_uid_gid));
	case TASK_CPU:
		return ask(l, BPF_FUNC_get_smp_processor_id);
	case TASK_CGROUP:
		return ask(l, BPF_FUNC_get_current_cgroup_id);
	case TASK_CURRENT:
		break;
	}
	return ask(l, BPF_FUNC_get_current_task);
}
