/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs read of the kernel whatever the rule: offsets and variables, from BTF. */
#include <errno.h>

#include "comp/program.h"

/* byte offset of a plain member */
static int member_offset(const struct kbtf *btf, uint32_t id, const char *name, int32_t *off)
{
	struct kbtf_member m;
	int ret = kbtf_member(btf, id, name, &m);

	if (ret < 0)
		return ret;
	*off = (int32_t)(m.bit_off / 8);
	return 0;
}

static int find_task(const struct kbtf *btf, struct comp_kernel *k, struct err *err)
{
	uint32_t id;

	if (kbtf_find(btf, BTF_KIND_STRUCT, "task_struct", &id) < 0 ||
	    member_offset(btf, id, "tgid", &k->task_tgid) < 0 ||
	    member_offset(btf, id, "flags", &k->task_flags) < 0)
		return err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
				 "the kernel's BTF has no struct task_struct with tgid and flags");
	return 0;
}

/*
 * 6.1 refuses a look-up of task storage while another task, preempted on this CPU, is
 * in one: NULL then does not mean "none". bpf_task_storage_get_recur() (in 6.12,
 * not in 6.1: kernel/bpf/bpf_task_storage.c) shows a kernel that does not.
 */
static void find_storage(const struct kbtf *btf, struct comp_kernel *k)
{
	uint32_t id;

	k->task_storage = -1;
	if (kbtf_find(btf, BTF_KIND_FUNC, "bpf_task_storage_get_recur", &id) < 0 &&
	    kbtf_find(btf, BTF_KIND_STRUCT, "task_struct", &id) == 0 &&
	    member_offset(btf, id, "bpf_storage", &k->task_storage) < 0)
		k->task_storage = -1;
}

/* `pcpu_hot.preempt_count` in 6.2 to 6.14, `__preempt_count` before and after */
static int find_preempt_count(const struct kbtf *btf, struct comp_kernel *k, struct err *err)
{
	const struct btf_type *var;

	if (kbtf_find(btf, BTF_KIND_VAR, "pcpu_hot", &k->preempt_var) == 0) {
		var = kbtf_type(btf, k->preempt_var);
		if (var && member_offset(btf, var->type, "preempt_count", &k->preempt_off) == 0)
			return 0;
	}
	k->preempt_off = 0;
	if (kbtf_find(btf, BTF_KIND_VAR, "__preempt_count", &k->preempt_var) == 0)
		return 0;
	return err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
			 "the kernel's BTF has neither pcpu_hot nor __preempt_count: cannot tell "
			 "a task from an interrupt on top of it");
}

static int find_path(const struct kbtf *btf, struct comp_kernel *k, struct err *err)
{
	uint32_t id;

	if (kbtf_find(btf, BTF_KIND_TYPEDEF, "btf_trace_sys_exit", &k->sys_exit) == 0 &&
	    kbtf_find(btf, BTF_KIND_TYPEDEF, "btf_trace_sched_process_exit", &k->process_exit) ==
		    0 &&
	    kbtf_find(btf, BTF_KIND_STRUCT, "task_struct", &id) == 0 &&
	    member_offset(btf, id, "exit_code", &k->task_exit_code) == 0)
		return 0;
	return err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
			 "the kernel has no tracepoints sys_exit and sched_process_exit: cannot "
			 "follow what is injected (--follow)");
}

int comp_find_kernel(const struct comp_job *job, struct comp_kernel *k, struct err *err)
{
	int ret = find_task(job->btf, k, err);

	find_storage(job->btf, k);
	if (ret == 0)
		ret = find_preempt_count(job->btf, k, err);
	if (ret == 0)
		ret = scope_find(job->btf, &job->scope, &k->scope, err);
	if (ret == 0 && job->scope.marked &&
	    kbtf_find(job->btf, BTF_KIND_TYPEDEF, "btf_trace_task_newtask", &k->newtask) < 0)
		ret = err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
				"the kernel has no tracepoint task_newtask: cannot follow the "
				"command's children");
	if (ret == 0 && job->path)
		ret = find_path(job->btf, k, err);
	return ret;
}
