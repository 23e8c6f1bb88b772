/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors as text. All the bytes of a source pass through here on their way to a
 * terminal, so this is also where escape sequences, bidirectional overrides and
 * broken UTF-8 are made harmless.
 */
#include "util/diag.h"

#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

#define COLUMNS	 100
#define INDENT	 "  "
#define ELLIPSIS "..."

/* columns a line may take between indent and, at worst, two ellipses */
#define ROOM (COLUMNS - sizeof(INDENT) + 1 - 2 * (sizeof(ELLIPSIS) - 1))

/* One displayed character: bytes of the source, columns on the terminal. */
struct cell {
	size_t bytes;
	unsigned int width;
	bool literal; /* print the bytes; else width spaces (tab) or U+FFFD */
	bool tab;
};

static struct cell cell_at(const char *s, size_t len, unsigned int column)
{
	struct cell c = { .width = 1 };
	uint32_t code;

	c.bytes = utf8_decode(s, len, &code);
	if (code == '\t') {
		c.tab = true;
		c.width = 8 - column % 8;
	} else if (code != UTF8_INVALID && !utf8_is_harmful(code)) {
		c.literal = true;
		c.width = utf8_width(code);
	}
	return c;
}

static void put_cell(struct buf *out, const char *s, struct cell c)
{
	if (c.literal)
		buf_add(out, s, c.bytes);
	else if (c.tab)
		buf_printf(out, "%*s", (int)c.width, "");
	else
		buf_puts(out, UTF8_REPLACEMENT);
}

/* the text, with what could act on a terminal replaced */
static void put_safe(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	while (len) {
		struct cell c = cell_at(s, len, 0);

		if (c.tab)
			buf_putc(out, ' ');
		else
			put_cell(out, s, c);
		s += c.bytes;
		len -= c.bytes;
	}
}

/* columns from byte 0 to byte off */
static unsigned int column_of(const char *text, size_t len, size_t off)
{
	unsigned int column = 0;

	for (size_t i = 0; i < off && i < len;) {
		struct cell c = cell_at(text + i, len - i, column);

		column += c.width;
		i += c.bytes;
	}
	return column;
}

/* a window of at most ROOM columns that shows the caret, in columns [from, to) */
static void choose_window(unsigned int total, unsigned int caret, unsigned int caret_len,
			  unsigned int *from, unsigned int *to)
{
	unsigned int want = caret_len < ROOM / 2 ? caret_len : ROOM / 2;

	*from = 0;
	if (total > ROOM && caret + want > ROOM * 3 / 4)
		*from = caret + want - ROOM * 3 / 4;
	if (total > ROOM && *from + ROOM > total)
		*from = total - ROOM;
	*to = *from + ROOM;
}

static void put_excerpt(struct buf *out, const struct err_place *p)
{
	size_t len = strlen(p->text);
	unsigned int total = column_of(p->text, len, len);
	unsigned int begin = column_of(p->text, len, p->off);
	unsigned int end = column_of(p->text, len, p->off + p->len);
	unsigned int from, to, column = 0, pad = 0;
	bool left, right = p->cut_right;

	if (!p->text[strspn(p->text, " \t")])
		return; /* a caret under nothing helps nobody */
	choose_window(total, begin, end - begin, &from, &to);
	left = p->cut_left || from > 0;
	buf_puts(out, left ? INDENT ELLIPSIS : INDENT);
	for (size_t i = 0; i < len;) {
		struct cell c = cell_at(p->text + i, len - i, column);

		if (column >= from && column + c.width <= to)
			put_cell(out, p->text + i, c);
		else if (column < from && column + c.width > from)
			/* half of a wide character or tab: keep the columns right */
			buf_printf(out, "%*s", (int)(column + c.width - from), "");
		else if (column >= to || column + c.width > to)
			right = true;
		column += c.width;
		i += c.bytes;
	}
	buf_puts(out, right ? ELLIPSIS "\n" : "\n");

	if (end > to)
		end = to;
	pad = (left ? sizeof(ELLIPSIS) - 1 : 0) + (begin > from ? begin - from : 0);
	buf_printf(out, INDENT "%*s^", (int)pad, "");
	for (column = begin + 1; column < end; column++)
		buf_putc(out, '~');
	buf_putc(out, '\n');
}

static void put_place(struct buf *out, const struct err_place *p)
{
	put_safe(out, p->name);
	buf_printf(out, ":%u:%u: ", p->line, p->col);
}

void diag_render(const struct err *err, const char *prefix, struct buf *out)
{
	if (prefix && *prefix) {
		put_safe(out, prefix);
		buf_puts(out, ": ");
	}
	if (err->place.line)
		put_place(out, &err->place);
	buf_puts(out, "error: ");
	put_safe(out, err->msg);
	buf_printf(out, " [%s]\n", err_tag_name(err->tag));
	if (err->place.line)
		put_excerpt(out, &err->place);

	for (unsigned int i = 0; i < err->n_notes; i++) {
		if (err->note[i].place.line)
			put_place(out, &err->note[i].place);
		buf_puts(out, "note: ");
		put_safe(out, err->note[i].msg);
		buf_putc(out, '\n');
		if (err->note[i].place.line)
			put_excerpt(out, &err->note[i].place);
	}
}
