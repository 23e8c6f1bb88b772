/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode comp. rule: TEXT; or spec: TEXT, target: NAME (should_failslab unless given), stage:
 * tree (default), predicate (the target's, alone), typed (the same with arguments typed
 * as in a trampoline), ir, asm, scope (the target's, whose call it is) or size (instructions
 * of each program); probes: yes for chain functions without trampolines; times, half
 * (probability), nofail: what the command line would have said, as marked, kthreads, pid, tid,
 * uid, netns, comm (N,N...) and cgroup (ID@LEVEL,...) for the scope; engine: whose program the
 * target's is (kprobe unless given, of an `after` rule kretprobe); declared: parameters
 * of a system call that BTF does not have. Types are tests/diff/fixture.
 */
#include <stdlib.h>
#include <string.h>

#include "comp/ir.h"
#include "engine/engine.h"
#include "golden.h"
#include "lang/parse.h"
#include "tests/diff/job.h"
#include "util/diag.h"

static bool flag(const struct golden_input *in, const char *key)
{
	return golden_get(in, key) != NULL;
}

static unsigned long number(const struct golden_input *in, const char *key)
{
	return flag(in, key) ? strtoul(golden_get(in, key), NULL, 10) : 0;
}

/* of the target's program, how it sees whose call it is: all before the first count */
static int show_scope(const struct comp_job *job, struct buf *out, struct err *err)
{
	struct prog_set set = { 0 };
	struct buf text = { 0 };
	int ret = comp_rule(job, &set, err);
	const char *from, *to;

	if (ret == 0) {
		prog_print(&set.progs[0], &text);
		from = strstr(buf_str(&text), "; if (preempt_count() &");
		to = strstr(buf_str(&text), "; control->cpu[");
		if (from && to)
			buf_printf(out, "%.*s", (int)(to - from), from);
	}
	buf_free(&text);
	prog_set_free(&set);
	return ret;
}

static int show_programs(const struct comp_job *job, bool sizes, struct buf *out, struct err *err)
{
	struct prog_set set = { 0 };
	int ret = comp_rule(job, &set, err);

	for (unsigned int i = 0; ret == 0 && i < set.n_progs; i++) {
		if (sizes) {
			buf_printf(out, "%s %u\n", set.progs[i].name, set.progs[i].n_insns);
			continue;
		}
		buf_printf(out, "%s %s\n", set.progs[i].name, set.progs[i].func);
		prog_print(&set.progs[i], out);
	}
	prog_set_free(&set);
	return ret;
}

static int show_predicate(const struct comp_job *job, enum prog_kind kind, struct buf *out,
			  struct err *err)
{
	struct prog prog = { 0 };
	int ret = comp_predicate(job->btf, job->rule->src, &job->rule->on_target,
				 job->site->func.name, kind, &prog, err);

	if (ret == 0)
		prog_print(&prog, out);
	prog_free(&prog);
	return ret;
}

static int show(const struct comp_job *job, const char *stage, struct buf *out, struct err *err)
{
	if (!stage || !strcmp(stage, "tree"))
		return comp_explain(job, out, NULL, err);
	if (!strcmp(stage, "predicate"))
		return show_predicate(job, PROG_SYSCALL, out, err);
	if (!strcmp(stage, "waits"))
		return show_predicate(job, PROG_SYSCALL_WAITS, out, err);
	if (!strcmp(stage, "typed"))
		return show_predicate(job, PROG_SYSCALL_TYPED, out, err);
	if (!strcmp(stage, "fentry"))
		return show_predicate(job, PROG_FENTRY, out, err);
	if (!strcmp(stage, "ir"))
		return comp_explain(job, NULL, out, err);
	if (!strcmp(stage, "scope"))
		return show_scope(job, out, err);
	return show_programs(job, !strcmp(stage, "size"), out, err);
}

/* what a tracepoint would have said of every system call in the chain */
static int declare_syscalls(struct test_job *t, const char *text, struct rule **decl,
			    struct err *err)
{
	int ret = text ? params_parse(decl, text, err) : 0;

	for (unsigned int i = 0; *decl && i < t->job.n_funcs; i++)
		if (t->funcs[i].syscall)
			t->funcs[i].declared = &(*decl)->on_target;
	return ret;
}

/* as a trampoline's program, say */
static int set_engine(struct test_job *t, const char *name, struct err *err)
{
	enum engine e;
	int ret = name ? engine_by_name(name, &e, err) : 0;

	if (name && ret == 0)
		t->site.kind = engine_kind(e);
	return ret;
}

static unsigned int ids(const struct golden_input *in, const char *key, uint32_t *out)
{
	const char *text = golden_get(in, key);
	unsigned int n = 0;
	char *end;

	while (text && *text && n < LIMIT_SCOPE) {
		out[n++] = (uint32_t)strtoul(text, &end, 10);
		text = *end ? end + 1 : end;
	}
	return n;
}

static unsigned int cgroups(const char *text, struct comp_cgroup *out)
{
	unsigned int n = 0;
	char *end;

	while (text && *text && n < LIMIT_SCOPE) {
		out[n].id = strtoull(text, &end, 10);
		out[n++].level = (uint32_t)strtoul(end + 1, &end, 10);
		text = *end ? end + 1 : end;
	}
	return n;
}

static unsigned int comms(const char *text, char (*out)[SCOPE_COMM])
{
	unsigned int n = 0;

	while (text && *text && n < LIMIT_SCOPE) {
		size_t len = strcspn(text, ",");

		memcpy(out[n++], text, len < SCOPE_COMM ? len : SCOPE_COMM - 1);
		text += len + (text[len] == ',');
	}
	return n;
}

static void scope_from(const struct golden_input *in, struct comp_scope *s)
{
	s->marked = flag(in, "marked");
	s->kthreads = flag(in, "kthreads");
	s->n_pids = ids(in, "pid", s->pids);
	s->n_tids = ids(in, "tid", s->tids);
	s->n_uids = ids(in, "uid", s->uids);
	s->n_netns = ids(in, "netns", s->netns);
	s->n_comms = comms(golden_get(in, "comm"), s->comms);
	s->n_cgroups = cgroups(golden_get(in, "cgroup"), s->cgroups);
}

static int compile(const struct golden_input *in, struct buf *out, struct err *err)
{
	const char *spec = golden_get(in, "spec"), *target = golden_get(in, "target");
	const char *rule = golden_get(in, "rule");
	struct rule *decl = NULL;
	struct test_job t;
	int ret;

	target = target ? target : "should_failslab";
	if (rule)
		ret = test_job_rule(&t, rule, !flag(in, "probes"), err);
	else
		ret = test_job_make(&t, spec ? spec : "", target, !flag(in, "probes"), err);
	if (ret < 0)
		return ret;
	ret = declare_syscalls(&t, golden_get(in, "declared"), &decl, err);
	if (flag(in, "half"))
		t.job.schedule.probability = 1ull << 31;
	if (flag(in, "times"))
		t.job.schedule.times = number(in, "times");
	t.site.gfp_param = golden_get(in, "nofail");
	t.site.nofail_mask = 0x8000;
	if (ret == 0)
		ret = set_engine(&t, golden_get(in, "engine"), err);
	scope_from(in, &t.job.scope);
	if (ret == 0)
		ret = show(&t.job, golden_get(in, "stage"), out, err);
	rule_free(decl);
	test_job_free(&t);
	return ret;
}

void golden_comp(const struct golden_input *in, struct buf *out)
{
	struct err err = { 0 };

	if (compile(in, out, &err) < 0) {
		buf_printf(out, "%%%%FAIL %s\n", err_tag_name(err.tag));
		diag_render(&err, NULL, out);
	}
}
