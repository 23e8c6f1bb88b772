/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode compile: `retcon compile` on the BTF of tests/fixtures/kernel.c. rule: TEXT, or
 * mode: NAME and spec: TEXT; stage: rule (default), tree, types, ir or insns, or all of
 * them; only: lines that begin so (pseudo-C is `; `); force: yes. Notes come last.
 */
#include <string.h>

#include "feature/compile.h"
#include "golden.h"
#include "tests/lib/fake_kern.h"
#include "util/cleanup.h"
#include "util/diag.h"

static unsigned int stage_of(const char *name)
{
	static const char *const names[] = { "rule", "tree", "types", "ir", "insns" };

	if (name && !strcmp(name, "all"))
		return COMPILE_ALL;
	for (unsigned int i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return 1u << i;
	return COMPILE_RULE;
}

/* lines that begin with `head`, indented or not, but for headings, which all stay */
static void put_lines(const char *text, const char *prefix, const char *only, struct buf *out)
{
	while (*text) {
		const char *end = strchr(text, '\n');
		size_t len = end ? (size_t)(end - text) + 1 : strlen(text);
		const char *body = text + strspn(text, " \t");

		if (*text != '\n' &&
		    (!only || !strncmp(body, only, strlen(only)) || *text == '=')) {
			buf_puts(out, prefix);
			buf_add(out, text, len);
		}
		text += len;
	}
}

void golden_compile(const struct golden_input *in, struct buf *out)
{
	const char *mode = golden_get(in, "mode"), *rule = golden_get(in, mode ? "spec" : "rule");
	_cleanup_buf_ struct buf text = { 0 }, notes = { 0 };
	const struct compile_opts o = {
		.mode = mode,
		.rule = rule ? rule : "",
		.target_btf = fake_kern_path(),
		.stages = stage_of(golden_get(in, "stage")),
		.force = golden_get(in, "force") != NULL,
	};
	struct err err = { 0 };

	if (compile_text(&o, &text, &notes, &err) == 0) {
		put_lines(buf_str(&text), "", golden_get(in, "only"), out);
		put_lines(buf_str(&notes), "note: ", NULL, out);
		return;
	}
	buf_printf(out, "%%%%FAIL %s\n", err_tag_name(err.tag));
	diag_render(&err, NULL, out);
}
