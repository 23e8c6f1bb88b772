/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode lang, for specs. spec: TEXT, target: NAME (should_failslab unless
 * given), show: dump, print or both.
 * %mode rule, for rules. rule: TEXT, show: as above.
 *
 * Notes follow. Whatever is accepted is also printed and parsed again: the tree
 * must be the same.
 */
#include <string.h>

#include "golden.h"
#include "lang/parse.h"
#include "util/cleanup.h"
#include "util/diag.h"

/* a rule if there is no target */
static int parse(struct rule **out, const char *name, const char *text, const char *target,
		 struct err *err)
{
	return target ? spec_parse(out, name, text, target, err) : rule_parse(out, name, text, err);
}

static void check_round_trip(const struct rule *rule, const char *target, struct buf *out)
{
	_cleanup_buf_ struct buf text = { 0 }, dump = { 0 }, again = { 0 };
	_cleanup_(rule_freep) struct rule *second = NULL;
	struct err err = { 0 };

	rule_print(rule, &text);
	rule_dump(rule, &dump);
	if (parse(&second, "canonical", buf_str(&text), target, &err)) {
		buf_puts(out, "ROUND TRIP FAILS\n");
		diag_render(&err, NULL, out);
		return;
	}
	rule_dump(second, &again);
	if (strcmp(buf_str(&dump), buf_str(&again)))
		buf_printf(out, "ROUND TRIP DIFFERS: %s\n%s", buf_str(&text), buf_str(&again));
}

static void show_notes(const struct rule *rule, struct buf *out)
{
	const char *text;
	unsigned int line, col;
	size_t len;

	for (unsigned int i = 0; i < rule->n_notes; i++) {
		source_locate(rule->src, rule->notes[i].at.off, &line, &col, &text, &len);
		buf_printf(out, "note %u:%u: %s\n", line, col, rule->notes[i].text);
	}
}

static void run(const struct golden_input *in, const char *name, const char *target,
		struct buf *out)
{
	_cleanup_(rule_freep) struct rule *rule = NULL;
	const char *text = golden_get(in, name);
	const char *show = golden_get(in, "show");
	struct err err = { 0 };

	if (parse(&rule, name, text ? text : "", target, &err)) {
		buf_printf(out, "%%%%FAIL %s\n", err_tag_name(err.tag));
		diag_render(&err, NULL, out);
		return;
	}
	if (!show || !strcmp(show, "both") || !strcmp(show, "print")) {
		rule_print(rule, out);
		buf_putc(out, '\n');
	}
	if (show && strcmp(show, "print"))
		rule_dump(rule, out);
	show_notes(rule, out);
	check_round_trip(rule, target, out);
}

void golden_lang(const struct golden_input *in, struct buf *out)
{
	const char *target = golden_get(in, "target");

	run(in, "spec", target ? target : "should_failslab", out);
}

void golden_rule(const struct golden_input *in, struct buf *out)
{
	run(in, "rule", NULL, out);
}
