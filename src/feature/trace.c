// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What `trace` does with probes before they are armed. Order of checks: what the user
 * typed first, then who they are, then what the kernel has.
 */
#include "feature/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/why.h"
#include "session/maps.h"

#define STRING_BYTES 80
#define BUFFER_PAGES 64

static int parse(struct trace *t, const struct trace_feature_opts *o, struct err *err)
{
	const struct probe_opts po = { .bin_cmp = o->bin_cmp };
	char name[32] = "probe";
	int ret = 0;

	if (!o->n_probes || o->n_probes > LIMIT_PROBES)
		return err_plain(err, o->n_probes ? -E2BIG : -EINVAL,
				 o->n_probes ? ERR_LIMIT : ERR_USAGE,
				 "from 1 to %d probes are needed", LIMIT_PROBES);
	if (o->string_bytes > LIMIT_TRACE_STRING)
		return err_plain(err, -E2BIG, ERR_LIMIT, "at most %d bytes of a string are kept",
				 LIMIT_TRACE_STRING);
	t->parsed = calloc(o->n_probes, sizeof(*t->parsed));
	t->probes = calloc(o->n_probes, sizeof(*t->probes));
	if (!t->parsed || !t->probes)
		return err_nomem(err);
	t->n_probes = o->n_probes;
	for (unsigned int i = 0; !ret && i < o->n_probes; i++) {
		if (o->n_probes > 1)
			snprintf(name, sizeof(name), "probe %u", i + 1);
		ret = probe_parse(&t->parsed[i], name, o->probes[i], &po, err);
	}
	return ret;
}

static int plan(struct trace *t, const struct trace_feature_opts *o, struct err *err)
{
	pid_t pid = o->scope.command  ? o->scope.command
		    : o->scope.n_pids ? o->scope.pids[0]
		    : o->scope.n_tids ? o->scope.tids[0]
				      : 0;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < t->n_probes; i++) {
		ret = plan_probe(&t->probes[i], &t->parsed[i], t->kern, pid, err);
		buf_puts(&t->notes, buf_str(&t->probes[i].notes));
	}
	return ret || !buf_err(&t->notes) ? ret : err_nomem(err);
}

/* so many pages for each processor, in one buffer: a power of two */
static uint32_t buffer_bytes(unsigned int pages)
{
	uint64_t want = (uint64_t)(pages ? pages : BUFFER_PAGES) * maps_cpu_slots() *
			(uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t bytes = 4096;

	while (bytes < want && bytes < 1U << 30)
		bytes *= 2;
	return (uint32_t)bytes;
}

/*
 * A user probe goes into the memory of one process if there is only one to be watched: CMD,
 * or -p's. What CMD starts has none: perf's events for uprobes are not inherited with
 * their programs (perf_uprobe_init() makes one of its own for a child, kernel/events/core.c).
 */
static pid_t only_process(const struct scope_opts *s)
{
	if (s->system_wide)
		return 0;
	if (s->command || s->n_pids + s->n_tids != 1)
		return s->command;
	return s->n_pids ? s->pids[0] : s->tids[0];
}

static void note_processes(struct trace *t, const struct trace_feature_opts *o)
{
	bool user = false;

	for (unsigned int i = 0; i < t->n_probes; i++)
		user |= t->probes[i].places[0].path != NULL;
	if (user && !only_process(&o->scope) && !o->scope.system_wide)
		buf_puts(&t->notes,
			 "the probes of user functions go into every process that runs the "
			 "file\n");
	if (user && o->scope.command && !o->scope.system_wide)
		buf_puts(&t->notes,
			 "user functions are probed in CMD itself, not in what it starts "
			 "(--system-wide: in every process)\n");
}

int trace_prepare(struct trace *t, const struct trace_feature_opts *o, struct err *err)
{
	struct tracing_opts to = {
		.command = o->scope.command,
		.pid = only_process(&o->scope),
		.buffer_bytes = buffer_bytes(o->buffer_pages),
		.trace = {
			.include_self = o->include_self,
			.kernel_stack = o->kernel_stack,
			.user_stack = o->user_stack,
			.string_bytes = o->string_bytes ? o->string_bytes : STRING_BYTES,
		},
	};
	int ret = parse(t, o, err);

	if (!ret)
		ret = scope_open(&t->scope, &o->scope, err);
	if (!ret)
		ret = why_precheck(err);
	if (!ret)
		ret = kern_live(&t->kern, err);
	if (!ret)
		ret = exe_procs_new(&t->procs, err);
	if (!ret)
		ret = plan(t, o, err);
	if (ret)
		return ret;
	note_processes(t, o);
	to.probes = t->probes;
	to.n_probes = t->n_probes;
	to.trace.scope = t->scope.who;
	return tracing_new(&t->tracing, t->kern, &to, err);
}

void trace_free(struct trace *t)
{
	tracing_free(t->tracing);
	exe_procs_free(t->procs);
	scope_close(&t->scope);
	for (unsigned int i = 0; i < t->n_probes; i++) {
		plan_probe_free(&t->probes[i]);
		probe_free(&t->parsed[i]);
	}
	free(t->probes);
	free(t->parsed);
	buf_free(&t->notes);
	kern_free(t->kern);
	memset(t, 0, sizeof(*t));
}
