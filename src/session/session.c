// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Compile, load, attach, enable; and the way back. The programs do nothing
 * until control->armed is set, which is the last thing arming does and the
 * first thing disarming undoes.
 */
#include "session/session.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "comp/comp.h"
#include "comp/ir.h"
#include "comp/lineinfo.h"
#include "engine/engine.h"
#include "kern/sys.h"
#include "kern/why.h"
#include "session/exempt.h"
#include "session/maps.h"
#include "util/cleanup.h"

struct session {
	struct kern *kern; /* borrowed */
	const struct plan *plan;
	struct session_opts opts;
	struct exempt exempt;
	struct prog_set progs;
	struct maps maps;
	int btf_fd;
	struct engine_link *links; /* one a program, same order */
	unsigned int n_links;
	uint64_t misses, exit_misses; /* of links that are gone */
	struct ring_buffer *ring;
	session_record_fn fn; /* only during session_consume(), as the next three */
	void *arg;
	unsigned int batch; /* records left of this batch */
	int stopped;	    /* what the callback wanted to stop with */
};

static void release_maps(struct session *s)
{
	ring_buffer__free(s->ring);
	s->ring = NULL;
	maps_free(&s->maps);
	closep(&s->btf_fd);
	s->btf_fd = -1;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	session_disarm(s);
	release_maps(s);
	prog_set_free(&s->progs);
	free(s->links);
	free(s);
}

void session_freep(struct session **s)
{
	session_free(*s);
}

static int job_fill(const struct session *s, const struct kbtf *btf, struct comp_job *job,
		    struct err *err)
{
	const struct plan *p = s->plan;
	struct kbtf_proto proto;

	*job = (struct comp_job){
		.rule = p->rule,
		.btf = btf,
		.target = &p->target,
		.funcs = p->comp_funcs,
		.n_funcs = p->n_funcs,
		.places = p->places,
		.n_places = p->n_places,
		.chains = p->chains,
		.n_chains = p->n_chains,
		.scope = { .self = s->exempt.self,
			   .exempt = s->exempt.pid,
			   .n_exempt = s->exempt.n,
			   .kthreads = s->opts.kthreads,
			   .pid = (uint32_t)s->opts.pid,
			   .marked = s->opts.command > 0 },
		.value = s->opts.value,
		.schedule = s->opts.schedule,
		.cpu_slots = s->opts.shown_only ? LIMIT_CPUS : maps_cpu_slots(),
	};
	if (s->opts.gfp_param < 0)
		return 0;
	if (kbtf_func(btf, p->target_name, &proto) ||
	    (unsigned int)s->opts.gfp_param >= proto.n_params)
		return err_plain(err, -EOPNOTSUPP, ERR_BTF,
				 "%s has no parameter %d in this kernel's BTF", p->target_name,
				 s->opts.gfp_param + 1);
	job->gfp_param = kbtf_str(btf, proto.params[s->opts.gfp_param].name_off);
	return kern_gfp_nofail(s->kern, &job->nofail_mask, err);
}

int session_new(struct session **out, struct kern *kern, const struct plan *plan,
		const struct session_opts *opts, struct err *err)
{
	_cleanup_(session_freep) struct session *s = calloc(1, sizeof(*s));
	const struct kbtf *btf;
	struct comp_job job;
	int ret;

	if (!s)
		return err_nomem(err);
	maps_init(&s->maps);
	s->btf_fd = -1;
	s->kern = kern;
	s->plan = plan;
	s->opts = *opts;
	s->exempt.self = 1; /* if nobody else: init always is */
	ret = opts->shown_only ? 0 : exempt_collect(&s->exempt, opts->pid, err);
	if (!ret)
		ret = kern_btf(kern, &btf, err);
	if (!ret)
		ret = job_fill(s, btf, &job, err);
	if (!ret)
		ret = comp_rule(&job, &s->progs, err);
	if (ret)
		return ret;
	*out = take_ptr(s);
	return 0;
}

int session_print(const struct session *s, struct buf *out)
{
	for (unsigned int i = 0; i < s->progs.n_progs; i++) {
		const struct prog *p = &s->progs.progs[i];

		buf_printf(out, "%s%s%s%s:\n", i ? "\n" : "", p->name, p->func[0] ? " on " : "",
			   p->func);
		prog_print(p, out);
	}
	return buf_err(out);
}

int session_explain(const struct session *s, struct buf *types, struct buf *ir, struct err *err)
{
	const struct kbtf *btf;
	struct comp_job job;
	int ret = kern_btf(s->kern, &btf, err);

	if (!ret)
		ret = job_fill(s, btf, &job, err);
	return ret ? ret : comp_explain(&job, types, ir, err);
}

static struct engine_site site_of(const struct session *s, const struct prog *p)
{
	const struct plan *plan = s->plan;

	if (strcmp(p->func, plan->target_name) == 0)
		return (struct engine_site){ p->func, plan->target_sym.addr };
	for (unsigned int i = 0; i < plan->n_funcs; i++)
		if (strcmp(p->func, plan->func[i].name) == 0)
			return (struct engine_site){ p->func, plan->func[i].sym.addr };
	return (struct engine_site){ p->func, 0 };
}

static int attach_one(struct session *s, const struct lineinfo *li, unsigned int i, struct err *err)
{
	const struct prog *p = &s->progs.progs[i];
	const struct engine_world world = { s->btf_fd, s->maps.fd };
	const struct engine_site site = site_of(s, p);
	int ret = engine_arm(p, &li->progs[i], &world, &site, &s->links[i], err);

	if (!ret || (err && err->tag == ERR_VERIFIER))
		return ret;
	if (i == 0) {
		why_not_overridable(s->kern, p->func, ret, err);
		err_locate(err, s->plan->rule->src, s->plan->rule->target_at);
	} else if (p->kind != PROG_RAW_TP) {
		why_not_traceable(s->kern, p->func, ret, err);
	}
	return err && err->code ? err->code : ret;
}

/*
 * The target, which is first in the set, comes last. (The order is of no consequence:
 * nothing happens before `armed`. A call inside a chain function then is not seen.)
 */
static int attach_all(struct session *s, const struct lineinfo *li, struct err *err)
{
	s->n_links = s->progs.n_progs;
	s->links = calloc(s->n_links, sizeof(*s->links));
	if (!s->links) {
		s->n_links = 0;
		return err_nomem(err);
	}
	for (unsigned int i = 0; i < s->n_links; i++)
		s->links[i] = ENGINE_LINK_NONE;
	for (unsigned int i = s->n_links; i-- > 0;) {
		int ret = attach_one(s, li, i, err);

		if (ret)
			return ret;
	}
	return 0;
}

/* libbpf goes on until the ring is empty unless told by a negative number to stop */
static int on_record(void *ctx, void *data, size_t len)
{
	struct session *s = ctx;
	const size_t fixed = offsetof(struct record, stack);

	/* a record of another size than we send would be a bug of ours: skip it */
	if (s->fn && len >= fixed && len <= sizeof(struct record))
		s->stopped = s->fn(s->arg, data, len);
	return s->stopped || --s->batch == 0 ? -ECANCELED : 0;
}

static void publish_places(struct session *s)
{
	for (unsigned int i = 0; i < s->plan->n_places; i++) {
		const struct ksym *sym = &s->plan->func[s->plan->places[i].func].sym;

		s->maps.control->place[i].start = sym->addr;
		s->maps.control->place[i].size = sym->size;
	}
}

static int arm(struct session *s, const struct lineinfo *li, struct err *err)
{
	int ret;

	s->btf_fd = sys_btf_load(li->btf, li->btf_len, NULL, 0);
	if (s->btf_fd < 0)
		return err_plain(err, s->btf_fd, s->btf_fd == -EPERM ? ERR_PERMISSION : ERR_BTF,
				 "the kernel refused our type information: %s",
				 strerror(-s->btf_fd));
	ret = maps_create(&s->maps, maps_cpu_slots(), s->btf_fd, li->key_id, li->value_id, err);
	if (!ret && s->opts.command)
		ret = maps_mark(&s->maps, s->opts.command, err);
	if (ret)
		return ret;
	publish_places(s);
	s->ring = ring_buffer__new(s->maps.fd[PROG_MAP_EVENTS], on_record, s, NULL);
	if (!s->ring)
		return err_plain(err, -errno, ERR_SYSTEM, "cannot map the event buffer: %s",
				 strerror(errno));
	ret = attach_all(s, li, err);
	if (ret)
		return ret;
	__atomic_store_n(&s->maps.control->armed, 1, __ATOMIC_SEQ_CST);
	return 0;
}

int session_arm(struct session *s, struct err *err)
{
	struct lineinfo li = { 0 };
	int ret;

	if (s->btf_fd >= 0)
		return err_plain(err, -EBUSY, ERR_BUSY, "a session is armed only once");
	ret = lineinfo_build(&li, s->progs.progs, s->progs.n_progs, err);
	if (!ret)
		ret = arm(s, &li, err);
	lineinfo_free(&li);
	if (ret) {
		session_disarm(s);
		release_maps(s);
	}
	return ret;
}

/*
 * An entry not seen may be an injection that did not happen. An exit not seen leaves a
 * stale frame until a shallower entry prunes it; the stack walk is what stands between
 * it and an injection, and fails to only if the same function is being called again.
 */
static void add_misses(const struct session *s, unsigned int i, uint64_t *entries, uint64_t *exits)
{
	const struct engine_link *l = &s->links[i];
	struct sys_misses m;

	if (l->prog_fd < 0 || sys_misses(l->prog_fd, l->link_fd, &m))
		return;
	*(s->progs.progs[i].kind == PROG_FEXIT ? exits : entries) += m.recursion + m.missed;
}

void session_disarm(struct session *s)
{
	if (s->maps.control)
		__atomic_store_n(&s->maps.control->armed, 0, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < s->n_links; i++) {
		add_misses(s, i, &s->misses, &s->exit_misses);
		engine_release(&s->links[i]);
	}
	s->n_links = 0;
	free(s->links);
	s->links = NULL;
}

const char *session_engine(const struct session *s)
{
	return s->n_links ? s->links[0].engine : "";
}

int session_fd(const struct session *s)
{
	return s->ring ? ring_buffer__epoll_fd(s->ring) : -1;
}

int session_consume(struct session *s, session_record_fn fn, void *arg)
{
	int ret;

	if (!s->ring)
		return 0;
	s->fn = fn;
	s->arg = arg;
	s->batch = SESSION_BATCH;
	s->stopped = 0;
	ret = ring_buffer__consume(s->ring);
	s->fn = NULL;
	if (s->stopped)
		return s->stopped;
	return ret < 0 && ret != -ECANCELED ? ret : 0;
}

void session_stats(const struct session *s, struct session_stats *out)
{
	const struct control *c = s->maps.control;

	memset(out, 0, sizeof(*out));
	out->misses = s->misses;
	out->exit_misses = s->exit_misses;
	for (unsigned int i = 0; i < s->n_links; i++)
		add_misses(s, i, &out->misses, &out->exit_misses);
	if (!c)
		return;
	for (uint32_t i = 0; i < s->maps.cpu_slots; i++)
		out->hits += __atomic_load_n(&c->cpu[i].hits, __ATOMIC_RELAXED);
	out->matches = __atomic_load_n(&c->matches, __ATOMIC_RELAXED);
	out->injected = __atomic_load_n(&c->injected, __ATOMIC_RELAXED);
	out->exempt = __atomic_load_n(&c->exempt, __ATOMIC_RELAXED);
	out->nofail = __atomic_load_n(&c->nofail, __ATOMIC_RELAXED);
	out->skipped = __atomic_load_n(&c->skipped, __ATOMIC_RELAXED);
	out->unlucky = __atomic_load_n(&c->unlucky, __ATOMIC_RELAXED);
	out->drops = __atomic_load_n(&c->drops, __ATOMIC_RELAXED);
	out->read_faults = __atomic_load_n(&c->read_faults, __ATOMIC_RELAXED);
	out->unconfirmed = __atomic_load_n(&c->unconfirmed, __ATOMIC_RELAXED);
	out->lost = __atomic_load_n(&c->lost, __ATOMIC_RELAXED);
}
