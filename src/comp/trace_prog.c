/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A probe's program. It writes its record where it will be read, in the ring buffer: there
 * is no scratch memory that another task, come in between, could share. What can be told
 * before that costs nothing else: scope, then condition.
 */
#include <string.h>

#include "comp/trace_internal.h"

#define STACK_USER (1 << 8) /* BPF_F_USER_STACK */

#define TAIL_OFF(field) (RECORD_OFF(stack) + (int32_t)offsetof(struct trace_tail, field))

/* retcon's own calls would be told of by calls of retcon's own */
static void skip_self(struct pgm *p, const struct trace_job *job)
{
	struct ir *ir = p->ir;
	ir_reg id;

	if (job->opts->include_self || !job->opts->scope.self)
		return;
	ir_note(ir, "if (bpf_get_current_pid_tgid() >> 32 == %u) return 0; /* retcon */",
		job->opts->scope.self);
	id = ir_alu(ir, BPF_RSH, IR_64, ir_call(ir, BPF_FUNC_get_current_pid_tgid, NULL, 0),
		    ir_k(32));
	ir_branch(ir, BPF_JEQ, IR_64, id, ir_k(job->opts->scope.self), p->leave);
}

static ir_reg reserve(struct pgm *p, uint32_t size)
{
	struct ir *ir = p->ir;
	ir_label there = ir_label_new(ir);
	ir_reg rec;

	ir_note(ir, "rec = bpf_ringbuf_reserve(&events, %u, 0); if (!rec) { drops++; return 0; }",
		size);
	rec = ir_call(ir, BPF_FUNC_ringbuf_reserve,
		      (struct ir_val[]){ ir_r(ir_map(ir, PROG_MAP_EVENTS)), ir_k(size), ir_k(0) },
		      3);
	ir_branch(ir, BPF_JNE, IR_64, rec, ir_k(0), there);
	pgm_count(p, CONTROL_OFF(drops));
	ir_jump(ir, p->leave);
	ir_place(ir, there);
	return rec;
}

static struct ir_val place_of(struct pgm *p, const struct trace_job *job)
{
	if (!job->many)
		return ir_k((int32_t)job->place);
	ir_note(p->ir, "place = bpf_get_attach_cookie(ctx);");
	return ir_r(
		ir_call(p->ir, BPF_FUNC_get_attach_cookie, (struct ir_val[]){ ir_r(p->ctx) }, 1));
}

/* one that cannot be read is 0, or empty, and said to be so */
static void write_value(struct pgm *p, ir_reg rec, unsigned int i, const struct value *v,
			const struct trace_value *t)
{
	struct ir *ir = p->ir;
	ir_label fault = ir_label_new(ir), next = ir_label_new(ir);
	ir_reg at = rec, value, faults;
	bool may_fault = true;

	if (v->conv)
		ir_at(ir, v->conv->value->at);
	if (t->string) {
		struct lower_text text = {
			.to = at = ir_alu(ir, BPF_ADD, IR_64, rec, ir_k(t->off)),
			.bytes = v->room && v->room < t->bytes ? v->room + 1 : t->bytes,
			.user = v->root->type.user == 1,
		};

		ir_note(ir, "rec->text[%u] = string;", i);
		lower_text(p->lower, v->root, &text, fault);
	} else {
		ir_note(ir, "rec->value[%u] = value;", i);
		value = lower_number(p->lower, v->root, fault, &may_fault);
		ir_store(ir, 8, rec, (int32_t)t->off, ir_r(value));
	}
	if (!may_fault)
		return;
	ir_jump(ir, next);
	ir_place(ir, fault);
	ir_note(ir, "fault: rec->faults |= %u;", 1U << i);
	faults = ir_load(ir, 4, rec, TAIL_OFF(faults));
	ir_store(ir, 4, rec, TAIL_OFF(faults),
		 ir_r(ir_alu(ir, BPF_OR, IR_64, faults, ir_k((int32_t)(1U << i)))));
	ir_store(ir, t->string ? 1 : 8, at, t->string ? 0 : (int32_t)t->off, ir_k(0));
	ir_place(ir, next);
}

static void write_stack(struct pgm *p, ir_reg rec, uint32_t at, int32_t length, int flags)
{
	struct ir *ir = p->ir;
	ir_reg n;

	if (!at)
		return;
	ir_note(ir, "rec->%s_bytes = bpf_get_stack(ctx, rec->%s_stack, %d, %d);",
		flags ? "user" : "stack", flags ? "user" : "kernel", TRACE_STACK_BYTES, flags);
	n = ir_call(ir, BPF_FUNC_get_stack,
		    (struct ir_val[]){ ir_r(p->ctx),
				       ir_r(ir_alu(ir, BPF_ADD, IR_64, rec, ir_k(at))),
				       ir_k(TRACE_STACK_BYTES), ir_k(flags) },
		    4);
	ir_store(ir, 4, rec, length, ir_r(n));
}

static void write_record(struct pgm *p, const struct trace_job *job, const struct value *values,
			 const struct trace_layout *l)
{
	struct ir *ir = p->ir;
	ir_reg rec = reserve(p, l->size);
	struct pgm_record r = { .base = rec };

	pgm_record_head(p, &r, RECORD_TRACE, place_of(p, job), ir_const(ir, 0));
	ir_note(ir, "rec->faults = 0;");
	ir_store(ir, 4, rec, TAIL_OFF(faults), ir_k(0));
	for (unsigned int i = 0; i < l->n_values; i++)
		write_value(p, rec, i, &values[i], &l->value[i]);
	ir_at(ir, job->probe->rule->on_target.at);
	write_stack(p, rec, l->kernel_stack, RECORD_OFF(stack_bytes), 0);
	write_stack(p, rec, l->user_stack, TAIL_OFF(user_bytes), STACK_USER);
	ir_note(ir, "bpf_ringbuf_submit(rec, 0);");
	ir_call(ir, BPF_FUNC_ringbuf_submit, (struct ir_val[]){ ir_r(rec), ir_k(0) }, 2);
}

int trace_prog(const struct comp_env *env, const struct trace_job *job, const struct value *values,
	       const struct trace_layout *l, struct comp_unit *unit)
{
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, env->site->kind);
	if (ret < 0)
		return ret;
	pgm_need_armed(&p);
	skip_self(&p, job);
	pgm_need_scope(&p);
	if (env->site->kind == PROG_KRETPROBE)
		after_find_call(&p);
	pgm_count_cpu(&p, RULE_OFF(&p, cpu[0].hits), 1, "hits++");
	pgm_predicate(&p, &env->target);
	write_record(&p, job, values, l);
	pgm_end(&p);
	return 0;
}
