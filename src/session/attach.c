// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs on functions. Callers are followed first, the targets come last. (The order is
 * of no consequence: nothing happens before `armed`.) A target's engines are tried one
 * after the other: what the kernel refuses is the proof that it does not have it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/sys.h"
#include "kern/why.h"
#include "session/internal.h"
#include "util/cleanup.h"

static int add_attached(struct session *s, enum engine e, int prog_fd, struct engine_link link)
{
	struct attached *grown = realloc(s->attached, (s->n_attached + 1) * sizeof(*s->attached));

	if (!grown)
		return -ENOMEM;
	s->attached = grown;
	grown[s->n_attached++] = (struct attached){ e, prog_fd, link };
	return 0;
}

static void detach_from(struct session *s, unsigned int first)
{
	while (s->n_attached > first) {
		struct attached *a = &s->attached[--s->n_attached];

		engine_release(&a->link);
		closep(&a->prog_fd);
	}
}

/* Sites of a group that an engine could not be had for: the next one may. */
struct left_sites {
	unsigned int *site;
	unsigned int n;
	int why; /* of the first of them */
};

static int left_sites_init(struct left_sites *l, const struct group *g)
{
	*l = (struct left_sites){ .site = calloc(g->n_sites, sizeof(*l->site)) };
	return l->site ? 0 : -ENOMEM;
}

static void left_sites_free(struct left_sites *l)
{
	free(l->site);
}

static void left_sites_add(struct left_sites *l, unsigned int site, int why)
{
	if (!l->n)
		l->why = why;
	l->site[l->n++] = site;
}

/* sites, and the program that is loaded for them */
struct job {
	struct session *s;
	enum engine engine;
	int prog_fd;	 /* given away with the first attachment */
	int borrowed_fd; /* the same, for all others */
	struct engine_site *sites;
	struct left_sites *left; /* NULL: a site that cannot be attached to is an error */
};

static int attach_at(struct job *j, unsigned int first, unsigned int n)
{
	struct engine_link link = ENGINE_LINK_NONE;
	int ret = engine_attach(j->engine, j->borrowed_fd, &j->sites[first], n, &link);

	if (ret)
		return ret;
	if (add_attached(j->s, j->engine, j->prog_fd, link)) {
		engine_release(&link);
		return -ENOMEM;
	}
	j->prog_fd = -1;
	return 0;
}

/* what the kernel says of one address that it has no place for a probe at */
static bool is_about_sites(int ret)
{
	return ret == -EINVAL || ret == -ENOENT || ret == -ESRCH || ret == -EADDRNOTAVAIL ||
	       ret == -EILSEQ;
}

/* one link for all; one bad site fails it whole, and halving finds it */
static int attach_halves(struct job *j, unsigned int first, unsigned int n)
{
	int ret = attach_at(j, first, n);

	if (!ret || !j->left || !is_about_sites(ret))
		return ret;
	if (n == 1) {
		left_sites_add(j->left, first, ret);
		return 0;
	}
	ret = attach_halves(j, first, n / 2);
	return ret ? ret : attach_halves(j, first + n / 2, n - n / 2);
}

static int attach_each(struct job *j, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < n; i++) {
		ret = attach_at(j, i, 1);
		if (ret && j->left && is_about_sites(ret)) {
			left_sites_add(j->left, i, ret);
			ret = 0;
		}
	}
	return ret;
}

static struct engine_site site_of(const struct group *g, unsigned int i)
{
	return (struct engine_site){
		.func = g->sites[i]->comp.func.name,
		.addr = g->sites[i]->sym.addr,
		.cookie = g->first + i,
	};
}

/* a loaded program of the group, at all of its sites */
static int attach_prog(struct session *s, const struct group *g, enum engine e, int prog_fd,
		       struct left_sites *left, struct err *err)
{
	_cleanup_free_ struct engine_site *sites = calloc(g->n_sites, sizeof(*sites));
	struct job j = { .s = s,
			 .engine = e,
			 .prog_fd = prog_fd,
			 .borrowed_fd = prog_fd,
			 .sites = sites,
			 .left = g->pattern ? left : NULL };
	int ret = -ENOMEM;

	if (sites) {
		for (unsigned int i = 0; i < g->n_sites; i++)
			sites[i] = site_of(g, i);
		ret = engine_takes_many(e) ? attach_halves(&j, 0, g->n_sites)
					   : attach_each(&j, g->n_sites);
		if (!ret && left->n == g->n_sites)
			ret = left->why;
	}
	closep(&j.prog_fd);
	if (ret)
		return err_plain(err, ret, ERR_ATTACH, "cannot attach to %s by %s: %s",
				 g->sites[0]->comp.func.name, engine_name(e), strerror(-ret));
	return 0;
}

/* the group's programs, as they are compiled now: the target's, then what goes before it */
static int load_and_attach(struct session *s, const struct group *g, enum engine e,
			   const struct prog_info *info, int btf_fd, struct left_sites *left,
			   struct err *err)
{
	const struct engine_world world = { btf_fd, g->map_fds ? g->map_fds : s->maps.fd };
	int ret = 0;

	/* entries first: a return is of a call that was seen */
	for (unsigned int i = g->progs.n_progs; ret == 0 && i-- > 0;) {
		enum engine at = i ? engine_entry(e) : e;
		int fd = -1;

		ret = engine_load(at, &g->progs.progs[i], &info[i], &world, &fd, err);
		if (ret == 0)
			ret = attach_prog(s, g, at, fd, left, err);
	}
	return ret;
}

/* with line information of its own, as the session's is loaded already */
static int compile_and_attach(struct session *s, struct group *g, enum engine e,
			      struct left_sites *left, struct err *err)
{
	_cleanup_(lineinfo_free) struct lineinfo li = { 0 };
	_cleanup_close_ int btf_fd = -1;
	int ret = group_compile(g, 0, e, err);

	if (ret == 0)
		ret = lineinfo_build(&li, g->progs.progs, g->progs.n_progs, s->size.state_bytes,
				     err);
	if (ret)
		return ret;
	btf_fd = sys_btf_load(li.btf, li.btf_len, NULL, 0);
	if (btf_fd < 0)
		return err_plain(err, btf_fd, ERR_BTF,
				 "the kernel refused our type information: %s", strerror(-btf_fd));
	return load_and_attach(s, g, e, li.progs, btf_fd, left, err);
}

/* one site of a group, as a group */
static struct group group_alone(const struct group *g, unsigned int site)
{
	struct group one = *g;

	one.sites = &g->sites[site];
	one.n_sites = 1;
	one.first = g->first + site;
	one.planned = ENGINE_COUNT;
	one.progs = (struct prog_set){ 0 };
	return one;
}

/*
 * Of one site or engine alone, or will it be the same for all? (EPERM of loading is;
 * attaching has a rule for each mechanism.)
 */
static bool is_of_one(const struct err *why)
{
	return why->tag != ERR_VERIFIER && why->tag != ERR_PERMISSION && why->code != -ENOMEM;
}

/* a program for each site: all that differs is where it goes, and its number */
static int attach_trampolines(struct session *s, struct group *g, enum engine e,
			      struct left_sites *left, struct err *err)
{
	/* a record for each of them: the programs keep the map */
	_cleanup_close_ int scratch = maps_scratch(g->n_sites, err);
	int map_fds[PROG_MAP_COUNT];
	struct err first = { 0 };
	int ret = scratch < 0 ? scratch : 0;

	memcpy(map_fds, s->maps.fd, sizeof(map_fds));
	map_fds[PROG_MAP_SCRATCH] = scratch;
	for (unsigned int i = 0; ret == 0 && i < g->n_sites; i++) {
		_cleanup_(left_sites_free) struct left_sites none = { 0 };
		struct group one = group_alone(g, i);
		struct err why = { 0 };

		one.scratch = i;
		one.map_fds = map_fds;
		one.pattern = false; /* what is wrong with it is said */
		ret = compile_and_attach(s, &one, e, &none, &why);
		prog_set_free(&one.progs);
		if (ret && !first.code)
			first = why;
		if (ret && g->pattern && is_of_one(&why)) {
			left_sites_add(left, i, ret);
			ret = 0;
		}
	}
	if (ret == 0 && left->n == g->n_sites)
		ret = first.code;
	if (ret && first.code && err)
		*err = first;
	return ret;
}

static int try_engine(struct session *s, struct group *g, enum engine e,
		      const struct prog_info *planned, struct left_sites *left, struct err *err)
{
	if (engine_is_trampoline(e) && g->n_sites > 1)
		return attach_trampolines(s, g, e, left, err);
	if (e == g->planned)
		return load_and_attach(s, g, e, planned, s->btf_fd, left, err);
	return compile_and_attach(s, g, e, left, err);
}

static void add_engine(struct buf *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = buf_str(names); (at = strstr(at, name)); at += len)
		if (!at[len] || at[len] == ',')
			return;
	buf_printf(names, "%s%s", names->len ? ", " : "", name);
}

/* the last word on a function that no engine could be had for */
static int explain(struct session *s, const struct group *g, const struct err *first,
		   struct err *err)
{
	const struct rule *r = g->jobs[0]->rule;
	const char *name = g->sites[0]->comp.func.name;
	bool hook = r->target_kind == TARGET_LSM || strncmp(name, "security_", 9) == 0;
	struct err why = { 0 };

	/* hooks are on no list, and need no option that why_not_overridable() asks for */
	if (first->tag != ERR_VERIFIER && !hook)
		why_not_overridable(s->kern, name, first->code, &why);
	if (!why.code)
		why = *first;
	err_locate(&why, r->src, r->target_at);
	if (err)
		*err = why;
	return why.code;
}

static int attach_group(struct session *s, struct group *g, const struct prog_info *planned,
			struct err *err);

/* what one engine could not be had for, by the next ones; what is left then is named */
static int attach_left(struct session *s, const struct group *g, const struct left_sites *left,
		       unsigned int next)
{
	for (unsigned int i = 0; i < left->n; i++) {
		struct group one = group_alone(g, left->site[i]);
		struct err why = { 0 };
		int ret = left->why;

		one.n_engines = g->n_engines - next;
		memmove(one.engine, &one.engine[next], one.n_engines * sizeof(one.engine[0]));
		if (one.n_engines)
			ret = attach_group(s, &one, NULL, &why);
		prog_set_free(&one.progs);
		if (ret == -ENOMEM)
			return ret;
		if (ret)
			left_out_add(&s->left_out, one.sites[0]->comp.func.name,
				     why.code ? why.msg : strerror(-ret));
	}
	return 0;
}

static void took_engine(struct session *s, const struct group *g, enum engine e)
{
	for (unsigned int k = 0; k < g->n_jobs; k++)
		add_engine(&s->engines[g->jobs[k]->number], engine_name(e));
}

static int attach_group(struct session *s, struct group *g, const struct prog_info *planned,
			struct err *err)
{
	unsigned int before = s->n_attached;
	struct err first = { 0 };

	for (unsigned int i = 0; i < g->n_engines; i++) {
		_cleanup_(left_sites_free) struct left_sites left;
		struct err why = { 0 };

		if (left_sites_init(&left, g))
			return err_nomem(err);
		if (try_engine(s, g, g->engine[i], planned, &left, &why) == 0) {
			took_engine(s, g, g->engine[i]);
			return attach_left(s, g, &left, i + 1) ? err_nomem(err) : 0;
		}
		detach_from(s, before);
		buf_printf(&s->tried, "%s is not for %s: %s\n", g->sites[0]->comp.func.name,
			   engine_name(g->engine[i]), why.msg);
		if (!first.code)
			first = why;
		else
			err_note(&first, SPAN_NONE, "by %s: %s", engine_name(g->engine[i]),
				 why.msg);
		if (!is_of_one(&why))
			break; /* another mechanism meets the same refusal */
	}
	return explain(s, g, &first, err);
}

/* a pattern goes on without those of its sites that nothing could be had for */
static int attach_target(struct session *s, struct group *g, const struct prog_info *planned,
			 unsigned int *attached, struct err *err)
{
	struct err why = { 0 };
	int ret = attach_group(s, g, planned, &why);

	*attached += ret == 0;
	if (!ret)
		return 0;
	if (!g->pattern || !is_of_one(&why)) {
		if (err)
			*err = why;
		return ret;
	}
	for (unsigned int i = 0; i < g->n_sites; i++)
		left_out_add(&s->left_out, g->sites[i]->comp.func.name, why.msg);
	if (err && !err->code)
		*err = why; /* should it be so with all */
	return 0;
}

static const struct ksym *symbol_of(const struct session *s, const char *func)
{
	for (unsigned int r = 0; r < s->opts.n_rules; r++) {
		const struct plan *p = s->rules[r].plan;

		for (unsigned int i = 0; i < p->n_funcs; i++)
			if (strcmp(p->func[i].name, func) == 0)
				return &p->func[i].sym;
	}
	return NULL;
}

static int attach_entry_probe(struct session *s, const struct prog *p, const struct prog_info *info,
			      const struct engine_site *site, const struct engine_world *world,
			      struct err *err)
{
	static const enum engine probes[] = { ENGINE_KPROBE_MULTI, ENGINE_KPROBE };
	int ret = -EINVAL;

	for (unsigned int i = 0; ret && i < 2; i++) {
		struct engine_link link = ENGINE_LINK_NONE;
		int fd = -1;

		if (err)
			err_clear(err);
		ret = engine_load(probes[i], p, info, world, &fd, err);
		if (ret == 0)
			ret = engine_attach(probes[i], fd, site, 1, &link);
		if (ret == 0)
			ret = add_attached(s, probes[i], fd, link);
		if (ret) {
			engine_release(&link);
			closep(&fd);
		}
		if (err && err->tag == ERR_VERIFIER)
			break;
	}
	return ret;
}

static int attach_trampoline(struct session *s, const struct prog *p, const struct prog_info *info,
			     const struct engine_world *world, struct err *err)
{
	enum engine e = p->kind == PROG_FENTRY	? ENGINE_FENTRY
			: p->kind == PROG_FEXIT ? ENGINE_FEXIT
						: ENGINE_TP_BTF;
	struct engine_link link = ENGINE_LINK_NONE;
	int fd = -1, ret;

	ret = engine_load(e, p, info, world, &fd, err);
	if (ret == 0)
		ret = engine_attach(e, fd, NULL, 1, &link);
	if (ret == 0)
		ret = add_attached(s, e, fd, link);
	if (ret) {
		engine_release(&link);
		closep(&fd);
	}
	return ret;
}

static int attach_follower(struct session *s, const struct prog *p, const struct prog_info *info,
			   struct err *err)
{
	const struct engine_world world = { s->btf_fd, s->maps.fd };
	const struct ksym *sym = symbol_of(s, p->func);
	const struct engine_site site = { .func = p->func, .addr = sym ? sym->addr : 0 };
	int ret;

	if (p->kind == PROG_KPROBE)
		ret = attach_entry_probe(s, p, info, &site, &world, err);
	else
		ret = attach_trampoline(s, p, info, &world, err);
	if (!ret || (err && err->tag == ERR_VERIFIER))
		return ret;
	if (p->kind != PROG_RAW_TP)
		why_not_traceable(s->kern, p->func, ret, err);
	else if (err && !err->code)
		err_plain(err, ret, ERR_ATTACH, "cannot follow the command's children: %s",
			  strerror(-ret));
	return err && err->code ? err->code : ret;
}

int attach_all(struct session *s, const struct lineinfo *li, struct err *err)
{
	uint32_t at = s->followers.n_progs;
	unsigned int attached = 0;
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < s->followers.n_progs; i++)
		ret = attach_follower(s, &s->followers.progs[i], &li->progs[i], err);
	for (unsigned int i = 0; ret == 0 && i < s->targets.n_groups; i++) {
		struct group *g = &s->targets.group[i];
		uint32_t planned = g->progs.n_progs;

		ret = attach_target(s, g, &li->progs[at], &attached, err);
		at += planned;
	}
	if (ret == 0 && !attached)
		return err && err->code ? err->code : -EINVAL;
	if (ret == 0 && err)
		err_clear(err);
	left_out_note(&s->left_out, "functions", &s->notes);
	return ret;
}
