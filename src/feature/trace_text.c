// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Values as their format wants them. A conversion without a length modifier prints the
 * whole of a value whose type is known; of a mere register (arg1) as much as C's would.
 */
#include <stdio.h>
#include <string.h>

#include "feature/trace.h"
#include "util/errno_names.h"
#include "util/utf8.h"

static uint64_t number_of(const struct tracing_event *e, const struct trace_value *v)
{
	uint64_t n;

	memcpy(&n, (const char *)e->head + v->off, sizeof(n));
	return n;
}

static bool faulted(const struct tracing_event *e, unsigned int i)
{
	return e->tail->faults & 1U << i;
}

/* the bytes that count, extended as the conversion wants it */
static uint64_t cut(uint64_t n, unsigned int bytes, bool is_signed)
{
	unsigned int unused = bytes < 8 ? 64 - 8 * bytes : 0;

	return is_signed ? (uint64_t)((int64_t)(n << unused) >> unused) : n << unused >> unused;
}

static unsigned int width_of(const struct trace_value *v)
{
	if (v->conv->sized)
		return v->conv->bytes;
	return v->typed || v->is_pointer ? v->bytes : v->conv->bytes;
}

static void put_number(const struct trace_value *v, uint64_t n, char letter, struct buf *out)
{
	const struct conversion *c = v->conv;
	char spec[40];
	int at;

	n = cut(n, width_of(v), letter == 'd');
	at = snprintf(spec, sizeof(spec), "%%%s", c->flags);
	if (c->width)
		at += snprintf(spec + at, sizeof(spec) - (size_t)at, "%d", c->width);
	if (c->precision >= 0)
		at += snprintf(spec + at, sizeof(spec) - (size_t)at, ".%d", c->precision);
	snprintf(spec + at, sizeof(spec) - (size_t)at, "ll%c", letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf_printf(out, spec, (long long)n);
#pragma GCC diagnostic pop
}

/* padded to the conversion's width, cut to its precision; what a terminal would obey is told */
static void put_text(const struct conversion *c, const char *text, size_t len, struct buf *out)
{
	struct buf safe = { 0 };
	int pad;

	if (c->precision >= 0 && len > (size_t)c->precision)
		len = (size_t)c->precision;
	for (size_t i = 0; i < len; i++) {
		unsigned char b = (unsigned char)text[i];

		if (b == '\n')
			buf_puts(&safe, "\\n");
		else
			i += utf8_put_safe(&safe, text + i, len - i) - 1;
	}
	pad = c->width - (int)safe.len;
	for (; pad > 0 && !strchr(c->flags, '-'); pad--)
		buf_putc(out, ' ');
	buf_add(out, buf_str(&safe), safe.len);
	for (; pad > 0; pad--)
		buf_putc(out, ' ');
	buf_free(&safe);
}

static void put_word(const struct conversion *c, const char *word, struct buf *out)
{
	put_text(c, word, strlen(word), out);
}

static void put_symbol(const struct conversion *c, uint64_t addr, struct kern *kern,
		       struct buf *out)
{
	char text[1][KSYM_TEXT];

	if (!kern || kern_symbolize(kern, &addr, 1, text, NULL))
		snprintf(text[0], sizeof(text[0]), "0x%llx", (unsigned long long)addr);
	put_word(c, text[0], out);
}

/* "-12 ENOMEM": a number, and the error it stands for */
static void put_error(const struct trace_value *v, uint64_t n, struct buf *out)
{
	int64_t value = (int64_t)cut(n, width_of(v), true);
	const char *name = value < 0 ? errno_name(value) : NULL;
	char text[48];

	snprintf(text, sizeof(text), "%lld%s%s", (long long)value, name ? " " : "",
		 name ? name : "");
	put_word(v->conv, text, out);
}

static void put_value(struct trace *t, const struct tracing_event *e, unsigned int i,
		      struct buf *out)
{
	const struct trace_value *v = &e->layout->value[i];
	const struct conversion *c = v->conv;
	const char *text = (const char *)e->head + v->off;
	uint64_t n = v->string ? 0 : number_of(e, v);
	char symbol[KSYM_TEXT], byte;

	if (faulted(e, i)) {
		put_word(c, "(fault)", out);
		return;
	}
	switch (c->letter) {
	case 's':
		put_text(c, text, strnlen(text, v->bytes), out);
		break;
	case 'c':
		byte = (char)n;
		put_text(c, &byte, 1, out);
		break;
	case 'p':
		snprintf(symbol, sizeof(symbol), "0x%llx", (unsigned long long)n);
		put_word(c, symbol, out);
		break;
	case 'K':
		put_symbol(c, n, t->kern, out);
		break;
	case 'U':
		trace_user_symbol(t, e->head->pid, n, symbol);
		put_word(c, symbol, out);
		break;
	case 'e':
		put_error(v, n, out);
		break;
	default:
		put_number(v, n, c->letter, out);
	}
}

/* what a function returned, by its type; of many in one program that is each one's own */
static void put_returned(const struct tracing_event *e, struct buf *out)
{
	const struct type *t = &e->place->returned;
	uint64_t n = number_of(e, &e->layout->value[0]);
	bool known = type_is_scalar(*t), is_signed = !known || t->is_signed;
	int64_t value = (int64_t)cut(n, known ? t->bytes : 8, is_signed || t->kind == TYPE_PTR);
	const char *name;

	if (t->kind == TYPE_VOID)
		return;
	if (!known && !(n >> 32))
		value = (int32_t)n; /* an int, most likely */
	name = value < 0 && (is_signed || t->kind == TYPE_PTR) ? errno_name(value) : NULL;
	if (name)
		buf_printf(out, "= %lld %s", (long long)value, name);
	else if (known && t->kind == TYPE_PTR)
		buf_printf(out, n ? "= 0x%llx" : "= NULL", (unsigned long long)n);
	else if (!is_signed)
		buf_printf(out, "= %llu", (unsigned long long)value);
	else
		buf_printf(out, "= %lld", (long long)value);
}

void trace_message(struct trace *t, const struct tracing_event *e, struct buf *out)
{
	const struct trace_layout *l = e->layout;

	if (!e->probe->probe->has_format) {
		if (l->n_values)
			put_returned(e, out);
		return;
	}
	for (unsigned int i = 0; i < l->n_values; i++) {
		buf_puts(out, l->value[i].conv->before);
		put_value(t, e, i, out);
	}
	buf_puts(out, e->probe->probe->tail);
}

const char *trace_function(const struct tracing_event *e)
{
	return e->place->func.name;
}

static void put_frame(const struct exe_frame *f, char *text)
{
	bool known = f->symbol[0] != '[';

	if (known)
		snprintf(text, KSYM_TEXT, "%.120s [%s]", f->symbol, f->file);
	else if (f->file[0])
		snprintf(text, KSYM_TEXT, "%s+0x%llx", f->file, (unsigned long long)f->offset);
	else
		snprintf(text, KSYM_TEXT, "[unknown]");
}

int64_t trace_number(const struct tracing_event *e, unsigned int i, bool *is_unsigned)
{
	const struct trace_value *v = &e->layout->value[i];
	bool is_signed = v->conv ? strchr("dec", v->conv->letter) != NULL : v->is_signed;

	*is_unsigned = !is_signed;
	return (int64_t)cut(number_of(e, v), v->conv ? width_of(v) : v->bytes, is_signed);
}

void trace_user_symbol(struct trace *t, uint32_t pid, uint64_t addr, char *text)
{
	struct exe_frame frame;

	exe_procs_stack(t->procs, (pid_t)pid, &addr, 1, &frame);
	put_frame(&frame, text);
}

void trace_user_stack(struct trace *t, uint32_t pid, const uint64_t *addrs, unsigned int n,
		      char (*text)[KSYM_TEXT])
{
	struct exe_frame frames[LIMIT_TRACE_STACK];

	exe_procs_stack(t->procs, (pid_t)pid, addrs, n, frames);
	for (unsigned int i = 0; i < n; i++)
		put_frame(&frames[i], text[i]);
}
