// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs on functions. Callers are followed first, the targets come last. (The order is
 * of no consequence: nothing happens before `armed`.) A target's engines are tried one
 * after the other: what the kernel refuses is the proof that it does not have it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/sys.h"
#include "kern/tracers.h"
#include "kern/why.h"
#include "session/internal.h"
#include "util/cleanup.h"

int session_keep(struct session *s, enum engine e, int prog_fd, struct engine_link link)
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
struct left_site {
	unsigned int site;
	char why[160];
};

struct left_sites {
	struct left_site *left;
	unsigned int n;
	bool *is; /* by site */
};

static int left_sites_init(struct left_sites *l, const struct group *g)
{
	*l = (struct left_sites){ .is = calloc(g->n_sites, sizeof(*l->is)) };
	return l->is ? 0 : -ENOMEM;
}

static void left_sites_free(struct left_sites *l)
{
	free(l->left);
	free(l->is);
}

static int left_sites_add(struct left_sites *l, unsigned int site, const char *why)
{
	struct left_site *grown = realloc(l->left, (l->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	l->left = grown;
	grown[l->n].site = site;
	str_copy(grown[l->n++].why, sizeof(grown->why), why);
	l->is[site] = true;
	return 0;
}

/* sites, and the program that is loaded for them */
struct job {
	struct session *s;
	enum engine engine;
	int prog_fd;	 /* given away with the first attachment */
	int borrowed_fd; /* the same, for all others */
	struct engine_site *sites;
	unsigned int *number;	 /* of each in its group */
	struct left_sites *left; /* NULL: a site that cannot be attached to is an error */
};

static int attach_at(struct job *j, unsigned int first, unsigned int n)
{
	struct engine_link link = ENGINE_LINK_NONE;
	int ret = engine_attach(j->engine, j->borrowed_fd, &j->sites[first], n, &link);

	if (ret)
		return ret;
	if (session_keep(j->s, j->engine, j->prog_fd, link)) {
		engine_release(&link);
		return -ENOMEM;
	}
	j->prog_fd = -1;
	return 0;
}

static int leave_site(struct job *j, unsigned int i, int ret)
{
	char why[160];

	snprintf(why, sizeof(why), "it cannot be attached to by %s: %s", engine_name(j->engine),
		 strerror(-ret));
	return left_sites_add(j->left, j->number[i], why);
}

/* one link for all; one bad site fails it whole, and halving finds it */
static int attach_halves(struct job *j, unsigned int first, unsigned int n)
{
	int ret = attach_at(j, first, n);

	if (!ret || !j->left || !engine_is_about_site(ret))
		return ret;
	if (n == 1)
		return leave_site(j, first, ret);
	ret = attach_halves(j, first, n / 2);
	return ret ? ret : attach_halves(j, first + n / 2, n - n / 2);
}

static int attach_each(struct job *j, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < n; i++) {
		ret = attach_at(j, i, 1);
		if (ret && j->left && engine_is_about_site(ret))
			ret = leave_site(j, i, ret);
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

/* a loaded program of the group, at all of its sites that are not left to another engine yet */
static int attach_prog(struct session *s, const struct group *g, enum engine e, int prog_fd,
		       struct left_sites *left, bool strict, struct err *err)
{
	_cleanup_free_ struct engine_site *sites = calloc(g->n_sites, sizeof(*sites));
	_cleanup_free_ unsigned int *number = calloc(g->n_sites, sizeof(*number));
	struct job j = { .s = s,
			 .engine = e,
			 .prog_fd = prog_fd,
			 .borrowed_fd = prog_fd,
			 .sites = sites,
			 .number = number,
			 .left = g->pattern && !strict ? left : NULL };
	unsigned int n = 0;
	int ret = sites && number ? 0 : -ENOMEM;

	for (unsigned int i = 0; !ret && i < g->n_sites; i++) {
		if (left->is[i])
			continue;
		sites[n] = site_of(g, i);
		number[n++] = i;
	}
	if (!ret)
		ret = engine_takes_many(e) ? attach_halves(&j, 0, n) : attach_each(&j, n);
	closep(&j.prog_fd);
	if (!ret && left->n == g->n_sites)
		return err_plain(err, -EINVAL, ERR_ATTACH, "%s: %s", g->sites[0]->comp.func.name,
				 left->left[0].why);
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
	const struct engine_world world = { btf_fd, s->maps.fd };
	uint32_t n = g->progs.n_progs;
	int ret = 0;

	/*
	 * Entries first: a return is of a call that was seen. And no entry without a return:
	 * where the first could be attached, so can the second.
	 */
	for (unsigned int i = n; ret == 0 && i-- > 0;) {
		enum engine at = i ? engine_entry(e) : e;
		int fd = -1;

		ret = engine_load(at, &g->progs.progs[i], &info[i], &world, &fd, err);
		if (ret == 0)
			ret = attach_prog(s, g, at, fd, left, i + 1 < n, err);
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

/*
 * Another's kprobe and a trampoline on one function do not mix (plan/choose.c asks where a
 * trampoline is the site's first choice; here one is what is left).
 */
static int check_mix(const struct session *s, const struct group *one, struct err *err)
{
	const struct plan_site *site = one->sites[0];
	struct kern_probe probe;

	if (engine_is_trampoline(site->engine[0]) ||
	    !kern_probe_on(s->kern, site->sym.addr, &probe))
		return 0;
	return err_plain(
		err, -EBUSY, ERR_ATTACH,
		"the BPF program '%.16s' (id %u) has a kprobe on %.64s: should it override "
		"too, the two do not mix",
		probe.prog, probe.prog_id, site->comp.func.name);
}

static int attach_trampoline_at(struct session *s, const struct group *g, unsigned int site,
				enum engine e, struct err *err)
{
	_cleanup_(left_sites_free) struct left_sites none = { 0 };
	struct group one = group_alone(g, site);
	int ret = left_sites_init(&none, &one) ? err_nomem(err) : check_mix(s, &one, err);

	one.pattern = false; /* what is wrong with it is said */
	if (!ret)
		ret = compile_and_attach(s, &one, e, &none, err);
	prog_set_free(&one.progs);
	return ret;
}

/* a program for each site: all that differs is where it goes, and its number */
static int attach_trampolines(struct session *s, struct group *g, enum engine e,
			      struct left_sites *left, struct err *err)
{
	struct err first = { 0 };
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < g->n_sites; i++) {
		struct err why = { 0 };

		ret = attach_trampoline_at(s, g, i, e, &why);
		if (ret && !first.code)
			first = why;
		if (ret && g->pattern && is_of_one(&why) &&
		    (ret = left_sites_add(left, i, why.msg)))
			return err_nomem(err);
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
	int ret;

	if (engine_is_trampoline(e) && g->n_sites > 1)
		return attach_trampolines(s, g, e, left, err);
	if (e == g->planned)
		return load_and_attach(s, g, e, planned, s->maps.btf_fd, left, err);
	ret = engine_is_trampoline(e) ? check_mix(s, g, err) : 0;
	return ret ? ret : compile_and_attach(s, g, e, left, err);
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
	else
		for (unsigned int i = 0; i < first->n_notes; i++)
			err_note(&why, SPAN_NONE, "%s", first->note[i].msg);
	err_locate(&why, r->src, r->target_at);
	if (err)
		*err = why;
	return why.code;
}

static int attach_group(struct session *s, struct group *g, const struct prog_info *planned,
			struct err *err);

/* what one engine could not be had for, by the next ones; what is left then is named */
static int attach_left(struct session *s, const struct group *g, const struct left_sites *left,
		       unsigned int next, struct err *err)
{
	for (unsigned int i = 0; i < left->n; i++) {
		struct group one = group_alone(g, left->left[i].site);
		struct err why = { 0 };
		int ret = -EINVAL;

		one.n_engines = g->n_engines - next;
		memmove(one.engine, &one.engine[next], one.n_engines * sizeof(one.engine[0]));
		if (one.n_engines)
			ret = attach_group(s, &one, NULL, &why);
		prog_set_free(&one.progs);
		if (ret && why.code && !is_of_one(&why)) {
			if (err)
				*err = why;
			return ret;
		}
		if (ret)
			left_out_add(&s->left_out, one.sites[0]->comp.func.name,
				     why.code ? why.msg : left->left[i].why);
	}
	return 0;
}

static void took_engine(struct session *s, const struct group *g, enum engine e)
{
	for (unsigned int k = 0; k < g->n_jobs; k++)
		add_engine(&s->engines[g->jobs[k]->number], engine_name(e));
}

/* err: what the first engine said, and in notes the others */
static int attach_group(struct session *s, struct group *g, const struct prog_info *planned,
			struct err *err)
{
	unsigned int before = s->n_attached;
	struct err first = { 0 };

	for (unsigned int i = 0; i < g->n_engines; i++) {
		_cleanup_(left_sites_free) struct left_sites left = { 0 };
		struct err why = { 0 };

		if (left_sites_init(&left, g))
			return err_nomem(err);
		if (try_engine(s, g, g->engine[i], planned, &left, &why) == 0) {
			took_engine(s, g, g->engine[i]);
			return attach_left(s, g, &left, i + 1, err);
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
	if (err)
		*err = first;
	return first.code;
}

/* a pattern goes on without those of its sites that nothing could be had for */
static int attach_target(struct session *s, struct group *g, const struct prog_info *planned,
			 struct err *left, struct err *err)
{
	struct err why = { 0 };

	if (attach_group(s, g, planned, &why) == 0)
		return 0;
	if (!g->pattern || !is_of_one(&why))
		return explain(s, g, &why, err);
	for (unsigned int i = 0; i < g->n_sites; i++)
		left_out_add(&s->left_out, g->sites[i]->comp.func.name, why.msg);
	if (!left->code)
		explain(s, g, &why, left); /* should it be so with all */
	return 0;
}

/* a rule that goes nowhere is an error, whatever became of the others */
static int check_rules(const struct session *s, const struct err *left, struct err *err)
{
	for (unsigned int r = 0; r < s->opts.n_rules; r++) {
		if (s->engines[r].len)
			continue;
		if (err)
			*err = *left;
		return left->code ? left->code : -EINVAL;
	}
	return 0;
}

int attach_all(struct session *s, const struct lineinfo *li, struct err *err)
{
	uint32_t at = s->followers.n_progs;
	struct err left = { 0 };
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < s->followers.n_progs; i++)
		ret = attach_follower(s, &s->followers.progs[i], &li->progs[i], err);
	for (unsigned int i = 0; ret == 0 && i < s->targets.n_groups; i++) {
		struct group *g = &s->targets.group[i];
		uint32_t planned = g->progs.n_progs;

		ret = attach_target(s, g, &li->progs[at], &left, err);
		at += planned;
	}
	if (ret == 0)
		ret = check_rules(s, &left, err);
	left_out_note(&s->left_out, "functions", &s->notes);
	return ret;
}
