/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The numbers of a rule's schedule: times, when, interval, probability. They are
 * decimal and read apart from C's: to its lexer `2..5` and `0.5%` are broken.
 */
#include "lang/parser.h"

#include <errno.h>
#include <string.h>

#include "util/limits.h"

#define DIGITS "0123456789"

/* n percent in units of 10^-LIMIT_DECIMALS percent */
#define PERCENT(n) ((n)*UINT64_C(10000000))

/*
 * The characters behind tok that look like a number, as one token; false after
 * a failure, which there being none is. The token behind it is not read yet.
 */
static bool take_number(struct parser *p, const char *what)
{
	struct token next = parser_peek(p);
	const char *s = p->src->text + next.at.off;
	size_t n = 0;

	if (*s && strchr(DIGITS "+-.%", *s))
		n = strspn(s, DIGITS "+-.%_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (!n) {
		parser_next(p);
		parser_expected(p, what);
		return false;
	}
	p->last = p->tok.at;
	p->tok = (struct token){
		.kind = TOK_INT,
		.at = { next.at.off, (uint32_t)n },
		.text = { s, n },
	};
	p->lx.pos = next.at.off + n;
	return true;
}

static int refuse_number(struct parser *p, const char *what)
{
	struct str s = p->tok.text;

	return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "'%.*s' is no %s",
			   s.len < 40 ? (int)s.len : 40, s.p, what);
}

static bool is_digit(struct str s)
{
	return s.len && *s.p >= '0' && *s.p <= '9';
}

/* the digits that *s begins with; it is moved behind them */
static int read_count(struct parser *p, struct str *s, uint64_t *out)
{
	uint64_t v = 0;

	for (; is_digit(*s); s->p++, s->len--)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s->p - '0'), &v) || v > LIMIT_COUNT)
			return parser_fail(p, -E2BIG, ERR_LIMIT, p->tok.at,
					   "numbers here are at most %lld", (long long)LIMIT_COUNT);
	*out = v;
	return 0;
}

/* takes `prefix` off the front of *s if it is there */
static bool skip_prefix(struct str *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || memcmp(s->p, prefix, n) != 0)
		return false;
	s->p += n;
	s->len -= n;
	return true;
}

/* the number of times and interval, and where the whole clause is */
static int parse_count(struct parser *p, uint64_t *out, struct span *at)
{
	struct span word = p->tok.at;
	struct str rest;

	if (!span_is_none(*at))
		return refuse_twice(p, *at);
	if (!take_number(p, "a number"))
		return p->code;
	rest = p->tok.text;
	if (is_digit(rest) && read_count(p, &rest, out))
		return p->code;
	if (rest.len) {
		refuse_number(p, "number from 1 up");
		if (*rest.p == '+' || (*rest.p == '.' && rest.len > 1 && rest.p[1] == '.'))
			parser_hint(p, "ranges and steps go with 'when'");
		if (*rest.p == '%')
			parser_hint(p, "percentages go with 'probability'");
		return p->code;
	}
	*at = span_join(word, p->tok.at);
	parser_next(p);
	return p->code;
}

/* times = "times" N */
int parse_times(struct parser *p)
{
	struct schedule *s = &p->rule->schedule;

	if (parse_count(p, &s->times, &s->times_at))
		return p->code;
	if (!s->times) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, s->times_at, "'times 0' would never inject");
		parser_hint(p, "without 'times' there is no limit");
	}
	return p->code;
}

/* interval = "interval" N */
int parse_interval(struct parser *p)
{
	struct schedule *s = &p->rule->schedule;

	if (parse_count(p, &s->interval, &s->interval_at))
		return p->code;
	if (!s->interval) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, s->interval_at, "an interval of 0");
		parser_hint(p, "'interval 2' takes every second match; without it each counts");
	}
	return p->code;
}

static int refuse_blanks(struct parser *p, struct span at)
{
	parser_fail(p, -EINVAL, ERR_SYNTAX, at, "'when' is written without blanks");
	parser_hint(p, "as in 'when 3..10+2'");
	return p->code;
}

static int refuse_when(struct parser *p)
{
	refuse_number(p, "match");
	parser_hint(p, "matches are FIRST, FIRST..LAST, FIRST+ or FIRST+STEP");
	return p->code;
}

/* ".." stands behind the first number, and nothing behind it */
static int refuse_open_range(struct parser *p, uint64_t first)
{
	struct token next = parser_peek(p);

	if (next.kind == TOK_INT)
		return refuse_blanks(p, next.at);
	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "range without an end");
	parser_hint(p, "from a match on is written 'when %llu+'", (unsigned long long)first);
	return p->code;
}

/* FIRST [ ".." LAST ] [ "+" [ STEP ] ] */
static int read_when(struct parser *p, struct schedule *s)
{
	struct str rest = p->tok.text;
	bool range;

	if (!is_digit(rest))
		return refuse_when(p);
	if (read_count(p, &rest, &s->when_first))
		return p->code;
	range = skip_prefix(&rest, "..");
	s->when_last = s->when_first;
	s->when_step = 1;
	if (range && (!rest.len || *rest.p == '+'))
		return refuse_open_range(p, s->when_first);
	if (range && !is_digit(rest))
		return refuse_when(p);
	if (range && read_count(p, &rest, &s->when_last))
		return p->code;
	if (skip_prefix(&rest, "+")) {
		s->when_last = range ? s->when_last : UINT64_MAX;
		if (is_digit(rest) && read_count(p, &rest, &s->when_step))
			return p->code;
	}
	return rest.len ? refuse_when(p) : 0;
}

static int check_when(struct parser *p, const struct schedule *s)
{
	if (!s->when_first)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "matches count from 1");
	if (!s->when_step)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "a step of 0");
	if (s->when_last >= s->when_first)
		return 0;
	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "this range ends before it begins");
	parser_hint(p, "did you mean '%llu..%llu'?", (unsigned long long)s->when_last,
		    (unsigned long long)s->when_first);
	return p->code;
}

/* when = "when" FIRST [ ".." LAST ] [ "+" [ STEP ] ] , without blanks */
int parse_when(struct parser *p)
{
	struct schedule *s = &p->rule->schedule;
	struct span word = p->tok.at;

	if (!span_is_none(s->when_at))
		return refuse_twice(p, s->when_at);
	if (!take_number(p, "the number of a match") || read_when(p, s) || check_when(p, s))
		return p->code;
	if (s->when_first == s->when_last)
		s->when_step = 1; /* there is only one */
	s->when_at = span_join(word, p->tok.at);
	parser_next(p);
	if (parser_at(p, TOK_DOT) || parser_at(p, TOK_PLUS) || parser_at(p, TOK_INT))
		return refuse_blanks(p, p->tok.at);
	return p->code;
}

/* digits [ "." digits ] in units of 10^-LIMIT_DECIMALS */
static int read_percent(struct parser *p, struct str *s, uint64_t *out)
{
	static const char what[] = "percentage";
	unsigned int decimals = 0;
	uint64_t v;

	if (!is_digit(*s))
		return refuse_number(p, what);
	if (read_count(p, s, &v))
		return p->code;
	if (v > 100)
		v = 101; /* refused by the caller, whatever it is */
	if (skip_prefix(s, ".")) {
		if (!is_digit(*s))
			return refuse_number(p, what);
		for (; is_digit(*s); s->p++, s->len--) {
			if (decimals++ == LIMIT_DECIMALS)
				return parser_fail(p, -E2BIG, ERR_LIMIT, p->tok.at,
						   "more than %d decimals", LIMIT_DECIMALS);
			v = v * 10 + (uint64_t)(*s->p - '0');
		}
	}
	for (; decimals < LIMIT_DECIMALS; decimals++)
		v *= 10;
	*out = v;
	return 0;
}

/* 0.5 may be the fraction that other tools take, or half a percent */
static int refuse_fraction(struct parser *p, uint64_t percent)
{
	int len = p->tok.text.len < 40 ? (int)p->tok.text.len : 40;
	const uint64_t one = PERCENT(1);
	const char *text = p->tok.text.p;
	_cleanup_buf_ struct buf b = { 0 };

	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "a probability is a percentage");
	if (!strchr(" \t\n", text[len]))
		return p->code; /* 1/2 */
	if (percent > one || !memchr(text, '.', (size_t)len)) {
		parser_hint(p, "did you mean '%.*s%%'?", len, text);
		return p->code;
	}
	probability_print(((percent << 32) + one / 2) / one, &b);
	parser_hint(p, "did you mean '%s', as the fraction %.*s is, or '%.*s%%'?", buf_str(&b), len,
		    text, len, text);
	return p->code;
}

/* probability = "probability" decimal "%" */
int parse_probability(struct parser *p)
{
	const uint64_t full = PERCENT(100);
	struct schedule *s = &p->rule->schedule;
	struct span word = p->tok.at;
	struct str rest;
	uint64_t v = 0;

	if (!span_is_none(s->probability_at))
		return refuse_twice(p, s->probability_at);
	if (!take_number(p, "a percentage"))
		return p->code;
	rest = p->tok.text;
	if (read_percent(p, &rest, &v))
		return p->code;
	if (!rest.len && parser_peek(p).kind == TOK_PERCENT)
		parser_next(p);
	else if (!rest.len)
		return refuse_fraction(p, v);
	else if (!str_eq(rest, "%"))
		return refuse_number(p, "percentage");
	s->probability_at = span_join(word, p->tok.at);
	if (v > full)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, s->probability_at,
				   "a probability of more than 100%%");
	if (!v)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, s->probability_at,
				   "a probability of 0 would never inject");
	/* v * 2^32 / full, rounded; at most 2^62 on the way */
	s->probability = ((v << 32) + full / 2) / full;
	parser_next(p);
	return p->code;
}
