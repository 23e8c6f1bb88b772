// SPDX-License-Identifier: LGPL-2.1-or-later
#include "session/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* one rule's word on one function */
struct mention {
	const struct plan_site *site;
	unsigned int rule;
};

/* the same function: by address, or where there are none (a file's types) by name */
static int compare_sites(const struct plan_site *a, const struct plan_site *b)
{
	if (a->sym.addr != b->sym.addr)
		return a->sym.addr < b->sym.addr ? -1 : 1;
	return a->sym.addr == KSYM_SOMEWHERE ? strcmp(a->comp.func.name, b->comp.func.name) : 0;
}

static int compare_mentions(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;
	int c = compare_sites(x->site, y->site);

	return c ? c : (int)x->rule - (int)y->rule;
}

static int collect(const struct session_rule *rules, unsigned int n_rules, struct mention **out,
		   size_t *n, struct err *err)
{
	struct mention *m;
	size_t count = 0;

	for (unsigned int r = 0; r < n_rules; r++)
		count += rules[r].plan->n_sites;
	m = calloc(count + 1, sizeof(*m));
	if (!m)
		return err_nomem(err);
	*n = count;
	count = 0;
	for (unsigned int r = 0; r < n_rules; r++)
		for (unsigned int i = 0; i < rules[r].plan->n_sites; i++)
			m[count++] = (struct mention){ &rules[r].plan->sites[i], r };
	if (n_rules > 1) /* one rule names no function twice */
		qsort(m, count, sizeof(*m), compare_mentions);
	*out = m;
	return 0;
}

/*
 * A trampoline of ours is on it, to follow callers: then kprobes cannot override it, as
 * the two do not mix (plan/choose.c).
 */
static bool is_followed(const struct session_rule *rules, unsigned int n_rules,
			const struct plan_site *site)
{
	for (unsigned int r = 0; r < n_rules; r++) {
		const struct plan *p = rules[r].plan;

		for (unsigned int i = 0; i < p->n_funcs; i++)
			if (p->comp_funcs[i].trampoline && p->func[i].sym.addr == site->sym.addr &&
			    site->sym.addr != KSYM_SOMEWHERE)
				return true;
	}
	return false;
}

static bool site_has(const struct plan_site *s, enum engine e)
{
	for (unsigned int i = 0; i < s->n_engines; i++)
		if (s->engine[i] == e)
			return true;
	return false;
}

/* Everything about the function that m[0] to m[n - 1] are about. */
struct target {
	const struct mention *m;
	size_t n;
	const struct plan_site *site; /* of the rule that knows most of its parameters */
	enum engine engine[PLAN_ENGINES];
	unsigned int n_engines;
	bool may_sleep;
	bool alone; /* its program is for no other function */
	bool pattern;
};

static int no_engine(const struct target *t, const struct session_rule *rules, bool followed,
		     struct err *err)
{
	const struct rule *r = rules[t->m[t->n - 1].rule].plan->rule;
	const char *name = t->m->site->comp.func.name;

	if (followed)
		return err_set(
			err, -EINVAL, ERR_UNSUPPORTED, r->src, r->target_at,
			"%s is also a caller that is followed, and so can only be overridden "
			"by fmod_ret, which it cannot be here",
			name);
	return err_set(err, -EINVAL, ERR_UNSUPPORTED, r->src, r->target_at,
		       "two rules on %s, one of them with 'after': a function is overridden "
		       "either before or after it runs",
		       name);
}

/* for one of the rules has to wait (plan/choose.c), if all of them can have it */
static void put_first(struct target *t, enum engine e)
{
	for (unsigned int i = 1; i < t->n_engines; i++) {
		if (t->engine[i] != e)
			continue;
		memmove(&t->engine[1], &t->engine[0], i * sizeof(t->engine[0]));
		t->engine[0] = e;
	}
}

static int describe(struct target *t, const struct session_rule *rules, unsigned int n_rules,
		    struct err *err)
{
	bool followed = is_followed(rules, n_rules, t->m->site);

	t->alone = t->m->site->comp.gfp_param != NULL;
	t->pattern = true;
	t->site = t->m->site;
	for (size_t i = t->n; i-- > 0;)
		if (t->m[i].site->comp.func.declared)
			t->site = t->m[i].site;
	for (size_t i = 0; i < t->n; i++) {
		t->may_sleep |= t->m[i].site->comp.may_sleep;
		t->alone |= rules[t->m[i].rule].plan->by_arguments;
		t->pattern &= rules[t->m[i].rule].plan->pattern;
	}
	for (unsigned int i = 0; i < t->m->site->n_engines; i++) {
		enum engine e = t->m->site->engine[i];
		bool all = !followed || engine_is_trampoline(e) || engine_is_after(e);

		for (size_t k = 1; k < t->n; k++)
			all &= site_has(t->m[k].site, e);
		if (all)
			t->engine[t->n_engines++] = e;
	}
	for (size_t i = 1; i < t->n; i++)
		if (t->m[i].site->engine[0] == ENGINE_FMOD_RET)
			put_first(t, ENGINE_FMOD_RET);
	return t->n_engines ? 0 : no_engine(t, rules, followed, err);
}

static bool shares(const struct group *g, const struct target *t, const struct comp_job *jobs)
{
	if (t->alone || g->n_jobs != t->n || g->may_sleep != t->may_sleep ||
	    g->sites[0]->comp.func.syscall != t->site->comp.func.syscall ||
	    g->n_engines != t->n_engines || g->pattern != t->pattern ||
	    g->sites[0]->comp.gfp_param ||
	    memcmp(g->engine, t->engine, t->n_engines * sizeof(t->engine[0])) != 0)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (g->jobs[i] != &jobs[t->m[i].rule])
			return false;
	return true;
}

static int add_group(struct targets *out, const struct target *t, const struct comp_job *jobs,
		     struct group **group)
{
	struct group *grown = realloc(out->group, (out->n_groups + 1) * sizeof(*grown)), *g;

	if (!grown)
		return -ENOMEM;
	out->group = grown;
	g = &grown[out->n_groups];
	*g = (struct group){ .n_engines = t->n_engines, .pattern = t->pattern };
	memcpy(g->engine, t->engine, sizeof(g->engine));
	g->jobs = calloc(t->n, sizeof(*g->jobs));
	if (!g->jobs)
		return -ENOMEM;
	out->n_groups++;
	g->may_sleep = t->may_sleep;
	g->n_jobs = (unsigned int)t->n;
	for (size_t i = 0; i < t->n; i++)
		g->jobs[i] = &jobs[t->m[i].rule];
	*group = g;
	return 0;
}

/* the group that the target can share, or one of its own */
static int join_group(struct targets *out, const struct target *t, const struct comp_job *jobs)
{
	const struct plan_site **sites;
	struct group *g = NULL;

	for (unsigned int i = 0; !t->alone && i < out->n_groups; i++)
		if (out->group[i].n_sites && shares(&out->group[i], t, jobs))
			g = &out->group[i];
	if (!g && add_group(out, t, jobs, &g))
		return -ENOMEM;
	if (!(g->n_sites & (g->n_sites - 1))) { /* full: 0, 1, 2, 4, ... */
		sites = realloc(g->sites, (g->n_sites ? 2 * g->n_sites : 1) * sizeof(*sites));
		if (!sites)
			return -ENOMEM;
		g->sites = sites;
	}
	g->sites[g->n_sites++] = t->site;
	return 0;
}

static int number_sites(struct targets *out)
{
	for (unsigned int i = 0; i < out->n_groups; i++) {
		out->group[i].first = out->n_sites;
		out->n_sites += out->group[i].n_sites;
	}
	out->site = calloc(out->n_sites + 1, sizeof(*out->site));
	if (!out->site)
		return -ENOMEM;
	for (unsigned int i = 0; i < out->n_groups; i++)
		memcpy(&out->site[out->group[i].first], out->group[i].sites,
		       out->group[i].n_sites * sizeof(*out->site));
	return 0;
}

int targets_build(struct targets *out, const struct session_rule *rules,
		  const struct comp_job *jobs, unsigned int n_rules, struct err *err)
{
	_cleanup_free_ struct mention *mentions = NULL;
	_cleanup_(targets_free) struct targets t = { 0 };
	size_t n = 0, next;
	int ret = collect(rules, n_rules, &mentions, &n, err);

	for (size_t i = 0; ret == 0 && i < n; i = next) {
		struct target target = { .m = &mentions[i] };

		for (next = i + 1; next < n; next++)
			if (compare_sites(mentions[i].site, mentions[next].site) != 0)
				break;
		target.n = next - i;
		ret = describe(&target, rules, n_rules, err);
		if (ret == 0 && join_group(&t, &target, jobs))
			ret = err_nomem(err);
	}
	if (ret == 0 && number_sites(&t))
		ret = err_nomem(err);
	if (ret)
		return ret;
	*out = t;
	t = (struct targets){ 0 };
	return 0;
}

void targets_free(struct targets *t)
{
	for (unsigned int i = 0; i < t->n_groups; i++) {
		free(t->group[i].jobs);
		free(t->group[i].sites);
		prog_set_free(&t->group[i].progs);
	}
	free(t->group);
	free(t->site);
	*t = (struct targets){ 0 };
}

struct comp_site group_site(const struct group *g, unsigned int site, enum engine e)
{
	struct comp_site s = g->sites[site]->comp;

	s.kind = engine_kind(e);
	s.number = g->first + site;
	s.many = g->n_sites > 1 && !engine_is_trampoline(e);
	s.may_sleep = g->may_sleep;
	s.after = g->after;
	return s;
}
