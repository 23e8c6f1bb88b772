/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <string.h>

#include "fixture.h"
#include "lang/parse.h"
#include "machine.h"

static struct comp_func describe(const struct kbtf *btf, const char *name, bool trampoline)
{
	struct comp_func f = { .name = name };
	struct kbtf_proto proto;

	if (kbtf_func(btf, name, &proto) == 0)
		f.func_id = proto.func_id;
	f.trampoline = trampoline && f.func_id;
	f.syscall = !strncmp(name, "__x64_sys_", 10);
	return f;
}

/* frames are written nearest caller first, places go outermost first */
static void add_place(struct test_job *t, const struct frame *frame, bool trampoline)
{
	struct comp_job *j = &t->job;
	unsigned int i;

	for (i = 0; i < j->n_funcs; i++)
		if (str_eq(frame->func, t->names[i]))
			break;
	if (i == j->n_funcs) {
		memcpy(t->names[i], frame->func.p, frame->func.len < 63 ? frame->func.len : 63);
		t->funcs[i] = describe(t->btf, t->names[i], trampoline);
		j->n_funcs++;
	}
	t->places[j->n_places++] = (struct comp_place){ .frame = frame, .func = i };
}

static void add_chain(struct test_job *t, const struct chain *chain, bool trampolines)
{
	struct comp_job *j = &t->job;

	if (!chain->n_frames)
		return;
	t->chains[j->n_chains++] = (struct comp_chain){
		.first = j->n_places,
		.n = chain->n_frames,
		.negated = chain->negated,
	};
	for (unsigned int i = chain->n_frames; i-- > 0;)
		add_place(t, &chain->frames[i], trampolines);
}

static void prepare(struct test_job *t, bool trampolines)
{
	static const uint32_t exempt[] = { 1, 50 };

	t->site.func = describe(t->btf, t->rule->target, false);
	t->site.func.returned = t->rule->after;
	t->site.after = machine_after();
	t->site.kind = t->rule->after ? PROG_KRETPROBE : PROG_KPROBE;
	t->job = (struct comp_job){
		.rule = t->rule,
		.btf = t->btf,
		.site = &t->site,
		.funcs = t->funcs,
		.places = t->places,
		.scope = { .self = 100, .exempt = exempt, .n_exempt = 2 },
		.value = -12,
		.chains = t->chains,
		.schedule = t->rule->schedule,
		.cpu_slots = 4,
		.control = machine_control(0),
		.state = machine_state(0),
	};
	for (unsigned int c = 0; c < t->rule->n_chains; c++)
		add_chain(t, &t->rule->chains[c], trampolines);
}

static int open_fixture(struct test_job *t, struct err *err)
{
	int ret;

	memset(t, 0, sizeof(*t));
	ret = fixture_btf(&t->btf);
	return ret < 0 ? err_plain(err, ret, ERR_BTF, "no fixture") : 0;
}

int test_job_make(struct test_job *t, const char *spec, const char *target, bool trampolines,
		  struct err *err)
{
	int ret = open_fixture(t, err);

	if (ret == 0)
		ret = spec_parse(&t->rule, "spec", spec, target, err);
	if (ret == 0)
		prepare(t, trampolines);
	else
		test_job_free(t);
	return ret;
}

int test_job_rule(struct test_job *t, const char *rule, bool trampolines, struct err *err)
{
	int ret = open_fixture(t, err);

	if (ret == 0)
		ret = rule_parse(&t->rule, "rule", rule, err);
	if (ret == 0)
		prepare(t, trampolines);
	else
		test_job_free(t);
	return ret;
}

void test_job_free(struct test_job *t)
{
	rule_free(t->rule);
	kbtf_free(t->btf);
	memset(t, 0, sizeof(*t));
}
