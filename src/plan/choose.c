// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which engines may override one site, in the order in which they are tried. Here is what
 * follows from the site and the rule; whether this kernel has an engine is found out by
 * trying it. The order is that of enum engine: kprobe.multi costs least where nothing
 * matches and is safe to detach while allocations fail (kernel-facts 3.7), the trampoline
 * is for what kprobes may not touch, and for what has to wait.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/type.h"
#include "kern/tracers.h"
#include "plan/internal.h"

/* What is known of a site when an engine is judged. */
struct candidate {
	const struct plan *p;
	const struct plan_site *site;
	const struct kbtf *btf;
	struct kern *kern;
	const struct kern_tracer *tracer; /* somebody else's trampoline on the function; NULL */
	char why[200];			  /* not */
};

static bool is_hook(const struct candidate *c)
{
	return c->p->rule->target_kind == TARGET_LSM;
}

/* BPF asks no list about these: check_attach_modify_return(), kernel/bpf/verifier.c */
static bool is_security(const struct candidate *c)
{
	return str_begins(c->site->comp.func.name, "security_");
}

static bool no(struct candidate *c, const char *why)
{
	str_copy(c->why, sizeof(c->why), why);
	return false;
}

/*
 * A kprobe's override and a trampoline on one function: the function is skipped, and what
 * is returned is garbage, or the override is lost (arch/x86/kernel/ftrace_64.S and
 * kernel/trace/ftrace.c:call_direct_funcs(), 6.12; nothing in the kernel checks for it).
 */
static bool fits_kprobe(struct candidate *c)
{
	if (is_hook(c))
		return no(c, "a hook is no function that kprobes may override");
	if (is_security(c))
		return no(c, "security_* functions are not on the error injection list");
	if (c->tracer) {
		snprintf(
			c->why, sizeof(c->why),
			"the BPF program '%.16s' (id %u) has a trampoline on it: the two do not mix",
			c->tracer->prog, c->tracer->prog_id);
		return false;
	}
	return true;
}

static bool wide_zero(const struct candidate *c)
{
	const struct comp_func *f = &c->site->comp.func;
	struct kbtf_proto proto;
	struct type t;

	if (c->p->value || kbtf_func_by_id(c->btf, f->func_id, &proto))
		return false;
	t = type_of_id(c->btf, proto.ret);
	return t.kind == TYPE_PTR || t.bytes > 4;
}

static bool fits_trampoline(struct candidate *c)
{
	const struct comp_func *f = &c->site->comp.func;

	if (!f->func_id)
		return no(c, "the kernel's BTF does not have it");
	if (f->attach_fd < 0)
		return no(c, "its module's BTF cannot be had");
	if (wide_zero(c))
		return no(c, "it takes a 0 of 64 bits for 'run the function'");
	return true;
}

/*
 * The same mix the other way round. Left to choose, we take a kprobe like the other; and a
 * kernel that refuses ours the override has refused the other's too.
 */
static bool mixes_with_probe(struct candidate *c)
{
	struct kern_probe probe;

	if (!c->p->opts.only || is_security(c) ||
	    !kern_probe_on(c->kern, c->site->sym.addr, &probe))
		return false;
	snprintf(c->why, sizeof(c->why),
		 "the BPF program '%.16s' (id %u) has a kprobe on it: should it override too, the "
		 "two do not mix",
		 probe.prog, probe.prog_id);
	return true;
}

static bool fits_fmod_ret(struct candidate *c)
{
	if (is_hook(c))
		return no(c, "a hook has the BPF LSM");
	return fits_trampoline(c) && !mixes_with_probe(c);
}

static bool fits_lsm(struct candidate *c)
{
	return is_hook(c) ? fits_trampoline(c) : no(c, "it is no security hook");
}

static bool fits_kretprobe(struct candidate *c)
{
	if (is_hook(c) || is_security(c))
		return no(c, "only functions on the error injection list can be overridden after "
			     "they ran");
	return true;
}

static const struct {
	enum engine engine;
	bool (*fits)(struct candidate *c);
} rules[] = {
	{ ENGINE_KPROBE_MULTI, fits_kprobe },	    { ENGINE_KPROBE, fits_kprobe },
	{ ENGINE_FMOD_RET, fits_fmod_ret },	    { ENGINE_LSM, fits_lsm },
	{ ENGINE_KRETPROBE_MULTI, fits_kretprobe }, { ENGINE_KRETPROBE, fits_kretprobe },
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/* an `after` rule and the engines at the entry, or the other way round */
static bool is_when(const struct plan *p, enum engine e)
{
	return engine_is_after(e) == p->rule->after;
}

static int refuse(const struct candidate *c, const char *reasons, struct err *err)
{
	const struct plan *p = c->p;
	const char *name = c->site->comp.func.name;

	if (p->opts.only && !is_when(p, *p->opts.only))
		return err_set(err, -EINVAL, ERR_USAGE, p->rule->src, p->rule->after_at,
			       p->rule->after ? "%s replaces a value before the function runs: "
						"'after' takes kretprobe.multi or kretprobe"
					      : "%s replaces a value after the function ran: "
						"it takes a rule with 'after'",
			       engine_name(*p->opts.only));
	if (p->opts.only)
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, p->rule->target_at,
			       "%.120s cannot be overridden by %s: %s", name,
			       engine_name(*p->opts.only), c->why);
	return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, p->rule->target_at,
		       "%.64s cannot be overridden: %.240s", name, reasons);
}

int choose_engines(const struct plan *p, struct plan_site *site, struct kern *kern,
		   const struct kbtf *btf, struct err *err)
{
	struct candidate c = {
		.p = p,
		.site = site,
		.kern = kern,
		.btf = site->comp.func.btf ? site->comp.func.btf : btf,
		.tracer = kern_tracer_of(kern, site->sym.module, site->comp.func.func_id),
	};
	char reasons[320] = "";
	size_t len = 0;

	site->n_engines = 0;
	for (size_t i = 0; i < N_RULES; i++) {
		enum engine e = rules[i].engine;

		if ((p->opts.only && *p->opts.only != e) || !is_when(p, e))
			continue;
		if (rules[i].fits(&c)) {
			site->engine[site->n_engines++] = e;
			continue;
		}
		len += (size_t)snprintf(reasons + len, sizeof(reasons) - len, "%s%s: %s",
					len ? "; " : "", engine_name(e), c.why);
		if (len >= sizeof(reasons))
			len = sizeof(reasons) - 1;
	}
	return site->n_engines ? 0 : refuse(&c, reasons, err);
}

void choose_sleeping(struct plan_site *site, struct kern *kern)
{
	struct kern_probe probe;

	if (kern_probe_on(kern, site->sym.addr, &probe))
		return; /* see mixes_with_probe() */
	for (unsigned int i = 1; i < site->n_engines; i++) {
		if (site->engine[i] != ENGINE_FMOD_RET)
			continue;
		memmove(&site->engine[1], &site->engine[0], i * sizeof(site->engine[0]));
		site->engine[0] = ENGINE_FMOD_RET;
	}
}
