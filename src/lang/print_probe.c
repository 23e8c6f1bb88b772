/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A probe as text again, in one form. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lang/probe.h"

static const char *length_of(const struct conversion *c)
{
	if (!c->sized)
		return "";
	return c->bytes == 1 ? "hh" : c->bytes == 2 ? "h" : "ll";
}

static void print_format(const struct probe *p, struct buf *out)
{
	struct buf text = { 0 };

	for (unsigned int i = 0; i <= p->n_values; i++) {
		const struct conversion *c = &p->values[i];
		const char *literal = i < p->n_values ? c->before : p->tail;

		for (; *literal; literal++)
			buf_printf(&text, *literal == '%' ? "%%%%" : "%c", *literal);
		if (i == p->n_values)
			break;
		buf_printf(&text, "%%%s", c->flags);
		if (c->width)
			buf_printf(&text, "%d", c->width);
		if (c->precision >= 0)
			buf_printf(&text, ".%d", c->precision);
		buf_printf(&text, "%s%c", length_of(c), c->letter);
	}
	buf_putc(out, ' ');
	string_print((struct str){ buf_str(&text), text.len }, out);
	buf_free(&text);
	for (unsigned int i = 0; i < p->n_values; i++) {
		buf_puts(out, ", ");
		expr_print(p->values[i].value, out);
	}
}

void probe_print(const struct probe *p, struct buf *out)
{
	static const char kinds[] = { 'p', 'r', 't', 'u' };
	struct frame place = p->rule->on_target;
	char text[LIMIT_IDENT + 24];
	int n = snprintf(text, sizeof(text), "%s", p->func);

	if (p->offset && n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "+0x%" PRIx64, p->offset);
	buf_printf(out, "%c:%s:", kinds[p->kind], p->library ? p->library : "");
	if (p->provider)
		buf_printf(out, "%s:", p->provider);
	place.func = (struct str){ text, strlen(text) };
	place.pred = NULL;
	frame_print(&place, false, out);
	if (p->rule->on_target.pred) {
		buf_puts(out, " (");
		expr_print(p->rule->on_target.pred, out);
		buf_putc(out, ')');
	}
	if (p->has_format)
		print_format(p, out);
}
