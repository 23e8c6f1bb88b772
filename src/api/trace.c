// SPDX-License-Identifier: LGPL-2.1-or-later
/* retcon.h's tracing on top of the feature. */
#include "feature/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "api/scope.h"
#include "feature/stack.h"
#include "retcon/retcon.h"
#include "util/cleanup.h"

#define STACK_TEXT (KSYM_TEXT + 24)

/* One of an event's stacks, named. */
struct named_stack {
	char text[LIMIT_TRACE_STACK][STACK_TEXT];
	const char *name[LIMIT_TRACE_STACK];
	unsigned int n;
};

struct retcon_trace {
	struct retcon *ctx;
	struct trace trace;
	char **probes; /* as they were given */
	bool addresses;
	uint64_t events;
	struct buf listing, notes, message;
	/* the event being delivered */
	retcon_trace_fn fn;
	void *arg;
	struct named_stack kernel, user;
	struct retcon_value values[LIMIT_VALUES + 1];
};

void retcon_trace_free(struct retcon_trace *t)
{
	if (!t)
		return;
	for (unsigned int i = 0; t->probes && i < t->trace.n_probes; i++)
		free(t->probes[i]);
	free(t->probes);
	trace_free(&t->trace);
	buf_free(&t->listing);
	buf_free(&t->notes);
	buf_free(&t->message);
	free(t);
}

static void trace_freep(struct retcon_trace **t)
{
	retcon_trace_free(*t);
}

static int keep_texts(struct retcon_trace *t, const struct retcon_trace_opts *o, struct err *err)
{
	t->probes = calloc(o->n_probes, sizeof(*t->probes));
	for (size_t i = 0; t->probes && i < o->n_probes; i++) {
		t->probes[i] = strdup(o->probes[i]);
		if (!t->probes[i])
			return err_nomem(err);
	}
	return t->probes ? 0 : err_nomem(err);
}

static int prepare(struct retcon_trace *t, const struct retcon_trace_opts *o, struct err *err)
{
	struct trace_feature_opts to = {
		.probes = o->probes,
		.n_probes = (unsigned int)o->n_probes,
		.include_self = o->include_self,
		.kernel_stack = o->kernel_stack,
		.user_stack = o->user_stack,
		.bin_cmp = o->bin_cmp,
		.string_bytes = o->string_size,
		.buffer_pages = o->buffer_pages,
	};
	int ret;

	if (!o->probes || !o->n_probes || o->n_probes > LIMIT_PROBES)
		return err_plain(err, -EINVAL, ERR_USAGE, "from 1 to %d probes are needed",
				 LIMIT_PROBES);
	ret = api_scope(&to.scope, o->scope, err);
	if (!ret)
		ret = trace_prepare(&t->trace, &to, err);
	t->addresses = o->addresses;
	return ret ? ret : keep_texts(t, o, err);
}

int retcon_trace(struct retcon *ctx, const struct retcon_trace_opts *given,
		 struct retcon_trace **out)
{
	_cleanup_(trace_freep) struct retcon_trace *t = calloc(1, sizeof(*t));
	struct retcon_trace_opts o = RETCON_TRACE_OPTS_INIT;
	struct err err = { 0 };
	int ret = t ? opts_take(&o, sizeof(o), given, &err) : err_nomem(&err);

	if (!ret)
		ret = prepare(t, &o, &err);
	context_report(ctx, ret, &err);
	if (ret)
		return ret;
	t->ctx = ctx;
	buf_puts(&t->notes, buf_str(&t->trace.notes));
	*out = take_ptr(t);
	return 0;
}

const char *retcon_trace_notes(const struct retcon_trace *t)
{
	return buf_str(&t->notes);
}

const char *retcon_trace_listing(struct retcon_trace *t)
{
	buf_free(&t->listing);
	return tracing_print(t->trace.tracing, &t->listing) ? NULL : buf_str(&t->listing);
}

bool retcon_trace_has_messages(const struct retcon_trace *t)
{
	for (unsigned int i = 0; i < t->trace.n_probes; i++)
		if (t->trace.parsed[i].has_format || t->trace.parsed[i].kind == PROBE_RETURN)
			return true;
	return false;
}

int retcon_trace_arm(struct retcon_trace *t)
{
	struct err err = { 0 };
	int ret = tracing_arm(t->trace.tracing, &err);

	buf_free(&t->notes);
	buf_puts(&t->notes, tracing_notes(t->trace.tracing));
	return context_report(t->ctx, ret, &err);
}

void retcon_trace_disarm(struct retcon_trace *t)
{
	tracing_disarm(t->trace.tracing);
}

int retcon_trace_fd(const struct retcon_trace *t)
{
	return tracing_fd(t->trace.tracing);
}

/* how many addresses are there of so many bytes asked for */
static unsigned int stack_depth(int32_t bytes)
{
	return bytes > 0 && bytes <= (int32_t)TRACE_STACK_BYTES ? (unsigned int)bytes / 8 : 0;
}

static void put_address(const struct retcon_trace *t, uint64_t addr, const char *name, char *text)
{
	if (t->addresses)
		snprintf(text, STACK_TEXT, "%016llx %.*s", (unsigned long long)addr, KSYM_TEXT,
			 name);
	else
		snprintf(text, STACK_TEXT, "%.*s", KSYM_TEXT, name);
}

static void name_kernel_stack(struct retcon_trace *t, const struct tracing_event *e)
{
	const uint64_t *at = (const void *)((const char *)e->head + e->layout->kernel_stack);
	char names[LIMIT_TRACE_STACK][KSYM_TEXT];
	unsigned int n = e->layout->kernel_stack ? stack_depth(e->head->stack_bytes) : 0;

	t->kernel.n = 0;
	if (!n || kern_symbolize(t->trace.kern, at, n, names, NULL))
		return;
	for (unsigned int i = 0; i < n; i++) {
		put_address(t, at[i], names[i], t->kernel.text[i]);
		t->kernel.name[i] = t->kernel.text[i];
	}
	t->kernel.n = t->addresses ? n : stack_tidy(t->kernel.name, n);
}

static void name_user_stack(struct retcon_trace *t, const struct tracing_event *e)
{
	const uint64_t *at = (const void *)((const char *)e->head + e->layout->user_stack);
	unsigned int n = e->layout->user_stack ? stack_depth(e->tail->user_bytes) : 0;
	char names[LIMIT_TRACE_STACK][KSYM_TEXT];

	t->user.n = n;
	if (n)
		trace_user_stack(&t->trace, e->head->pid, at, n, names);
	for (unsigned int i = 0; i < n; i++) {
		put_address(t, at[i], names[i], t->user.text[i]);
		t->user.name[i] = t->user.text[i];
	}
}

static void take_values(struct retcon_trace *t, const struct tracing_event *e)
{
	for (unsigned int i = 0; i < e->layout->n_values; i++) {
		const struct trace_value *v = &e->layout->value[i];
		struct retcon_value *out = &t->values[i];

		*out = (struct retcon_value){
			.is_text = v->string,
			.faulted = e->tail->faults & 1U << i,
		};
		if (v->string)
			out->text = (const char *)e->head + v->off;
		else
			out->number = trace_number(e, i, &out->is_unsigned);
	}
}

static int deliver(void *arg, const struct tracing_event *e)
{
	struct retcon_trace *t = arg;
	char comm[sizeof(e->head->comm) + 1] = { 0 };
	struct retcon_trace_event out = {
		.sz = sizeof(out),
		.time = e->head->time,
		.pid = e->head->pid,
		.tid = e->head->tid,
		.cpu = e->head->cpu,
		.comm = comm,
		.probe = t->probes[e->number],
		.function = trace_function(e),
		.n_values = e->layout->n_values,
		.values = t->values,
		.kernel_stack = t->kernel.name,
		.user_stack = t->user.name,
	};

	memcpy(comm, e->head->comm, sizeof(e->head->comm));
	t->message.len = 0;
	buf_puts(&t->message, "");
	trace_message(&t->trace, e, &t->message);
	take_values(t, e);
	name_kernel_stack(t, e);
	name_user_stack(t, e);
	out.n_kernel_stack = t->kernel.n;
	out.n_user_stack = t->user.n;
	out.message = t->message.len ? buf_str(&t->message) : "";
	t->events++;
	return t->fn(t->arg, &out);
}

int retcon_trace_events(struct retcon_trace *t, retcon_trace_fn fn, void *arg)
{
	t->fn = fn;
	t->arg = arg;
	return tracing_consume(t->trace.tracing, deliver, t);
}

int retcon_trace_stats(const struct retcon_trace *t, struct retcon_trace_stats *out)
{
	struct tracing_stats s;
	struct retcon_trace_stats full;
	size_t sz = out->sz;

	if (sz < sizeof(size_t) || sz > sizeof(full))
		return -E2BIG;
	tracing_stats(t->trace.tracing, &s);
	full = (struct retcon_trace_stats){
		.sz = sz,
		.hits = s.hits,
		.events = t->events,
		.drops = s.drops,
		.read_faults = s.read_faults,
		.unpaired = s.unpaired,
		.lost = s.lost,
		.misses = s.misses,
	};
	memcpy(out, &full, sz);
	return 0;
}
