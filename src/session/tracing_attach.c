// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Probes into the kernel. On kernel functions always kprobes, never trampolines: one on a
 * function that can be overridden would keep an override away from it, and be garbled by
 * one that is there (kernel-facts 2.5).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/sys.h"
#include "kern/why.h"
#include "session/tracing_internal.h"
#include "util/cleanup.h"

static int keep(struct tracing *t, int prog_fd, struct engine_link link, bool counts)
{
	struct trace_link *grown = realloc(t->links, (t->n_links + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	t->links = grown;
	grown[t->n_links++] = (struct trace_link){ prog_fd, link, counts };
	return 0;
}

void tracing_detach(struct tracing *t)
{
	struct tracing_stats now;

	tracing_stats(t, &now);
	t->misses = now.misses;
	for (unsigned int i = 0; i < t->n_links; i++) {
		engine_release(&t->links[i].link);
		closep(&t->links[i].prog_fd);
	}
	free(t->links);
	t->links = NULL;
	t->n_links = 0;
}

/*
 * The engines of a group, best first. A kretprobe is not run where a kprobe that was put
 * there later overrides the function; kretprobe.multi is, but has room for two calls on
 * each processor where a kretprobe has at least ten.
 */
static unsigned int engines_of(const struct tracing *t, const struct trace_group *g,
			       enum engine out[2])
{
	const struct probe *p = t->opts.probes[g->probe].probe;
	const struct plan_place *place = &t->opts.probes[g->probe].places[g->first];
	struct ksym sym = { .addr = place->addr };
	unsigned int single;

	if (p->kind == PROBE_TRACEPOINT) {
		out[0] = ENGINE_TRACEPOINT;
		return 1;
	}
	if (place->path) {
		out[0] = p->kind == PROBE_RETURN ? ENGINE_URETPROBE : ENGINE_UPROBE;
		return 1;
	}
	if (p->kind != PROBE_RETURN) {
		single = p->offset ? 0 : 1; /* ftrace knows entries only */
		out[0] = ENGINE_KPROBE_MULTI;
		out[single] = ENGINE_KPROBE;
		return single + 1;
	}
	single = g->n > 1 || kern_error_type(t->kern, place->func.name, &sym) != KERN_ERROR_UNKNOWN;
	out[!single] = ENGINE_KRETPROBE_MULTI;
	out[single] = ENGINE_KRETPROBE;
	return 2;
}

static struct engine_site site_of(const struct tracing *t, const struct trace_group *g,
				  unsigned int place)
{
	const struct plan_place *p = &t->opts.probes[g->probe].places[place];
	struct engine_site s = {
		.func = p->func.name,
		.addr = p->addr,
		.cookie = g->many ? place : 0,
		.tracepoint = p->event,
	};

	s.file.path = p->path;
	s.file.offset = p->file_offset;
	s.file.semaphore = p->semaphore;
	s.file.pid = t->opts.pid;
	return s;
}

/* a program, given away with its first attachment */
struct give {
	struct tracing *t;
	const struct trace_group *g;
	enum engine engine;
	int prog_fd, borrowed_fd;
	struct engine_site *sites;
	unsigned int attached;
	bool counts;
	int failed; /* the last reason that a place was left out */
};

static int attach_at(struct give *v, unsigned int first, unsigned int n)
{
	struct engine_link link = ENGINE_LINK_NONE;
	int ret = engine_attach(v->engine, v->borrowed_fd, &v->sites[first], n, &link);

	if (ret)
		return ret;
	if (keep(v->t, v->prog_fd, link, v->counts)) {
		engine_release(&link);
		return -ENOMEM;
	}
	v->prog_fd = -1;
	v->attached += n;
	return 0;
}

/* one bad place fails the whole link, and halving finds it */
static int attach_halves(struct give *v, unsigned int first, unsigned int n)
{
	int ret = n == 1 || engine_takes_many(v->engine) ? attach_at(v, first, n) : -EINVAL;
	char why[160];

	if (!ret || !v->g->many || !engine_is_about_site(ret))
		return ret;
	if (n > 1) {
		ret = attach_halves(v, first, n / 2);
		return ret ? ret : attach_halves(v, first + n / 2, n - n / 2);
	}
	snprintf(why, sizeof(why), "no probe can be there: %s", strerror(-ret));
	left_out_add(&v->t->left_out, v->sites[first].func, why);
	v->failed = ret;
	return 0;
}

static int attach_program(struct tracing *t, const struct trace_group *g, enum engine e, int fd,
			  bool counts)
{
	_cleanup_free_ struct engine_site *sites = calloc(g->n, sizeof(*sites));
	struct give v = { .t = t,
			  .g = g,
			  .engine = e,
			  .prog_fd = fd,
			  .borrowed_fd = fd,
			  .sites = sites,
			  .counts = counts };
	int ret = sites ? 0 : -ENOMEM;

	for (unsigned int i = 0; ret == 0 && i < g->n; i++)
		sites[i] = site_of(t, g, g->first + i);
	if (ret == 0)
		ret = attach_halves(&v, 0, g->n);
	closep(&v.prog_fd);
	return ret || v.attached ? ret : v.failed;
}

/* entries before returns: then a return is of a call that was seen */
static int attach_group(struct tracing *t, const struct trace_group *g, enum engine e,
			const struct prog_info *info, struct err *err)
{
	const struct engine_world world = { t->maps.btf_fd, t->maps.fd };
	const struct prog_set *set = &g->programs.progs;
	int ret = 0;

	for (unsigned int i = set->n_progs; ret == 0 && i-- > 0;) {
		enum engine at = i ? engine_entry(e) : e;
		int fd = -1;

		ret = engine_load(at, &set->progs[i], &info[i], &world, &fd, err);
		if (ret == 0)
			ret = attach_program(t, g, at, fd, !i || !g->programs.paired);
	}
	return ret;
}

static int cannot(const struct tracing *t, const struct trace_group *g, enum engine e, int ret,
		  struct err *err)
{
	const struct plan_probe *p = &t->opts.probes[g->probe];
	const struct plan_place *place = &p->places[g->first];

	if (err->code)
		return err_locate(err, p->probe->rule->src, p->probe->at);
	if (!place->path && p->probe->kind != PROBE_TRACEPOINT && ret == -EOPNOTSUPP) {
		err_plain(
			err, ret, ERR_KERNEL_LACKS,
			"this kernel has no kprobes, by which its functions are looked at: it was "
			"built without CONFIG_KPROBES or CONFIG_KPROBE_EVENTS");
		err_note(err, SPAN_NONE,
			 "look at a tracepoint or a user function, or run it in a guest that has "
			 "everything: retcon vm -- retcon trace ...");
		return err_locate(err, p->probe->rule->src, p->probe->at);
	}
	if (!place->path && p->probe->kind != PROBE_TRACEPOINT && g->n == 1 && !p->probe->offset)
		why_not_traceable(t->kern, place->func.name, ret, err);
	if (!err->code)
		err_plain(err, ret, ERR_ATTACH, "cannot attach to %s%s%s by %s: %s",
			  place->path ? place->path : "", place->path ? ":" : "", place->func.name,
			  engine_name(e), strerror(-ret));
	return err_locate(err, p->probe->rule->src, p->probe->at);
}

static int try_engines(struct tracing *t, const struct trace_group *g, const struct prog_info *info,
		       struct err *err)
{
	enum engine engines[2];
	unsigned int n = engines_of(t, g, engines), before = t->n_links;
	int ret = -EINVAL;

	for (unsigned int i = 0; ret && i < n; i++) {
		err_clear(err);
		ret = attach_group(t, g, engines[i], info, err);
		if (ret && err->tag == ERR_VERIFIER)
			break;
		while (ret && t->n_links > before) {
			struct trace_link *l = &t->links[--t->n_links];

			engine_release(&l->link);
			closep(&l->prog_fd);
		}
		if (ret && i + 1 == n)
			return cannot(t, g, engines[i], ret, err);
	}
	return ret;
}

static int attach_children(struct tracing *t, const struct lineinfo *li, struct err *err)
{
	const struct engine_world world = { t->maps.btf_fd, t->maps.fd };
	struct engine_link link = ENGINE_LINK_NONE;
	int fd = -1, ret;

	if (!t->children.n_progs)
		return 0;
	ret = engine_load(ENGINE_TP_BTF, t->children.progs, li->progs, &world, &fd, err);
	if (ret == 0)
		ret = engine_attach(ENGINE_TP_BTF, fd, NULL, 1, &link);
	if (ret == 0)
		ret = keep(t, fd, link, false);
	if (ret) {
		engine_release(&link);
		closep(&fd);
		if (!err->code)
			err_plain(err, ret, ERR_ATTACH, "cannot follow the command's children: %s",
				  strerror(-ret));
	}
	return ret;
}

int tracing_attach(struct tracing *t, const struct lineinfo *li, struct err *err)
{
	const struct prog_info *info = li->progs + t->children.n_progs;
	struct err local = { 0 };
	int ret = attach_children(t, li, err ? err : &local);

	for (unsigned int i = 0; ret == 0 && i < t->n_groups; i++) {
		ret = try_engines(t, &t->groups[i], info, err ? err : &local);
		info += t->groups[i].programs.progs.n_progs;
	}
	left_out_note(&t->left_out, "places", &t->notes);
	return ret;
}
