// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which programs there are: a probe of one place has its own; places that a pattern
 * names share one, unless the probe names what differs between them. Then maps, arming,
 * and the way back, as in session.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comp/ir.h"
#include "kern/sys.h"
#include "session/session.h"
#include "session/tracing_internal.h"
#include "util/cleanup.h"

static void release_maps(struct tracing *t)
{
	events_close(&t->events);
	maps_free(&t->maps);
}

void tracing_free(struct tracing *t)
{
	if (!t)
		return;
	tracing_disarm(t);
	release_maps(t);
	for (unsigned int i = 0; i < t->n_groups; i++)
		trace_programs_free(&t->groups[i].programs);
	free(t->groups);
	prog_set_free(&t->children);
	buf_free(&t->left_out.names);
	buf_free(&t->notes);
	free(t);
}

void tracing_freep(struct tracing **t)
{
	tracing_free(*t);
}

static struct trace_job job_of(const struct tracing *t, unsigned int probe,
			       const struct comp_func *func, unsigned int place, bool many)
{
	return (struct trace_job){
		.opts = &t->opts.trace,
		.probe = t->opts.probes[probe].probe,
		.number = probe,
		.func = func,
		.place = place,
		.many = many,
		.control = maps_rule_offset(probe, t->size.cpu_slots),
		.after = (uint32_t)(sizeof(struct task_state) + probe * sizeof(struct after_state)),
	};
}

static int add_group(struct tracing *t, unsigned int probe, unsigned int first, unsigned int n,
		     const struct comp_func *func, struct err *err)
{
	const struct trace_job job = job_of(t, probe, func, first, n > 1);
	struct trace_group *grown = realloc(t->groups, (t->n_groups + 1) * sizeof(*grown));
	struct trace_group *g;
	int ret;

	if (!grown)
		return err_nomem(err);
	t->groups = grown;
	g = &grown[t->n_groups];
	*g = (struct trace_group){ .probe = probe, .first = first, .n = n, .many = n > 1 };
	ret = comp_trace(&job, &g->programs, err);
	if (ret == 0)
		t->n_groups++;
	return ret;
}

/* what all of a pattern's have in common: a name, and registers */
static struct comp_func any_of(const struct plan_probe *p)
{
	struct comp_func func = p->places[0].func;

	func.func_id = 0;
	func.btf = NULL;
	for (unsigned int i = 0; i < p->n_places; i++)
		if (p->places[i].func.syscall != func.syscall)
			func.syscall = false;
	return func;
}

static bool is_shared(const struct tracing *t, unsigned int probe)
{
	const struct plan_probe *p = &t->opts.probes[probe];
	const struct comp_func func = any_of(p);
	const struct trace_job job = job_of(t, probe, &func, 0, true);
	struct err ignored = { 0 };
	bool named = true;

	if (p->n_places == 1 || p->probe->kind == PROBE_USDT)
		return false;
	for (unsigned int i = 1; i < p->n_places; i++)
		if (p->places[i].func.syscall != p->places[0].func.syscall)
			return false;
	return comp_trace_names(&job, &named, &ignored) == 0 && !named;
}

/* one that the probe's names do not fit is left out, if there is another that they do */
static int add_each(struct tracing *t, unsigned int probe, struct err *err)
{
	const struct plan_probe *p = &t->opts.probes[probe];
	unsigned int before = t->n_groups;
	struct err first = { 0 };
	int ret = 0;

	for (unsigned int i = 0; i < p->n_places; i++) {
		struct err one = { 0 };

		ret = add_group(t, probe, i, 1, &p->places[i].func, &one);
		if (ret && !first.code)
			first = one;
		if (ret == -ENOMEM)
			break;
		if (ret)
			left_out_add(&t->left_out, p->places[i].func.name, one.msg);
	}
	if (t->n_groups > before && ret != -ENOMEM)
		return 0;
	if (err)
		*err = first;
	return first.code;
}

static int compile(struct tracing *t, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < t->opts.n_probes; i++) {
		const struct plan_probe *p = &t->opts.probes[i];

		if (is_shared(t, i)) {
			const struct comp_func func = any_of(p);

			ret = add_group(t, i, 0, p->n_places, &func, err);
		} else {
			ret = add_each(t, i, err);
		}
	}
	if (ret == 0 && t->opts.trace.scope.marked) {
		const struct trace_job job =
			job_of(t, 0, &t->opts.probes[0].places[0].func, 0, false);

		ret = comp_trace_children(&job, &t->children, err);
	}
	return ret;
}

int tracing_new(struct tracing **out, struct kern *kern, const struct tracing_opts *opts,
		struct err *err)
{
	_cleanup_(tracing_freep) struct tracing *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return err_nomem(err);
	maps_init(&t->maps);
	t->kern = kern;
	t->opts = *opts;
	if (!opts->n_probes || opts->n_probes > LIMIT_PROBES)
		return err_plain(err, -E2BIG, ERR_LIMIT, "a trace has from 1 to %d probes",
				 LIMIT_PROBES);
	t->size = (struct maps_size){
		.n_rules = opts->n_probes,
		.cpu_slots = maps_cpu_slots(),
		.state_bytes = (uint32_t)(sizeof(struct task_state) +
					  opts->n_probes * sizeof(struct after_state)),
		.events_bytes = opts->buffer_bytes,
	};
	t->opts.trace.cpu_slots = t->size.cpu_slots;
	t->opts.trace.scope.self = (uint32_t)getpid();
	ret = kern_btf(kern, &t->opts.trace.btf, err);
	if (ret == 0)
		ret = compile(t, err);
	if (ret)
		return ret;
	left_out_note(&t->left_out, "functions", &t->notes);
	*out = take_ptr(t);
	return 0;
}

int tracing_print(const struct tracing *t, struct buf *out)
{
	for (unsigned int i = 0; i < t->n_groups; i++)
		prog_set_print(&t->groups[i].programs.progs, out);
	prog_set_print(&t->children, out);
	return buf_err(out);
}

static bool whole(const struct trace_layout *l, const struct record *r, size_t len)
{
	/* a size other than what the program reserves would be a bug of ours: skip it */
	return len == l->size && r->kind == RECORD_TRACE;
}

/* all programs, in the order in which tracing_attach() has them */
static int describe(const struct tracing *t, struct lineinfo *li, struct err *err)
{
	_cleanup_free_ struct prog *all = NULL;
	uint32_t n = t->children.n_progs;

	for (unsigned int i = 0; i < t->n_groups; i++)
		n += t->groups[i].programs.progs.n_progs;
	all = calloc(n, sizeof(*all)); /* shallow: the sets own what is in them */
	if (!all)
		return err_nomem(err);
	n = t->children.n_progs;
	if (n)
		memcpy(all, t->children.progs, n * sizeof(*all));
	for (unsigned int i = 0; i < t->n_groups; i++) {
		const struct prog_set *set = &t->groups[i].programs.progs;

		memcpy(&all[n], set->progs, set->n_progs * sizeof(*all));
		n += set->n_progs;
	}
	return lineinfo_build(li, all, n, t->size.state_bytes, err);
}

int tracing_arm(struct tracing *t, struct err *err)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	int ret;

	if (t->maps.btf_fd >= 0)
		return err_plain(err, -EBUSY, ERR_BUSY, "a trace is armed only once");
	ret = describe(t, &li, err);
	if (!ret)
		ret = maps_create(&t->maps, &t->size, &li, t->opts.command, err);
	if (!ret)
		ret = events_open(&t->events, t->maps.fd[PROG_MAP_EVENTS], err);
	if (!ret)
		ret = tracing_attach(t, &li, err);
	if (ret) {
		tracing_disarm(t);
		release_maps(t);
		return ret;
	}
	__atomic_store_n(&t->maps.control->armed, 1, __ATOMIC_SEQ_CST);
	return 0;
}

void tracing_disarm(struct tracing *t)
{
	if (t->maps.control)
		__atomic_store_n(&t->maps.control->armed, 0, __ATOMIC_SEQ_CST);
	tracing_detach(t);
}

const char *tracing_notes(const struct tracing *t)
{
	return buf_str(&t->notes);
}

int tracing_fd(const struct tracing *t)
{
	return events_fd(&t->events);
}

struct reader {
	const struct tracing *tracing;
	tracing_event_fn fn;
	void *arg;
};

static int on_record(void *arg, const void *data, size_t len)
{
	const struct reader *reader = arg;
	const struct tracing *t = reader->tracing;
	const struct record *r = data;
	struct tracing_event e = { .head = r };

	if (len < offsetof(struct record, stack) + sizeof(struct trace_tail) ||
	    r->rule >= t->opts.n_probes)
		return 0;
	e.number = r->rule;
	e.probe = &t->opts.probes[r->rule];
	e.tail = (const void *)&r->stack;
	if (r->place >= e.probe->n_places)
		return 0;
	e.place = &e.probe->places[r->place];
	for (unsigned int i = 0; i < t->n_groups && !e.layout; i++) {
		const struct trace_group *g = &t->groups[i];

		if (g->probe == r->rule && r->place - g->first < g->n)
			e.layout = &g->programs.layout;
	}
	return e.layout && whole(e.layout, r, len) ? reader->fn(reader->arg, &e) : 0;
}

int tracing_consume(struct tracing *t, tracing_event_fn fn, void *arg)
{
	struct reader r = { t, fn, arg };

	return events_consume(&t->events, on_record, &r);
}

void tracing_stats(const struct tracing *t, struct tracing_stats *out)
{
	*out = (struct tracing_stats){ .misses = t->misses };
	for (unsigned int i = 0; i < t->n_links; i++) {
		const struct trace_link *l = &t->links[i];
		struct sys_misses m;

		if (l->counts && sys_misses(l->prog_fd, l->link.link_fd, &m) == 0)
			out->misses += m.recursion + m.missed;
	}
	if (!t->maps.control)
		return;
	out->drops = __atomic_load_n(&t->maps.control->drops, __ATOMIC_RELAXED);
	out->lost = __atomic_load_n(&t->maps.control->lost, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < t->opts.n_probes; i++) {
		const struct rule_control *c =
			(void *)((char *)t->maps.control + maps_rule_offset(i, t->size.cpu_slots));

		out->read_faults += __atomic_load_n(&c->read_faults, __ATOMIC_RELAXED);
		out->unpaired += __atomic_load_n(&c->unpaired, __ATOMIC_RELAXED);
		for (uint32_t k = 0; k < t->size.cpu_slots; k++)
			out->hits += __atomic_load_n(&c->cpu[k].hits, __ATOMIC_RELAXED);
	}
}
