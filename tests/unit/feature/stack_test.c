// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stacks with and without what following a function adds to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "feature/stack.h"

#define MAX 8

static void expect(const char *const *in, const char *const *want)
{
	const char *stack[MAX];
	unsigned int n = 0, left;

	for (; in[n]; n++)
		stack[n] = in[n];
	left = stack_tidy(stack, n);
	for (n = 0; want[n]; n++) {
		assert_true(n < left);
		assert_string_equal(stack[n], want[n]);
	}
	assert_int_equal(left, n);
}

static void a_traced_function_stands_once(void **state)
{
	(void)state;
	expect((const char *[]){ "a+0x1", "f+0x26b", "bpf_trampoline_64+0x81", "f+0x9", "c+0x2",
				 NULL },
	       (const char *[]){ "a+0x1", "f+0x26b", "c+0x2", NULL });
}

static void a_tail_caller_stays(void **state)
{
	(void)state;
	expect((const char *[]){ "g+0x1", "bpf_trampoline_64+0x81", "f+0x9", "c+0x2", NULL },
	       (const char *[]){ "g+0x1", "f+0x9", "c+0x2", NULL });
}

static void recursion_is_kept(void **state)
{
	(void)state;
	expect((const char *[]){ "f+0x20", "bpf_trampoline_64+0x81", "f+0x9", "f+0x20",
				 "bpf_trampoline_64+0x81", "f+0x9", NULL },
	       (const char *[]){ "f+0x20", "f+0x20", NULL });
}

static void names_alike_are_not_the_same(void **state)
{
	(void)state;
	expect((const char *[]){ "fo+0x20", "bpf_trampoline_64+0x81", "f+0x9", NULL },
	       (const char *[]){ "fo+0x20", "f+0x9", NULL });
}

static void a_trampoline_s_program_is_no_caller(void **state)
{
	(void)state;
	expect((const char *[]){ "bpf_prog_1234_rc_target+0x1b9", "f+0x9", "c+0x2", NULL },
	       (const char *[]){ "f+0x9", "c+0x2", NULL });
	expect((const char *[]){ "bpf_prog_1234_rc_target+0x1b9", "bpf_trampoline_64+0x81", "f+0x9",
				 "c+0x2", NULL },
	       (const char *[]){ "f+0x9", "c+0x2", NULL });
}

static void nothing_to_tidy(void **state)
{
	(void)state;
	expect((const char *[]){ NULL }, (const char *[]){ NULL });
	expect((const char *[]){ "bpf_trampoline_64+0x81", NULL }, (const char *[]){ NULL });
	expect((const char *[]){ "0xffffffff", "f", NULL },
	       (const char *[]){ "0xffffffff", "f", NULL });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_traced_function_stands_once),
		cmocka_unit_test(a_tail_caller_stays),
		cmocka_unit_test(recursion_is_kept),
		cmocka_unit_test(names_alike_are_not_the_same),
		cmocka_unit_test(a_trampoline_s_program_is_no_caller),
		cmocka_unit_test(nothing_to_tidy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
