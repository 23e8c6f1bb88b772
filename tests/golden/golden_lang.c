/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode lang. spec: TEXT, target: NAME (should_failslab unless given), show:
 * dump, print or both. Every accepted spec is also printed and parsed again:
 * the tree must be the same.
 */
#include <string.h>

#include "golden.h"
#include "lang/parse.h"
#include "util/cleanup.h"
#include "util/diag.h"

static void check_round_trip(const struct rule *rule, const char *target, struct buf *out)
{
	_cleanup_buf_ struct buf text = { 0 }, dump = { 0 }, again = { 0 };
	_cleanup_(rule_freep) struct rule *second = NULL;
	struct err err = { 0 };

	rule_print(rule, &text);
	rule_dump(rule, &dump);
	if (spec_parse(&second, "canonical", buf_str(&text), target, &err)) {
		buf_puts(out, "ROUND TRIP FAILS\n");
		diag_render(&err, NULL, out);
		return;
	}
	rule_dump(second, &again);
	if (strcmp(buf_str(&dump), buf_str(&again)))
		buf_printf(out, "ROUND TRIP DIFFERS: %s\n%s", buf_str(&text), buf_str(&again));
}

void golden_lang(const struct golden_input *in, struct buf *out)
{
	_cleanup_(rule_freep) struct rule *rule = NULL;
	const char *spec = golden_get(in, "spec");
	const char *target = golden_get(in, "target");
	const char *show = golden_get(in, "show");
	struct err err = { 0 };

	target = target ? target : "should_failslab";
	if (spec_parse(&rule, "spec", spec ? spec : "", target, &err)) {
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
	check_round_trip(rule, target, out);
}
