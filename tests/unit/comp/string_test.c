/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of strings run on the simulated machine: patterns against fnmatch(3), and the
 * edges of what is read. Random ones in the kernel are in tests/diff.
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "comp/comp.h"
#include "tests/diff/fixture.h"
#include "tests/diff/job.h"
#include "tests/diff/machine.h"

enum {
	NO,
	YES,
	FAULT
};

static int compile(const char *spec, struct prog *p, struct err *err)
{
	struct test_job t;
	int ret = test_job_make(&t, spec, "mixed", true, err);

	if (ret < 0)
		return ret;
	ret = comp_predicate(t.btf, t.rule->src, &t.rule->on_target, "mixed", PROG_SYSCALL, p, err);
	test_job_free(&t);
	return ret;
}

static unsigned int run_prog_on(const struct prog *p, struct object *obj)
{
	uint64_t args[6] = { [5] = (uint64_t)(uintptr_t)obj };
	struct machine *m = machine_new();
	uint64_t ret;

	assert_non_null(m);
	ret = machine_run(m, p, args);
	assert_null(m->broken);
	machine_free(m);
	return (unsigned int)ret;
}

static unsigned int run(const char *spec, struct object *obj)
{
	struct err err = { 0 };
	struct prog p = { 0 };
	unsigned int ret;

	if (compile(spec, &p, &err) < 0)
		fail_msg("%s: %s", spec, err.msg);
	ret = run_prog_on(&p, obj);
	prog_free(&p);
	return ret;
}

/* the pattern's result on a text, by pointer, in an array and with its length */
static void check_all(const char *glob, const char *text, unsigned int want)
{
	struct object o = { .text = text };
	char spec[1024];

	o.tag.name = (const unsigned char *)text;
	o.tag.len = (u32)strlen(text);
	snprintf(spec, sizeof(spec), "(GLOB(obj->text, \"%s\"))", glob);
	if (run(spec, &o) != want)
		fail_msg("%s on %s: not %u", spec, text, want);
	o.path = text;
	snprintf(spec, sizeof(spec), "(GLOB(obj->path, \"%s\"))", glob);
	if (run(spec, &o) != want)
		fail_msg("%s on user's %s: not %u", spec, text, want);
	snprintf(spec, sizeof(spec), "(GLOB(obj->tag, \"%s\"))", glob);
	if (run(spec, &o) != want)
		fail_msg("%s on %s: not %u", spec, text, want);
	snprintf(spec, sizeof(spec), "(!GLOB(obj->in.name, \"%s\"))", glob);
	if (strlen(text) > sizeof(o.in.name) || strlen(glob) > sizeof(o.in.name))
		return;
	memcpy(o.in.name, text, strlen(text));
	o.in.flag = true;
	o.in.label[0] = 'x'; /* behind the array */
	if (run(spec, &o) != !want)
		fail_msg("%s on %s: not %u", spec, text, !want);
}

static void globs_by_hand(void **state)
{
	static const struct {
		const char *glob, *text;
		unsigned int want;
	} cases[] = {
		{ "", "", YES },
		{ "", "a", NO },
		{ "*", "", YES },
		{ "*", "abc", YES },
		{ "**", "abc", YES },
		{ "?", "", NO },
		{ "?", "a", YES },
		{ "?", "ab", NO },
		{ "?*", "", NO },
		{ "*?", "ab", YES },
		{ "a*", "a", YES },
		{ "a*", "ba", NO },
		{ "*a", "a", YES },
		{ "*a", "aab", NO },
		{ "a*a", "a", NO },
		{ "a*a", "aa", YES },
		{ "*ab*", "aab", YES },
		{ "*ab*ab*", "aabab", YES },
		{ "*ab*ab*", "ababab", YES },
		{ "*ab*ab*", "aabbab", YES },
		{ "*ab*ab*", "abaaa", NO },
		{ "*aab", "aaab", YES },
		{ "*aab*", "aaab", YES },
		{ "a*b*c", "abc", YES },
		{ "a*b*c", "axxbyyc", YES },
		{ "a*b*c", "axxcyyb", NO },
		{ "*a*a*a*", "aa", NO },
		{ "*a*a*a*", "aaa", YES },
		{ "*?b?*", "xbb", YES },
		{ "*?b?*", "xb", NO },
		{ "/dev/sd[a-z]", "/dev/sdq", YES },
		{ "/dev/sd[a-z]", "/dev/sd1", NO },
		{ "[!a]*", "a", NO },
		{ "[!a]*", "", NO },
		{ "[]]", "]", YES },
		{ "[!]]", "]", NO },
		{ "[a-]", "-", YES },
		{ "[--0]", ".", YES },
		{ "[a\\\\]]", "]", YES },
		{ "\\\\*", "*", YES },
		{ "\\\\*", "a", NO },
		{ "]", "]", YES },
		{ "*]*", "a]", YES },
		{ "*/shadow", "/etc/shadow", YES },
		{ "/*/shadow", "/etc/x/shadow", YES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_all(cases[i].glob, cases[i].text, cases[i].want);
}

/* C's escape of a backslash is one more backslash */
static void as_literal(const char *glob, char *out)
{
	for (; *glob; glob++) {
		if (*glob == '\\')
			*out++ = '\\';
		*out++ = *glob;
	}
	*out = '\0';
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

static void globs_as_fnmatch_has_them(void **state)
{
	static const char *const pieces[] = { "a",    "b", "?",	  "*",	  "*",	  "[ab]",
					      "[!a]", "a", "\\*", "[^b]", "[a-c]" };
	(void)state;
	srandom(1);
	for (unsigned int i = 0; i < 3000; i++) {
		char glob[64] = "", text[12] = "", literal[128];
		unsigned int n = below(7), len = below(10);

		for (unsigned int k = 0; k < n; k++)
			strcat(glob, pieces[below(11)]);
		for (unsigned int k = 0; k < len; k++)
			text[k] = "aabbc*"[below(6)];
		as_literal(glob, literal);
		check_all(literal, text, !fnmatch(glob, text, 0));
	}
}

/* a string of n bytes: x all the way, y behind them */
static struct object *long_string(unsigned int n, struct object *o)
{
	static char text[2 * LIMIT_STRING];

	memset(text, 'x', sizeof(text));
	text[n - 1] = 'y';
	text[n] = '\0';
	o->text = text;
	o->tag.name = (const unsigned char *)text;
	o->tag.len = n;
	return o;
}

static void what_is_not_seen_is_not_guessed(void **state)
{
	struct object o = { 0 };

	(void)state;
	assert_int_equal(run("(GLOB(obj->text, \"*y\"))", long_string(LIMIT_STRING, &o)), YES);
	assert_int_equal(run("(GLOB(obj->text, \"*y\"))", long_string(LIMIT_STRING + 1, &o)),
			 FAULT);
	assert_int_equal(run("(GLOB(obj->text, \"y*y\"))", long_string(LIMIT_STRING + 1, &o)), NO);
	assert_int_equal(run("(GLOB(obj->text, \"x*\"))", long_string(LIMIT_STRING + 1, &o)), YES);
	assert_int_equal(run("(GLOB(obj->text, \"*x*y\"))", long_string(LIMIT_GLOB, &o)), YES);
	assert_int_equal(run("(GLOB(obj->text, \"*x*y\"))", long_string(LIMIT_GLOB + 1, &o)),
			 FAULT);
	assert_int_equal(run("(GLOB(obj->text, \"*y*\"))", long_string(LIMIT_GLOB + 1, &o)), YES);
	assert_int_equal(run("(GLOB(obj->text, \"*y*\"))", long_string(LIMIT_GLOB + 2, &o)), FAULT);
	assert_int_equal(run("(GLOB(obj->text, \"*z*\"))", long_string(LIMIT_GLOB, &o)), NO);
	assert_int_equal(run("(GLOB(obj->text, \"*x*\"))", long_string(LIMIT_GLOB + 2, &o)), YES);
	assert_int_equal(run("(GLOB(obj->text, \"y*z*\"))", long_string(LIMIT_GLOB + 2, &o)), NO);
}

/* with the length beside it the end is found however far away it is */
static void counted_strings_may_be_long(void **state)
{
	struct object o = { 0 };

	(void)state;
	assert_int_equal(run("(GLOB(obj->tag, \"x*y\"))", long_string(2 * LIMIT_STRING - 1, &o)),
			 YES);
	assert_int_equal(run("(GLOB(obj->tag, \"*x*y\"))", long_string(LIMIT_GLOB, &o)), YES);
	assert_int_equal(run("(GLOB(obj->tag, \"*x*y\"))", long_string(LIMIT_GLOB + 1, &o)), FAULT);
	assert_int_equal(run("(GLOB(obj->tag, \"y*x*y\"))", long_string(LIMIT_GLOB + 1, &o)), NO);
	assert_int_equal(run("(GLOB(obj->tag, \"*y*\"))", long_string(LIMIT_GLOB + 1, &o)), YES);
	assert_int_equal(run("(GLOB(obj->tag, \"*y*\"))", long_string(LIMIT_GLOB + 2, &o)), FAULT);
}

static void empty_strings(void **state)
{
	struct object o = { .text = "", .path = "" };

	(void)state;
	assert_int_equal(run("(obj->text == \"\" && obj->path == \"\")", &o), YES);
	assert_int_equal(run("(obj->text != \"a\" && obj->path != \"a\")", &o), YES);
	assert_int_equal(run("(STRPREFIX(obj->text, \"\") && STRPREFIX(obj->path, \"\"))", &o),
			 YES);
	assert_int_equal(run("(STRPREFIX(obj->text, \"a\") || STRPREFIX(obj->path, \"a\"))", &o),
			 NO);
	o.path = o.text = "a";
	assert_int_equal(run("(obj->text == \"\" || obj->path == \"\")", &o), NO);
	assert_int_equal(run("(STRPREFIX(obj->text, \"\") && STRPREFIX(obj->path, \"\"))", &o),
			 YES);
	o.path = o.text = NULL;
	assert_int_equal(run("(STRPREFIX(obj->text, \"\"))", &o), FAULT);
	assert_int_equal(run("(obj->path != \"\")", &o), FAULT);
}

/* what follows its last byte is none of its business, and not read if the length is wrong */
static void counted_strings_need_no_nul(void **state)
{
	struct object o = { .tag = { .len = 3, .name = (const unsigned char *)"abcdef" } };

	(void)state;
	assert_int_equal(run("(obj->tag == \"abc\")", &o), YES);
	assert_int_equal(run("(&obj->tag == \"abcd\")", &o), NO);
	assert_int_equal(run("(obj->tag.name == \"abc\")", &o), NO);
	assert_int_equal(run("(GLOB(obj->tag, \"*c\"))", &o), YES);
	assert_int_equal(run("(GLOB(obj->tag, \"*b*c\"))", &o), YES);
	assert_int_equal(run("(GLOB(obj->tag, \"*d*\"))", &o), NO);
	o.tag.name = NULL;
	assert_int_equal(run("(obj->tag == \"abcd\")", &o), NO);
	assert_int_equal(run("(obj->tag == \"abc\")", &o), FAULT);
	assert_int_equal(run("(obj->tag_ptr == \"abc\")", &o), FAULT);
}

static void arrays_without_a_nul(void **state)
{
	struct object o = { 0 };

	(void)state;
	memcpy(o.in.name, "fifteen letters", 15);
	o.in.label[0] = 'x';
	assert_int_equal(run("(obj->in.name == \"fifteen letters\")", &o), YES);
	assert_int_equal(run("(obj->in.name == \"fifteen letter\")", &o), NO);
	assert_int_equal(run("(STRPREFIX(obj->in.name, \"fifteen letters\"))", &o), YES);
	assert_int_equal(run("(GLOB(obj->in.name, \"*[s]\"))", &o), YES);
	assert_int_equal(run("(GLOB(obj->in.name, \"???????????????\"))", &o), YES);
	o.in.name[14] = '\0';
	assert_int_equal(run("(obj->in.name == \"fifteen letter\")", &o), YES);
	assert_int_equal(run("(GLOB(obj->in.name, \"???????????????\"))", &o), NO);
	assert_int_equal(run("(GLOB(obj->in.name, \"*t?r\"))", &o), YES);
}

static void longest_pattern(void **state)
{
	char spec[512], text[LIMIT_GLOB + 2];
	struct object o = { .text = text };
	struct err err = { 0 };
	struct prog p = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[LIMIT_GLOB] = '\0';
	snprintf(spec, sizeof(spec), "(GLOB(obj->text, \"*x*%.*s\"))", LIMIT_GLOB - 1, text);
	assert_int_equal(run(spec, &o), YES);
	text[LIMIT_GLOB - 1] = '\0';
	assert_int_equal(run(spec, &o), NO);
	text[LIMIT_GLOB - 1] = 'x';
	snprintf(spec, sizeof(spec), "(GLOB(obj->text, \"*x*%.*s\"))", LIMIT_GLOB, text);
	assert_true(compile(spec, &p, &err) < 0);
	assert_int_equal(err.tag, ERR_LIMIT);
}

/* one look-up of the struct for both of its members, none for what an || does not reach */
static void reads_are_few(void **state)
{
	static const struct {
		const char *spec;
		unsigned int calls;
	} cases[] = {
		{ "(obj->tag_ptr == \"abc\")", 4 },
		{ "(obj->tag == \"abc\" || obj->tag == \"abd\")", 5 },
		{ "(obj->in.name == \"abc\")", 1 },
		{ "(GLOB(obj->text, \"*abc\"))", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };
		struct prog p = { 0 };
		unsigned int n = 0;

		assert_int_equal(compile(cases[i].spec, &p, &err), 0);
		for (uint32_t k = 0; k < p.n_insns; k++)
			n += p.insns[k].code == (BPF_JMP | BPF_CALL);
		assert_int_equal(n, cases[i].calls);
		prog_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs_by_hand),
		cmocka_unit_test(globs_as_fnmatch_has_them),
		cmocka_unit_test(what_is_not_seen_is_not_guessed),
		cmocka_unit_test(counted_strings_may_be_long),
		cmocka_unit_test(empty_strings),
		cmocka_unit_test(counted_strings_need_no_nul),
		cmocka_unit_test(arrays_without_a_nul),
		cmocka_unit_test(longest_pattern),
		cmocka_unit_test(reads_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
