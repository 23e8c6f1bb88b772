// SPDX-License-Identifier: LGPL-2.1-or-later
/* Targets that are patterns: what they name of a list, and how many of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "lang/parse.h"
#include "plan/plan.h"
#include "session/session.h"
#include "util/buf.h"
#include "util/cleanup.h"

/* A kernel of the fixture's types, whose list is `text`; every name has an address. */
struct listed_kernel {
	const char *text;
	unsigned int asked; /* for parameters of system calls */
};

static int read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	(void)ctx;
	(void)err;
	*unmap = false;
	return fake_kern_slurp(fake_kern_path(), data, len);
}

static int lookup(void *ctx, const char *const *names, unsigned int n, bool only_addr,
		  struct ksym *found, struct err *err)
{
	(void)ctx;
	(void)only_addr;
	(void)err;
	for (unsigned int i = 0; i < n; i++) {
		uint64_t h = 5381;

		for (const char *c = names[i]; *c; c++)
			h = h * 33 + (unsigned char)*c;
		found[i] = (struct ksym){ .addr = *names[i] ? h : 0 };
	}
	return 0;
}

static int injection_list(void *ctx, char **text, struct err *err)
{
	struct listed_kernel *k = ctx;

	(void)err;
	*text = strdup(k->text);
	return *text ? 0 : -ENOMEM;
}

static int event_format(void *ctx, const char *category, const char *event, char **text,
			struct err *err)
{
	struct listed_kernel *k = ctx;

	(void)category;
	(void)event;
	(void)text;
	(void)err;
	k->asked++;
	return -ENOENT;
}

static const struct kern_ops ops = {
	.read_btf = read_btf,
	.lookup = lookup,
	.injection_list = injection_list,
	.event_format = event_format,
};

struct outcome {
	int ret;
	unsigned int n, asked;
	char first[64];
	char notes[512];
	struct err err;
};

static struct outcome plan(const char *list, const char *text)
{
	struct listed_kernel k = { .text = list };
	struct outcome o = { 0 };
	const struct plan_opts po = { 0 };
	struct rule *rule = NULL;
	struct kern *kern;
	struct plan p;

	assert_int_equal(kern_new(&kern, &ops, &k, NULL), 0);
	if (rule_parse(&rule, "rule", text, &o.err))
		fail_msg("%s", o.err.msg);
	o.ret = plan_rule(&p, rule, kern, &po, &o.err);
	o.n = p.n_sites;
	o.asked = k.asked;
	if (p.n_sites)
		snprintf(o.first, sizeof(o.first), "%s", plan_target(&p));
	snprintf(o.notes, sizeof(o.notes), "%s", buf_str(&p.notes));
	plan_free(&p);
	rule_free(rule);
	kern_free(kern);
	return o;
}

#define SOME                                                                                       \
	"__x64_sys_openat\tERRNO\n__ia32_sys_openat\tERRNO\n__do_sys_getpid\tERRNO\n"              \
	"should_failslab\tERRNO\n__x64_sys_exit\tERRNO\nrt_mixed [mod]\tERRNO\n"

static void what_they_name(void **state)
{
	static const struct {
		const char *rule;
		unsigned int n;
	} rows[] = {
		{ "syscall:* = -EIO", 3 },	{ "syscall:o* = -EIO", 2 },
		{ "syscall:getpi? = -EIO", 1 }, { "__x64_* = -EIO", 1 },
		{ "*_sys_[a-z]* = -EIO", 3 },	{ "should_* = -ENOMEM", 1 },
		{ "mod:* = -EIO", 1 },		{ "mod:rt_* = -EIO", 1 },
		{ "rt_* = -EIO", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o = plan(SOME, rows[i].rule);

		if (o.ret || o.n != rows[i].n)
			print_error("%s: %d, %u sites: %s\n", rows[i].rule, o.ret, o.n, o.err.msg);
		assert_int_equal(o.ret, 0);
		assert_int_equal(o.n, rows[i].n);
	}
}

/* it takes a file for each system call */
static void parameters_are_read_for_names_that_may_be_one(void **state)
{
	static const struct {
		const char *rule;
		bool asks;
	} rows[] = {
		{ "syscall:o* = -EIO", false },
		{ "syscall:o* = -EIO if comm == \"sh\" && cpu < 2 || tid != 1", false },
		{ "syscall:o* = -EIO if $pid == 1", false },
		{ "syscall:o* = -EIO if arg2 > 2", true }, /* prctl() has one */
		{ "syscall:o* = -EIO if ({ int me = $pid; 1; }) && 3 > (long)cgroup", false },
		{ "syscall:o* = -EIO if pid == 1", true },
		{ "syscall:o* = -EIO if ({ int me = pid; 1; })", true },
		{ "syscall:o* = -EIO if STRCMP(\"x\", filename)", true },
		{ "syscall:o* = -EIO if cpu && (1 ? 2 : flags)", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o = plan(SOME, rows[i].rule);

		if (!o.asked == rows[i].asks)
			print_error("%s: asked %u times: %s\n", rows[i].rule, o.asked, o.err.msg);
		assert_int_equal(!!o.asked, rows[i].asks);
	}
}

static void what_is_left_out_is_named(void **state)
{
	struct outcome o = plan(SOME, "syscall:* = -EIO");

	(void)state;
	assert_non_null(strstr(o.notes, "__x64_sys_exit"));
	assert_non_null(strstr(o.notes, "never returns"));
	o = plan(SOME, "syscall:exit* = -EIO");
	assert_int_equal(o.ret, -EINVAL);
	assert_non_null(strstr(o.err.msg, "never returns"));
}

static void nothing_of_that_name(void **state)
{
	struct outcome o = plan(SOME, "syscall:zz* = -EIO");

	(void)state;
	assert_int_equal(o.ret, -ENOENT);
	assert_int_equal(o.err.place.col, 1);
	o = plan(SOME, "other:* = -EIO");
	assert_int_equal(o.ret, -ENOENT);
}

static void so_many_at_most(void **state)
{
	_cleanup_buf_ struct buf list = { 0 };
	struct outcome o;

	(void)state;
	for (unsigned int i = 0; i < LIMIT_SITES; i++)
		buf_printf(&list, "f%u\tERRNO\n", i);
	o = plan(buf_str(&list), "f* = -EIO");
	assert_int_equal(o.ret, 0);
	assert_int_equal(o.n, LIMIT_SITES);
	buf_puts(&list, "fx\tERRNO\n");
	o = plan(buf_str(&list), "f* = -EIO");
	assert_int_equal(o.ret, -E2BIG);
	assert_non_null(strstr(o.err.msg, "functions"));
}

static int with_rules(unsigned int n, struct err *err)
{
	struct session_rule rules[LIMIT_RULES + 1];
	struct session_opts so = { .rules = rules, .n_rules = n, .shown_only = true };
	const struct plan_opts po = { 0 };
	struct session *s = NULL;
	struct rule *rule[8];
	struct plan plans[8];
	struct kern *kern;
	int ret;

	assert_int_equal(fake_kern(&kern, NULL, err), 0);
	for (unsigned int i = 0; i < 8; i++) {
		static const char *const funcs[] = { "tcp_v4_connect", "should_failslab",
						     "bool_fn",	       "char_fn",
						     "short_fn",       "unsigned_fn",
						     "long_fn",	       "enum_fn" };
		char text[64];

		snprintf(text, sizeof(text), "%s = %d after", funcs[i], i == 2);
		assert_int_equal(rule_parse(&rule[i], "rule", text, err), 0);
		assert_int_equal(plan_rule(&plans[i], rule[i], kern, &po, err), 0);
	}
	for (unsigned int i = 0; i < n; i++)
		rules[i] = (struct session_rule){
			.plan = &plans[i % 8],
			.schedule = { .probability = PROBABILITY_ALWAYS },
		};
	ret = session_new(&s, kern, &so, err);
	session_free(s);
	for (unsigned int i = 0; i < 8; i++) {
		plan_free(&plans[i]);
		rule_free(rule[i]);
	}
	kern_free(kern);
	return ret;
}

static void so_many_rules(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (with_rules(LIMIT_RULES, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(with_rules(LIMIT_RULES + 1, &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_they_name),
		cmocka_unit_test(what_is_left_out_is_named),
		cmocka_unit_test(nothing_of_that_name),
		cmocka_unit_test(so_many_at_most),
		cmocka_unit_test(so_many_rules),
		cmocka_unit_test(parameters_are_read_for_names_that_may_be_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
