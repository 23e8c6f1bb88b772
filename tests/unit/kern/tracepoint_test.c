// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tracepoints: formats as kernels write them, and what is none. */
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
#include "kern/tracepoint.h"
#include "util/buf.h"
#include "util/limits.h"

#define HEAD "name: x\nID: 77\nformat:\n"

static const struct {
	const char *line;
	struct tracepoint_field want;
} rows[] = {
	{ "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;",
	  { "common_pid", "int", TRACEPOINT_HERE, false, true, true, 4, 4, 0 } },
	{ "\tfield:unsigned lockval;\toffset:8;\tsize:4;\tsigned:0;",
	  { "lockval", "unsigned", TRACEPOINT_HERE, false, false, false, 8, 4, 0 } },
	{ "\tfield:const struct a *const attr;\toffset:8;\tsize:8;\tsigned:0;",
	  { "attr", "const struct a *const", TRACEPOINT_HERE, false, false, false, 8, 8, 0 } },
	{ "\tfield:char *name;\toffset:8;\tsize:8;\tsigned:0;",
	  { "name", "char *", TRACEPOINT_HERE, false, false, false, 8, 8, 0 } },
	{ "\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;",
	  { "args", "unsigned long", TRACEPOINT_HERE, true, false, false, 16, 48, 6 } },
	{ "\tfield:int m[2][3];\toffset:16;\tsize:24;\tsigned:1;",
	  { "m", "int", TRACEPOINT_HERE, true, true, false, 16, 24, 6 } },
	{ "\tfield:char comm[TASK_COMM_LEN];\toffset:8;\tsize:16;\tsigned:1;",
	  { "comm", "char", TRACEPOINT_HERE, true, true, false, 8, 16, 16 } },
	{ "\tfield:struct b name[B_MAX];\toffset:8;\tsize:16;\tsigned:0;",
	  { "name", "struct b", TRACEPOINT_HERE, true, false, false, 8, 16, 0 } },
	{ "\tfield:unsigned long caller[3];\toffset:8;\tsize:16;\tsigned:0;",
	  { "caller", "unsigned long", TRACEPOINT_HERE, true, false, false, 8, 16, 0 } },
	{ "\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;",
	  { "buf", "char", TRACEPOINT_HERE, true, false, false, 16, 0, 0 } },
	{ "\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;",
	  { "name", "char", TRACEPOINT_DATA_LOC, true, false, false, 8, 4, 0 } },
	{ "\tfield:__data_loc cpumask_t *[] cpus;\toffset:8;\tsize:4;\tsigned:0;",
	  { "cpus", "cpumask_t *", TRACEPOINT_DATA_LOC, true, false, false, 8, 4, 0 } },
	{ "\tfield:__rel_loc u64[] addrs;\toffset:8;\tsize:4;\tsigned:0;",
	  { "addrs", "u64", TRACEPOINT_REL_LOC, true, false, false, 8, 4, 0 } },
	{ "\tfield:void (*func)(int);\toffset:8;\tsize:8;\tsigned:0;",
	  { "func", "void *", TRACEPOINT_HERE, false, false, false, 8, 8, 0 } },
	/* of before 2.6.35 */
	{ "\tfield:int old;\toffset:8;\tsize:4;",
	  { "old", "int", TRACEPOINT_HERE, false, false, false, 8, 4, 0 } },
};

static void formats_by_hand(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tracepoint_field *want = &rows[i].want, *f;
		struct tracepoint t = { 0 };
		struct err err = { 0 };

		snprintf(text, sizeof(text), HEAD "%s\n\nprint fmt: \"\tfield:no\"\n",
			 rows[i].line);
		if (tracepoint_parse(text, &t, &err))
			fail_msg("%s: %s", rows[i].line, err.msg);
		assert_int_equal(t.id, 77);
		assert_int_equal(t.n_fields, 1);
		assert_int_equal(t.size, want->offset + want->size);
		f = tracepoint_find(&t, want->name);
		if (!f || strcmp(f->type, want->type) || f->where != want->where ||
		    f->is_array != want->is_array || f->is_signed != want->is_signed ||
		    f->is_common != want->is_common || f->offset != want->offset ||
		    f->size != want->size || f->count != want->count)
			fail_msg("%s: '%s' '%s' %u", rows[i].line, t.fields[0].type,
				 t.fields[0].name, t.fields[0].count);
		assert_null(tracepoint_find(&t, "no"));
		tracepoint_free(&t);
	}
}

static void what_is_no_format_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"name: x\nformat:\n\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n",
		"ID: 0\n",
		"ID: 99999999999\n",
		"ID: x\n",
		HEAD "\tfield:int a",
		HEAD "\tfield:int a;\n",
		HEAD "\tfield:int a;\toffset:8;\n",
		HEAD "\tfield:int a;\toffset:8\tsize:4;\n",
		HEAD "\tfield:int a;\toffset:;\tsize:4;\n",
		HEAD "\tfield:int a;\toffset:-8;\tsize:4;\n",
		HEAD "\tfield:int a;\toffset:8;\tsize:4294967296;\n",
		HEAD "\tfield:;\toffset:8;\tsize:4;\n",
		HEAD "\tfield:int;\toffset:8;\tsize:4;\n",
		HEAD "\tfield:[];\toffset:8;\tsize:4;\n",
		HEAD "\tfield:int a[2;\toffset:8;\tsize:4;\n",
		HEAD "\tfield:(*;\toffset:8;\tsize:4;\n",
		HEAD "\tfield:int a-b c+;\toffset:8;\tsize:4;\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tracepoint t = { .id = 5 };
		struct err err = { 0 };

		if (tracepoint_parse(wrong[i], &t, &err) != -EINVAL || !err.msg[0])
			fail_msg("not refused: %s", wrong[i]);
		assert_int_equal(t.id, 5); /* written last */
	}
}

static void fields_are_limited(void **state)
{
	(void)state;
	for (unsigned int n = LIMIT_FIELDS; n <= LIMIT_FIELDS + 1; n++) {
		struct tracepoint t = { 0 };
		struct err err = { 0 };
		struct buf b = { 0 };

		buf_puts(&b, HEAD);
		for (unsigned int i = 0; i < n; i++)
			buf_printf(&b, "\tfield:int f%u;\toffset:%u;\tsize:4;\tsigned:1;\n", i,
				   8 + 4 * i);
		assert_int_equal(tracepoint_parse(b.data, &t, &err), n > LIMIT_FIELDS ? -E2BIG : 0);
		assert_int_equal(t.n_fields, n > LIMIT_FIELDS ? 0 : n);
		assert_int_equal(err.tag, n > LIMIT_FIELDS ? ERR_LIMIT : ERR_NONE);
		tracepoint_free(&t);
		buf_free(&b);
	}
}

static struct kern *kernel;

static int setup(void **state)
{
	(void)state;
	return fake_kern(&kernel, NULL, NULL);
}

static int teardown(void **state)
{
	(void)state;
	kern_free(kernel);
	return 0;
}

static void event_of_the_kernel(void **state)
{
	struct tracepoint t;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(kern_tracepoint(kernel, "block", "block_rq_complete", &t, &err), 0);
	assert_int_equal(t.id, 1204);
	assert_int_equal(t.n_fields, 11);
	assert_int_equal(t.size, 48);
	assert_true(tracepoint_find(&t, "common_pid")->is_common);
	assert_int_equal(tracepoint_find(&t, "rwbs")->count, 10);
	assert_int_equal(tracepoint_find(&t, "cmd")->where, TRACEPOINT_DATA_LOC);
	tracepoint_free(&t);
}

static void unknown(const char *category, const char *event, const char *note)
{
	struct tracepoint t;
	struct err err = { 0 };

	assert_int_equal(kern_tracepoint(kernel, category, event, &t, &err), -ENOENT);
	assert_int_equal(err.tag, ERR_UNKNOWN_NAME);
	assert_int_equal(err.n_notes, note != NULL);
	if (note)
		assert_string_equal(err.note[0].msg, note);
}

static void unknown_events(void **state)
{
	(void)state;
	unknown("block", "block_rq_complet", "did you mean 'block:block_rq_complete'?");
	unknown("blok", "block_rq_complete", "did you mean 'block:block_rq_complete'?");
	unknown("task", "sched_process_exec", "did you mean 'sched:sched_process_exec'?");
	unknown("block", "quite_another", NULL);
	unknown("", "", NULL);
	unknown("block/..", "block", NULL);
	unknown("..", "block", NULL);
}

/* a name is as long as a symbol's, and is no path */
static void names_are_limited(void **state)
{
	char name[LIMIT_IDENT + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[LIMIT_IDENT + 1] = '\0';
	unknown(name, name, NULL);
	name[LIMIT_IDENT] = '\0';
	unknown(name, name, NULL);
}

static int no_rights(void *ctx, const char *category, const char *event, char **text,
		     struct err *err)
{
	(void)ctx;
	(void)category;
	(void)event;
	(void)text;
	return err_plain(err, -EACCES, ERR_PERMISSION, "only root");
}

static int odd_format(void *ctx, const char *category, const char *event, char **text,
		      struct err *err)
{
	(void)ctx;
	(void)category;
	(void)event;
	(void)err;
	*text = strdup("ID: 1\n\tfield:odd\n");
	return *text ? 0 : -ENOMEM;
}

static void what_the_kernel_says_is_passed_on(void **state)
{
	static const struct kern_ops none = { .close = NULL },
				     refuses = { .event_format = no_rights },
				     odd = { .event_format = odd_format };
	const struct {
		const struct kern_ops *ops;
		int ret;
		const char *msg;
	} kernels[] = {
		{ &none, -ENOENT, "this kernel has no tracepoint 'a:b'" },
		{ &refuses, -EACCES, "only root" },
		{ &odd, -EINVAL, "the format of tracepoint a:b: cannot make sense of 'odd'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct tracepoint t;
		struct err err = { 0 };
		struct kern *k;

		assert_int_equal(kern_new(&k, kernels[i].ops, NULL, NULL), 0);
		assert_int_equal(kern_tracepoint(k, "a", "b", &t, &err), kernels[i].ret);
		assert_string_equal(err.msg, kernels[i].msg);
		kern_free(k);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_by_hand),
		cmocka_unit_test(what_is_no_format_is_refused),
		cmocka_unit_test(fields_are_limited),
		cmocka_unit_test(event_of_the_kernel),
		cmocka_unit_test(unknown_events),
		cmocka_unit_test(names_are_limited),
		cmocka_unit_test(what_the_kernel_says_is_passed_on),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
