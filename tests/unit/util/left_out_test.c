/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/left_out.h"

static void says(const char *const *names, const char *want)
{
	struct left_out l = { 0 };
	struct buf out = { 0 };

	for (unsigned int i = 0; names[i]; i++)
		left_out_add(&l, names[i], i ? "another" : "no place");
	left_out_note(&l, "functions", &out);
	assert_string_equal(buf_str(&out), want);
	buf_free(&out);
	/* it is empty again */
	left_out_note(&l, "functions", &out);
	assert_string_equal(buf_str(&out), "");
	buf_free(&out);
}

static void names_the_first_and_why(void **state)
{
	(void)state;
	says((const char *const[]){ NULL }, "");
	says((const char *const[]){ "a", NULL }, "1 functions left out: a (no place)\n");
	says((const char *const[]){ "a", "b", NULL },
	     "2 functions left out: a, b (the first: no place)\n");
	says((const char *const[]){ "a", "b", "c", "d", "e", "f", NULL },
	     "6 functions left out: a, b, c, d, e, f (the first: no place)\n");
	says((const char *const[]){ "a", "b", "c", "d", "e", "f", "g", NULL },
	     "7 functions left out: a, b, c, d, e, f, ... (the first: no place)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_the_first_and_why) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
