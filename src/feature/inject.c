// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The three modes are rules whose target and value are fixed. Order of checks:
 * what the user typed first, then who they are, then what the kernel has.
 */
#include "feature/inject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kern/why.h"
#include "lang/parse.h"

static const struct inject_mode {
	const char *name;
	const char *target;
	int64_t value;
	int gfp_param; /* where the allocation flags are; -1 none */
} modes[] = {
	{ "kmalloc", "should_failslab", -ENOMEM, 1 },
	{ "bio", "should_fail_bio", -EIO, -1 },
	{ "alloc_page", "should_fail_alloc_page", true, 0 },
};

static const struct inject_mode *find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}

static int check_opts(const struct inject_opts *o, struct err *err)
{
	if (!find_mode(o->mode))
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "there is no mode '%s': it is kmalloc, bio or alloc_page",
				 o->mode);
	if (!(o->probability >= 0 && o->probability <= 1))
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "the probability is a fraction from 0 to 1, not %g",
				 o->probability);
	if (o->pid && o->command)
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "-p and a command exclude each other: both say whose calls count");
	return 0;
}

/* 0 .. 1 as 0 .. 2^32: compared with a 32-bit random number, so 1 is always and 0 never */
static uint64_t probability_scaled(double p)
{
	return (uint64_t)(p * (double)PROBABILITY_ALWAYS);
}

/* is it one of the target's parameters, by its own name or by the one declared? */
static bool is_param(const struct plan *p, const struct kbtf *btf, struct str name)
{
	const struct frame *f = &p->rule->on_target;
	struct kbtf_proto proto;

	for (unsigned int i = 0; i < f->n_params; i++)
		if (str_same(f->params[i].name, name))
			return true;
	if (kbtf_func(btf, p->target_name, &proto))
		return false;
	for (unsigned int i = 0; i < proto.n_params; i++)
		if (str_eq(name, kbtf_str(btf, proto.params[i].name_off)))
			return true;
	return false;
}

/* Nothing but a parameter varies: `(true)`, an enum constant, sizeof do not. */
static bool is_constant(const struct plan *p, const struct kbtf *btf, const struct expr *e)
{
	if (!e || e->kind == EXPR_SIZEOF)
		return true;
	if (e->kind == EXPR_NAME)
		return !is_param(p, btf, e->name) && !comp_name_varies(e->name);
	for (unsigned int i = 0; i < e->n_args; i++)
		if (!is_constant(p, btf, e->args[i]))
			return false;
	for (const struct local *l = e->locals; l; l = l->next)
		if (!is_constant(p, btf, l->init))
			return false;
	return is_constant(p, btf, e->a) && is_constant(p, btf, e->b) && is_constant(p, btf, e->c);
}

/* Failing every allocation of a machine ends it: nobody gets that by leaving words out. */
static int check_scope(const struct inject_opts *o, const struct plan *p, struct kern *kern,
		       struct err *err)
{
	const struct kbtf *btf;
	int ret;

	if (plan_has_caller(p) || o->pid || o->command || o->system_wide)
		return 0;
	ret = kern_btf(kern, &btf, err);
	if (ret)
		return ret;
	if (!is_constant(p, btf, p->rule->on_target.pred))
		return 0;
	err_plain(err, -EINVAL, ERR_USAGE, "this rule would fail every %s of the whole system",
		  o->mode);
	err_note(err, SPAN_NONE,
		 "name a caller ('tcp_v4_connect()'), a process (-p PID), or a "
		 "command (-- CMD)");
	err_note(err, SPAN_NONE, "if you mean it: --system-wide with --for TIME or -c N");
	return -EINVAL;
}

/* -p means a process; a thread's own id would match nothing */
static int check_pid(pid_t pid, struct err *err)
{
	char line[128], path[64];
	int tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f)
		return err_plain(err, -ESRCH, ERR_NO_PROCESS, "there is no process %d", (int)pid);
	while (!tgid && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) != 1)
			tgid = 0;
	fclose(f);
	if (tgid && tgid != pid)
		return err_plain(err, -EINVAL, ERR_NO_PROCESS,
				 "%d is a thread: its process is %d (-p takes a process)", (int)pid,
				 tgid);
	return 0;
}

int inject_prepare(struct injection *in, const struct inject_opts *o, struct err *err)
{
	const struct inject_mode *mode;
	struct session_opts so;
	int ret = check_opts(o, err);

	memset(in, 0, sizeof(*in));
	if (ret)
		return ret;
	mode = find_mode(o->mode);
	so = (struct session_opts){
		.value = mode->value,
		.schedule = { .probability = probability_scaled(o->probability),
			      .times = o->count },
		.pid = o->pid,
		.command = o->command,
		.kthreads = o->kthreads,
		.gfp_param = mode->gfp_param,
	};
	ret = spec_parse(&in->rule, "spec", o->spec, mode->target, err);
	if (!ret && o->pid)
		ret = check_pid(o->pid, err);
	if (!ret)
		ret = why_precheck(err);
	if (!ret)
		ret = kern_live(&in->kern, err);
	if (!ret)
		ret = plan_rule(&in->plan, in->rule, in->kern, err);
	if (!ret)
		ret = check_scope(o, &in->plan, in->kern, err);
	if (!ret)
		ret = session_new(&in->session, in->kern, &in->plan, &so, err);
	return ret;
}

void injection_free(struct injection *in)
{
	session_free(in->session);
	plan_free(&in->plan);
	rule_free(in->rule);
	kern_free(in->kern);
	memset(in, 0, sizeof(*in));
}
