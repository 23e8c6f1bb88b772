// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A rule's names to functions: its target (target.c) and its callers. Symbols are looked
 * up all at once, types only by name: neither /proc/kallsyms nor
 * available_filter_functions is read on the way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/internal.h"
#include "util/cleanup.h"
#include "util/left_out.h"

static int copy_name(char *out, size_t size, struct str s)
{
	if (s.len >= size)
		return -E2BIG;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return 0;
}

static int find_func(struct plan *p, const char *name)
{
	for (unsigned int i = 0; i < p->n_funcs; i++)
		if (strcmp(p->func[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

static bool is_aggregate(const struct kbtf *btf, uint32_t id)
{
	const struct btf_type *t = kbtf_type(btf, kbtf_strip(btf, id));

	return t && (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT ||
		     BTF_INFO_KIND(t->info) == BTF_KIND_UNION);
}

/*
 * What every kernel from 6.1 on takes: btf_distill_func_proto() and the JIT refuse
 * variable arguments, structures by value and, before 6.8, a seventh register.
 */
static bool takes_trampoline(const struct kbtf *btf, const struct kbtf_proto *proto)
{
	if (proto->varargs || proto->n_params > LIMIT_PARAMS || is_aggregate(btf, proto->ret))
		return false;
	for (unsigned int i = 0; i < proto->n_params; i++)
		if (is_aggregate(btf, proto->params[i].type))
			return false;
	return true;
}

/* a caller's types, and whether a trampoline can be put on it */
static int describe(struct plan *p, unsigned int i, struct kern *kern, const struct kbtf *btf,
		    struct err *err)
{
	struct comp_func *cf = &p->comp_funcs[i];
	const struct kbtf *types = btf;
	struct kbtf_proto proto = { 0 };
	int ret;

	if (p->func[i].sym.module[0]) {
		if (kern_module_btf(kern, p->func[i].sym.module, &types, NULL) < 0)
			return 0;
		cf->btf = types;
		if (kern_module_btf_fd(kern, p->func[i].sym.module, &cf->attach_fd, NULL) < 0)
			cf->attach_fd = -1;
	}
	ret = plan_proto(types, cf->name, &proto);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return err_plain(err, ret, ERR_BTF,
				 "the type of %s cannot be read from this kernel's BTF", cf->name);
	cf->func_id = proto.func_id;
	cf->trampoline = cf->attach_fd >= 0 && takes_trampoline(types, &proto);
	if (kbtf_count_named(types, BTF_KIND_FUNC, cf->name) > 1)
		buf_printf(&p->notes,
			   "several functions are called %s: the kernel's first is followed\n",
			   cf->name);
	return buf_err(&p->notes) ? err_nomem(err) : 0;
}

static int add_func(struct plan *p, const struct kbtf *btf, const struct frame *f,
		    unsigned int *index, struct err *err)
{
	char written[LIMIT_IDENT + 1], name[LIMIT_IDENT + 1];
	struct comp_func *cf;
	bool is_syscall;
	int ret;

	if (copy_name(written, sizeof(written), f->func) ||
	    plan_kernel_name(btf, written, name, sizeof(name), &is_syscall))
		return err_set(err, -E2BIG, ERR_LIMIT, p->rule->src, f->func_at,
			       "a function's name has at most %d characters", LIMIT_IDENT);
	ret = find_func(p, name);
	if (ret >= 0) {
		*index = (unsigned int)ret;
		return 0;
	}
	for (unsigned int i = 0; i < p->n_sites; i++)
		if (strcmp(name, p->sites[i].comp.func.name) == 0 && !p->pattern)
			return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, f->func_at,
				       "%s is the function that fails, it cannot be its own caller",
				       name);
	if (plan_note_name(p, written, name))
		return err_nomem(err);
	cf = &p->comp_funcs[p->n_funcs];
	str_copy(p->func[p->n_funcs].name, sizeof(p->func[0].name), name);
	cf->name = p->func[p->n_funcs].name;
	cf->syscall = is_syscall;
	*index = p->n_funcs++;
	return 0;
}

/*
 * One call of a function must not pass for two, nor an earlier call for this one. The
 * stack cannot tell in the first case (a function with a trampoline is on it twice), an
 * entry alone cannot in both.
 */
static int check_place(const struct plan *p, const struct comp_chain *c, unsigned int at,
		       struct err *err)
{
	const struct comp_place *place = &p->places[at];
	const struct comp_func *f = &p->comp_funcs[place->func];
	bool again = false;

	for (unsigned int i = c->first; i < at; i++)
		again |= p->places[i].func == place->func;
	if (again && !f->trampoline)
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, place->frame->func_at,
			       "%s can only be followed by its entry, and so stand only once in "
			       "a chain",
			       f->name);
	if (again && c->negated)
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, place->frame->func_at,
			       "a function can stand only once in a 'not under'");
	if (c->negated && place->frame->pred && !f->trampoline)
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, place->frame->pred->at,
			       "%s can only be followed by its entry, and so have no condition "
			       "in a 'not under'",
			       f->name);
	return 0;
}

/* the parsers see to it that there are no more chains and callers than there is room for */
static int add_chain(struct plan *p, const struct chain *chain, const struct kbtf *btf,
		     struct err *err)
{
	struct comp_chain c = { .first = p->n_places, .negated = chain->negated };

	for (unsigned int i = chain->n_frames; i-- > 0; c.n++) {
		struct comp_place *place = &p->places[p->n_places];
		int ret;

		place->frame = &chain->frames[i];
		ret = add_func(p, btf, place->frame, &place->func, err);
		if (ret)
			return ret;
		p->n_places++;
	}
	if (c.n)
		p->chains[p->n_chains++] = c;
	return 0;
}

bool plan_has_caller(const struct plan *p)
{
	for (unsigned int i = 0; i < p->n_chains; i++)
		if (!p->chains[i].negated)
			return true;
	return false;
}

static bool is_wanted(const struct plan *p, unsigned int func)
{
	for (unsigned int c = 0; c < p->n_chains; c++)
		for (unsigned int k = 0; k < p->chains[c].n; k++)
			if (!p->chains[c].negated && p->places[p->chains[c].first + k].func == func)
				return true;
	return false;
}

static void note_no_trampoline(struct plan *p, unsigned int func)
{
	if (is_wanted(p, func))
		buf_printf(&p->notes,
			   "%s is followed by its entry and the stack alone: calls that end in "
			   "a jump to another function are missed, and counted\n",
			   p->func[func].name);
	else
		buf_printf(&p->notes,
			   "%s is looked for on the stack alone: below a call of it that ends "
			   "in a jump to another function, the rule is not kept from acting\n",
			   p->func[func].name);
}

static int unknown_frame(const struct plan *p, unsigned int func, const struct kbtf *btf,
			 struct err *err)
{
	struct span at = SPAN_NONE;

	for (unsigned int i = 0; i < p->n_places; i++)
		if (p->places[i].func == func)
			at = p->places[i].frame->func_at;
	return unknown_function(p, p->func[func].name, at, btf, err);
}

typedef int lookup_fn(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		      struct err *err);

static int look_up_sites(struct plan *p, struct kern *kern, lookup_fn *lookup, struct err *err)
{
	_cleanup_free_ const char **names = calloc(p->n_sites + 1, sizeof(*names));
	_cleanup_free_ struct ksym *found = calloc(p->n_sites + 1, sizeof(*found));
	int ret;

	if (!names || !found)
		return err_nomem(err);
	for (unsigned int i = 0; i < p->n_sites; i++) /* the list knew where some are */
		names[i] = p->sites[i].sym.addr ? "" : p->sites[i].symbol;
	ret = lookup(kern, names, p->n_sites, found, err);
	for (unsigned int i = 0; ret == 0 && i < p->n_sites; i++) {
		const char *module = p->sites[i].module;

		if (!p->sites[i].sym.addr)
			p->sites[i].sym = found[i];
		if (module) /* the list said so: lookup may not */
			str_copy(p->sites[i].sym.module, sizeof(found[i].module), module);
	}
	return ret;
}

static int look_up_callers(struct plan *p, struct kern *kern, struct err *err)
{
	const char *names[LIMIT_FRAMES];
	struct ksym found[LIMIT_FRAMES] = { 0 };
	int ret;

	if (!p->n_funcs)
		return 0;
	for (unsigned int i = 0; i < p->n_funcs; i++)
		names[i] = p->func[i].name;
	ret = kern_lookup(kern, names, p->n_funcs, found, err);
	for (unsigned int i = 0; ret == 0 && i < p->n_funcs; i++)
		p->func[i].sym = found[i];
	return ret;
}

static int check_callers(struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < p->n_funcs; i++) {
		if (!p->func[i].sym.addr)
			return unknown_frame(p, i, btf, err);
		ret = describe(p, i, kern, btf, err);
		if (!p->comp_funcs[i].trampoline)
			note_no_trampoline(p, i);
	}
	for (unsigned int i = 0; ret == 0 && i < p->n_places; i++) {
		unsigned int func = p->places[i].func;
		const struct comp_func *f = &p->comp_funcs[func];

		plan_declaration(&p->comp_funcs[func], &p->declared[func], kern,
				 f->btf ? f->btf : btf, p->places[i].frame);
	}
	for (unsigned int c = 0; ret == 0 && c < p->n_chains; c++)
		for (unsigned int k = 0; ret == 0 && k < p->chains[c].n; k++)
			ret = check_place(p, &p->chains[c], p->chains[c].first + k, err);
	return ret || !buf_err(&p->notes) ? ret : err_nomem(err);
}

/*
 * The condition on a site. Sites that have none of their own to look at can share a
 * program: `pid` may be a parameter. What is of no site is asked of the first alone.
 */
static int check_condition(struct plan *p, struct plan_site *site, struct kern *kern,
			   const struct kbtf *btf, struct err *err)
{
	const struct comp_func *f = &site->comp.func;
	struct comp_reads reads;
	int ret;

	if (p->judged && !plan_may_name_param(&p->rule->on_target))
		return 0;
	ret = comp_reads(f->btf ? f->btf : btf, p->rule->src, f, &p->rule->on_target, &reads, err);
	if (ret)
		return ret;
	p->judged = true;
	p->by_arguments |= reads.arguments;
	site->comp.may_sleep = reads.user && f->syscall;
	if (site->comp.may_sleep && !p->pattern)
		choose_sleeping(site, kern);
	return 0;
}

/* everything about one site that can speak against it */
static int check_site(struct plan *p, struct plan_site *site, struct kern *kern,
		      const struct kbtf *btf, const struct plan_value *v, struct err *err)
{
	int ret = guard_site(p, site, kern, btf, err);

	if (!ret && v)
		ret = value_check(p, site, kern, btf, v, err);
	if (!ret)
		ret = choose_engines(p, site, kern, btf, err);
	return ret ? ret : check_condition(p, site, kern, btf, err);
}

static int leave_out(struct plan_site *s, struct left_out *l, const char *why)
{
	left_out_add(l, s->comp.func.name, why);
	s->left_out = true;
	return buf_err(&l->names);
}

static void note_left_out(struct plan *p, struct left_out *l)
{
	char what[LIMIT_IDENT + 32];

	snprintf(what, sizeof(what), "of what '%.*s' names", (int)p->rule->target_at.len,
		 p->rule->src->text + p->rule->target_at.off);
	left_out_note(l, what, &p->notes);
}

static int check_sites(struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	struct left_out left_out = { 0 };
	struct plan_value v;
	struct err why = { 0 };
	int ret = p->rule->value ? value_evaluate(p, btf, &v, err) : 0;

	if (!ret && p->rule->value)
		p->value = v.v;
	for (unsigned int i = 0; !ret && i < p->n_sites; i++) {
		if (why.code)
			err_clear(&why);
		ret = check_site(p, &p->sites[i], kern, btf, p->rule->value ? &v : NULL, &why);
		if (ret && p->pattern && ret != -ENOMEM)
			ret = leave_out(&p->sites[i], &left_out, why.msg);
		else if (ret && err)
			*err = why;
	}
	target_sweep(p);
	note_left_out(p, &left_out);
	if (!ret && !p->n_sites && err)
		*err = why; /* none of them is fit: what spoke against the last */
	return ret ? ret : p->n_sites ? 0 : why.code;
}

int plan_rule(struct plan *p, const struct rule *rule, struct kern *kern,
	      const struct plan_opts *opts, struct err *err)
{
	const struct kbtf *btf;
	int ret;

	memset(p, 0, sizeof(*p));
	p->rule = rule;
	p->opts = *opts;
	if (arena_new(&p->arena) < 0)
		return err_nomem(err);
	for (unsigned int i = 0; i < rule->n_notes; i++)
		buf_printf(&p->notes, "%s\n", rule->notes[i].text);
	ret = kern_btf(kern, &btf, err);
	if (!ret)
		ret = target_name_sites(p, kern, btf, err);
	for (unsigned int i = 0; !ret && i < rule->n_chains; i++)
		ret = add_chain(p, &rule->chains[i], btf, err);
	if (!ret)
		ret = look_up_sites(p, kern, p->pattern ? kern_lookup_addrs : kern_lookup, err);
	if (!ret)
		ret = look_up_callers(p, kern, err);
	if (ret)
		return ret;
	ret = target_describe(p, kern, btf);
	if (ret)
		return ret == -ENOMEM ? err_nomem(err) : unknown_target(p, kern, btf, err);
	ret = check_callers(p, kern, btf, err);
	return ret ? ret : check_sites(p, kern, btf, err);
}

const char *plan_target(const struct plan *p)
{
	return p->n_sites ? p->sites[0].comp.func.name : p->wanted;
}

void plan_free(struct plan *p)
{
	for (unsigned int i = 0; i < p->n_funcs; i++)
		rule_free(p->declared[i]);
	for (unsigned int i = 0; i < p->n_sites; i++)
		rule_free(p->sites[i].declared);
	free(p->sites);
	arena_free(p->arena);
	buf_free(&p->notes);
}
