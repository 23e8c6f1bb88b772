// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names to functions. Symbols are looked up all at once, types only by name:
 * neither /proc/kallsyms nor available_filter_functions is read on the way.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kern/why.h"
#include "lang/parse.h"

static int copy_name(char *out, size_t size, struct str s)
{
	if (s.len >= size)
		return -E2BIG;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return 0;
}

/*
 * Syscalls lost their SyS_ and sys_ symbols to wrappers that take a pt_regs:
 * ebeb8c82ffaf ("syscalls/x86: Use 'struct pt_regs' based syscall calling for
 * IA32_EMULATION and x32") and d5a00528b58c, v4.17.
 */
int plan_kernel_name(const char *written, char *out, size_t size, bool *is_syscall)
{
	static const char *const old[] = { "SyS_", "sys_" };
	static const char *const now[] = { "__x64_sys_", "__ia32_sys_" };
	int n;

	*is_syscall = false;
	for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++)
		*is_syscall |= strncmp(written, now[i], strlen(now[i])) == 0;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		if (strncmp(written, old[i], strlen(old[i])) != 0)
			continue;
		*is_syscall = true;
		n = snprintf(out, size, "__x64_sys_%s", written + strlen(old[i]));
		return n < 0 || (size_t)n >= size ? -E2BIG : 0;
	}
	return copy_name(out, size, (struct str){ written, strlen(written) });
}

static int find_func(struct plan *p, const char *name)
{
	for (unsigned int i = 0; i < p->n_funcs; i++)
		if (strcmp(p->func[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

/*
 * SYSCALL_DEFINE0 wrappers are aliases of __do_sys_x, and only that name reaches
 * BTF (arch/x86/include/asm/syscall_wrapper.h, 6.12).
 */
static int find_proto(const struct kbtf *btf, const char *name, struct kbtf_proto *proto)
{
	char alias[LIMIT_IDENT + 1];
	int ret = kbtf_func(btf, name, proto);

	if (ret != -ENOENT || strncmp(name, "__x64_sys_", 10) != 0)
		return ret;
	snprintf(alias, sizeof(alias), "__do_sys_%s", name + 10);
	return kbtf_func(btf, alias, proto);
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

static int note_name(struct plan *p, const char *written, const char *name)
{
	if (strcmp(written, name) != 0)
		buf_printf(&p->notes, "%s is the system call %s: this kernel calls it %s\n",
			   written, name + strlen("__x64_sys_"), name);
	return buf_err(&p->notes);
}

/* a function's types, and whether a trampoline can be put on it */
static int describe(struct plan *p, struct comp_func *cf, const struct frame *f,
		    const struct kbtf *btf, struct err *err)
{
	struct kbtf_proto proto = { 0 };
	int ret = find_proto(btf, cf->name, &proto);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return err_set(err, ret, ERR_BTF, p->rule->src, f->func_at,
			       "the type of %s cannot be read from this kernel's BTF", cf->name);
	cf->func_id = proto.func_id;
	cf->trampoline = takes_trampoline(btf, &proto);
	if (kbtf_count_named(btf, BTF_KIND_FUNC, cf->name) > 1)
		buf_printf(&p->notes,
			   "several functions are called %s: the kernel's first is followed\n",
			   cf->name);
	return buf_err(&p->notes) ? err_nomem(err) : 0;
}

/*
 * A system call's parameters where BTF lacks the function that has them. Only for a frame
 * that may name one: it takes a file. What cannot be read is as good as not there.
 */
static void find_declaration(struct comp_func *cf, struct rule **declared, struct kern *kern,
			     const struct kbtf *btf, const struct frame *f)
{
	static const char prefix[] = "__x64_sys_";
	_cleanup_buf_ struct buf text = { 0 };
	char alias[LIMIT_IDENT + 1];
	const char *name = cf->name + strlen(prefix);
	struct kbtf_proto proto;
	struct err ignored = { 0 };

	if (!cf->syscall || *declared || (!f->pred && !f->has_params) ||
	    strncmp(cf->name, prefix, strlen(prefix)) != 0)
		return;
	snprintf(alias, sizeof(alias), "__do_sys_%s", name);
	if (kbtf_func(btf, alias, &proto) == 0 || kern_syscall_params(kern, name, &text) < 0)
		return;
	if (params_parse(declared, buf_str(&text), &ignored) == 0)
		cf->declared = &(*declared)->on_target;
}

static int add_func(struct plan *p, const struct frame *f, const struct kbtf *btf,
		    unsigned int *index, struct err *err)
{
	char written[LIMIT_IDENT + 1], name[LIMIT_IDENT + 1];
	struct comp_func *cf;
	bool is_syscall;
	int ret;

	if (copy_name(written, sizeof(written), f->func) ||
	    plan_kernel_name(written, name, sizeof(name), &is_syscall))
		return err_set(err, -E2BIG, ERR_LIMIT, p->rule->src, f->func_at,
			       "a function's name has at most %d characters", LIMIT_IDENT);
	ret = find_func(p, name);
	if (ret >= 0) {
		*index = (unsigned int)ret;
		return 0;
	}
	if (strcmp(name, p->target_name) == 0)
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, f->func_at,
			       "%s is the function that fails, it cannot be its own caller", name);
	if (note_name(p, written, name))
		return err_nomem(err);
	cf = &p->comp_funcs[p->n_funcs];
	str_copy(p->func[p->n_funcs].name, sizeof(p->func[0].name), name);
	cf->name = p->func[p->n_funcs].name;
	cf->syscall = is_syscall;
	ret = describe(p, cf, f, btf, err);
	*index = p->n_funcs++;
	return ret;
}

/*
 * One call of a function must not pass for two, nor an earlier call for this one. The
 * stack cannot tell in the first case (a function with a trampoline is on it twice), an
 * entry alone cannot in both.
 */
static int check_place(const struct plan *p, const struct comp_chain *c,
		       const struct comp_place *place, struct err *err)
{
	const struct comp_func *f = &p->comp_funcs[place->func];
	bool again = false;

	for (unsigned int i = c->first; i < p->n_places; i++)
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
static int add_chain(struct plan *p, const struct chain *chain, struct kern *kern,
		     const struct kbtf *btf, struct err *err)
{
	struct comp_chain c = { .first = p->n_places, .negated = chain->negated };

	for (unsigned int i = chain->n_frames; i-- > 0; c.n++) {
		struct comp_place place = { .frame = &chain->frames[i] };
		int ret;

		ret = add_func(p, place.frame, btf, &place.func, err);
		if (!ret)
			ret = check_place(p, &c, &place, err);
		if (ret)
			return ret;
		find_declaration(&p->comp_funcs[place.func], &p->declared[place.func], kern, btf,
				 place.frame);
		p->places[p->n_places++] = place;
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

static int refuse(const struct plan *p, struct span at, const char *what, struct err *err)
{
	return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, at, "%s not supported yet",
		       what);
}

/* what the language has and nothing below does */
static int check_supported(const struct plan *p, struct err *err)
{
	const struct rule *r = p->rule;

	if (r->target_kind == TARGET_LSM)
		return refuse(p, r->target_at, "security hooks are", err);
	if (r->module)
		return refuse(p, r->target_at, "functions of a named module are", err);
	if (r->after)
		return refuse(p, r->after_at, "'after' is", err);
	return 0;
}

static int resolve_target(struct plan *p, struct kern *kern, const struct kbtf *btf,
			  struct err *err)
{
	const struct rule *r = p->rule;
	bool named = r->target_kind == TARGET_SYSCALL;
	char written[LIMIT_IDENT + 1];
	struct kbtf_proto proto;
	size_t len;

	len = (size_t)snprintf(written, sizeof(written), "%s%s", named ? "sys_" : "", r->target);
	if (len >= sizeof(written) ||
	    plan_kernel_name(written, p->target_name, sizeof(p->target_name), &p->target.syscall))
		return err_set(err, -E2BIG, ERR_LIMIT, r->src, r->target_at,
			       "a function's name has at most %d characters", LIMIT_IDENT);
	if (!named && note_name(p, written, p->target_name))
		return err_nomem(err);
	p->target.name = p->target_name;
	if (find_proto(btf, p->target_name, &proto) == 0)
		p->target.func_id = proto.func_id;
	find_declaration(&p->target, &p->target_declared, kern, btf, &r->on_target);
	return 0;
}

/* what the name of no function may stand for: a word of the language, or a system call */
static bool note_target_words(const char *name, const struct kbtf *btf, struct err *err)
{
	static const char *const words[] = { "kmalloc", "alloc_page" };
	char text[LIMIT_IDENT + 1];
	bool said = false;
	uint32_t id;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_distance(words[i], name, 2) > 2)
			continue;
		err_note(err, SPAN_NONE, "did you mean %s?", words[i]);
		said = true;
	}
	if ((size_t)snprintf(text, sizeof(text), "__x64_sys_%s", name) < sizeof(text) &&
	    kbtf_find(btf, BTF_KIND_FUNC, text, &id) == 0) {
		err_note(err, SPAN_NONE, "did you mean syscall:%s?", name);
		said = true;
	}
	return said;
}

static int unknown_function(const struct plan *p, const char *name, struct span at,
			    const struct kbtf *btf, struct err *err)
{
	const char *near[3];
	unsigned int n;

	err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, p->rule->src, at,
		"this kernel has no function '%s'", name);
	if (name == p->target_name && note_target_words(name, btf, err))
		return -ENOENT;
	n = kbtf_nearest(btf, BTF_KIND_FUNC, name, near, 3);
	for (unsigned int i = 0; i < n; i++)
		err_note(err, SPAN_NONE, "did you mean %s?", near[i]);
	if (n == 0)
		err_note(err, SPAN_NONE, "it may be inlined or in a module that is not loaded");
	return -ENOENT;
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

static int unknown_syscall(const struct plan *p, const struct kbtf *btf, struct err *err)
{
	static const char prefix[] = "__x64_sys_";
	const struct rule *r = p->rule;
	const char *near[3];
	unsigned int n = kbtf_nearest(btf, BTF_KIND_FUNC, p->target_name, near, 3);

	err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, r->src, r->target_at,
		"this kernel has no system call '%s'", r->target);
	for (unsigned int i = 0; i < n; i++)
		if (strncmp(near[i], prefix, sizeof(prefix) - 1) == 0)
			err_note(err, SPAN_NONE, "did you mean syscall:%s?",
				 near[i] + sizeof(prefix) - 1);
	return -ENOENT;
}

static int unknown_target(const struct plan *p, struct kern *kern, const struct kbtf *btf,
			  struct err *err)
{
	if (p->rule->target_kind == TARGET_SYSCALL)
		return unknown_syscall(p, btf, err);
	if (kern_types_only(kern)) {
		if (!why_not_built_in(p->target_name, err))
			return unknown_function(p, p->target_name, p->rule->target_at, btf, err);
	} else {
		why_not_overridable(kern, p->target_name, -ENOENT, err);
		if (err->tag == ERR_UNKNOWN_FUNCTION) {
			err_clear(err);
			return unknown_function(p, p->target_name, p->rule->target_at, btf, err);
		}
	}
	err_locate(err, p->rule->src, p->rule->target_at);
	return err->code ? err->code : -ENOENT;
}

/* One run for all: the target first, then the chain. */
static int resolve_symbols(struct plan *p, struct kern *kern, const struct kbtf *btf,
			   struct err *err)
{
	const char *names[LIMIT_FRAMES + 1];
	struct ksym found[LIMIT_FRAMES + 1] = { 0 };
	int ret;

	names[0] = p->target_name;
	for (unsigned int i = 0; i < p->n_funcs; i++)
		names[i + 1] = p->func[i].name;
	ret = kern_lookup(kern, names, p->n_funcs + 1, found, err);
	if (ret)
		return ret;
	p->target_sym = found[0];
	if (!found[0].addr)
		return unknown_target(p, kern, btf, err);
	for (unsigned int i = 0; i < p->n_funcs; i++) {
		p->func[i].sym = found[i + 1];
		if (!found[i + 1].addr)
			return unknown_frame(p, i, btf, err);
		if (!p->comp_funcs[i].trampoline)
			note_no_trampoline(p, i);
	}
	return buf_err(&p->notes) ? err_nomem(err) : 0;
}

int plan_rule(struct plan *p, const struct rule *rule, struct kern *kern, struct err *err)
{
	const struct kbtf *btf;
	int ret;

	memset(p, 0, sizeof(*p));
	p->rule = rule;
	for (unsigned int i = 0; i < rule->n_notes; i++)
		buf_printf(&p->notes, "%s\n", rule->notes[i].text);
	ret = check_supported(p, err);
	if (!ret)
		ret = kern_btf(kern, &btf, err);
	if (!ret)
		ret = resolve_target(p, kern, btf, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < rule->n_chains; i++) {
		ret = add_chain(p, &rule->chains[i], kern, btf, err);
		if (ret)
			return ret;
	}
	return resolve_symbols(p, kern, btf, err);
}

void plan_free(struct plan *p)
{
	for (unsigned int i = 0; i < p->n_funcs; i++)
		rule_free(p->declared[i]);
	rule_free(p->target_declared);
	buf_free(&p->notes);
}
