/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * What data cannot show: limits at their edges, spans, and what happens to *out
 * and err. The language itself is in tests/golden/lang.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lang/parse.h"
#include "util/limits.h"

static int parse(const char *text, enum err_tag *tag)
{
	struct rule *rule = NULL;
	struct err err = { 0 };
	int r = spec_parse(&rule, "spec", text, "target", &err);

	assert_int_equal(r, err.code);
	assert_true(!r == !!rule);
	rule_free(rule);
	/* the same without somebody to tell */
	rule = NULL;
	assert_int_equal(spec_parse(&rule, "spec", text, "target", NULL), r);
	rule_free(rule);
	*tag = err.tag;
	return r;
}

static int parse_repeated(const char *before, const char *part, size_t n, const char *between,
			  const char *close, const char *after, enum err_tag *tag)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_puts(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_puts(&text, part);
	buf_puts(&text, between);
	for (size_t i = 0; i < n; i++)
		buf_puts(&text, close);
	buf_puts(&text, after);
	return parse(buf_str(&text), tag);
}

/* n parts are fine, one more is too many */
static void edge(const char *before, const char *part, size_t n, const char *between,
		 const char *close, const char *after)
{
	enum err_tag tag;

	assert_int_equal(parse_repeated(before, part, n, between, close, after, &tag), 0);
	assert_int_equal(parse_repeated(before, part, n + 1, between, close, after, &tag), -E2BIG);
	assert_int_equal(tag, ERR_LIMIT);
}

static void limit_text(void **state)
{
	(void)state;
	edge("a()", " ", LIMIT_RULE_TEXT - 3, "", "", "");
}

static void limit_depth(void **state)
{
	/* the condition itself is the first level */
	const size_t n = LIMIT_EXPR_DEPTH - 1;

	(void)state;
	edge("(", "(", n, "a", ")", ")");
	edge("(", "!", n, "a", "", ")");
	edge("(", "- ", n, "a", "", ")");
	edge("(", "(int)", n, "a", "", ")");
	edge("(", "sizeof ", n, "a", "", ")");
	edge("(", "1+(", n, "a", ")", ")");
	edge("(", "a ? b : ", n, "c", "", ")");
	edge("(", "a[", n, "a", "]", ")");
	edge("(", "f(", n, "a", ")", ")");
	edge("(a", ".a", n, "", "", ")");
}

/* an operator after the other does not nest: the nodes are what bounds it */
static void limit_chain(void **state)
{
	const size_t n = LIMIT_NODES / 2 - 1;
	enum err_tag tag;

	(void)state;
	edge("(", "1+", n, "a", "", ")");
	edge("(", "a || ", n, "a", "", ")");
	edge("(", "a && ", n, "a", "", ")");
	edge("(", "1<", n, "a", "", ")");
	/* its parts have depths of their own */
	assert_int_equal(
		parse_repeated("(", "(a + ", LIMIT_EXPR_DEPTH / 2 - 1, "a", ")", ")", &tag), 0);
	assert_int_equal(parse_repeated("(a + a + ", "!", LIMIT_EXPR_DEPTH - 1, "a", "", ")", &tag),
			 -E2BIG);
}

/* f(1,...,1) of 8 is 9 nodes, `<<` between two calls 1 */
static void limit_nodes(void **state)
{
	static const char call[] = "f(1,1,1,1,1,1,1,1)";
	_cleanup_buf_ struct buf text = { 0 };
	unsigned int nodes = 0;
	enum err_tag tag;

	(void)state;
	/* frames of 32 calls: 32 * 9 + 31 nodes */
	while (nodes + 319 <= LIMIT_NODES) {
		buf_puts(&text, "a()(");
		for (int i = 0; i < 32; i++)
			buf_printf(&text, "%s%s", i ? "<<" : "", call);
		buf_puts(&text, ") => ");
		nodes += 319;
	}
	buf_puts(&text, "a()(");
	while (nodes + 11 < LIMIT_NODES) {
		buf_printf(&text, "%s << ", call);
		nodes += 10;
	}
	while (nodes + 4 < LIMIT_NODES) {
		buf_puts(&text, "-1 << ");
		nodes += 3;
	}
	for (; nodes + 1 < LIMIT_NODES; nodes++)
		buf_puts(&text, "!");
	buf_puts(&text, "1");
	nodes++;
	assert_int_equal(nodes, LIMIT_NODES);
	buf_puts(&text, ")");
	assert_int_equal(parse(buf_str(&text), &tag), 0);
	buf_puts(&text, " => b()(1)");
	assert_int_equal(parse(buf_str(&text), &tag), -E2BIG);
	assert_int_equal(tag, ERR_LIMIT);
}

static void limit_names(void **state)
{
	(void)state;
	edge("", "a", LIMIT_IDENT, "", "", "()");
	edge("($", "a", LIMIT_IDENT, "", "", ")");
}

static void limit_strings(void **state)
{
	(void)state;
	edge("(\"", "a", LIMIT_STRING, "", "", "\" == a)");
	edge("(\"", "\\n", LIMIT_STRING, "", "", "\" == a)");
	edge("(STRCMP(a, ", "a", LIMIT_STRING, "", "", "))");
	edge("(STRCMP(a, '", "a", LIMIT_STRING, "", "", "'))");
}

static void limit_lists(void **state)
{
	(void)state;
	edge("a()", " => a()", LIMIT_FRAMES - 1, "", "", "");
	edge("(1)", " => a()", LIMIT_FRAMES, "", "", "");
	edge("a(int", ", int", LIMIT_PARAM_LIST - 1, "", "", ")");
	edge("(f(1", ", 1", LIMIT_ARGS - 1, "", "", "))");
	edge("a(int ", "*", LIMIT_BTF_DEPTH, "", "", "x)");
}

static void frames_are_nearest_first(void **state)
{
	struct rule *r = NULL;

	(void)state;
	assert_int_equal(spec_parse(&r, "spec", "(x) => a() => b(int y)(y)", "target", NULL), 0);
	assert_int_equal(r->chains[0].n_frames, 2);
	assert_true(str_eq(r->chains[0].frames[0].func, "a"));
	assert_true(str_eq(r->chains[0].frames[1].func, "b"));
	assert_int_equal(r->on_target.func.len, 0);
	assert_non_null(r->on_target.pred);
	assert_string_equal(r->target, "target");
	rule_freep(&r);
	assert_null(r);
	rule_free(NULL);
	assert_int_equal(spec_parse(&r, "spec", "target(int) => a()", "target", NULL), 0);
	assert_int_equal(r->chains[0].n_frames, 1);
	assert_true(str_eq(r->on_target.func, "target"));
	assert_null(r->on_target.pred);
	rule_free(r);
}

static void assert_span(const struct rule *r, struct span at, const char *text)
{
	assert_int_equal(at.len, strlen(text));
	assert_memory_equal(r->src->text + at.off, text, at.len);
}

static void spans(void **state)
{
	static const char text[] = "  f ( int a , char * b ) ( (a + 1) *b->c [ 2 ] >= -g(x) ? "
				   "(u8)s : sizeof(int) ) ";
	const struct expr *cond, *ge;
	struct rule *r = NULL;

	(void)state;
	assert_int_equal(spec_parse(&r, "spec", text, "target", NULL), 0);
	assert_span(r, r->chains[0].frames[0].func_at, "f");
	assert_span(r, r->chains[0].frames[0].params_at, "( int a , char * b )");
	assert_span(r, r->chains[0].frames[0].params[0].at, "int a");
	assert_span(r, r->chains[0].frames[0].params[1].at, "char * b");
	assert_span(r, r->chains[0].frames[0].params[1].type.at, "char *");
	cond = r->chains[0].frames[0].pred;
	assert_int_equal(cond->kind, EXPR_COND);
	assert_span(r, cond->op_at, "?");
	ge = cond->a;
	assert_span(r, ge->at, "(a + 1) *b->c [ 2 ] >= -g(x)");
	assert_span(r, ge->op_at, ">=");
	assert_span(r, ge->a->at, "(a + 1) *b->c [ 2 ]");
	assert_span(r, ge->a->a->at, "(a + 1)");
	assert_span(r, ge->a->b->at, "b->c [ 2 ]");
	assert_span(r, ge->a->b->a->op_at, "->");
	assert_span(r, ge->a->b->a->name_at, "c");
	assert_span(r, ge->b->at, "-g(x)");
	assert_span(r, ge->b->a->name_at, "g");
	assert_span(r, cond->b->at, "(u8)s");
	assert_span(r, cond->b->type->at, "u8");
	assert_span(r, cond->c->at, "sizeof(int)");
	assert_int_equal(cond->height, 6);
	rule_free(r);
}

static void failure_leaves_out_alone(void **state)
{
	struct rule *r = (struct rule *)&r;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(spec_parse(&r, "spec", "a(", "target", &err), -EINVAL);
	assert_ptr_equal(r, &r);
	assert_int_equal(err.tag, ERR_SYNTAX);
	assert_int_equal(err.at.off, 1);
}

static void ops_have_text(void **state)
{
	(void)state;
	for (int op = OP_NONE; op <= OP_OR; op++)
		assert_non_null(expr_op_text((enum expr_op)op));
	assert_string_equal(expr_op_text(OP_OR), "||");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit_text),	 cmocka_unit_test(limit_depth),
		cmocka_unit_test(limit_chain),	 cmocka_unit_test(limit_nodes),
		cmocka_unit_test(limit_names),	 cmocka_unit_test(limit_strings),
		cmocka_unit_test(limit_lists),	 cmocka_unit_test(frames_are_nearest_first),
		cmocka_unit_test(spans),	 cmocka_unit_test(failure_leaves_out_alone),
		cmocka_unit_test(ops_have_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
