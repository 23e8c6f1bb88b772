// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events and counters as people and programs read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "feature/report.h"

static const char *const stack[] = { "kmem_cache_alloc_noprof+0x3c", "dst_alloc+0x4e" };

static const struct retcon_event injected = {
	.kind = RETCON_EVENT_INJECTED,
	.time = 1500000000,
	.pid = 412,
	.tid = 413,
	.cpu = 1,
	.comm = "cu\"rl",
	.rule = "tcp_v4_connect()",
	.function = "should_failslab",
	.value = -12,
	.errno_name = "ENOMEM",
	.n_stack = 2,
	.stack = stack,
};

static const struct retcon_event returned = {
	.kind = RETCON_EVENT_RETURN,
	.time = 1500000001,
	.pid = 412,
	.tid = 412,
	.comm = "curl",
	.rule = "tcp_v4_connect()",
	.function = "tcp_v4_connect",
	.value = 7,
};

static void expect(struct buf *b, const char *text)
{
	assert_string_equal(buf_str(b), text);
	buf_free(b);
}

static void armed_with_and_without_mode(void **state)
{
	const struct report_style text = { 0 }, json = { .json = true, .start = 7 };
	struct buf b = { 0 };

	(void)state;
	report_armed(&b, &text, "bio", "(true)", "e");
	expect(&b, "armed: bio (true) (by e)\n");
	report_armed(&b, &text, NULL, "bio = -EIO", "e");
	expect(&b, "armed: bio = -EIO (by e)\n");
	report_armed(&b, &json, NULL, "bio = -EIO", "e");
	expect(&b, "{\"type\":\"armed\",\"time\":7,\"rule\":\"bio = -EIO\",\"engine\":\"e\"}\n");
}

static void text_counts_time_from_armed(void **state)
{
	const struct report_style style = { .start = 1000000000 };
	struct buf b = { 0 };

	(void)state;
	report_event(&b, &style, &injected);
	expect(&b, "   0.500000  cu\"rl[412/413]  should_failslab = -12 ENOMEM\n"
		   "                kmem_cache_alloc_noprof+0x3c\n"
		   "                dst_alloc+0x4e\n");
	report_event(&b, &style, &returned);
	expect(&b, "   0.500000  curl[412]  tcp_v4_connect returned 7\n");
}

static void control_characters_stay_out_of_the_terminal(void **state)
{
	const struct report_style style = { 0 };
	struct retcon_event e = returned;
	struct buf b = { 0 };

	(void)state;
	e.comm = "a\033[2Jb\177";
	report_event(&b, &style, &e);
	expect(&b, "   1.500000  a?[2Jb?[412]  tcp_v4_connect returned 7\n");
}

static void json_is_one_object_a_line(void **state)
{
	const struct report_style style = { .json = true };
	struct buf b = { 0 };

	(void)state;
	report_event(&b, &style, &injected);
	expect(&b, "{\"type\":\"injected\",\"time\":1500000000,\"pid\":412,\"tid\":413,"
		   "\"comm\":\"cu\\\"rl\",\"cpu\":1,\"rule\":\"tcp_v4_connect()\","
		   "\"function\":\"should_failslab\",\"value\":-12,\"errno\":\"ENOMEM\","
		   "\"stack\":[\"kmem_cache_alloc_noprof+0x3c\",\"dst_alloc+0x4e\"]}\n");
	report_event(&b, &style, &returned);
	expect(&b, "{\"type\":\"return\",\"time\":1500000001,\"pid\":412,\"tid\":412,"
		   "\"comm\":\"curl\",\"cpu\":0,\"rule\":\"tcp_v4_connect()\","
		   "\"function\":\"tcp_v4_connect\",\"value\":7,\"errno\":null}\n");
}

static void summary_shows_what_is_not_zero(void **state)
{
	const struct report_style style = { 0 };
	struct retcon_stats s = {
		.sz = sizeof(s), .hits = 9, .matches = 2, .injected = 1, .nofail = 1
	};
	struct buf b = { 0 };

	(void)state;
	report_summary(&b, &style, &s);
	expect(&b, "done: 9 hits, 2 matches, 1 injected, 1 may not fail, 0 events dropped, "
		   "0 read faults, 0 probe misses\n");
}

/* a 0 that the kernel did not count is none */
static void summary_tells_what_is_not_counted(void **state)
{
	struct report_style style = { 0 };
	struct retcon_stats s = { .sz = sizeof(s), .hits = 9, .matches = 2, .injected = 2 };
	struct buf b = { 0 };

	(void)state;
	s.untold = 1;
	report_summary(&b, &style, &s);
	assert_non_null(
		strstr(buf_str(&b), "0 probe misses (before Linux 6.7 not all are counted)"));
	buf_free(&b);
	style.json = true;
	report_summary(&b, &style, &s);
	assert_non_null(
		strstr(buf_str(&b), "\"misses\":0,\"exit_misses\":0,\"entered\":0,\"untold\":1}"));
	buf_free(&b);
}

/* bcc spared nobody: who relies on that is told when it would have mattered */
static void summary_says_who_was_spared(void **state)
{
	const struct report_style style = { 0 };
	struct retcon_stats s = { .sz = sizeof(s), .hits = 9, .matches = 1, .injected = 1 };
	struct buf b = { 0 };

	(void)state;
	report_summary(&b, &style, &s);
	assert_null(strstr(buf_str(&b), "note:"));
	buf_free(&b);
	s.exempt = 1;
	report_summary(&b, &style, &s);
	assert_non_null(strstr(buf_str(&b), "note: some matches were left alone"));
	assert_non_null(strstr(buf_str(&b), "--kthreads and -p"));
	buf_free(&b);
}

static void summary_says_when_nothing_could_happen(void **state)
{
	const struct report_style style = { 0 };
	struct retcon_stats s = { .sz = sizeof(s) };
	struct buf b = { 0 };

	(void)state;
	report_summary(&b, &style, &s);
	assert_non_null(strstr(buf_str(&b), "never called in scope"));
	buf_free(&b);
	s.hits = 5;
	report_summary(&b, &style, &s);
	assert_non_null(strstr(buf_str(&b), "conditions never held\n"));
	buf_free(&b);
	s.read_faults = 3;
	report_summary(&b, &style, &s);
	assert_non_null(
		strstr(buf_str(&b), "never held: 3 times they looked at memory that could not"));
	buf_free(&b);
	s.read_faults = 0;
	s.callers = 1;
	report_summary(&b, &style, &s);
	assert_non_null(strstr(buf_str(&b), "outermost caller never was"));
	buf_free(&b);
	s.entered = 1;
	report_summary(&b, &style, &s);
	assert_non_null(strstr(buf_str(&b), "conditions never held\n"));
	buf_free(&b);
	s.hits = 0;
	report_rule_summary(&b, &style, "rule", true, &s);
	assert_null(strstr(buf_str(&b), "rules before"));
	buf_free(&b);
	report_rule_summary(&b, &style, "rule", false, &s);
	assert_non_null(strstr(buf_str(&b), "or rules before this one had all of its calls"));
	buf_free(&b);
	s.unpaired = 1;
	report_summary(&b, &style, &s);
	assert_non_null(strstr(buf_str(&b), "no call was seen whole"));
	buf_free(&b);
	s.hits = 5;
	s.unconfirmed = 1; /* perhaps they did */
	report_summary(&b, &style, &s);
	assert_null(strstr(buf_str(&b), "never"));
	buf_free(&b);
}

static void summary_tells_what_a_schedule_let_pass(void **state)
{
	const struct report_style style = { 0 };
	struct retcon_stats s = {
		.sz = sizeof(s), .hits = 9, .matches = 7, .injected = 2, .skipped = 4, .unlucky = 1
	};
	struct buf b = { 0 };

	(void)state;
	report_summary(&b, &style, &s);
	expect(&b, "done: 9 hits, 7 matches, 2 injected, 4 let pass by when or interval, "
		   "1 let pass by probability, 0 events dropped, 0 read faults, 0 probe misses\n");
}

static void a_rule_never_hit_has_a_reason_perhaps(void **state)
{
	const struct report_style text = { 0 }, json = { .json = true };
	struct buf b = { 0 };

	(void)state;
	report_perhaps(&b, &text, "");
	expect(&b, "");
	report_perhaps(&b, &text, "a.isra.0 exists beside a: x\nb: y\n");
	expect(&b, "note: perhaps because a.isra.0 exists beside a: x\n"
		   "note: perhaps because b: y\n");
	report_perhaps(&b, &json, "a: x\n");
	expect(&b, "");
}

/* of what is followed only programs hear at once */
static void followed_steps(void **state)
{
	const struct report_style text = { 0 }, json = { .json = true };
	struct retcon_event e = { .kind = RETCON_EVENT_STEP,
				  .time = 3,
				  .pid = 4,
				  .tid = 5,
				  .rule = "r",
				  .comm = "",
				  .function = "dst_alloc",
				  .text = "NULL",
				  .injection = 6 };
	struct buf b = { 0 };

	(void)state;
	report_event(&b, &json, &e);
	expect(&b, "{\"type\":\"step\",\"time\":3,\"pid\":4,\"tid\":5,\"injection\":6,"
		   "\"function\":\"dst_alloc\",\"value\":0,\"errno\":null,\"text\":\"NULL\"}\n");
	report_event(&b, &text, &e);
	expect(&b, "");
	e.kind = RETCON_EVENT_SYSCALL;
	e.function = e.text = NULL;
	e.value = -12;
	e.errno_name = "ENOMEM";
	report_event(&b, &json, &e);
	expect(&b, "{\"type\":\"syscall\",\"time\":3,\"pid\":4,\"tid\":5,\"injection\":6,"
		   "\"value\":-12,\"errno\":\"ENOMEM\"}\n");
	e.kind = RETCON_EVENT_EXIT;
	e.value = 7 << 8;
	report_event(&b, &json, &e);
	expect(&b, "{\"type\":\"exit\",\"time\":3,\"pid\":4,\"tid\":5,\"status\":7}\n");
	e.value = 11;
	report_event(&b, &json, &e);
	expect(&b, "{\"type\":\"exit\",\"time\":3,\"pid\":4,\"tid\":5,\"status\":139}\n");
	e = injected;
	e.injection = 2;
	e.n_stack = 0;
	report_event(&b, &json, &e);
	assert_non_null(strstr(buf_str(&b), "\"stack\":[],\"injection\":2}\n"));
	buf_free(&b);
}

static void dry_runs_say_so(void **state)
{
	const struct report_style text = { .dry = true }, json = { .json = true, .dry = true };
	struct retcon_stats s = { .hits = 3, .matches = 2, .injected = 2 };
	struct retcon_event e = injected;
	struct buf b = { 0 };

	(void)state;
	report_armed(&b, &text, NULL, "bio = -EIO", "e");
	expect(&b, "armed: bio = -EIO (by e; dry run)\n");
	report_armed(&b, &json, NULL, "bio = -EIO", "e");
	assert_non_null(strstr(buf_str(&b), "\"engine\":\"e\",\"dry_run\":true}\n"));
	buf_free(&b);
	e.dry = true;
	e.n_stack = 0;
	report_event(&b, &text, &e);
	expect(&b, "   1.500000  cu\"rl[412/413]  should_failslab would be -12 ENOMEM\n");
	report_event(&b, &json, &e);
	assert_non_null(strstr(buf_str(&b), "{\"type\":\"would inject\","));
	buf_free(&b);
	report_summary(&b, &text, &s);
	expect(&b, "done: 3 hits, 2 matches, 2 would be injected, 0 events dropped, "
		   "0 read faults, 0 probe misses\n"
		   "dry run: nothing was injected\n");
	report_summary(&b, &json, &s);
	assert_non_null(strstr(buf_str(&b), "\"injected\":0,"));
	assert_non_null(strstr(buf_str(&b), "\"would_inject\":2,"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(followed_steps),
		cmocka_unit_test(dry_runs_say_so),
		cmocka_unit_test(armed_with_and_without_mode),
		cmocka_unit_test(text_counts_time_from_armed),
		cmocka_unit_test(control_characters_stay_out_of_the_terminal),
		cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(summary_shows_what_is_not_zero),
		cmocka_unit_test(summary_tells_what_is_not_counted),
		cmocka_unit_test(summary_says_who_was_spared),
		cmocka_unit_test(summary_says_when_nothing_could_happen),
		cmocka_unit_test(summary_tells_what_a_schedule_let_pass),
		cmocka_unit_test(a_rule_never_hit_has_a_reason_perhaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
