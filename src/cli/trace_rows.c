// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/trace_rows.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/json.h"
#include "util/utf8.h"

#define NS	    1000000000
#define FUNC_WIDTH  16
#define FUNC_WIDEST 40

void trace_rows_header(const struct trace_rows *r, struct buf *out)
{
	if (r->json)
		return;
	if (r->clock == CLOCK_UNIX)
		buf_puts(out, "TIME              ");
	else if (r->clock != CLOCK_NONE)
		buf_puts(out, "TIME     ");
	if (r->cpu)
		buf_puts(out, "CPU ");
	buf_printf(out, "%-7s %-7s %-15s %-16s%s\n", "PID", "TID", "COMM", "FUNC",
		   r->messages ? " -" : "");
}

/* when it happened, not when it is printed */
static void put_time(const struct trace_rows *r, uint64_t time, struct buf *out)
{
	uint64_t since = time > r->start ? time - r->start : 0;
	uint64_t wall = (uint64_t)((int64_t)time + r->wall_skew);
	time_t seconds = (time_t)(wall / NS);
	struct tm tm;
	char text[40];

	switch (r->clock) {
	case CLOCK_SINCE:
		snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(since / NS),
			 (unsigned long long)(since % NS / 1000));
		buf_printf(out, "%-8.8s ", text);
		break;
	case CLOCK_UNIX:
		buf_printf(out, "%llu.%06llu ", (unsigned long long)(wall / NS),
			   (unsigned long long)(wall % NS / 1000));
		break;
	case CLOCK_TIME:
		if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%H:%M:%S", &tm))
			buf_printf(out, "%s ", text);
		break;
	case CLOCK_NONE:
		break;
	}
}

static void put_comm(const char *comm, struct buf *out)
{
	char safe[17] = "";

	for (size_t i = 0; i < sizeof(safe) - 1 && comm[i]; i++)
		safe[i] = comm[i] < ' ' || comm[i] == 0x7f ? '?' : comm[i];
	buf_printf(out, "%-15s ", safe);
}

/* of a file that is nobody's friend: nothing of it is obeyed by a terminal */
static void put_name(const char *name, size_t width, struct buf *out)
{
	size_t from = out->len, len = strlen(name);

	for (size_t i = 0; i < len;)
		i += utf8_put_safe(out, name + i, len - i);
	while (out->len - from < width && !buf_err(out))
		buf_putc(out, ' ');
}

/* columns stay where they are, once a long name has moved them */
static size_t func_width(struct trace_rows *r, const char *name)
{
	size_t len = strlen(name);

	if (r->func_width < FUNC_WIDTH)
		r->func_width = FUNC_WIDTH;
	if (len > r->func_width && len <= FUNC_WIDEST)
		r->func_width = len;
	return r->func_width;
}

static void put_stack(const char *const *stack, unsigned int n, const char *where, struct buf *out)
{
	for (unsigned int i = 0; i < n; i++) {
		buf_puts(out, "        ");
		put_name(stack[i], 0, out);
		buf_printf(out, "%s\n", where);
	}
}

static void json_stack(struct json *j, const char *key, const char *const *stack, unsigned int n)
{
	if (!n)
		return;
	json_key(j, key);
	json_begin(j, '[');
	for (unsigned int i = 0; i < n; i++)
		json_str(j, stack[i]);
	json_end(j, ']');
}

static void json_values(struct json *j, const struct retcon_trace_event *e)
{
	json_key(j, "values");
	json_begin(j, '[');
	for (unsigned int i = 0; i < e->n_values; i++) {
		const struct retcon_value *v = &e->values[i];

		if (v->faulted)
			json_null(j);
		else if (v->is_text)
			json_str(j, v->text);
		else if (v->is_unsigned)
			json_uint(j, (uint64_t)v->number);
		else
			json_int(j, v->number);
	}
	json_end(j, ']');
}

static void json_row(const struct trace_rows *r, const struct retcon_trace_event *e,
		     struct buf *out)
{
	struct json j = { .out = out };

	json_begin(&j, '{');
	json_key(&j, "type");
	json_str(&j, "event");
	json_key(&j, "time");
	json_double(&j, (double)(int64_t)(e->time - r->start) / NS);
	json_key(&j, "pid");
	json_uint(&j, e->pid);
	json_key(&j, "tid");
	json_uint(&j, e->tid);
	json_key(&j, "cpu");
	json_uint(&j, e->cpu);
	json_key(&j, "comm");
	json_str(&j, e->comm);
	json_key(&j, "probe");
	json_str(&j, e->probe);
	json_key(&j, "function");
	json_str(&j, e->function);
	json_key(&j, "message");
	json_str(&j, e->message);
	json_values(&j, e);
	json_stack(&j, "kernel_stack", e->kernel_stack, e->n_kernel_stack);
	json_stack(&j, "user_stack", e->user_stack, e->n_user_stack);
	json_end(&j, '}');
	buf_putc(out, '\n');
}

void trace_row(struct trace_rows *r, const struct retcon_trace_event *e, struct buf *out)
{
	if (r->json) {
		json_row(r, e, out);
		return;
	}
	put_time(r, e->time, out);
	if (r->cpu)
		buf_printf(out, "%-3u ", e->cpu);
	buf_printf(out, "%-7u %-7u ", e->pid, e->tid);
	put_comm(e->comm, out);
	put_name(e->function, *e->message ? func_width(r, e->function) : 0, out);
	buf_printf(out, "%s%s\n", *e->message ? " " : "", e->message);
	put_stack(e->kernel_stack, e->n_kernel_stack, " [kernel]", out);
	put_stack(e->user_stack, e->n_user_stack, "", out);
	if (e->n_kernel_stack || e->n_user_stack)
		buf_putc(out, '\n');
}

static void json_summary(const struct retcon_trace_stats *s, struct buf *out)
{
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
		{ "hits", s->hits },	     { "events", s->events },
		{ "drops", s->drops },	     { "read_faults", s->read_faults },
		{ "unpaired", s->unpaired }, { "lost", s->lost },
		{ "misses", s->misses },
	};
	struct json j = { .out = out };

	json_begin(&j, '{');
	json_key(&j, "type");
	json_str(&j, "summary");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		json_key(&j, counts[i].key);
		json_uint(&j, counts[i].n);
	}
	json_end(&j, '}');
	buf_putc(out, '\n');
}

static void put_count(uint64_t n, const char *what, struct buf *out)
{
	if (n)
		buf_printf(out, "retcon: note: %llu %s\n", (unsigned long long)n, what);
}

void trace_rows_summary(const struct trace_rows *r, const struct retcon_trace_stats *s,
			struct buf *out)
{
	if (r->json) {
		json_summary(s, out);
		return;
	}
	put_count(s->drops, "events lost: nobody read them in time (-b takes more pages)", out);
	put_count(s->misses, "hits that the kernel did not show", out);
	put_count(s->unpaired, "returns without their call, or calls without their return", out);
	put_count(s->lost, "tasks that could not be followed", out);
	put_count(s->read_faults, "conditions false because memory could not be read", out);
	if (!s->hits)
		buf_puts(out, "retcon: note: no probe was hit\n");
}
