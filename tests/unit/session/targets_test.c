// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which functions share a program, and which rules cannot be together. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "lang/parse.h"
#include "session/targets.h"

#define MOST 4

struct world {
	struct kern *kern;
	struct rule *rule[MOST];
	struct plan plan[MOST];
	struct session_rule rules[MOST];
	struct comp_job jobs[MOST];
	unsigned int n;
	struct targets t;
	struct err err;
};

static int build(struct world *w, const char *const *rules)
{
	const struct plan_opts po = { 0 };

	memset(w, 0, sizeof(*w));
	assert_int_equal(fake_kern(&w->kern, NULL, &w->err), 0);
	for (; rules[w->n]; w->n++) {
		unsigned int i = w->n;

		if (rule_parse(&w->rule[i], "rule", rules[i], &w->err) ||
		    plan_rule(&w->plan[i], w->rule[i], w->kern, &po, &w->err))
			fail_msg("%s: %s", rules[i], w->err.msg);
		w->rules[i].plan = &w->plan[i];
	}
	return targets_build(&w->t, w->rules, w->jobs, w->n, &w->err);
}

static void done(struct world *w)
{
	targets_free(&w->t);
	for (unsigned int i = 0; i < w->n; i++) {
		plan_free(&w->plan[i]);
		rule_free(w->rule[i]);
	}
	kern_free(w->kern);
}

static void rules_on_one_function_are_one_group(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(
		build(&w, (const char *const[]){ "tcp_v4_connect = -5 if addr_len == 1",
						 "d_alloc = NULL", "tcp_v4_connect = -6", NULL }),
		0);
	assert_int_equal(w.t.n_groups, 2);
	assert_int_equal(w.t.n_sites, 2);
	for (unsigned int i = 0; i < 2; i++) {
		const struct group *g = &w.t.group[i];
		bool connect = strcmp(g->sites[0]->comp.func.name, "tcp_v4_connect") == 0;

		assert_int_equal(g->n_jobs, connect ? 2 : 1);
		assert_int_equal(g->first, i);
		if (!connect)
			continue;
		assert_ptr_equal(g->jobs[0], &w.jobs[0]);
		assert_ptr_equal(g->jobs[1], &w.jobs[2]);
	}
	done(&w);
}

static void entry_and_return_do_not_go_together(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(build(&w, (const char *const[]){ "tcp_v4_connect = -5",
							  "tcp_v4_connect = -6 after", NULL }),
			 -EINVAL);
	assert_non_null(strstr(w.err.msg, "'after'"));
	assert_int_equal(w.err.place.line, 1);
	done(&w);
}

/* its callers are followed by a trampoline: only another one can override it */
static void a_followed_caller_takes_a_trampoline(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(build(&w, (const char *const[]){ "should_failslab = -ENOMEM under "
							  "tcp_v4_connect",
							  "tcp_v4_connect = -6", NULL }),
			 0);
	for (unsigned int i = 0; i < w.t.n_groups; i++) {
		const struct group *g = &w.t.group[i];

		if (strcmp(g->sites[0]->comp.func.name, "tcp_v4_connect") != 0) {
			assert_int_equal(g->engine[0], ENGINE_KPROBE_MULTI);
			continue;
		}
		assert_int_equal(g->n_engines, 1);
		assert_int_equal(g->engine[0], ENGINE_FMOD_RET);
	}
	done(&w);
	/* which cannot return this */
	assert_int_equal(build(&w, (const char *const[]){ "should_failslab = -ENOMEM under d_alloc",
							  "d_alloc = NULL", NULL }),
			 -EINVAL);
	assert_non_null(strstr(w.err.msg, "fmod_ret"));
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_on_one_function_are_one_group),
		cmocka_unit_test(entry_and_return_do_not_go_together),
		cmocka_unit_test(a_followed_caller_takes_a_trampoline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
