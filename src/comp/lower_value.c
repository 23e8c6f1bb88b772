/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that are told, not tested: a probe's. One that cannot be read takes no other with it. */
#include "comp/lower_internal.h"

ir_reg lower_number(struct lower *l, const struct node *n, ir_label on_fault, bool *may_fault)
{
	unsigned int seen = l->n_seen;
	bool before = l->may_fault;
	ir_reg r;

	l->may_fault = false;
	l->on_fault = on_fault;
	r = lower_value(l, n);
	if (n->type.bytes < 8)
		r = ir_extend(l->ir, r, n->type.bytes, n->type.is_signed);
	*may_fault = l->may_fault;
	l->may_fault = before;
	if (*may_fault)
		l->n_seen = seen;
	return r;
}

/*
 * What BTF does not call the process's may be all the same: few kernels' compilers write
 * __user down. Here no address is both the kernel's and a process's, so one of the two
 * reads fails, or both.
 */
void lower_text(struct lower *l, const struct node *at, const struct lower_text *text,
		ir_label on_fault)
{
	struct ir_val args[] = { ir_r(text->to), ir_k(text->bytes), ir_r(0) };
	ir_label read = ir_label_new(l->ir);
	unsigned int seen = l->n_seen;
	bool before = l->may_fault;

	l->on_fault = on_fault;
	args[2] = ir_r(lower_value(l, at));
	if (!text->user)
		ir_branch(l->ir, BPF_JSGE, IR_64,
			  ir_call(l->ir, BPF_FUNC_probe_read_kernel_str, args, 3), ir_k(0), read);
	ir_branch(l->ir, BPF_JSLT, IR_64, ir_call(l->ir, BPF_FUNC_probe_read_user_str, args, 3),
		  ir_k(0), on_fault);
	ir_place(l->ir, read);
	l->may_fault = before;
	l->n_seen = seen;
}
