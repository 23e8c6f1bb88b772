/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode comp. spec: TEXT, target: NAME (should_failslab unless given), stage:
 * tree (default), predicate (the target's, alone), ir, asm or size (instructions
 * of each program); probes: yes for
 * chain functions without trampolines; marked, pid, times, half (probability),
 * nofail: what the command line would have said. Types are tests/diff/fixture.
 */
#include <stdlib.h>
#include <string.h>

#include "comp/comp.h"
#include "comp/ir.h"
#include "golden.h"
#include "lang/parse.h"
#include "tests/diff/fixture.h"
#include "util/cleanup.h"
#include "util/diag.h"

struct world {
	struct kbtf *btf;
	struct rule *rule;
	struct comp_func target, funcs[LIMIT_FRAMES];
	struct comp_place places[LIMIT_FRAMES];
	char names[LIMIT_FRAMES][64];
	struct comp_job job;
};

static bool flag(const struct golden_input *in, const char *key)
{
	return golden_get(in, key) != NULL;
}

static struct comp_func describe(const struct kbtf *btf, const char *name, bool trampoline)
{
	struct comp_func f = { .name = name };
	struct kbtf_proto proto;

	if (kbtf_func(btf, name, &proto) == 0)
		f.func_id = proto.func_id;
	f.trampoline = trampoline && f.func_id;
	f.no_args = !strncmp(name, "__x64_sys_", 10);
	return f;
}

/* frames are written nearest caller first, places go outermost first */
static void add_place(struct world *w, const struct frame *frame, bool trampoline)
{
	struct comp_job *j = &w->job;
	unsigned int i;

	for (i = 0; i < j->n_funcs; i++)
		if (str_eq(frame->func, w->names[i]))
			break;
	if (i == j->n_funcs) {
		memcpy(w->names[i], frame->func.p, frame->func.len < 63 ? frame->func.len : 63);
		w->funcs[i] = describe(w->btf, w->names[i], trampoline);
		j->n_funcs++;
	}
	w->places[j->n_places++] = (struct comp_place){ .frame = frame, .func = i };
}

static void make_job(struct world *w, const struct golden_input *in)
{
	static const uint32_t exempt[] = { 1, 50 };
	struct comp_job *j = &w->job;

	*j = (struct comp_job){
		.rule = w->rule,
		.btf = w->btf,
		.target = &w->target,
		.funcs = w->funcs,
		.places = w->places,
		.scope = { .self = 100, .exempt = exempt, .n_exempt = 2 },
		.value = -12,
		.probability = flag(in, "half") ? 1ull << 31 : 1ull << 32,
		.times = flag(in, "times") ? strtoull(golden_get(in, "times"), NULL, 10) : 0,
		.gfp_param = flag(in, "nofail") ? golden_get(in, "nofail") : NULL,
		.nofail_mask = 0x8000,
		.cpu_slots = 4,
	};
	j->scope.marked = flag(in, "marked");
	j->scope.kthreads = flag(in, "kthreads");
	if (flag(in, "pid"))
		j->scope.pid = (uint32_t)strtoul(golden_get(in, "pid"), NULL, 10);
	for (unsigned int i = w->rule->n_frames; i-- > 0;)
		add_place(w, &w->rule->frames[i], !flag(in, "probes"));
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

static int show_predicate(const struct comp_job *job, struct buf *out, struct err *err)
{
	struct prog prog = { 0 };
	int ret = comp_predicate(job->btf, job->rule->src, &job->rule->on_target,
				 job->target->name, &prog, err);

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
		return show_predicate(job, out, err);
	if (!strcmp(stage, "ir"))
		return comp_explain(job, NULL, out, err);
	return show_programs(job, !strcmp(stage, "size"), out, err);
}

static int compile(struct world *w, const struct golden_input *in, struct buf *out, struct err *err)
{
	const char *spec = golden_get(in, "spec"), *target = golden_get(in, "target");
	int ret;

	target = target ? target : "should_failslab";
	ret = fixture_btf(&w->btf);
	if (ret < 0)
		return err_plain(err, ret, ERR_BTF, "no fixture");
	ret = spec_parse(&w->rule, "spec", spec ? spec : "", target, err);
	if (ret < 0)
		return ret;
	w->target = describe(w->btf, target, false);
	make_job(w, in);
	return show(&w->job, golden_get(in, "stage"), out, err);
}

void golden_comp(const struct golden_input *in, struct buf *out)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err = { 0 };

	if (!w)
		return;
	if (compile(w, in, out, &err) < 0) {
		buf_printf(out, "%%%%FAIL %s\n", err_tag_name(err.tag));
		diag_render(&err, NULL, out);
	}
	rule_free(w->rule);
	kbtf_free(w->btf);
	free(w);
}
