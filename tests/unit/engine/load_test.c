// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is made of a verifier's log: the complaint, and which instruction it is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/load.h"

static void expect(const char *log, uint32_t insn, const char *text)
{
	struct verifier_complaint c = verifier_complaint(log);

	assert_int_equal(c.insn, insn);
	assert_int_equal(c.len, strlen(text));
	assert_memory_equal(c.text, text, c.len);
}

static void complaint_follows_its_instruction(void **state)
{
	(void)state;
	expect("0: R1=ctx(off=0,imm=0) R10=fp0\n"
	       "; tcp_v4_connect()\n"
	       "0: (bf) r6 = r1                       ; R1=ctx R6_w=ctx\n"
	       "1: (79) r0 = *(u64 *)(r7 +0)\n"
	       "R7 !read_ok\n"
	       "processed 2 insns (limit 1000000) max_states_per_insn 0\n",
	       1, "R7 !read_ok");
}

static void branch_and_statistics_lines_are_not_complaints(void **state)
{
	(void)state;
	expect("12: (15) if r0 == 0x0 goto pc+3\n"
	       "from 12 to 16: R0=0 R6=ctx\n"
	       "16: (79) r1 = *(u64 *)(r0 +8)\n"
	       "R0 invalid mem access 'scalar'\n"
	       "verification time 41 usec\n"
	       "stack depth 32\n"
	       "processed 14 insns\n",
	       16, "R0 invalid mem access 'scalar'");
}

static void refusal_before_any_instruction(void **state)
{
	(void)state;
	expect("should_failslab2 is not modifiable\n", 0, "should_failslab2 is not modifiable");
}

static void statistics_alone_are_no_complaint(void **state)
{
	(void)state;
	assert_false(verifier_complaint("processed 0 insns (limit 1000000)\n").found);
	assert_false(verifier_complaint("").found);
	assert_true(verifier_complaint("R7 !read_ok\n").found);
}

static void empty_and_odd_logs(void **state)
{
	(void)state;
	expect("", 0, "no reason given");
	expect("\n\n", 0, "no reason given");
	expect("7:", 0, "7:");
	expect("99999999999999999999: (bf)", 0, "99999999999999999999: (bf)");
}

/* what is said of the function it shall go on comes before any instruction */
static void where_to_is_told_from_what(void **state)
{
	(void)state;
	assert_false(verifier_complaint("__x64_sys_mkdir() is not modifiable\n"
					"processed 0 insns (limit 1000000) max_states_per_insn 0\n")
			     .began);
	assert_true(verifier_complaint("0: (79) r0 = *(u64 *)(r7 +0)\nR7 !read_ok\n").began);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_to_is_told_from_what),
		cmocka_unit_test(complaint_follows_its_instruction),
		cmocka_unit_test(branch_and_statistics_lines_are_not_complaints),
		cmocka_unit_test(refusal_before_any_instruction),
		cmocka_unit_test(statistics_alone_are_no_complaint),
		cmocka_unit_test(empty_and_odd_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
