/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text is a spec or an error, and a spec's canonical text is the same spec.
 * Build with -fsanitize=fuzzer,address,undefined.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/parse.h"
#include "util/cleanup.h"
#include "util/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reparse(const struct rule *first)
{
	_cleanup_buf_ struct buf text = { 0 }, dump = { 0 }, text2 = { 0 }, dump2 = { 0 };
	_cleanup_(rule_freep) struct rule *second = NULL;
	struct err err = { 0 };

	rule_print(first, &text);
	rule_dump(first, &dump);
	if (spec_parse(&second, "spec", buf_str(&text), "should_failslab", &err)) {
		/* escapes and blanks make the canonical text longer */
		if (err.tag == ERR_LIMIT && text.len > 65536)
			return;
		abort();
	}
	rule_print(second, &text2);
	rule_dump(second, &dump2);
	if (strcmp(buf_str(&text), buf_str(&text2)) || strcmp(buf_str(&dump), buf_str(&dump2)))
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
	r = spec_parse(&rule, "spec", text, "should_failslab", &err);
	if (!r != !err.code || !r != !!rule || r > 0)
		abort();
	if (r)
		diag_render(&err, "retcon", &out);
	else
		reparse(rule);
	return 0;
}
