/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text is a rule or an error, a rule's canonical text is the same rule, and
 * what is in it is in its text.
 * Build with -fsanitize=fuzzer,address,undefined.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/parse.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reparse(const struct rule *first)
{
	_cleanup_buf_ struct buf text = { 0 }, dump = { 0 }, text2 = { 0 }, dump2 = { 0 };
	_cleanup_(rule_freep) struct rule *second = NULL;
	struct err err = { 0 };

	rule_print(first, &text);
	rule_dump(first, &dump);
	if (rule_parse(&second, "rule", buf_str(&text), &err)) {
		/* escapes and blanks make the canonical text longer */
		if (err.tag == ERR_LIMIT && text.len > LIMIT_RULE_TEXT)
			return;
		abort();
	}
	rule_print(second, &text2);
	rule_dump(second, &dump2);
	if (strcmp(buf_str(&text), buf_str(&text2)) || strcmp(buf_str(&dump), buf_str(&dump2)))
		abort();
}

static void check_span(const struct rule *r, struct span at)
{
	if (!span_is_none(at) && (size_t)at.off + at.len > r->src->len)
		abort();
}

static void check(const struct rule *r)
{
	const struct schedule *s = &r->schedule;
	unsigned int frames = 0;

	if (!r->target || !*r->target || !r->value || r->is_spec || r->n_chains > LIMIT_CHAINS ||
	    r->n_notes > LIMIT_NOTES)
		abort();
	for (unsigned int c = 0; c < r->n_chains; c++) {
		check_span(r, r->chains[c].at);
		frames += r->chains[c].n_frames;
		for (unsigned int f = 0; f < r->chains[c].n_frames; f++) {
			check_span(r, r->chains[c].frames[f].at);
			check_span(r, r->chains[c].frames[f].params_at);
			if (!r->chains[c].frames[f].func.len)
				abort();
		}
		if (!r->chains[c].n_frames)
			abort();
	}
	check_span(r, r->target_at);
	check_span(r, r->on_target.at);
	check_span(r, s->when_at);
	check_span(r, s->times_at);
	check_span(r, s->interval_at);
	check_span(r, s->probability_at);
	check_span(r, r->after_at);
	if (frames > LIMIT_FRAMES || !s->probability || s->probability > PROBABILITY_ALWAYS ||
	    span_is_none(s->when_at) != !s->when_first || span_is_none(s->times_at) != !s->times ||
	    (s->when_first && s->when_last < s->when_first))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rule_freep) struct rule *rule = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	_cleanup_free_ char *text = calloc(1, size + 1);
	struct err err = { 0 };
	int r;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	r = rule_parse(&rule, "rule", text, &err);
	if (!r != !err.code || !r != !!rule || r > 0)
		abort();
	if (r) {
		diag_render(&err, "retcon", &out);
	} else {
		check(rule);
		reparse(rule);
	}
	return 0;
}
