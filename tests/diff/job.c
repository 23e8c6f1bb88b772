/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <string.h>

#include "fixture.h"
#include "lang/parse.h"

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

int test_job_make(struct test_job *t, const char *spec, const char *target, bool trampolines,
		  struct err *err)
{
	static const uint32_t exempt[] = { 1, 50 };
	int ret;

	memset(t, 0, sizeof(*t));
	ret = fixture_btf(&t->btf);
	if (ret < 0)
		return err_plain(err, ret, ERR_BTF, "no fixture");
	ret = spec_parse(&t->rule, "spec", spec, target, err);
	if (ret < 0) {
		test_job_free(t);
		return ret;
	}
	t->target = describe(t->btf, target, false);
	t->job = (struct comp_job){
		.rule = t->rule,
		.btf = t->btf,
		.target = &t->target,
		.funcs = t->funcs,
		.places = t->places,
		.scope = { .self = 100, .exempt = exempt, .n_exempt = 2 },
		.value = -12,
		.probability = 1ull << 32,
		.cpu_slots = 4,
	};
	for (unsigned int i = t->rule->n_chains ? t->rule->chains[0].n_frames : 0; i-- > 0;)
		add_place(t, &t->rule->chains[0].frames[i], trampolines);
	return 0;
}

void test_job_free(struct test_job *t)
{
	rule_free(t->rule);
	kbtf_free(t->btf);
	memset(t, 0, sizeof(*t));
}
