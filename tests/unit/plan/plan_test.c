// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names to functions, against a kernel made of a BTF file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "lang/parse.h"
#include "plan/plan.h"

static const struct plan_opts no_opts;

struct world {
	struct kern *kern;
	struct rule *rule;
	struct plan plan;
	struct err err;
};

static int plan(struct world *w, const char *spec, const char *target)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(fake_kern(&w->kern, NULL, &w->err), 0);
	assert_int_equal(spec_parse(&w->rule, "spec", spec, target, &w->err), 0);
	return plan_rule(&w->plan, w->rule, w->kern, &no_opts, &w->err);
}

static int plan_native(struct world *w, const char *rule)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(fake_kern(&w->kern, NULL, &w->err), 0);
	assert_int_equal(rule_parse(&w->rule, "rule", rule, &w->err), 0);
	return plan_rule(&w->plan, w->rule, w->kern, &no_opts, &w->err);
}

static void done(struct world *w)
{
	plan_free(&w->plan);
	rule_free(w->rule);
	kern_free(w->kern);
}

static void so_is_one_that_is_the_target(void **state)
{
	struct world w = { 0 };

	(void)state;
	assert_int_equal(fake_kern(&w.kern, NULL, &w.err), 0);
	assert_int_equal(
		rule_parse(&w.rule, "rule", "syscall:openat = -EACCES if flags & 1", &w.err), 0);
	assert_int_equal(plan_rule(&w.plan, w.rule, w.kern, &no_opts, &w.err), 0);
	assert_string_equal(plan_target(&w.plan), "__x64_sys_openat");
	assert_true(w.plan.sites->comp.func.syscall);
	assert_non_null(w.plan.sites->comp.func.declared);
	assert_int_equal(w.plan.sites->comp.func.declared->n_params, 4);
	done(&w);
}

static void a_system_call_is_declared_by_its_tracepoint(void **state)
{
	const struct frame *f;
	struct world w;

	(void)state;
	assert_int_equal(plan(&w, "SyS_openat()(flags & 1)", "should_failslab"), 0);
	f = w.plan.comp_funcs[0].declared;
	assert_non_null(f);
	assert_int_equal(f->n_params, 4);
	assert_true(str_eq(f->params[1].name, "filename"));
	assert_int_equal(f->params[1].type.stars, 1);
	assert_true(str_eq(f->params[3].name, "mode"));
	assert_true(str_eq(f->params[3].type.name, "umode_t"));
	done(&w);
	/* which is not looked for where no name can be used */
	assert_int_equal(plan(&w, "SyS_openat()", "should_failslab"), 0);
	assert_null(w.plan.comp_funcs[0].declared);
	done(&w);
	assert_int_equal(plan(&w, "SyS_openat() => SyS_openat()(dfd == 1)", "should_failslab"), 0);
	assert_non_null(w.plan.comp_funcs[0].declared);
	done(&w);
}

static void places_are_outermost_first(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan(&w, "ip_route_output_flow() => tcp_v4_connect()", "should_failslab"),
			 0);
	assert_int_equal(w.plan.n_places, 2);
	assert_string_equal(w.plan.func[w.plan.places[0].func].name, "tcp_v4_connect");
	assert_string_equal(w.plan.func[w.plan.places[1].func].name, "ip_route_output_flow");
	assert_true(w.plan.comp_funcs[0].trampoline);
	assert_int_equal(w.plan.sites->sym.addr, fake_kern_addr(w.plan.sites->comp.func.func_id));
	assert_int_equal(w.plan.func[0].sym.size, FAKE_KERN_SIZE);
	done(&w);
}

static void one_function_at_two_places_is_one_function(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan(&w, "tcp_v4_connect() => ip_route_output_flow() => tcp_v4_connect()",
			      "should_failslab"),
			 0);
	assert_int_equal(w.plan.n_places, 3);
	assert_int_equal(w.plan.n_funcs, 2);
	assert_int_equal(w.plan.places[0].func, w.plan.places[2].func);
	done(&w);
}

static void unknown_function_names_the_nearest(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan(&w, "tcp_v4_conect()", "should_failslab"), -ENOENT);
	assert_int_equal(w.err.tag, ERR_UNKNOWN_FUNCTION);
	assert_non_null(strstr(w.err.msg, "tcp_v4_conect"));
	assert_true(w.err.n_notes > 0);
	assert_non_null(strstr(w.err.note[0].msg, "tcp_v4_connect"));
	done(&w);
}

static void target_is_not_its_own_caller(void **state)
{
	struct world w;

	(void)state;
	/* leftmost it is the target itself; the parser refuses it elsewhere */
	assert_int_equal(plan(&w, "should_failslab() => tcp_v4_connect()", "should_failslab"), 0);
	assert_int_equal(w.plan.n_places, 1);
	done(&w);
}

static void what_no_trampoline_takes_is_probed_at_entry(void **state)
{
	static const char *const names[] = { "many_args", "struct_by_value", "returns_big",
					     "varargs_fn" };
	char spec[64];
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(spec, sizeof(spec), "%s()", names[i]);
		assert_int_equal(plan(&w, spec, "should_failslab"), 0);
		assert_false(w.plan.comp_funcs[0].trampoline);
		assert_non_null(strstr(buf_str(&w.plan.notes), names[i]));
		done(&w);
	}
}

static void entry_probed_functions_stand_once(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(
		plan(&w, "many_args() => tcp_v4_connect() => many_args()", "should_failslab"),
		-EINVAL);
	assert_int_equal(w.err.tag, ERR_UNSUPPORTED);
	done(&w);
}

static void kernel_name(const struct kbtf *btf, const char *written, const char *name, bool syscall)
{
	char found[LIMIT_IDENT + 1];
	bool is_syscall;

	assert_int_equal(plan_kernel_name(btf, written, found, sizeof(found), &is_syscall), 0);
	assert_string_equal(found, name);
	assert_int_equal(is_syscall, syscall);
}

static void old_syscall_names(void **state)
{
	const struct kbtf *btf;
	struct world w = { 0 };
	char small[14];
	bool is_syscall;

	(void)state;
	assert_int_equal(fake_kern(&w.kern, NULL, &w.err), 0);
	assert_int_equal(kern_btf(w.kern, &btf, &w.err), 0);
	kernel_name(btf, "SyS_mount", "__x64_sys_mount", true);
	kernel_name(btf, "sys_mount", "__x64_sys_mount", true);
	kernel_name(btf, "__x64_sys_mount", "__x64_sys_mount", true);
	kernel_name(btf, "tcp_v4_connect", "tcp_v4_connect", false);
	/* a function of that name is meant where there is no such system call */
	kernel_name(btf, "sys_off_notify", "sys_off_notify", false);
	kernel_name(btf, "sys_openat", "__x64_sys_openat", true);
	kernel_name(btf, "sys_getpid", "__x64_sys_getpid", true);
	assert_int_equal(plan_kernel_name(btf, "SyS_mount", small, sizeof(small), &is_syscall),
			 -E2BIG);
	assert_int_equal(plan_kernel_name(btf, "tcp_v4_connect", small, sizeof(small), &is_syscall),
			 -E2BIG);
	done(&w);
}

static void a_caller_may_be_called_like_a_system_call(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan(&w, "sys_off_notify()(how == 1) => sys_openat()", "should_failslab"),
			 0);
	assert_string_equal(w.plan.func[0].name, "__x64_sys_openat");
	assert_true(w.plan.comp_funcs[0].syscall);
	assert_string_equal(w.plan.func[1].name, "sys_off_notify");
	assert_false(w.plan.comp_funcs[1].syscall);
	assert_null(strstr(buf_str(&w.plan.notes), "sys_off_notify"));
	done(&w);
}

#define FAIL "should_failslab = -ENOMEM "

static void chains_follow_one_another(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan_native(&w, FAIL "under ip_route_output_flow <- tcp_v4_connect "
					      "not under vfs_read(count == 3) <- tcp_v4_connect "
					      "under d_alloc"),
			 0);
	assert_int_equal(w.plan.n_chains, 3);
	assert_int_equal(w.plan.n_places, 5);
	assert_int_equal(w.plan.n_funcs, 4);
	assert_false(w.plan.chains[0].negated);
	assert_true(w.plan.chains[1].negated);
	assert_int_equal(w.plan.chains[1].first, 2);
	assert_int_equal(w.plan.chains[1].n, 2);
	assert_int_equal(w.plan.chains[2].first, 4);
	assert_string_equal(w.plan.func[w.plan.places[2].func].name, "tcp_v4_connect");
	assert_string_equal(w.plan.func[w.plan.places[3].func].name, "vfs_read");
	assert_true(plan_has_caller(&w.plan));
	done(&w);
}

static void forbidden_callers_do_not_narrow(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan_native(&w, FAIL "not under vfs_read not under many_args"), 0);
	assert_false(plan_has_caller(&w.plan));
	assert_non_null(strstr(buf_str(&w.plan.notes), "many_args is looked for on the stack"));
	assert_null(strstr(buf_str(&w.plan.notes), "vfs_read"));
	done(&w);
	assert_int_equal(plan_native(&w, FAIL "if true"), 0);
	assert_false(plan_has_caller(&w.plan));
	done(&w);
}

static void what_forbidden_callers_cannot_be(void **state)
{
	static const char *const chains[] = {
		"vfs_read <- d_alloc <- vfs_read",
		"many_args(a == 1)",
	};
	char rule[128];
	struct world w;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(rule, sizeof(rule), FAIL "not under %s", chains[i]);
		assert_int_equal(plan_native(&w, rule), -EINVAL);
		assert_int_equal(w.err.tag, ERR_UNSUPPORTED);
		assert_non_null(strstr(w.err.msg, "'not under'"));
		done(&w);
		snprintf(rule, sizeof(rule), FAIL "under %s", chains[i]);
		assert_int_equal(plan_native(&w, rule), 0);
		done(&w);
	}
}

/* once in each chain is well */
static void entry_probed_functions_in_several_chains(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(plan_native(&w, FAIL "under many_args under many_args <- vfs_read "
					      "not under many_args"),
			 0);
	assert_int_equal(w.plan.n_funcs, 2);
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_call_is_declared_by_its_tracepoint),
		cmocka_unit_test(so_is_one_that_is_the_target),
		cmocka_unit_test(places_are_outermost_first),
		cmocka_unit_test(chains_follow_one_another),
		cmocka_unit_test(forbidden_callers_do_not_narrow),
		cmocka_unit_test(what_forbidden_callers_cannot_be),
		cmocka_unit_test(entry_probed_functions_in_several_chains),
		cmocka_unit_test(one_function_at_two_places_is_one_function),
		cmocka_unit_test(unknown_function_names_the_nearest),
		cmocka_unit_test(target_is_not_its_own_caller),
		cmocka_unit_test(what_no_trampoline_takes_is_probed_at_entry),
		cmocka_unit_test(entry_probed_functions_stand_once),
		cmocka_unit_test(old_syscall_names),
		cmocka_unit_test(a_caller_may_be_called_like_a_system_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
