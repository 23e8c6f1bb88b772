// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a rule's target stands for on this kernel: one function; a system call, which has
 * a wrapper for each kind of caller; a hook; or all that a pattern names. Of a system
 * call or a pattern, what is not there drops out; of a name, it is an error.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "kern/injectable.h"
#include "lang/parse.h"
#include "plan/internal.h"
#include "util/cleanup.h"

/*
 * Syscalls lost their SyS_ and sys_ symbols to wrappers that take a pt_regs:
 * ebeb8c82ffaf ("syscalls/x86: Use 'struct pt_regs' based syscall calling for
 * IA32_EMULATION and x32") and d5a00528b58c, v4.17.
 */
static const char *const wrappers[] = { "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_" };

#define N_WRAPPERS (sizeof(wrappers) / sizeof(wrappers[0]))
/* SYSCALL_DEFINE0: one function for 64-bit and 32-bit callers, without a wrapper's name */
#define PLAIN "__do_sys_"
#define LSM   "bpf_lsm_"

const char *plan_syscall_of(const char *func)
{
	for (size_t i = 0; i < N_WRAPPERS; i++)
		if (str_begins(func, wrappers[i]))
			return func + strlen(wrappers[i]);
	return str_begins(func, PLAIN) ? func + strlen(PLAIN) : NULL;
}

int plan_proto(const struct kbtf *btf, const char *name, struct kbtf_proto *proto)
{
	char alias[LIMIT_IDENT + 1];
	int ret = kbtf_own_func(btf, name, proto);

	if (ret != -ENOENT || !str_begins(name, wrappers[0]))
		return ret;
	if ((size_t)snprintf(alias, sizeof(alias), PLAIN "%s", name + strlen(wrappers[0])) >=
	    sizeof(alias))
		return ret;
	return kbtf_func(btf, alias, proto);
}

/* sys_off_notify: there is a function of this name, and no system call off_notify */
static bool is_no_syscall(const struct kbtf *btf, const char *name, const char *call)
{
	struct kbtf_proto proto;

	return kbtf_func(btf, name, &proto) == 0 && plan_proto(btf, call, &proto) == -ENOENT;
}

int plan_kernel_name(const struct kbtf *btf, const char *written, char *out, size_t size,
		     bool *is_syscall)
{
	static const char *const old[] = { "SyS_", "sys_" };

	*is_syscall = plan_syscall_of(written) != NULL;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		int n;

		if (!str_begins(written, old[i]))
			continue;
		n = snprintf(out, size, "%s%s", wrappers[0], written + strlen(old[i]));
		if (n < 0 || (size_t)n >= size)
			return -E2BIG;
		*is_syscall = !is_no_syscall(btf, written, out);
		if (*is_syscall)
			return 0;
	}
	return str_copy(out, size, written) ? 0 : -E2BIG;
}

/*
 * No system call has a parameter of these names (include/linux/syscalls.h, v6.12), as some
 * have a pid: a rule that asks for no other name needs no file for each of them.
 */
static bool is_task_word(struct str name)
{
	static const char *const words[] = { "comm", "tid", "cpu", "cgroup" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(name, words[i]))
			return true;
	return *name.p == '$';
}

static bool may_name_param(const struct expr *e)
{
	if (!e)
		return false;
	if (e->kind == EXPR_NAME && !is_task_word(e->name))
		return true;
	for (const struct local *l = e->locals; l; l = l->next)
		if (may_name_param(l->init))
			return true;
	for (unsigned int i = 0; i < e->n_args; i++)
		if (may_name_param(e->args[i]))
			return true;
	return may_name_param(e->a) || may_name_param(e->b) || may_name_param(e->c);
}

bool plan_may_name_param(const struct frame *f)
{
	return f->has_params || may_name_param(f->pred);
}

static void read_declaration(struct comp_func *cf, struct rule **declared, struct kern *kern,
			     const struct kbtf *btf, const char *syscall)
{
	_cleanup_buf_ struct buf text = { 0 };
	char alias[LIMIT_IDENT + 1];
	struct kbtf_proto proto;
	struct err ignored = { 0 };

	if ((size_t)snprintf(alias, sizeof(alias), PLAIN "%s", syscall) >= sizeof(alias) ||
	    kbtf_func(btf, alias, &proto) == 0 || kern_syscall_params(kern, syscall, &text) < 0)
		return;
	if (params_parse(declared, buf_str(&text), &ignored) == 0)
		cf->declared = &(*declared)->on_target;
}

void plan_declaration(struct comp_func *cf, struct rule **declared, struct kern *kern,
		      const struct kbtf *btf, const struct frame *f)
{
	const char *syscall = plan_syscall_of(cf->name);

	if (cf->syscall && syscall && !*declared && plan_may_name_param(f))
		read_declaration(cf, declared, kern, btf, syscall);
}

static int too_long(const struct plan *p, struct err *err)
{
	return err_set(err, -E2BIG, ERR_LIMIT, p->rule->src, p->rule->target_at,
		       "a function's name has at most %d characters", LIMIT_IDENT);
}

static int too_many(const struct plan *p, struct err *err)
{
	return err_set(err, -E2BIG, ERR_LIMIT, p->rule->src, p->rule->target_at,
		       "'%.64s' stands for more than %d functions", p->rule->target, LIMIT_SITES);
}

/* room for as many as a pattern may name is made once: pointers to sites stay good */
static int add_site(struct plan *p, const char *module, const char *prefix, const char *name,
		    struct err *err)
{
	size_t before = (module ? strlen(module) + 1 : 0), len = strlen(prefix);
	size_t all = before + len + strlen(name);
	struct plan_site *s;
	char *copy;

	if (all > LIMIT_IDENT)
		return too_long(p, err);
	if (p->n_sites == LIMIT_SITES)
		return too_many(p, err);
	copy = arena_alloc(p->arena, all + 1);
	if (!copy)
		return err_nomem(err);
	if (module) {
		memcpy(copy, module, before - 1);
		copy[before - 1] = ':';
	}
	memcpy(copy + before, prefix, len);
	memcpy(copy + before + len, name, all + 1 - before - len);
	s = &p->sites[p->n_sites++];
	s->symbol = copy;
	s->module = module;
	s->comp.func.name = copy + before;
	s->comp.func.syscall = !module && plan_syscall_of(s->comp.func.name);
	s->comp.func.returned = p->rule->after;
	return 0;
}

static int add_syscall(struct plan *p, const char *name, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < N_WRAPPERS; i++)
		ret = add_site(p, NULL, wrappers[i], name, err);
	return ret;
}

/* the pattern that matches all is the one with the most to match */
static bool matches(const char *pattern, const char *name)
{
	return (*pattern == '*' && !pattern[1]) || fnmatch(pattern, name, 0) == 0;
}

/* does an entry of the kernel's list belong to the pattern? */
static bool listed_matches(const struct rule *r, const struct injectable *in)
{
	const char *name = in->name;

	if (r->target_kind == TARGET_SYSCALL) {
		name = plan_syscall_of(in->name);
		if (!name)
			return false;
	} else if (r->module && (!in->module || strcmp(in->module, r->module) != 0)) {
		return false;
	}
	return matches(r->target, name);
}

static int add_listed(struct plan *p, struct kern *kern, struct err *err)
{
	const struct injectable *list;
	size_t n;
	int ret = kern_injectable_addrs(kern, err);

	if (ret == 0)
		ret = kern_injectables(kern, false, &list, &n, err);
	if (ret)
		return ret;
	for (size_t i = 0; ret == 0 && i < n; i++) {
		unsigned int at = p->n_sites;

		if (!listed_matches(p->rule, &list[i]))
			continue;
		ret = add_site(p, list[i].module, "", list[i].name, err);
		if (ret == 0)
			p->sites[at].type = list[i].type;
		if (ret == 0)
			p->sites[at].sym.addr = list[i].addr;
	}
	return ret;
}

/* functions of BTF, for what is on no list: security_*, and hooks by what follows bpf_lsm_ */
static int add_of_btf(struct plan *p, const struct kbtf *btf, const char *prefix, size_t skip,
		      struct err *err)
{
	int ret = 0;

	for (uint32_t id = 1; ret == 0 && id <= kbtf_count(btf); id++) {
		const struct btf_type *t = kbtf_type(btf, id);
		const char *name;

		if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_FUNC)
			continue;
		name = kbtf_str(btf, t->name_off);
		if (str_begins(name, prefix) && matches(p->rule->target, name + skip))
			ret = add_site(p, NULL, "", name, err);
	}
	return ret;
}

static int add_pattern(struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	const struct rule *r = p->rule;
	int ret;

	p->pattern = true;
	if (r->target_kind == TARGET_LSM)
		ret = add_of_btf(p, btf, LSM, strlen(LSM), err);
	else if (str_begins(r->target, "security_"))
		ret = add_of_btf(p, btf, "security_", 0, err);
	else
		ret = add_listed(p, kern, err);
	if (ret == 0 && !p->n_sites)
		return err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, r->src, r->target_at,
			       "no function that can be overridden is called '%.100s'", r->target);
	return ret;
}

int plan_note_name(struct plan *p, const char *written, const char *name)
{
	if (strcmp(written, name) != 0)
		buf_printf(&p->notes, "%s is the system call %s: this kernel calls it %s\n",
			   written, plan_syscall_of(name), name);
	return buf_err(&p->notes);
}

static int add_named(struct plan *p, const struct kbtf *btf, struct err *err)
{
	const struct rule *r = p->rule;
	char name[LIMIT_IDENT + 1];
	bool is_syscall;
	int ret;

	if (r->target_kind == TARGET_LSM)
		return add_site(p, NULL, LSM, r->target, err);
	if (r->target_kind == TARGET_SYSCALL)
		return add_syscall(p, r->target, err);
	if (plan_kernel_name(btf, r->target, name, sizeof(name), &is_syscall))
		return too_long(p, err);
	ret = add_site(p, r->module, "", name, err);
	if (ret == 0 && plan_note_name(p, r->target, name))
		return err_nomem(err);
	return ret;
}

int target_name_sites(struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	bool pattern = p->rule->is_pattern;
	int ret;

	p->sites = calloc(pattern ? LIMIT_SITES : N_WRAPPERS, sizeof(*p->sites));
	if (!p->sites)
		return err_nomem(err);
	ret = pattern ? add_pattern(p, kern, btf, err) : add_named(p, btf, err);
	p->wanted = p->n_sites ? p->sites[0].comp.func.name : p->rule->target;
	return ret;
}

/* addresses, by what is left of them after a multiplication; 0: a free place */
struct seen {
	uint64_t *addr;
	uint32_t mask;
};

static int seen_init(struct seen *s, unsigned int n)
{
	for (s->mask = 3; s->mask < 2 * n; s->mask = 2 * s->mask + 1)
		;
	s->addr = calloc((size_t)s->mask + 1, sizeof(*s->addr));
	return s->addr ? 0 : -ENOMEM;
}

/* two names of one function: SYSCALL_DEFINE0's, for callers of both widths */
static bool is_again(struct seen *s, uint64_t addr)
{
	uint32_t at = (uint32_t)(addr * 0x9e3779b97f4a7c15 >> 32) & s->mask;

	if (addr == KSYM_SOMEWHERE)
		return false;
	for (; s->addr[at]; at = (at + 1) & s->mask)
		if (s->addr[at] == addr)
			return true;
	s->addr[at] = addr;
	return false;
}

void target_sweep(struct plan *p)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < p->n_sites; i++) {
		if (p->sites[i].left_out)
			rule_free(p->sites[i].declared);
		else
			p->sites[kept++] = p->sites[i];
	}
	p->n_sites = kept;
}

static const char *plain_name(struct arena *a, const char *syscall)
{
	size_t len = strlen(syscall) + 1;
	char *name = arena_alloc(a, strlen(PLAIN) + len);

	if (name) {
		memcpy(name, PLAIN, strlen(PLAIN));
		memcpy(name + strlen(PLAIN), syscall, len);
	}
	return name;
}

/* of the kernel's own functions; of a module's it stays 0 */
static int find_types(struct plan *p, const struct kbtf *btf)
{
	unsigned int n = p->n_sites;
	_cleanup_free_ const char **names = calloc(2 * (size_t)n + 1, sizeof(*names));
	_cleanup_free_ uint32_t *ids = calloc(2 * (size_t)n + 1, sizeof(*ids));

	if (!names || !ids)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		const char *name = names[i] = p->sites[i].comp.func.name;

		names[n + i] = "";
		if (str_begins(name, wrappers[0]) &&
		    !(names[n + i] = plain_name(p->arena, name + strlen(wrappers[0]))))
			return -ENOMEM;
	}
	if (kbtf_own_funcs(btf, names, 2 * n, ids))
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		if (!p->sites[i].sym.module[0])
			p->sites[i].comp.func.func_id = ids[i] ? ids[i] : ids[n + i];
	return 0;
}

static void describe_module(struct plan_site *s, struct kern *kern, const struct kbtf **types)
{
	struct comp_func *f = &s->comp.func;
	struct kbtf_proto proto;

	f->syscall = false;
	/* without BTF of its own the module's functions can be overridden all the same */
	if (kern_module_btf(kern, s->sym.module, types, NULL) < 0)
		return;
	f->btf = *types;
	if (kern_module_btf_fd(kern, s->sym.module, &f->attach_fd, NULL) < 0)
		f->attach_fd = -1;
	if (kbtf_own_func(*types, f->name, &proto) == 0)
		f->func_id = proto.func_id;
}

int target_describe(struct plan *p, struct kern *kern, const struct kbtf *btf)
{
	_cleanup_free_ uint64_t *addrs = NULL;
	struct seen seen;

	if (seen_init(&seen, p->n_sites))
		return -ENOMEM;
	addrs = seen.addr;
	for (unsigned int i = 0; i < p->n_sites; i++) {
		uint64_t addr = p->sites[i].sym.addr;

		p->sites[i].left_out = !addr || is_again(&seen, addr);
	}
	target_sweep(p);
	if (find_types(p, btf))
		return -ENOMEM;
	for (unsigned int i = 0; i < p->n_sites; i++) {
		struct plan_site *s = &p->sites[i];
		const struct kbtf *types = btf;

		if (s->sym.module[0])
			describe_module(s, kern, &types);
		plan_declaration(&s->comp.func, &s->declared, kern, types, &p->rule->on_target);
	}
	return p->n_sites ? 0 : -ENOENT; /* the caller has the words */
}
