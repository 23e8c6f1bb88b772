/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Predicates run on the simulated machine: what happens at the limits, and that
 * reads are neither repeated nor done where C does not do them. Random ones are
 * compared with an evaluator in tests/diff.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "comp/comp.h"
#include "comp/ir.h"
#include "tests/diff/fixture.h"
#include "tests/diff/job.h"
#include "tests/diff/machine.h"

static void compile(const char *spec, struct prog *p)
{
	struct err err = { 0 };
	struct test_job t;

	if (test_job_make(&t, spec, "mixed", true, &err) < 0 ||
	    comp_predicate(t.btf, t.rule->src, &t.rule->on_target, "mixed", PROG_SYSCALL, p, &err) <
		    0)
		fail_msg("%s: %s", spec, err.msg);
	if (prog_check(p, &err) < 0)
		fail_msg("%s: %s", spec, err.msg);
	test_job_free(&t);
}

/* 0: false, 1: true, 2: a read faulted */
static unsigned int run(const char *spec, int si, const struct object *obj)
{
	uint64_t args[6] = {
		[3] = 0xdeadbeef00000000ull | (uint32_t)si, [5] = (uint64_t)(uintptr_t)obj
	};
	struct machine *m = machine_new();
	struct prog p = { 0 };
	uint64_t ret;

	assert_non_null(m);
	compile(spec, &p);
	ret = machine_run(m, &p, args);
	assert_null(m->broken);
	machine_free(m);
	prog_free(&p);
	return (unsigned int)ret;
}

static unsigned int calls(const char *spec)
{
	struct prog p = { 0 };
	unsigned int n = 0;

	compile(spec, &p);
	for (uint32_t i = 0; i < p.n_insns; i++)
		n += p.insns[i].code == (BPF_JMP | BPF_CALL);
	prog_free(&p);
	return n;
}

static void short_circuit_guards_reads(void **state)
{
	struct object o = { .in.i = 7 };

	(void)state;
	assert_int_equal(run("(obj && obj->in.i == 7)", 0, NULL), 0);
	assert_int_equal(run("(obj && obj->in.i == 7)", 0, &o), 1);
	assert_int_equal(run("(!obj || obj->in.i == 8)", 0, NULL), 1);
	assert_int_equal(run("(obj->in.i == 7)", 0, NULL), 2);
	assert_int_equal(run("(si ? obj->in.i : 0)", 0, NULL), 0);
	assert_int_equal(run("(si ? obj->in.i : 0)", 1, NULL), 2);
	assert_int_equal(run("(si == 3 || obj->ptr->i)", 3, &o), 1);
	assert_int_equal(run("(si == 3 || obj->ptr->i)", 4, &o), 2);
	assert_int_equal(run("(({ long x = obj ? obj->in.i : -1; x; }) == 4294967295)", 0, NULL),
			 1);
}

static void reads_are_shared(void **state)
{
	(void)state;
	assert_int_equal(calls("(obj->in.i == 1 || obj->in.i == 2 || obj->in.i == 3)"), 1);
	assert_int_equal(calls("(obj->in.i > 1 && obj->in.i < 9 && obj->in.h != obj->in.i)"), 2);
	assert_int_equal(calls("(obj->next && obj->next->next && obj->next->next->in.b)"), 3);
	assert_int_equal(calls("(si && obj->in.i || obj->in.i)"), 2);
	assert_int_equal(calls("((si ? obj->in.i : 1) + obj->in.i)"), 2);
	assert_int_equal(calls("(obj->in.i == 1 ? obj->in.i : obj->in.i + 1)"), 1);
	assert_int_equal(calls("(obj->text == \"a\" || obj->text == \"abc\")"), 2);
	assert_int_equal(calls("(obj->in.name == \"a\" || obj->in.i || obj->in.name != \"ab\")"),
			 2);
	assert_int_equal(calls("(si && obj->in.name == \"a\" || obj->in.name != \"ab\")"), 2);
	assert_int_equal(calls("(obj->in.name == \"a\" || (char *)obj->in.name == \"ab\")"), 2);
}

static void the_task_is_asked_once(void **state)
{
	(void)state;
	assert_int_equal(run("(pid == 77 && tid == 78 && uid == 80 && gid == 79)", 0, NULL), 1);
	assert_int_equal(run("((long)$tid == 78 && (long)$uid == 80)", 0, NULL), 1);
	assert_int_equal(run("(cgroup == 0x10000000051 && cpu == 0)", 0, NULL), 1);
	assert_int_equal(run("(pid == 78 || tid == 77 || uid == 79 || gid == 80)", 0, NULL), 0);
	assert_int_equal(calls("(pid == 77 && tid == 78 && $pid > $tid)"), 1);
	assert_int_equal(calls("(uid == 80 && gid == 79 && pid)"), 2);
	assert_int_equal(calls("(comm[0] == 'a' || comm[0] == 'b' || comm[1] == 'c')"), 3);
}

static void errors_are_the_last_page(void **state)
{
	const struct object *last = (const struct object *)(uintptr_t)-4095;
	const struct object *before = (const struct object *)(uintptr_t)-4096;

	(void)state;
	assert_int_equal(run("(IS_ERR(obj))", 0, NULL), 0);
	assert_int_equal(run("(IS_ERR_OR_NULL(obj))", 0, NULL), 1);
	assert_int_equal(run("(IS_ERR(obj) && IS_ERR_OR_NULL(obj))", 0, last), 1);
	assert_int_equal(run("(IS_ERR(obj) || IS_ERR_OR_NULL(obj))", 0, before), 0);
	assert_int_equal(run("(PTR_ERR(obj) == -4095)", 0, last), 1);
	assert_int_equal(run("(obj == ERR_PTR(si))", -4095, last), 1);
}

static void edges_of_division(void **state)
{
	(void)state;
	assert_int_equal(run("(si / -1 == si)", INT32_MIN, NULL), 1);
	assert_int_equal(run("(si % -1 == 0)", INT32_MIN, NULL), 1);
	assert_int_equal(run("(si / si == 0 && si % si == 0 && 7 % si == 7)", 0, NULL), 1);
	assert_int_equal(run("(si / 2 == -3 && si % 2 == -1)", -7, NULL), 1);
	assert_int_equal(run("(si / -2 == 3 && si % -2 == -1)", -7, NULL), 1);
	assert_int_equal(run("((long)si / 3 == -2)", -7, NULL), 1);
}

static void arguments_ignore_what_is_above_them(void **state)
{
	(void)state;
	assert_int_equal(run("(si == 5)", 5, NULL), 1);
	assert_int_equal(run("((long)si == -5)", -5, NULL), 1);
	assert_int_equal(run("((unsigned long)(unsigned)si == 5)", 5, NULL), 1);
}

static void strings_of_every_length(void **state)
{
	char text[LIMIT_STRING + 2], spec[2 * LIMIT_STRING];
	struct object o = { .text = text };

	(void)state;
	for (unsigned int len = 0; len <= LIMIT_STRING; len += len < 20 ? 1 : 47) {
		memset(text, 'x', sizeof(text));
		snprintf(spec, sizeof(spec), "(STRCMP(obj->text, \"%.*s\"))", (int)len, text);
		text[len] = '\0';
		assert_int_equal(run(spec, 0, &o), 1);
		text[len] = 'x';
		text[len + 1] = '\0';
		assert_int_equal(run(spec, 0, &o), 0);
		if (!len)
			continue;
		text[len] = '\0';
		text[len - 1] ^= 1;
		assert_int_equal(run(spec, 0, &o), 0);
		text[len - 1] = '\0';
		assert_int_equal(run(spec, 0, &o), 0);
	}
}

/* more distinct fields than are remembered: read again, never wrong */
static void more_reads_than_are_remembered(void **state)
{
	struct object o[100] = { 0 };
	char spec[8192] = "(0";
	size_t at = strlen(spec);

	(void)state;
	for (unsigned int i = 0; i < 80; i++)
		at += (size_t)snprintf(spec + at, sizeof(spec) - at, " | *((u32 *)obj + %u)", i);
	snprintf(spec + at, sizeof(spec) - at, " | *((u32 *)obj + 79))");
	assert_int_equal(run(spec, 0, o), 0);
	((uint32_t *)(void *)o)[79] = 4;
	assert_int_equal(run(spec, 0, o), 1);
}

/* as long as nodes allow: whatever walks the tree has that many calls on its stack */
static void long_chains(void **state)
{
	const unsigned int n = LIMIT_NODES / 2 - 2;
	char spec[2 * LIMIT_NODES + 64] = "(si";
	size_t at = strlen(spec);

	(void)state;
	for (unsigned int i = 0; i < n; i++)
		at += (size_t)snprintf(spec + at, sizeof(spec) - at, "%s", i % 2 ? "+b" : "-1U");
	snprintf(spec + at, sizeof(spec) - at, ")");
	assert_int_equal(run(spec, (int)n / 2 + 1, NULL), 1);
	assert_int_equal(run(spec, (int)n / 2, NULL), n % 2);
	at = (size_t)snprintf(spec, sizeof(spec), "(si == 0");
	for (unsigned int i = 1; i < 400; i++)
		at += (size_t)snprintf(spec + at, sizeof(spec) - at, " || si == %u", i);
	snprintf(spec + at, sizeof(spec) - at, ")");
	assert_int_equal(run(spec, 399, NULL), 1);
	assert_int_equal(run(spec, 400, NULL), 0);
}

static void many_values_alive_at_once(void **state)
{
	struct object o = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		o.arr[i] = (s32)i + 1;
	assert_int_equal(run("((obj->arr[0] + (obj->arr[1] * (obj->arr[2] + (obj->arr[3] * "
			     "(obj->arr[4] + (obj->arr[5] * (obj->arr[6] + obj->arr[7]))))))) == "
			     "1 + 2 * (3 + 4 * (5 + 6 * 15)))",
			     0, &o),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_circuit_guards_reads),
		cmocka_unit_test(reads_are_shared),
		cmocka_unit_test(the_task_is_asked_once),
		cmocka_unit_test(errors_are_the_last_page),
		cmocka_unit_test(edges_of_division),
		cmocka_unit_test(arguments_ignore_what_is_above_them),
		cmocka_unit_test(strings_of_every_length),
		cmocka_unit_test(more_reads_than_are_remembered),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(many_values_alive_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
