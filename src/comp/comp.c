/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipeline: bind and type all predicates, write the programs, assemble them. */
#include "comp/comp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/lower.h"
#include "comp/program.h"
#include "comp/sema.h"
#include "util/buf.h"
#include "util/cleanup.h"

static const struct kbtf *types_of(const struct comp_job *job, const struct comp_func *f)
{
	return f->btf ? f->btf : job->btf;
}

/* the parameter with GFP flags, whatever the rule calls it */
static int find_gfp(struct comp_env *env)
{
	const struct comp_job *job = env->job;
	const struct comp_site *site = env->site;
	static const struct frame unnamed;
	struct pred plain;
	int ret;

	if (!site->gfp_param || !site->nofail_mask)
		return 0;
	ret = sema_predicate(types_of(job, &site->func), job->rule->src, &site->func, &unnamed,
			     env->arena, &plain, env->err);
	if (ret < 0)
		return ret;
	env->gfp = sema_param(&plain, site->gfp_param);
	if (env->gfp && env->gfp->reg < LIMIT_PARAMS)
		return 0;
	return err_plain(env->err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
			 "%s() has no parameter '%s' to see GFP flags in", site->func.name,
			 site->gfp_param);
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

/* site: of the target's program; NULL: of those that follow the callers */
static int env_open(struct comp_env *env, const struct comp_job *job, const struct comp_site *site,
		    struct err *err)
{
	int ret;

	*env = (struct comp_env){ .job = job, .site = site, .err = err };
	if (arena_new(&env->arena) < 0)
		return err_nomem(err);
	env->place = arena_alloc(env->arena, (job->n_places + 1) * sizeof(*env->place));
	if (!env->place)
		return err_nomem(err);
	ret = comp_find_kernel(job, &env->kern, err);
	if (ret == 0)
		ret = place_judged(env);
	if (ret == 0 && site)
		ret = sema_predicate(types_of(job, &site->func), job->rule->src, &site->func,
				     &job->rule->on_target, env->arena, &env->target, err);
	for (unsigned int i = 0; ret == 0 && !site && i < job->n_places; i++) {
		const struct comp_func *f = &job->funcs[job->places[i].func];

		ret = sema_predicate(types_of(job, f), job->rule->src, f, job->places[i].frame,
				     env->arena, &env->place[i], err);
	}
	return ret == 0 && site ? find_gfp(env) : ret;
}

static void env_close(struct comp_env *env)
{
	arena_freep(&env->arena);
}

int comp_units_alloc(struct comp_units *u, unsigned int n, struct err *err)
{
	u->unit = calloc(n, sizeof(*u->unit));
	return u->unit ? 0 : err_nomem(err);
}

void comp_units_free(struct comp_units *u)
{
	for (unsigned int i = 0; i < u->n; i++) {
		ir_free(u->unit[i].main);
		for (unsigned int k = 0; k < u->unit[i].n_callbacks; k++)
			ir_free(u->unit[i].callback[k]);
		prog_free(&u->unit[i].meta);
	}
	free(u->unit);
	*u = (struct comp_units){ 0 };
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
static int write_frame(const struct comp_env *env, unsigned int func, struct comp_units *u)
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
		unit->meta.attach_btf_fd = f->trampoline ? f->attach_fd : 0;
	}
	if (!f->trampoline)
		return 0;
	unit = &u->unit[u->n++];
	unit->meta.attach_btf_fd = f->attach_fd;
	ret = tracked ? frame_exit_prog(env, func, unit) : frame_hold_prog(env, unit);
	return ret < 0 ? ret
		       : unit_name(unit, tracked ? "rc_exit" : "rc_hold", (int)func, f->name,
				   attach, env->err);
}

static int write_chains(const struct comp_env *env, struct comp_units *u)
{
	int ret = comp_units_alloc(u, 1 + 2 * env->job->n_funcs, env->err);

	for (unsigned int i = 0; ret == 0 && i < env->job->n_funcs; i++)
		ret = write_frame(env, i, u);
	return ret;
}

/* what goes on the target: at its entry; for `after` at its return, then at its entry */
static int write_target(const struct comp_env *envs, unsigned int n_envs, struct comp_units *u)
{
	const struct comp_site *site = envs->site;
	bool typed = site->kind == PROG_FMOD_RET || site->kind == PROG_LSM;
	int ret = comp_units_alloc(u, 2, envs->err);

	if (ret < 0)
		return ret;
	ret = target_prog(envs, n_envs, &u->unit[u->n++]);
	if (ret == 0)
		ret = unit_name(&u->unit[0], "rc_target", -1, site->func.name,
				typed ? site->func.func_id : 0, envs->err);
	u->unit[0].meta.sleepable = site_sleeps(site);
	u->unit[0].meta.attach_btf_fd = typed ? site->func.attach_fd : 0;
	if (ret < 0 || site->kind != PROG_KRETPROBE)
		return ret;
	ret = after_entry_prog(envs, &u->unit[u->n++]);
	return ret < 0 ? ret : unit_name(&u->unit[1], "rc_call", -1, site->func.name, 0, envs->err);
}

static int write_path(const struct comp_env *env, struct comp_units *u)
{
	int ret = comp_units_alloc(u, COMP_PATH_COUNT, env->err);

	for (unsigned int i = 0; ret == 0 && i < COMP_PATH_COUNT; i++)
		ret = path_prog(env, (enum comp_path)i, &u->unit[u->n++]);
	return ret;
}

static int write_children(const struct comp_env *env, struct comp_units *u)
{
	int ret = comp_units_alloc(u, 1, env->err);

	if (ret == 0)
		ret = scope_prog(env, &u->unit[u->n++]);
	return ret < 0 ? ret
		       : unit_name(&u->unit[0], "rc_newtask", -1, "", env->kern.newtask, env->err);
}

/* registers, jumps; keeps what the compiler knows about the program */
static int unit_assemble(struct comp_unit *u, struct prog *out, struct err *err)
{
	int ret;

	*out = u->meta;
	ret = ir_assemble(u->main, u->callback, u->n_callbacks, out, err);
	out->kind = u->meta.kind;
	out->sleepable = u->meta.sleepable;
	memcpy(out->name, u->meta.name, sizeof(out->name));
	memcpy(out->func, u->meta.func, sizeof(out->func));
	out->attach_btf_id = u->meta.attach_btf_id;
	out->src = u->meta.src;
	return ret;
}

/* behind those that are there already */
int comp_units_assemble(struct comp_units *u, struct prog_set *out, struct err *err)
{
	struct prog *progs = realloc(out->progs, (out->n_progs + u->n) * sizeof(*progs));
	int ret = 0;

	if (!progs)
		return u->n || out->n_progs ? err_nomem(err) : 0;
	out->progs = progs;
	for (unsigned int i = 0; ret == 0 && i < u->n; i++) {
		ret = unit_assemble(&u->unit[i], &progs[out->n_progs++], err);
		if (ret < 0)
			err_wrap(err, "program %s", u->unit[i].meta.name);
	}
	return ret;
}

/* The rules of one site, each bound to its types */
struct envs {
	struct comp_env *env;
	unsigned int n;
};

static void envs_close(struct envs *e)
{
	for (unsigned int i = 0; i < e->n; i++)
		env_close(&e->env[i]);
	free(e->env);
}

static int envs_open(struct envs *e, const struct comp_job *const *jobs, unsigned int n_jobs,
		     const struct comp_site *site, struct err *err)
{
	unsigned int walks = 0;
	int ret = 0;

	e->env = calloc(n_jobs, sizeof(*e->env));
	if (!e->env)
		return err_nomem(err);
	for (unsigned int i = 0; ret == 0 && i < n_jobs; i++) {
		walks += jobs[i]->n_chains > 0;
		if (walks > LIMIT_CALLBACKS)
			return err_set(err, -E2BIG, ERR_LIMIT, jobs[i]->rule->src,
				       jobs[i]->rule->target_at,
				       "more than %d rules with callers on one function",
				       LIMIT_CALLBACKS);
		ret = env_open(&e->env[e->n++], jobs[i], site, err);
	}
	return ret;
}

/* a limit that the program as a whole exceeds: the first condition is most often what does */
static int locate(struct err *err, const struct comp_job *const *jobs, unsigned int n_jobs, int ret)
{
	for (unsigned int i = 0; err && i < n_jobs; i++)
		if (jobs[i]->rule->on_target.pred)
			err_locate(err, jobs[i]->rule->src, jobs[i]->rule->on_target.pred->at);
	return ret;
}

int comp_target(const struct comp_job *const *jobs, unsigned int n_jobs,
		const struct comp_site *site, struct prog_set *out, struct err *err)
{
	_cleanup_(comp_units_free) struct comp_units units = { 0 };
	_cleanup_(envs_close) struct envs envs = { 0 };
	int ret;

	ret = envs_open(&envs, jobs, n_jobs, site, err);
	if (ret == 0)
		ret = write_target(envs.env, n_jobs, &units);
	if (ret == 0)
		ret = comp_units_assemble(&units, out, err);
	return ret == 0 ? 0 : locate(err, jobs, n_jobs, ret);
}

typedef int write_fn(const struct comp_env *env, struct comp_units *u);

static int compile(const struct comp_job *job, write_fn *write, struct prog_set *out,
		   struct err *err)
{
	_cleanup_(comp_units_free) struct comp_units units = { 0 };
	_cleanup_(env_close) struct comp_env env;
	int ret;

	ret = env_open(&env, job, NULL, err);
	if (ret == 0)
		ret = write(&env, &units);
	return ret < 0 ? ret : comp_units_assemble(&units, out, err);
}

int comp_chains(const struct comp_job *job, struct prog_set *out, struct err *err)
{
	return job->n_funcs ? compile(job, write_chains, out, err) : 0;
}

int comp_children(const struct comp_job *job, struct prog_set *out, struct err *err)
{
	return job->scope.marked ? compile(job, write_children, out, err) : 0;
}

int comp_path(const struct comp_job *job, struct prog_set *out, struct err *err)
{
	return job->path ? compile(job, write_path, out, err) : 0;
}

int comp_rule(const struct comp_job *job, struct prog_set *out, struct err *err)
{
	struct prog_set set = { 0 };
	int ret = comp_target(&job, 1, job->site, &set, err);

	if (ret == 0)
		ret = comp_chains(job, &set, err);
	if (ret == 0)
		ret = comp_children(job, &set, err);
	if (ret < 0)
		prog_set_free(&set);
	else
		*out = set;
	return ret;
}

static void print_ir(const struct comp_units *u, struct buf *out)
{
	for (unsigned int i = 0; i < u->n; i++) {
		buf_printf(out, "%s %s:\n", u->unit[i].meta.name, u->unit[i].meta.func);
		ir_print(u->unit[i].main, out);
		for (unsigned int k = 0; k < u->unit[i].n_callbacks; k++) {
			buf_printf(out, k ? "callback %u:\n" : "callback:\n", k);
			ir_print(u->unit[i].callback[k], out);
		}
	}
}

static int explain_target(const struct comp_job *job, struct buf *types, struct buf *ir,
			  struct err *err)
{
	_cleanup_(comp_units_free) struct comp_units units = { 0 };
	_cleanup_(env_close) struct comp_env env;
	int ret;

	ret = env_open(&env, job, job->site, err);
	if (ret == 0)
		ret = write_target(&env, 1, &units);
	if (ret < 0)
		return ret;
	buf_printf(types, "%s():\n", job->site->func.name);
	tree_dump(env.target.root, types_of(job, &job->site->func), types);
	print_ir(&units, ir);
	return 0;
}

static int explain_chains(const struct comp_job *job, struct buf *types, struct buf *ir,
			  struct err *err)
{
	_cleanup_(comp_units_free) struct comp_units units = { 0 };
	_cleanup_(env_close) struct comp_env env;
	int ret;

	ret = env_open(&env, job, NULL, err);
	if (ret == 0)
		ret = write_chains(&env, &units);
	for (unsigned int i = 0; ret == 0 && i < job->n_places; i++) {
		const struct comp_func *f = &job->funcs[job->places[i].func];

		buf_printf(types, "%s():\n", f->name);
		tree_dump(env.place[i].root, types_of(job, f), types);
	}
	if (ret == 0)
		print_ir(&units, ir);
	return ret;
}

int comp_explain(const struct comp_job *job, struct buf *types, struct buf *ir, struct err *err)
{
	_cleanup_buf_ struct buf trees = { 0 }, code = { 0 };
	int ret = explain_target(job, &trees, &code, err);

	if (ret == 0 && job->n_funcs)
		ret = explain_chains(job, &trees, &code, err);
	if (ret == 0 && types)
		buf_puts(types, buf_str(&trees));
	if (ret == 0 && ir)
		buf_puts(ir, buf_str(&code));
	return ret;
}

/* 1: it holds, 0: it does not, 2: a read faulted */
static void predicate_result(struct ir *ir, enum prog_kind kind, int result)
{
	bool heard =
		kind == PROG_SYSCALL || kind == PROG_SYSCALL_WAITS || kind == PROG_SYSCALL_TYPED;

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
	if (u->meta.kind == PROG_SYSCALL_WAITS)
		lower_may_sleep(l);
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
	_cleanup_(comp_units_free) struct comp_units units = { 0 };
	_cleanup_(arena_freep) struct arena *arena = NULL;
	struct comp_func f = { .name = func };
	struct abi_syscall call;
	struct comp_unit *unit;
	struct kbtf_proto proto;
	struct pred pred;
	int ret;

	if (arena_new(&arena) < 0)
		return err_nomem(err);
	if (kbtf_func(btf, func, &proto) == 0)
		f.func_id = proto.func_id;
	f.syscall = abi_syscall(func, &call) == 0;
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
