/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings of few letters, and tests that have a chance to be true of them. */
#include <string.h>

#include "gen.h"

#include "util/cleanup.h"
#include "util/limits.h"

#define COUNT(a) (unsigned int)(sizeof(a) / sizeof((a)[0]))

static const char *const texts[] = {
	"",
	"a",
	"ab",
	"abc",
	"abcd",
	"abcdefgh",
	"abcdefghi",
	"kmalloc-64",
	"\xff\x80z",
	"abcdefghijklmn",
	"abcdefghijklmno",
	"an uncommonly long name for anything",
};

static void random_text(struct gen *g, char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = "aaabbc*"[gen_below(g, 7)];
}

void gen_text(struct gen *g, char *text, size_t size)
{
	static const unsigned int edges[] = { LIMIT_GLOB, LIMIT_STRING };
	const char *from = texts[gen_below(g, COUNT(texts))];
	size_t len = strnlen(from, size);

	memset(text, 0, size);
	switch (gen_below(g, 5)) {
	case 0:
		memcpy(text, from, len);
		return;
	case 1:
		len = edges[gen_below(g, 2)] - 2 + gen_below(g, 5);
		break;
	case 2:
		len = gen_below(g, 40);
		break;
	default:
		len = gen_below(g, 10);
		break;
	}
	random_text(g, text, len < size ? len : size);
}

static const char *pick(struct gen *g, const char *const *list, unsigned int n)
{
	return list[gen_below(g, n)];
}

/* what is compared; returns how long a literal may be */
static unsigned int subject(struct gen *g, unsigned int depth, struct buf *out)
{
	static const char *const arrays[] = { "in.name", "many[1].name", "many->name" };
	static const char *const pointers[] = {
		"->text", "->text + 1", "->in.name + 3", "->tag.name", "->tag_ptr->name", "->path",
	};
	static const char *const counted[] = { "->tag", "->tag_ptr", "->tag", "->tag_ptr[0]" };

	if (g->func[0] == 'w' && !gen_below(g, 6)) {
		buf_puts(out, gen_below(g, 2) ? "text" : "(const char __user *)text");
		return 32;
	}
	switch (gen_below(g, 9)) {
	case 0:
		gen_any_inner(g, depth / 2, out);
		buf_puts(out, "->name");
		return 15;
	case 1:
		gen_any_inner(g, depth / 2, out);
		buf_puts(out, "->label");
		return 8;
	case 2:
		gen_object(g, depth / 2, out);
		buf_printf(out, "->%s", pick(g, arrays, COUNT(arrays)));
		return 15;
	case 3:
	case 4:
	case 5:
		gen_object(g, depth / 2, out);
		buf_puts(out, pick(g, counted, COUNT(counted)));
		return 32;
	default:
		gen_object(g, depth / 2, out);
		buf_puts(out, pick(g, pointers, COUNT(pointers)));
		return 32;
	}
}

static void literal(struct gen *g, unsigned int most, struct buf *out)
{
	const char *text = pick(g, texts, COUNT(texts));
	char some[8] = "";

	if (!gen_below(g, 3) && strlen(text) <= most) {
		buf_printf(out, "\"%s\"", !strcmp(text, "\xff\x80z") ? "\\xff\\x80z" : text);
		return;
	}
	random_text(g, some, gen_below(g, most < 5 ? most + 1 : 6));
	buf_printf(out, "\"%s\"", some);
}

static void pattern(struct gen *g, unsigned int most, struct buf *out)
{
	static const char *const pieces[] = {
		"a",
		"b",
		"c",
		"a",
		"b",
		"?",
		"[ab]",
		"[!a]",
		"[a-c]",
		"[^b-z]",
		"\\\\*",
		"[]a]",
		"[*-a]",
		"[a\\\\-c]",
		"[b-]",
		"[!!]",
		"\\\\\\\\",
		"a",
		"[\\x01-\\xff]",
		"[aeiou]",
		"]",
	};
	unsigned int n = gen_below(g, 7), stars = gen_below(g, 4);

	buf_putc(out, '"');
	for (unsigned int i = 0; i < n && i < most; i++) {
		if (stars && !gen_below(g, 3)) {
			buf_puts(out, gen_below(g, 8) ? "*" : "**");
			stars--;
		}
		buf_puts(out, pick(g, pieces, COUNT(pieces)));
	}
	buf_puts(out, gen_below(g, 2) ? "*\"" : "\"");
}

static void one_test(struct gen *g, const char *what, unsigned int most, struct buf *out)
{
	switch (gen_below(g, 6)) {
	case 0:
	case 1:
		buf_printf(out, "(%s %s ", what, gen_below(g, 2) ? "==" : "!=");
		literal(g, most, out);
		break;
	case 2:
		buf_puts(out, "(");
		literal(g, most, out);
		buf_printf(out, " == %s", what);
		break;
	case 3:
		buf_printf(out, "%s(%s, ", gen_below(g, 2) ? "STRCMP" : "STRPREFIX", what);
		literal(g, most, out);
		break;
	default:
		buf_printf(out, "GLOB(%s, ", what);
		pattern(g, most, out);
		break;
	}
	buf_puts(out, ")");
}

/* at times more than one of the same string: some kinds share a read of it, some its length */
void gen_string_on(struct gen *g, const char *what, unsigned int most, struct buf *out)
{
	static const char *const ops[] = { " || ", " && ", " == ", " | " };
	unsigned int n = gen_below(g, 4) ? 1 : 2 + gen_below(g, 3);

	if (n > 1)
		buf_puts(out, "(");
	for (unsigned int i = 0; i < n; i++) {
		buf_puts(out, i ? pick(g, ops, COUNT(ops)) : "");
		one_test(g, what, most, out);
	}
	if (n > 1)
		buf_puts(out, ")");
}

void gen_string_test(struct gen *g, unsigned int depth, struct buf *out)
{
	_cleanup_buf_ struct buf what = { 0 };
	unsigned int most = subject(g, depth, &what);

	gen_string_on(g, buf_str(&what), most, out);
}
