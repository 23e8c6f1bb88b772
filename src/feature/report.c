// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/report.h"

#include <inttypes.h>
#include <string.h>

#include "util/json.h"

void report_armed(struct buf *out, const struct report_style *style, const char *mode,
		  const char *rule, const char *engine)
{
	struct json j = { .out = out };

	if (!style->json) {
		buf_printf(out, "armed: %s%s%s (by %s%s)\n", mode ? mode : "", mode ? " " : "",
			   rule, engine, style->dry ? "; dry run" : "");
		return;
	}
	json_begin(&j, '{');
	json_key(&j, "type");
	json_str(&j, "armed");
	json_key(&j, "time");
	json_uint(&j, style->start);
	if (mode) {
		json_key(&j, "mode");
		json_str(&j, mode);
	}
	json_key(&j, "rule");
	json_str(&j, rule);
	json_key(&j, "engine");
	json_str(&j, engine);
	if (style->dry) {
		json_key(&j, "dry_run");
		json_bool(&j, true);
	}
	json_end(&j, '}');
	buf_putc(out, '\n');
}

/* a task names itself: nothing of it may reach a terminal as a control sequence */
static void put_comm(struct buf *out, const char *comm)
{
	for (; *comm; comm++)
		buf_putc(out,
			 (unsigned char)*comm < 0x20 || (unsigned char)*comm >= 0x7f ? '?' : *comm);
}

/*
 *   0.412345  curl[412/413]  should_failslab = -12 ENOMEM
 *                 kmem_cache_alloc_noprof+0x3c
 *                 dst_alloc+0x4e
 *   0.412399  curl[412/413]  tcp_v4_connect returned -105 ENOBUFS
 */
static void event_text(struct buf *out, const struct report_style *style,
		       const struct retcon_event *e)
{
	uint64_t us = (e->time - style->start) / 1000;

	buf_printf(out, "%4" PRIu64 ".%06" PRIu64 "  ", us / 1000000, us % 1000000);
	put_comm(out, e->comm);
	buf_printf(out, "[%" PRIu32, e->pid);
	if (e->tid != e->pid)
		buf_printf(out, "/%" PRIu32, e->tid);
	buf_printf(out, "]  %s %s %" PRId64 "%s%s\n", e->function,
		   e->kind != RETCON_EVENT_INJECTED ? "returned"
		   : e->dry			    ? "would be"
						    : "=",
		   e->value, e->errno_name ? " " : "", e->errno_name ? e->errno_name : "");
	for (unsigned int i = 0; i < e->n_stack; i++)
		buf_printf(out, "                %s\n", e->stack[i]);
}

static void json_whose(struct json *j, const char *type, const struct retcon_event *e)
{
	json_key(j, "type");
	json_str(j, type);
	json_key(j, "time");
	json_uint(j, e->time);
	json_key(j, "pid");
	json_uint(j, e->pid);
	json_key(j, "tid");
	json_uint(j, e->tid);
}

static void json_value(struct json *j, const struct retcon_event *e)
{
	json_key(j, "value");
	json_int(j, e->value);
	json_key(j, "errno");
	if (e->errno_name)
		json_str(j, e->errno_name);
	else
		json_null(j);
}

static void event_json(struct buf *out, const struct retcon_event *e)
{
	struct json j = { .out = out };

	json_begin(&j, '{');
	json_whose(&j,
		   e->kind != RETCON_EVENT_INJECTED ? "return"
		   : e->dry			    ? "would inject"
						    : "injected",
		   e);
	json_key(&j, "comm");
	json_str(&j, e->comm);
	json_key(&j, "cpu");
	json_uint(&j, e->cpu);
	json_key(&j, "rule");
	json_str(&j, e->rule);
	json_key(&j, "function");
	json_str(&j, e->function);
	json_value(&j, e);
	if (e->kind == RETCON_EVENT_INJECTED) {
		json_key(&j, "stack");
		json_begin(&j, '[');
		for (unsigned int i = 0; i < e->n_stack; i++)
			json_str(&j, e->stack[i]);
		json_end(&j, ']');
	}
	if (e->injection) {
		json_key(&j, "injection");
		json_uint(&j, e->injection);
	}
	json_end(&j, '}');
	buf_putc(out, '\n');
}

/* of what is followed; status as the shell has it: 128 and more, by a signal */
static void followed_json(struct buf *out, const struct retcon_event *e)
{
	struct json j = { .out = out };
	int sig = (int)e->value & 0x7f;

	json_begin(&j, '{');
	json_whose(&j,
		   e->kind == RETCON_EVENT_STEP	     ? "step"
		   : e->kind == RETCON_EVENT_SYSCALL ? "syscall"
						     : "exit",
		   e);
	if (e->kind == RETCON_EVENT_EXIT) {
		json_key(&j, "status");
		json_int(&j, sig ? 128 + sig : (e->value >> 8) & 0xff);
		json_end(&j, '}');
		buf_putc(out, '\n');
		return;
	}
	json_key(&j, "injection");
	json_uint(&j, e->injection);
	if (e->function) {
		json_key(&j, "function");
		json_str(&j, e->function);
	}
	json_value(&j, e);
	if (e->text) {
		json_key(&j, "text");
		json_str(&j, e->text);
	}
	json_end(&j, '}');
	buf_putc(out, '\n');
}

void report_event(struct buf *out, const struct report_style *style, const struct retcon_event *e)
{
	bool followed = e->kind != RETCON_EVENT_INJECTED && e->kind != RETCON_EVENT_RETURN;

	if (style->json && followed)
		followed_json(out, e);
	else if (style->json)
		event_json(out, e);
	else if (!followed) /* people read the whole path, at the end */
		event_text(out, style, e);
}

/* every counter, in the order a call passes them; `always` ones show even when 0 */
static const struct {
	const char *key;
	const char *one, *many;
	size_t off;
	bool always;
} counters[] = {
#define C(field, one, many, always)                                                                \
	{                                                                                          \
#field, one, many, offsetof(struct retcon_stats, field), always                    \
	}
	C(hits, "hit", "hits", true),
	C(matches, "match", "matches", true),
	C(injected, "injected", "injected", true),
	C(exempt, "exempt", "exempt", false),
	C(nofail, "may not fail", "may not fail", false),
	C(skipped, "let pass by when or interval", "let pass by when or interval", false),
	C(unlucky, "let pass by probability", "let pass by probability", false),
	C(drops, "event dropped", "events dropped", true),
	C(read_faults, "read fault", "read faults", true),
	C(unconfirmed, "not confirmed by the stack", "not confirmed by the stack", false),
	C(unpaired, "call not seen whole", "calls not seen whole", false),
	C(lost, "task not followed", "tasks not followed", false),
	C(misses, "probe miss", "probe misses", true),
	C(exit_misses, "exit not seen", "exits not seen", false),
#undef C
};

#define N_COUNTERS	(sizeof(counters) / sizeof(counters[0]))
#define N_RULE_COUNTERS 3 /* that even one of several rules always shows */

static uint64_t counter(const struct retcon_stats *s, size_t i)
{
	uint64_t v;

	memcpy(&v, (const char *)s + counters[i].off, sizeof(v));
	return v;
}

#define SPARED                                                                                     \
	"note: some matches were left alone, as those of kernel threads, retcon, its "             \
	"ancestors and init are: --kthreads and -p include them\n"

/* in the closing line, as there is no more to say: which ones, retcon-override(1) tells */
#define UNTOLD " (before Linux 6.7 not all are counted)"

static bool is_injected(size_t i)
{
	return counters[i].off == offsetof(struct retcon_stats, injected);
}

static void json_counters(struct json *j, const struct report_style *style,
			  const struct retcon_stats *s)
{
	for (size_t i = 0; i < N_COUNTERS; i++) {
		json_key(j, counters[i].key);
		json_uint(j, style->dry && is_injected(i) ? 0 : counter(s, i));
	}
	if (!style->dry)
		return;
	json_key(j, "would_inject");
	json_uint(j, s->injected);
}

static void put_counters(struct buf *out, const struct report_style *style,
			 const struct retcon_stats *s, bool one_rule)
{
	bool first = true;

	for (size_t i = 0; i < N_COUNTERS; i++) {
		bool shown = counters[i].always && (!one_rule || i < N_RULE_COUNTERS);

		if (!shown && !counter(s, i))
			continue;
		buf_printf(out, "%s%" PRIu64 " %s%s", first ? "" : ", ", counter(s, i),
			   style->dry && is_injected(i) ? "would be " : "",
			   counter(s, i) == 1 ? counters[i].one : counters[i].many);
		if (s->untold && counters[i].off == offsetof(struct retcon_stats, misses))
			buf_puts(out, UNTOLD);
		first = false;
	}
	buf_putc(out, '\n');
}

static void put_why_not(struct buf *out, const struct retcon_stats *s, bool behind_others)
{
	if (s->hits == 0 && s->unpaired)
		buf_puts(out, "note: the target was called, but no call was seen whole\n");
	else if (s->hits == 0)
		buf_printf(out,
			   "note: the target was never called in scope%s: nothing could fail\n",
			   behind_others ? ", or rules before this one had all of its calls" : "");
	else if (s->matches || s->exempt || s->nofail || s->unconfirmed)
		return;
	else if (s->callers && !s->entered)
		buf_puts(out, "note: the target was called, but its outermost caller never was\n");
	else if (s->read_faults)
		buf_printf(out,
			   "note: the target was called, but the conditions never held: %" PRIu64
			   " times they looked at memory that could not be read\n",
			   s->read_faults);
	else
		buf_puts(out, "note: the target was called, but the conditions never held\n");
}

void report_rule_summary(struct buf *out, const struct report_style *style, const char *rule,
			 bool first, const struct retcon_stats *s)
{
	struct json j = { .out = out };

	if (!style->json) {
		buf_printf(out, "%s: ", rule);
		put_counters(out, style, s, true);
		put_why_not(out, s, !first);
		return;
	}
	json_begin(&j, '{');
	json_key(&j, "type");
	json_str(&j, "rule");
	json_key(&j, "rule");
	json_str(&j, rule);
	json_counters(&j, style, s);
	json_key(&j, "entered");
	json_uint(&j, s->entered);
	json_end(&j, '}');
	buf_putc(out, '\n');
}

void report_summary(struct buf *out, const struct report_style *style, const struct retcon_stats *s)
{
	struct json j = { .out = out };

	if (style->json) {
		json_begin(&j, '{');
		json_key(&j, "type");
		json_str(&j, "summary");
		json_counters(&j, style, s);
		json_key(&j, "entered");
		json_uint(&j, s->entered);
		json_key(&j, "untold");
		json_uint(&j, s->untold);
		json_end(&j, '}');
		buf_putc(out, '\n');
		return;
	}
	buf_puts(out, "done: ");
	put_counters(out, style, s, false);
	put_why_not(out, s, false);
	if (style->dry)
		buf_puts(out, "dry run: nothing was injected\n");
	if (s->exempt)
		buf_puts(out, SPARED);
}

void report_perhaps(struct buf *out, const struct report_style *style, const char *reasons)
{
	while (!style->json && *reasons) {
		int len = (int)strcspn(reasons, "\n");

		buf_printf(out, "note: perhaps because %.*s\n", len, reasons);
		reasons += len + (reasons[len] == '\n');
	}
}
