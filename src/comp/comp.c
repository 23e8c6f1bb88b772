/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipeline: bind and type all predicates, write the programs, assemble them. */
#include "comp/comp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/lower.h"
#include "comp/program.h"
#include "comp/sema.h"
#include "util/cleanup.h"

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

static int find_kernel(const struct comp_job *job, struct comp_kernel *k, struct err *err)
{
	int ret = find_task(job->btf, k, err);

	find_storage(job->btf, k);
	if (ret == 0)
		ret = find_preempt_count(job->btf, k, err);
	if (ret == 0 && job->scope.marked &&
	    kbtf_find(job->btf, BTF_KIND_TYPEDEF, "btf_trace_task_newtask", &k->newtask) < 0)
		ret = err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
				"the kernel has no tracepoint task_newtask: cannot follow the "
				"command's children");
	return ret;
}

/* the parameter with GFP flags, whatever the rule calls it */
static int find_gfp(struct comp_env *env)
{
	const struct comp_job *job = env->job;
	static const struct frame unnamed;
	struct pred plain;
	int ret;

	if (!job->gfp_param || !job->nofail_mask)
		return 0;
	ret = sema_predicate(job->btf, job->rule->src, job->target, &unnamed, env->arena, &plain,
			     env->err);
	if (ret < 0)
		return ret;
	env->gfp = sema_param(&plain, job->gfp_param);
	if (env->gfp && env->gfp->reg < LIMIT_PARAMS)
		return 0;
	return err_plain(env->err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
			 "%s() has no parameter '%s' to see GFP flags in", job->target->name,
			 job->gfp_param);
}

/* where the state keeps the calls that did not match, behind those that did */
static int place_judged(struct comp_env *env)
{
	const struct comp_job *job = env->job;
	unsigned int frame = job->n_places;

	for (unsigned int c = 0; c < job->n_chains; c++)
		for (unsigned int k = 0; job->chains[c].negated && k < job->chains[c].n; k++) {
			unsigned int i = job->chains[c].first + k;

			if (!job->places[i].frame->pred)
				continue;
			if (frame == LIMIT_FRAMES)
				return err_set(env->err, -E2BIG, ERR_LIMIT, job->rule->src,
					       job->places[i].frame->at,
					       "more than %d callers in one rule, those with a "
					       "condition in a 'not under' counted twice",
					       LIMIT_FRAMES);
			env->judged[i] = frame++;
		}
	return 0;
}

static int env_open(struct comp_env *env, const struct comp_job *job, struct err *err)
{
	int ret;

	*env = (struct comp_env){ .job = job, .err = err };
	if (arena_new(&env->arena) < 0)
		return err_nomem(err);
	env->place = arena_alloc(env->arena, (job->n_places + 1) * sizeof(*env->place));
	if (!env->place)
		return err_nomem(err);
	ret = find_kernel(job, &env->kern, err);
	if (ret == 0)
		ret = sema_predicate(job->btf, job->rule->src, job->target, &job->rule->on_target,
				     env->arena, &env->target, err);
	for (unsigned int i = 0; ret == 0 && i < job->n_places; i++)
		ret = sema_predicate(job->btf, job->rule->src, &job->funcs[job->places[i].func],
				     job->places[i].frame, env->arena, &env->place[i], err);
	if (ret == 0)
		ret = place_judged(env);
	return ret == 0 ? find_gfp(env) : ret;
}

static void env_close(struct comp_env *env)
{
	arena_freep(&env->arena);
}

struct units {
	struct comp_unit *unit;
	unsigned int n;
};

static void units_free(struct units *u)
{
	for (unsigned int i = 0; i < u->n; i++) {
		ir_free(u->unit[i].main);
		ir_free(u->unit[i].callback);
		prog_free(&u->unit[i].meta);
	}
	free(u->unit);
	*u = (struct units){ 0 };
}

static int unit_name(struct comp_unit *u, const char *kind, int n, const char *func,
		     uint32_t attach, struct err *err)
{
	if (n < 0)
		str_copy(u->meta.name, sizeof(u->meta.name), kind);
	else
		snprintf(u->meta.name, sizeof(u->meta.name), "%.11s_%u", kind,
			 (unsigned int)n & 0xff);
	if (!str_copy(u->meta.func, sizeof(u->meta.func), func))
		return err_plain(err, -E2BIG, ERR_LIMIT, "function name longer than %d bytes",
				 LIMIT_IDENT);
	u->meta.attach_btf_id = attach;
	return 0;
}

/* the programs of one chain function; none if it can be seen on the stack anyway */
static int write_frame(const struct comp_env *env, unsigned int func, struct units *u)
{
	const struct comp_func *f = &env->job->funcs[func];
	uint32_t attach = f->trampoline ? f->func_id : 0;
	bool tracked = func_chains(env, func) != 0;
	struct comp_unit *unit;
	int ret;

	if (tracked) {
		unit = &u->unit[u->n++];
		ret = frame_enter_prog(env, func, unit);
		if (ret == 0)
			ret = unit_name(unit, "rc_enter", (int)func, f->name, attach, env->err);
		if (ret < 0)
			return ret;
	}
	if (!f->trampoline)
		return 0;
	unit = &u->unit[u->n++];
	ret = tracked ? frame_exit_prog(env, func, unit) : frame_hold_prog(env, unit);
	return ret < 0 ? ret
		       : unit_name(unit, tracked ? "rc_exit" : "rc_hold", (int)func, f->name,
				   attach, env->err);
}

static int write_programs(const struct comp_env *env, struct units *u)
{
	const struct comp_job *job = env->job;
	int ret;

	u->unit = calloc(2 + 2 * (size_t)job->n_funcs, sizeof(*u->unit));
	if (!u->unit)
		return err_nomem(env->err);
	u->n = 1;
	ret = target_prog(env, &u->unit[0]);
	if (ret == 0)
		ret = unit_name(&u->unit[0], "rc_target", -1, job->target->name, 0, env->err);
	for (unsigned int i = 0; ret == 0 && i < job->n_funcs; i++)
		ret = write_frame(env, i, u);
	if (ret < 0 || !job->scope.marked)
		return ret;
	ret = scope_prog(env, &u->unit[u->n++]);
	return ret < 0 ? ret
		       : unit_name(&u->unit[u->n - 1], "rc_newtask", -1, "", env->kern.newtask,
				   env->err);
}

/* registers, jumps; keeps what the compiler knows about the program */
static int unit_assemble(struct comp_unit *u, struct prog *out, struct err *err)
{
	int ret;

	*out = u->meta;
	ret = ir_assemble(u->main, u->callback, out, err);
	out->kind = u->meta.kind;
	memcpy(out->name, u->meta.name, sizeof(out->name));
	memcpy(out->func, u->meta.func, sizeof(out->func));
	out->attach_btf_id = u->meta.attach_btf_id;
	out->src = u->meta.src;
	return ret;
}

static int assemble(struct units *u, struct prog_set *out, struct err *err)
{
	struct prog_set set = { 0 };
	int ret = 0;

	set.progs = calloc(u->n, sizeof(*set.progs));
	if (!set.progs)
		return err_nomem(err);
	for (unsigned int i = 0; ret == 0 && i < u->n; i++) {
		set.n_progs++;
		ret = unit_assemble(&u->unit[i], &set.progs[i], err);
		if (ret < 0)
			err_wrap(err, "program %s", u->unit[i].meta.name);
	}
	if (ret < 0)
		prog_set_free(&set);
	else
		*out = set;
	return ret;
}

int comp_rule(const struct comp_job *job, struct prog_set *out, struct err *err)
{
	_cleanup_(units_free) struct units units = { 0 };
	_cleanup_(env_close) struct comp_env env;
	int ret;

	ret = env_open(&env, job, err);
	if (ret == 0)
		ret = write_programs(&env, &units);
	if (ret == 0)
		ret = assemble(&units, out, err);
	return ret;
}

void prog_set_free(struct prog_set *s)
{
	for (unsigned int i = 0; s->progs && i < s->n_progs; i++)
		prog_free(&s->progs[i]);
	free(s->progs);
	*s = (struct prog_set){ 0 };
}

static void explain_types(const struct comp_env *env, struct buf *out)
{
	const struct comp_job *job = env->job;

	buf_printf(out, "%s():\n", job->target->name);
	tree_dump(env->target.root, job->btf, out);
	for (unsigned int i = 0; i < job->n_places; i++) {
		buf_printf(out, "%s():\n", job->funcs[job->places[i].func].name);
		tree_dump(env->place[i].root, job->btf, out);
	}
}

int comp_explain(const struct comp_job *job, struct buf *types, struct buf *ir, struct err *err)
{
	_cleanup_(units_free) struct units units = { 0 };
	_cleanup_(env_close) struct comp_env env;
	int ret;

	ret = env_open(&env, job, err);
	if (ret == 0)
		ret = write_programs(&env, &units);
	if (ret < 0)
		return ret;
	if (types)
		explain_types(&env, types);
	for (unsigned int i = 0; ir && i < units.n; i++) {
		buf_printf(ir, "%s %s:\n", units.unit[i].meta.name, units.unit[i].meta.func);
		ir_print(units.unit[i].main, ir);
		if (!units.unit[i].callback)
			continue;
		buf_puts(ir, "callback:\n");
		ir_print(units.unit[i].callback, ir);
	}
	return 0;
}

/* 1: it holds, 0: it does not, 2: a read faulted */
static void predicate_result(struct ir *ir, enum prog_kind kind, int result)
{
	bool heard = kind == PROG_SYSCALL || kind == PROG_SYSCALL_TYPED;

	if (!heard) /* what these return is not */
		ir_store(ir, 4, ir_map_value(ir, PROG_MAP_CONTROL, 0), 0, ir_k(result));
	ir_exit(ir, ir_k(heard ? result : 0));
}

static int write_predicate(const struct pred *p, const struct kbtf *btf, struct comp_unit *u)
{
	struct lower *l = NULL;
	ir_label no, fault;
	struct ir *ir;
	ir_reg ctx;

	if (ir_new(&u->main) < 0)
		return -ENOMEM;
	ir = u->main;
	ir_at(ir, p->frame->at);
	ctx = ir_arg(ir, 1);
	no = ir_label_new(ir);
	fault = ir_label_new(ir);
	if (lower_new(&l, ir, abi_of(u->meta.kind), ctx, btf, p->buf_bytes) < 0)
		return -ENOMEM;
	lower_predicate(l, p, no, fault);
	predicate_result(ir, u->meta.kind, 1);
	if (p->root && !(p->root->kind == NODE_CONST && p->root->value)) {
		ir_place(ir, no);
		predicate_result(ir, u->meta.kind, 0);
	}
	if (lower_may_fault(l)) {
		ir_place(ir, fault);
		predicate_result(ir, u->meta.kind, 2);
	}
	lower_free(l);
	return 0;
}

int comp_predicate(const struct kbtf *btf, const struct source *src, const struct frame *frame,
		   const char *func, enum prog_kind kind, struct prog *out, struct err *err)
{
	_cleanup_(units_free) struct units units = { 0 };
	_cleanup_(arena_freep) struct arena *arena = NULL;
	struct comp_func f = { .name = func };
	const char *name;
	struct comp_unit *unit;
	struct kbtf_proto proto;
	struct pred pred;
	int ret;

	if (arena_new(&arena) < 0)
		return err_nomem(err);
	if (kbtf_func(btf, func, &proto) == 0)
		f.func_id = proto.func_id;
	f.syscall = abi_syscall_name(func, &name) == 0;
	ret = sema_predicate(btf, src, &f, frame, arena, &pred, err);
	if (ret < 0)
		return ret;
	unit = units.unit = calloc(1, sizeof(*unit));
	if (!unit)
		return err_nomem(err);
	units.n = 1;
	unit->meta.kind = kind;
	unit->meta.src = src;
	unit->meta.attach_btf_id = kind == PROG_FENTRY ? f.func_id : 0;
	str_copy(unit->meta.name, sizeof(unit->meta.name), "rc_pred");
	str_copy(unit->meta.func, sizeof(unit->meta.func), func);
	if (write_predicate(&pred, btf, unit) < 0)
		return err_nomem(err);
	return unit_assemble(unit, out, err);
}
