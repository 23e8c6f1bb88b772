/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * What data cannot show of the native form: limits at their edges, spans, and
 * what happens to *out and err. The language itself is in tests/golden/lang.
 */
#include <errno.h>
#include <string.h>

#include "lang/parse.h"
#include "lang/parser.h"
#include "util/cleanup.h"
#include "util/limits.h"

static struct rule *parse(const char *text)
{
	struct rule *r = NULL;

	assert_int_equal(rule_parse(&r, "rule", text, NULL), 0);
	assert_non_null(r);
	return r;
}

static int parse_code(const char *text, enum err_tag *tag)
{
	struct rule *r = NULL;
	struct err err = { 0 };
	int ret = rule_parse(&r, "rule", text, &err);

	assert_int_equal(ret, err.code);
	assert_true(!ret == !!r);
	rule_free(r);
	*tag = err.tag;
	return ret;
}

/* n parts are fine, one more is too many */
static void edge(const char *before, const char *part, size_t n)
{
	_cleanup_buf_ struct buf text = { 0 };
	enum err_tag tag;

	buf_puts(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_puts(&text, part);
	assert_int_equal(parse_code(buf_str(&text), &tag), 0);
	buf_puts(&text, part);
	assert_int_equal(parse_code(buf_str(&text), &tag), -E2BIG);
	assert_int_equal(tag, ERR_LIMIT);
}

static void limits(void **state)
{
	(void)state;
	edge("f = 0", " ", LIMIT_RULE_TEXT - 5);
	edge("f = 0", " under a", LIMIT_CHAINS);
	edge("f = 0", " not under a", LIMIT_CHAINS);
	edge("f = 0 not under a under a", " under a", LIMIT_CHAINS - 2);
	edge("f = 0 under a", " <- a", LIMIT_FRAMES - 1);
	/* of all chains together */
	edge("f = 0 under a <- a not under a under a", " <- a", LIMIT_FRAMES - 4);
}

static void limit_names(void **state)
{
	char name[LIMIT_IDENT + 2], text[2 * LIMIT_IDENT + 32];
	enum err_tag tag;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[LIMIT_IDENT] = '\0';
	snprintf(text, sizeof(text), "%s:%s = 0", name, name);
	assert_int_equal(parse_code(text, &tag), 0);
	name[LIMIT_IDENT] = 'a';
	name[LIMIT_IDENT + 1] = '\0';
	snprintf(text, sizeof(text), "%s = 0", name);
	assert_int_equal(parse_code(text, &tag), -E2BIG);
	assert_int_equal(tag, ERR_LIMIT);
}

static void limit_counts(void **state)
{
	const char *const clauses[] = { "times", "interval", "when" };
	enum err_tag tag;
	char text[64];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "f = 0 %s %lld", clauses[i], (long long)LIMIT_COUNT);
		assert_int_equal(parse_code(text, &tag), 0);
		snprintf(text, sizeof(text), "f = 0 %s %llu", clauses[i], LIMIT_COUNT + 1ull);
		assert_int_equal(parse_code(text, &tag), -E2BIG);
		assert_int_equal(tag, ERR_LIMIT);
	}
}

static void limit_notes(void **state)
{
	struct rule *r = parse("sys_x = 0");

	(void)state;
	assert_int_equal(r->n_notes, 1);
	for (int i = 1; i < LIMIT_NOTES; i++)
		rule_note(r, SPAN_NONE, "note %d", i);
	assert_int_equal(r->n_notes, LIMIT_NOTES);
	rule_note(r, SPAN_NONE, "one too many");
	assert_int_equal(r->n_notes, LIMIT_NOTES);
	assert_string_equal(r->notes[LIMIT_NOTES - 1].text, "note 7");
	rule_free(r);
}

static void assert_span(const struct rule *r, struct span at, const char *text)
{
	assert_int_equal(at.len, strlen(text));
	assert_memory_equal(r->src->text + at.off, text, at.len);
}

static void spans(void **state)
{
	struct rule *r = parse(" ext4 : f = - EIO  probability 5 % when 2..3+1 if a + 1  times 3 "
			       "not under b ( x ) <- c(int y)(y) interval 7 under d after ");

	(void)state;
	assert_span(r, r->target_at, "ext4 : f");
	assert_span(r, r->value->at, "- EIO");
	assert_span(r, r->on_target.at, "if a + 1");
	assert_span(r, r->on_target.pred->at, "a + 1");
	assert_span(r, r->schedule.probability_at, "probability 5 %");
	assert_span(r, r->schedule.when_at, "when 2..3+1");
	assert_span(r, r->schedule.times_at, "times 3");
	assert_span(r, r->schedule.interval_at, "interval 7");
	assert_span(r, r->after_at, "after");
	assert_int_equal(r->n_chains, 2);
	assert_span(r, r->chains[0].at, "not under b ( x ) <- c(int y)(y)");
	assert_span(r, r->chains[0].frames[0].at, "b ( x )");
	assert_span(r, r->chains[0].frames[0].func_at, "b");
	assert_true(span_is_none(r->chains[0].frames[0].params_at));
	assert_span(r, r->chains[0].frames[1].at, "c(int y)(y)");
	assert_span(r, r->chains[0].frames[1].params_at, "(int y)");
	assert_span(r, r->chains[1].at, "under d");
	rule_free(r);
}

/* what is not written is not there */
static void defaults(void **state)
{
	struct rule *r = parse("f = 0");

	(void)state;
	assert_false(r->is_spec);
	assert_string_equal(r->target, "f");
	assert_int_equal(r->target_kind, TARGET_FUNC);
	assert_null(r->module);
	assert_null(r->mode);
	assert_null(r->on_target.pred);
	assert_true(span_is_none(r->on_target.at));
	assert_int_equal(r->n_chains, 0);
	assert_int_equal(r->n_notes, 0);
	assert_int_equal(r->schedule.when_first, 0);
	assert_int_equal(r->schedule.times, 0);
	assert_int_equal(r->schedule.interval, 0);
	assert_true(r->schedule.probability == PROBABILITY_ALWAYS);
	assert_true(span_is_none(r->schedule.when_at));
	assert_true(span_is_none(r->schedule.times_at));
	assert_true(span_is_none(r->schedule.interval_at));
	assert_true(span_is_none(r->schedule.probability_at));
	assert_false(r->after);
	assert_true(span_is_none(r->after_at));
	rule_free(r);
}

/* any percentage of LIMIT_DECIMALS decimals is printed as it was read */
static void probabilities_round_trip(void **state)
{
	(void)state;
	for (uint64_t v = 1; v < 1000000000; v += v / 1000 + 1) {
		uint64_t probability = ((v << 32) + 500000000) / 1000000000;
		_cleanup_buf_ struct buf got = { 0 };
		uint64_t whole, fraction = 0;
		char digits[8] = "0000000";

		probability_print(probability, &got);
		assert_true(sscanf(buf_str(&got), "%lu.%7[0-9]", &whole, digits) >= 1);
		for (int i = 0; i < 7; i++)
			fraction = fraction * 10 +
				   (uint64_t)((i < (int)strlen(digits) ? digits[i] : '0') - '0');
		assert_int_equal(whole * 10000000 + fraction, v);
	}
}

static void failure_leaves_out_alone(void **state)
{
	struct rule *r = (struct rule *)&r;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(rule_parse(&r, "rule", "f = 0 under", &err), -EINVAL);
	assert_ptr_equal(r, &r);
	assert_int_equal(err.tag, ERR_SYNTAX);
	assert_int_equal(err.at.off, 11);
	assert_int_equal(rule_parse(&r, "rule", "f = 0 under", NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(limit_names),
		cmocka_unit_test(limit_counts),
		cmocka_unit_test(limit_notes),
		cmocka_unit_test(spans),
		cmocka_unit_test(defaults),
		cmocka_unit_test(probabilities_round_trip),
		cmocka_unit_test(failure_leaves_out_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
