/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/comp.h"
#include "lang/parse.h"
#include "shrink.h"
#include "util/cleanup.h"

#define NOTHING 99u

static int load(struct trial *t, const struct rule *rule)
{
	struct prog prog = { 0 };
	int ret = comp_predicate(t->s.btf, rule->src, &rule->on_target, t->s.gen.func, t->run.kind,
				 &prog, &t->err);

	if (ret == 0)
		t->fd = t->run.load(&t->run, &prog, &t->log);
	prog_free(&prog);
	return ret;
}

/* through its canonical text, which has to mean the same */
static int load_reprinted(struct trial *t)
{
	_cleanup_(rule_freep) struct rule *again = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	int ret;

	rule_print(t->rule, &text);
	ret = spec_parse(&again, "spec", buf_str(&text), t->s.gen.func, &t->err);
	return ret < 0 ? ret : load(t, again);
}

enum trial_result trial_start(struct trial *t, const char *spec)
{
	int ret;

	t->rule = NULL;
	t->fd = -1;
	t->err = (struct err){ 0 };
	ret = spec_parse(&t->rule, "spec", spec, t->s.gen.func, &t->err);
	if (ret == 0 && !t->rule->on_target.pred)
		ret = -EINVAL;
	if (ret == 0)
		ret = t->reprint ? load_reprinted(t) : load(t, t->rule);
	if (ret < 0 || t->fd < 0) {
		trial_end(t);
		return ret < 0 ? TRIAL_REJECTED : TRIAL_REFUSED;
	}
	t->w = (struct eval_world){
		.btf = t->s.btf,
		.func = t->s.gen.func,
		.text = t->rule->src->text,
		.args = t->args,
		.mem = t->s.region.mem,
		.len = t->s.region.len,
		.base = t->s.region.base,
		.broken = t->broken,
	};
	return TRIAL_AGREES;
}

void trial_end(struct trial *t)
{
	if (t->fd >= 0)
		t->run.unload(&t->run, t->fd, t->s.gen.func);
	rule_freep(&t->rule);
	t->fd = -1;
}

void trial_values(struct trial *t, unsigned int run)
{
	t->s.ops->values(&t->s, run, t->args);
	if (!t->s.ops->touch)
		return;
	t->w.touch = t->s.ops->touch;
	t->w.touch_arg = &t->s;
	eval_predicate(&t->w, t->rule->on_target.pred);
	t->w.touch = NULL;
}

enum trial_result trial_run(struct trial *t)
{
	t->want = eval_predicate(&t->w, t->rule->on_target.pred);
	t->got = NOTHING;
	if (t->want == EVAL_UNKNOWN)
		return TRIAL_SKIPPED;
	if (t->want == EVAL_BROKEN)
		return TRIAL_BROKEN;
	if (t->run.run(&t->run, t->fd, t->s.gen.func, t->args, &t->got) < 0)
		return TRIAL_BROKEN;
	return t->want == t->got ? TRIAL_AGREES : TRIAL_MISMATCH;
}

struct failure {
	struct trial *t;
	enum trial_result how;
};

static bool fails(void *arg, const char *spec)
{
	const struct failure *f = arg;
	enum trial_result r = trial_start(f->t, spec);

	if (r == TRIAL_AGREES) {
		r = trial_run(f->t);
		trial_end(f->t);
	}
	return r == f->how;
}

void trial_shrink(struct trial *t, const char *spec, enum trial_result how, struct buf *out)
{
	struct failure f = { t, how };

	shrink_spec(spec, t->s.gen.func, fails, &f, out);
	if (how != TRIAL_MISMATCH)
		return;
	/* what makes no difference is 0 */
	for (unsigned int i = 0; i < 6; i++) {
		uint64_t was = t->args[i];

		t->args[i] = 0;
		if (!fails(&f, buf_str(out)))
			t->args[i] = was;
	}
}

static void print_read(void *arg, uint64_t address, struct type t)
{
	const struct trial *tr = arg;
	uint64_t at = address - tr->s.region.base, v = 0;

	if (t.kind == TYPE_ARRAY)
		printf("  a string at %llx\n", (unsigned long long)address);
	else if (at <= tr->s.region.len - 8 && memcpy(&v, tr->s.region.mem + at, t.bytes))
		printf("  %u bytes at %llx: %llx\n", t.bytes, (unsigned long long)address,
		       (unsigned long long)v);
	else
		printf("  %u bytes at %llx\n", t.bytes, (unsigned long long)address);
}

void trial_print_values(struct trial *t, const char *spec)
{
	printf("  arguments");
	for (unsigned int i = 0; i < 6; i++)
		printf(" %llx", (unsigned long long)t->args[i]);
	printf("\n");
	if (trial_start(t, spec) != TRIAL_AGREES)
		return;
	t->w.touch = print_read;
	t->w.touch_arg = t;
	trial_run(t);
	printf("  the evaluator says %d, the kernel %d (0: false, 1: true, 2: a fault)\n",
	       (int)t->want, (int)t->got);
	trial_end(t);
}
