/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Predicates that grow until they are refused: each refusal names the limit it ran into, and
 * the largest one that is not is what the kernel's verifier accepts too. Needs root.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/comp.h"
#include "fixture.h"
#include "lang/parse.h"
#include "run_prog.h"
#include "util/buf.h"
#include "util/cleanup.h"

/* leaves first to last under an operator, as a tree that is as low as it can be */
static void tree(unsigned int first, unsigned int last, const char *op, const char *leaf,
		 struct buf *out)
{
	unsigned int mid = (first + last) / 2;

	if (first == last) {
		const char *at = strchr(leaf, '#');

		buf_printf(out, "%.*s%u%s", (int)(at - leaf), leaf, first, at + 1);
		return;
	}
	buf_puts(out, "(");
	tree(first, mid, op, leaf, out);
	buf_printf(out, " %s ", op);
	tree(mid + 1, last, op, leaf, out);
	buf_puts(out, ")");
}

/* many nodes, few values */
static void alternatives(unsigned int n, struct buf *out)
{
	tree(1, n, "||", "si == #", out);
}

/* a read for each term: many instructions */
static void reads(unsigned int n, struct buf *out)
{
	tree(1, n, "&&", "obj[#].in.i", out);
}

/* n values at once, all across the reads of those behind them: spilled */
static void live(unsigned int n, struct buf *out)
{
	buf_puts(out, "({ ");
	for (unsigned int i = 1; i <= n; i++)
		buf_printf(out, "u64 v%u = obj[%u].in.l; ", i, i);
	tree(1, n, "^", "v#", out);
	buf_puts(out, "; })");
}

/* parentheses within parentheses */
static void deep(unsigned int n, struct buf *out)
{
	for (unsigned int i = 0; i < n; i++)
		buf_puts(out, "(si + ");
	buf_puts(out, "1");
	for (unsigned int i = 0; i < n; i++)
		buf_puts(out, ")");
}

/* searches through one string, whose length is known to all of them: each may end at any place */
static void counted(unsigned int n, struct buf *out)
{
	tree(1, n, "==", "GLOB(((struct object *)obj->raw)->tag_ptr, \"*[ab]#*\")", out);
}

static void terminated(unsigned int n, struct buf *out)
{
	tree(1, n, "==", "GLOB(obj->text, \"*[ab]#*\")", out);
}

static const struct {
	const char *name;
	void (*write)(unsigned int n, struct buf *out);
	unsigned int least; /* what has to be possible */
	const char *limit;  /* what the refusal names */
} shapes[] = {
	{ "alternatives", alternatives, 1000, "parts" },
	{ "reads", reads, 300, "instructions" },
	{ "live values", live, 58, "bytes of stack" },
	{ "depth", deep, 60, "deeper than" },
	{ "searches of a counted string", counted, 3, "instructions" },
	{ "searches of a string", terminated, 3, "instructions" },
};

static int compile(const struct kbtf *btf, unsigned int shape, unsigned int n, enum prog_kind kind,
		   struct prog *prog, struct err *err)
{
	_cleanup_(rule_freep) struct rule *rule = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	int ret;

	buf_puts(&text, "(");
	shapes[shape].write(n, &text);
	buf_puts(&text, ")");
	ret = spec_parse(&rule, "spec", buf_str(&text), "mixed", err);
	if (ret == 0)
		ret = comp_predicate(btf, rule->src, &rule->on_target, "mixed", kind, prog, err);
	prog->src = NULL; /* gone with the rule */
	return ret;
}

/* the largest n that compiles; err: why the next one does not */
static unsigned int edge(const struct kbtf *btf, unsigned int shape, enum prog_kind kind,
			 struct err *err)
{
	unsigned int low = 1, high = 8192;

	while (high - low > 1) {
		unsigned int n = (low + high) / 2;
		struct prog prog = { 0 };
		struct err e = { 0 };

		if (compile(btf, shape, n, kind, &prog, &e) == 0) {
			low = n;
		} else {
			high = n;
			*err = e;
		}
		prog_free(&prog);
	}
	return low;
}

static bool check(const struct kbtf *btf, unsigned int shape, enum prog_kind kind)
{
	static struct run_log log;
	struct prog prog = { 0 };
	struct err err = { 0 }, none = { 0 };
	unsigned int n = edge(btf, shape, kind, &err);
	int fd = 0, ret = compile(btf, shape, n, kind, &prog, &none);
	uint32_t insns = prog.n_insns;

	/* the other kind's arguments come from a trampoline's context */
	if (ret == 0 && kind == PROG_SYSCALL)
		fd = run_prog_load(&prog, NULL, NULL, &log);
	prog_free(&prog);
	printf("# %s: %u, %u instructions; then: %s\n", shapes[shape].name, n, insns, err.msg);
	if (ret < 0 || fd < 0) {
		printf("# %s\n", ret < 0 ? none.msg : log.text);
		return false;
	}
	if (fd)
		closep(&fd);
	if (n >= shapes[shape].least && err.tag == ERR_LIMIT &&
	    strstr(err.msg, shapes[shape].limit))
		return true;
	printf("# wanted at least %u and '%s'\n", shapes[shape].least, shapes[shape].limit);
	return false;
}

int main(void)
{
	_cleanup_(kbtf_freep) struct kbtf *btf = NULL;
	static const enum prog_kind kinds[] = { PROG_SYSCALL, PROG_SYSCALL_TYPED };
	unsigned int n = 0;
	bool all = true;

	if (run_prog_possible() < 0)
		return 77;
	if (fixture_btf(&btf) < 0)
		return 1;
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			bool ok = check(btf, i, kinds[k]);

			printf("%sok %u - %s%s\n", ok ? "" : "not ", ++n, shapes[i].name,
			       k ? ", typed" : "");
			all &= ok;
		}
	printf("1..%u\n", n);
	return !all;
}
