/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What binding asks of the kernel's types; how trees come out is in golden/comp. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <cmocka.h>

#include "comp/sema.h"
#include "lang/parse.h"
#include "tests/diff/job.h"
#include "util/buf.h"

enum {
	HAS_TASK = 1,
	HAS_PREEMPT = 2,
	HAS_NEWTASK = 4
};

/* the least a kernel has to have, or less */
static struct kbtf *small_kernel(unsigned int what)
{
	struct btf *b = btf__new_empty();
	struct kbtf *k = NULL;
	struct err err = { 0 };
	const void *raw;
	uint32_t len;
	void *copy;
	int word;

	assert_non_null(b);
	word = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	if (what & HAS_TASK) {
		btf__add_struct(b, "task_struct", 64);
		btf__add_field(b, "flags", word, 32, 0);
		btf__add_field(b, "tgid", word, 64, 0);
	}
	if (what & HAS_PREEMPT)
		btf__add_var(b, "__preempt_count", BTF_VAR_GLOBAL_ALLOCATED, word);
	if (what & HAS_NEWTASK)
		btf__add_typedef(b, "btf_trace_task_newtask", word);
	raw = btf__raw_data(b, &len);
	assert_non_null(raw);
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, raw, len);
	assert_int_equal(kbtf_open(&k, copy, len, false, &err), 0);
	btf__free(b);
	return k;
}

static int try_kernel(unsigned int what, bool marked, struct err *err)
{
	struct kbtf *k = small_kernel(what), *fixture;
	struct prog_set set = { 0 };
	struct test_job t;
	int ret;

	assert_int_equal(test_job_make(&t, "(true)", "should_failslab", true, err), 0);
	fixture = t.btf;
	t.job.btf = k;
	t.site.func.func_id = 0;
	t.job.scope.marked = marked;
	ret = comp_rule(&t.job, &set, err);
	prog_set_free(&set);
	t.btf = fixture;
	test_job_free(&t);
	kbtf_free(k);
	return ret;
}

static void kernels_that_lack_something(void **state)
{
	static const struct {
		unsigned int has;
		bool marked;
		const char *says;
	} cases[] = {
		{ HAS_PREEMPT | HAS_NEWTASK, false, "task_struct" },
		{ HAS_TASK | HAS_NEWTASK, false, "preempt_count" },
		{ HAS_TASK | HAS_PREEMPT, true, "task_newtask" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };

		assert_int_equal(try_kernel(cases[i].has, cases[i].marked, &err), -EOPNOTSUPP);
		assert_int_equal(err.tag, ERR_KERNEL_LACKS);
		assert_non_null(strstr(err.msg, cases[i].says));
		assert_int_equal(try_kernel(cases[i].has, cases[i].marked, NULL), -EOPNOTSUPP);
	}
}

static void older_and_newer_preempt_count(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(try_kernel(HAS_TASK | HAS_PREEMPT, false, &err), 0);
	assert_int_equal(try_kernel(HAS_TASK | HAS_PREEMPT | HAS_NEWTASK, true, &err), 0);
}

static int bind(struct test_job *t, struct arena *arena, const char *spec, struct pred *out,
		struct err *err)
{
	int ret = test_job_make(t, spec, "mixed", true, err);

	return ret < 0 ? ret
		       : sema_predicate(t->btf, t->rule->src, &t->site.func, &t->rule->on_target,
					arena, out, err);
}

static void parameters_by_name(void **state)
{
	struct arena *arena = NULL;
	struct err err = { 0 };
	struct test_job t;
	struct pred p;

	(void)state;
	assert_int_equal(arena_new(&arena), 0);
	assert_int_equal(bind(&t, arena, "mixed(u8 first, short second)(first)", &p, &err), 0);
	assert_int_equal(p.n_params, 6);
	assert_int_equal(sema_param(&p, "first")->reg, 0);
	assert_int_equal(sema_param(&p, "second")->reg, 1);
	assert_null(sema_param(&p, "b"));
	assert_int_equal(sema_param(&p, "obj")->reg, 5); /* undeclared ones keep BTF's name */
	test_job_free(&t);
	arena_free(arena);
}

static void a_condition_that_always_holds_is_no_scope(void **state)
{
	static const struct {
		const char *spec;
		bool varies;
	} cases[] = {
		{ "(1)", false },
		{ "(0)", false },
		{ "(sizeof(obj->text) > 1)", false },
		{ "(i || 1)", false },
		{ "(1 || i)", false },
		{ "(!(i && 0))", false },
		{ "(i >= 0)", false },
		{ "(0 <= i)", false },
		{ "(!(i < 0))", false },
		{ "(!(0 > i))", false },
		{ "(i | 1)", false },
		{ "((_Bool)(i || 1) && i >= 0)", false },
		{ "(i ? 1 : si || 2)", false },
		{ "(({ int x = i; x || 1; }))", false },
		{ "(i)", true },
		{ "(i && 1)", true },
		{ "(i > 0)", true },
		{ "(0 < i)", true },
		{ "(si >= 0)", true },
		{ "(i ? 1 : 0)", true },
		{ "(i | 0)", true },
		{ "($pid == 1)", true },
		{ "(obj->text == \"x\")", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };
		struct test_job t;
		bool varies = !cases[i].varies;

		assert_int_equal(test_job_make(&t, cases[i].spec, "mixed", true, &err), 0);
		assert_int_equal(comp_varies(t.btf, t.rule->src, &t.site.func, &t.rule->on_target,
					     &varies, &err),
				 0);
		if (varies != cases[i].varies)
			fail_msg("%s", cases[i].spec);
		test_job_free(&t);
	}
}

static void buffers_fit_the_longest_string(void **state)
{
	struct arena *arena = NULL;
	struct err err = { 0 };
	struct test_job t;
	struct pred p;

	(void)state;
	assert_int_equal(arena_new(&arena), 0);
	assert_int_equal(bind(&t, arena,
			      "(STRCMP(obj->text, \"a\") || STRCMP(obj->text, \"0123456789\"))", &p,
			      &err),
			 0);
	assert_int_equal(p.buf_bytes, 12);
	test_job_free(&t);
	assert_int_equal(bind(&t, arena, "(true)", &p, &err), 0);
	assert_null(p.root);
	test_job_free(&t);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_that_lack_something),
		cmocka_unit_test(older_and_newer_preempt_count),
		cmocka_unit_test(parameters_by_name),
		cmocka_unit_test(a_condition_that_always_holds_is_no_scope),
		cmocka_unit_test(buffers_fit_the_longest_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
