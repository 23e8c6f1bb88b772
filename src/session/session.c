// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Compile, load, attach, enable; and the way back. The programs do nothing
 * until control->armed is set, which is the last thing arming does and the
 * first thing disarming undoes.
 */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "comp/ir.h"
#include "kern/sys.h"
#include "session/internal.h"
#include "util/cleanup.h"

/* bpf_local_storage_map_alloc_check() takes values of nearly 64 KiB; this is less */
#define STATE_BYTES_MAX 60000

static void release_maps(struct session *s)
{
	events_close(&s->events);
	maps_free(&s->maps);
}

void session_free(struct session *s)
{
	if (!s)
		return;
	session_disarm(s);
	release_maps(s);
	targets_free(&s->targets);
	prog_set_free(&s->followers);
	path_free(&s->path);
	for (unsigned int i = 0; s->engines && i < s->opts.n_rules; i++)
		buf_free(&s->engines[i]);
	free(s->engines);
	buf_free(&s->left_out.names);
	buf_free(&s->notes);
	buf_free(&s->tried);
	free(s->jobs);
	free(s->rules);
	free(s);
}

void session_freep(struct session **s)
{
	session_free(*s);
}

static void job_fill(const struct session *s, unsigned int rule, const struct kbtf *btf,
		     uint32_t state, struct comp_job *job)
{
	const struct plan *p = s->rules[rule].plan;

	*job = (struct comp_job){
		.rule = p->rule,
		.number = rule,
		.btf = btf,
		.funcs = p->comp_funcs,
		.n_funcs = p->n_funcs,
		.places = p->places,
		.n_places = p->n_places,
		.chains = p->chains,
		.n_chains = p->n_chains,
		.scope = s->opts.scope,
		.value = s->rules[rule].value,
		.schedule = s->rules[rule].schedule,
		.cpu_slots = s->size.cpu_slots,
		.dry = s->opts.dry,
		.control = maps_rule_offset(rule, s->size.cpu_slots),
		.state = state,
	};
	job->scope.self = s->exempt.self;
	job->scope.exempt = s->exempt.pid;
	job->scope.n_exempt = s->exempt.n;
}

/* a task's state: what all rules share, then each rule's own, then calls of `after` rules */
static int fill_jobs(struct session *s, const struct kbtf *btf, struct err *err)
{
	uint32_t state = sizeof(struct task_state);

	for (unsigned int i = 0; i < s->opts.n_rules; i++) {
		job_fill(s, i, btf, state, &s->jobs[i]);
		if (s->jobs[i].n_chains)
			state += sizeof(struct chain_state);
	}
	for (unsigned int i = 0; s->opts.follow && i < s->opts.n_rules; i++)
		s->jobs[i].path = state;
	if (s->opts.follow)
		state += sizeof(struct path_state);
	s->size.state_bytes = state + sizeof(struct after_state);
	if (s->size.state_bytes > STATE_BYTES_MAX)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "these rules follow more callers than a task has room for");
	return 0;
}

int group_compile(struct group *g, unsigned int site, enum engine e, struct err *err)
{
	const struct comp_site comp = group_site(g, site, e);

	prog_set_free(&g->progs);
	g->planned = e;
	return comp_target(g->jobs, g->n_jobs, &comp, &g->progs, err);
}

/* the engine that is tried first is most often the one */
static int compile(struct session *s, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < s->targets.n_groups; i++) {
		struct group *g = &s->targets.group[i];

		g->after = s->size.state_bytes - (uint32_t)sizeof(struct after_state);
		ret = group_compile(g, 0, g->engine[0], err);
	}
	for (unsigned int i = 0; ret == 0 && i < s->opts.n_rules; i++)
		ret = comp_chains(&s->jobs[i], &s->followers, err);
	if (ret == 0)
		ret = comp_children(&s->jobs[0], &s->followers, err);
	return ret ? ret : comp_path(&s->jobs[0], &s->path.progs, err);
}

static int copy_rules(struct session *s, const struct session_opts *opts, struct err *err)
{
	if (!opts->n_rules || opts->n_rules > LIMIT_RULES)
		return err_plain(err, -E2BIG, ERR_LIMIT, "a session has from 1 to %d rules",
				 LIMIT_RULES);
	s->opts = *opts;
	s->rules = calloc(opts->n_rules, sizeof(*s->rules));
	s->jobs = calloc(opts->n_rules, sizeof(*s->jobs));
	s->engines = calloc(opts->n_rules, sizeof(*s->engines));
	if (!s->rules || !s->jobs || !s->engines)
		return err_nomem(err);
	memcpy(s->rules, opts->rules, opts->n_rules * sizeof(*s->rules));
	s->opts.rules = s->rules;
	return 0;
}

int session_new(struct session **out, struct kern *kern, const struct session_opts *opts,
		struct err *err)
{
	_cleanup_(session_freep) struct session *s = calloc(1, sizeof(*s));
	const struct kbtf *btf;
	int ret;

	if (!s)
		return err_nomem(err);
	maps_init(&s->maps);
	path_init(&s->path);
	s->kern = kern;
	s->exempt.self = 1; /* if nobody else: init always is */
	ret = copy_rules(s, opts, err);
	s->size = (struct maps_size){
		.n_rules = opts->n_rules,
		.cpu_slots = opts->shown_only ? LIMIT_CPUS : maps_cpu_slots(),
	};
	if (!ret && !opts->shown_only)
		ret = exempt_collect(&s->exempt, opts->scope.pids, opts->scope.n_pids, err);
	if (!ret)
		ret = kern_btf(kern, &btf, err);
	if (!ret)
		ret = fill_jobs(s, btf, err);
	if (!ret)
		ret = targets_build(&s->targets, s->rules, s->jobs, opts->n_rules, err);
	if (!ret)
		ret = compile(s, err);
	if (ret)
		return ret;
	*out = take_ptr(s);
	return 0;
}

int session_print(const struct session *s, struct buf *out)
{
	for (unsigned int i = 0; i < s->targets.n_groups; i++)
		prog_set_print(&s->targets.group[i].progs, out);
	prog_set_print(&s->followers, out);
	prog_set_print(&s->path.progs, out);
	return buf_err(out);
}

int session_explain(const struct session *s, struct buf *types, struct buf *ir, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < s->opts.n_rules; i++) {
		const struct plan_site *first = &s->rules[i].plan->sites[0];
		struct comp_job job = s->jobs[i];
		struct comp_site site = first->comp;

		site.kind = engine_kind(first->engine[0]);
		job.site = &site;
		ret = comp_explain(&job, types, ir, err);
	}
	return ret;
}

static struct rule_control *rule_control(const struct session *s, unsigned int rule)
{
	return (void *)((char *)s->maps.control + s->jobs[rule].control);
}

static void publish_places(struct session *s)
{
	for (unsigned int r = 0; r < s->opts.n_rules; r++) {
		const struct plan *p = s->rules[r].plan;

		for (unsigned int i = 0; i < p->n_places; i++) {
			const struct ksym *sym = &p->func[p->places[i].func].sym;

			rule_control(s, r)->place[i].start = sym->addr;
			rule_control(s, r)->place[i].size = sym->size;
		}
	}
}

static int make_maps(struct session *s, const struct lineinfo *li, struct err *err)
{
	int ret = maps_create(&s->maps, &s->size, li, s->opts.command, err);

	if (ret)
		return ret;
	publish_places(s);
	return events_open(&s->events, s->maps.fd[PROG_MAP_EVENTS], err);
}

/* all programs as they are planned, in the order in which attach_all() has them, then path's */
static int describe(const struct session *s, struct lineinfo *li, struct err *err)
{
	_cleanup_free_ struct prog *all = NULL;
	uint32_t n = s->followers.n_progs + s->path.progs.n_progs;

	for (unsigned int i = 0; i < s->targets.n_groups; i++)
		n += s->targets.group[i].progs.n_progs;
	all = calloc(n, sizeof(*all)); /* shallow: the sets own what is in them */
	if (!all)
		return err_nomem(err);
	n = s->followers.n_progs;
	if (n)
		memcpy(all, s->followers.progs, n * sizeof(*all));
	for (unsigned int i = 0; i < s->targets.n_groups; i++) {
		const struct prog_set *set = &s->targets.group[i].progs;

		memcpy(&all[n], set->progs, set->n_progs * sizeof(*all));
		n += set->n_progs;
	}
	if (s->path.progs.n_progs)
		memcpy(&all[n], s->path.progs.progs, s->path.progs.n_progs * sizeof(*all));
	n += s->path.progs.n_progs;
	return lineinfo_build(li, all, n, s->size.state_bytes, err);
}

/*
 * While a map is updated on a CPU, or another probe's program runs there, those of probes do
 * not run; "bpf: Count missed stats in trace_call_bpf" (6.7) and what came with it count that.
 */
static bool probes_tell(struct kern *kern)
{
	struct kbtf_member multi, missed;
	const struct kbtf *btf;
	uint32_t id;

	return kern_btf(kern, &btf, NULL) == 0 &&
	       kbtf_find(btf, BTF_KIND_STRUCT, "bpf_link_info", &id) == 0 &&
	       kbtf_member(btf, id, "kprobe_multi", &multi) == 0 &&
	       kbtf_member(btf, multi.type, "missed", &missed) == 0;
}

static bool has_probes(const struct session *s)
{
	for (unsigned int i = 0; i < s->n_attached; i++)
		if (engine_kind(s->attached[i].engine) == PROG_KPROBE)
			return true;
	return false;
}

int session_arm(struct session *s, struct err *err)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	int ret;

	if (s->maps.btf_fd >= 0)
		return err_plain(err, -EBUSY, ERR_BUSY, "a session is armed only once");
	ret = describe(s, &li, err);
	if (!ret)
		ret = make_maps(s, &li, err);
	if (!ret)
		ret = attach_all(s, &li, err);
	if (!ret && s->opts.follow)
		ret = path_arm(s, &li.progs[li.n_progs - s->path.progs.n_progs], err);
	if (ret) {
		session_disarm(s);
		release_maps(s);
		return ret;
	}
	s->probes = has_probes(s);
	__atomic_store_n(&s->maps.control->armed, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/*
 * An entry not seen may be an injection that did not happen. An exit not seen leaves a
 * stale frame until a shallower entry prunes it; the stack walk is what stands between
 * it and an injection, and fails to only if the same function is being called again.
 * Returns that `after` rules did not see are in rule_control, each once (after_prog.c).
 */
static void add_misses(const struct attached *a, uint64_t *entries, uint64_t *exits)
{
	struct sys_misses m;

	if (engine_is_after(a->engine) || sys_misses(a->prog_fd, a->link.link_fd, &m))
		return;
	*(a->engine == ENGINE_FEXIT ? exits : entries) += m.recursion + m.missed;
}

void session_disarm(struct session *s)
{
	if (s->maps.control)
		__atomic_store_n(&s->maps.control->armed, 0, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < s->n_attached; i++) {
		struct attached *a = &s->attached[i];

		add_misses(a, &s->misses, &s->exit_misses);
		engine_release(&a->link);
		closep(&a->prog_fd);
	}
	s->n_attached = 0;
	free(s->attached);
	s->attached = NULL;
	path_disarm(&s->path);
}

const char *session_engine(const struct session *s, unsigned int rule)
{
	return rule < s->opts.n_rules ? buf_str(&s->engines[rule]) : "";
}

const char *session_notes(const struct session *s)
{
	return buf_str(&s->notes);
}

const char *session_tried(const struct session *s)
{
	return buf_str(&s->tried);
}

const char *session_site_name(const struct session *s, uint32_t place)
{
	return place < s->targets.n_sites ? s->targets.site[place]->comp.func.name : NULL;
}

int session_fd(const struct session *s)
{
	return events_fd(&s->events);
}

struct reader {
	session_record_fn fn;
	void *arg;
};

static int on_record(void *arg, const void *data, size_t len)
{
	const struct reader *r = arg;

	/* a record of another size than we send would be a bug of ours: skip it */
	if (len < offsetof(struct record, stack) || len > sizeof(struct record))
		return 0;
	return r->fn(r->arg, data, len);
}

int session_consume(struct session *s, session_record_fn fn, void *arg)
{
	struct reader r = { fn, arg };

	return events_consume(&s->events, on_record, &r);
}

void session_rule_stats(const struct session *s, unsigned int rule, struct session_rule_stats *out)
{
	const struct rule_control *c;
	uint64_t kept = 0;

	memset(out, 0, sizeof(*out));
	if (!s->maps.control || rule >= s->opts.n_rules)
		return;
	c = rule_control(s, rule);
	for (uint32_t i = 0; i < s->size.cpu_slots; i++) {
		out->hits += __atomic_load_n(&c->cpu[i].hits, __ATOMIC_RELAXED);
		kept += __atomic_load_n(&c->cpu[i].kept, __ATOMIC_RELAXED);
	}
	out->matches = __atomic_load_n(&c->matches, __ATOMIC_RELAXED);
	out->injected = __atomic_load_n(&c->injected, __ATOMIC_RELAXED);
	out->exempt = __atomic_load_n(&c->exempt, __ATOMIC_RELAXED);
	out->nofail = __atomic_load_n(&c->nofail, __ATOMIC_RELAXED);
	out->skipped = __atomic_load_n(&c->skipped, __ATOMIC_RELAXED);
	out->unlucky = __atomic_load_n(&c->unlucky, __ATOMIC_RELAXED);
	out->read_faults = __atomic_load_n(&c->read_faults, __ATOMIC_RELAXED);
	out->unconfirmed = __atomic_load_n(&c->unconfirmed, __ATOMIC_RELAXED);
	out->unpaired = __atomic_load_n(&c->unpaired, __ATOMIC_RELAXED);
	out->entered = __atomic_load_n(&c->entered, __ATOMIC_RELAXED);
	out->callers = plan_has_caller(s->rules[rule].plan);
	if (!__atomic_load_n(&s->maps.control->armed, __ATOMIC_RELAXED))
		out->unpaired += kept; /* until then they may return yet */
}

static void add_rule(struct session_rule_stats *sum, const struct session_rule_stats *r)
{
	sum->hits += r->hits;
	sum->matches += r->matches;
	sum->injected += r->injected;
	sum->exempt += r->exempt;
	sum->nofail += r->nofail;
	sum->skipped += r->skipped;
	sum->unlucky += r->unlucky;
	sum->read_faults += r->read_faults;
	sum->unconfirmed += r->unconfirmed;
	sum->unpaired += r->unpaired;
	sum->entered += r->entered;
	sum->callers |= r->callers;
}

void session_stats(const struct session *s, struct session_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->misses = s->misses;
	out->exit_misses = s->exit_misses;
	out->untold = s->probes && !probes_tell(s->kern); /* not before armed: it is a search */
	for (unsigned int i = 0; i < s->n_attached; i++)
		add_misses(&s->attached[i], &out->misses, &out->exit_misses);
	for (unsigned int i = 0; i < s->opts.n_rules; i++) {
		struct session_rule_stats r;

		session_rule_stats(s, i, &r);
		add_rule(&out->rules, &r);
	}
	if (!s->maps.control)
		return;
	out->drops = __atomic_load_n(&s->maps.control->drops, __ATOMIC_RELAXED);
	out->lost = __atomic_load_n(&s->maps.control->lost, __ATOMIC_RELAXED);
	out->misses += __atomic_load_n(&s->maps.control->busy, __ATOMIC_RELAXED);
}
