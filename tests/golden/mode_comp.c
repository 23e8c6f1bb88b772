/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode comp. rule: TEXT; or spec: TEXT, target: NAME (should_failslab unless given), stage:
 * tree (default), predicate (the target's, alone), typed (the same with arguments typed
 * as in a trampoline), ir, asm or size (instructions
 * of each program); probes: yes for
 * chain functions without trampolines; marked, pid, times, half (probability),
 * nofail: what the command line would have said; engine: whose program the target's is
 * (kprobe unless given, of an `after` rule kretprobe); declared: parameters of a system call
 * that BTF does not have. Types are tests/diff/fixture.
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
	int ret = comp_predicate(job->btf, job->rule->src, &job->rule->on_target, job->site->func.name,
				 kind, &prog, err);

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
	if (!strcmp(stage, "typed"))
		return show_predicate(job, PROG_SYSCALL_TYPED, out, err);
	if (!strcmp(stage, "fentry"))
		return show_predicate(job, PROG_FENTRY, out, err);
	if (!strcmp(stage, "ir"))
		return comp_explain(job, NULL, out, err);
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
	t.job.scope.marked = flag(in, "marked");
	t.job.scope.kthreads = flag(in, "kthreads");
	t.job.scope.pid = (uint32_t)number(in, "pid");
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
