// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is not done although the kernel would do it, because it ends in a crash: and what
 * is left alone unless the rule says otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kern/tracers.h"
#include "plan/internal.h"

/* of functions that decide about an allocation: which parameter has its flags */
static const struct {
	const char *func;
	unsigned int param;
	bool slab;
} allocators[] = {
	{ "should_failslab", 1, true },
	{ "should_fail_alloc_page", 0, false },
};

/*
 * They never return, so there is nothing to replace; skipped, they return to callers that
 * have nothing to go on with. (Trampolines on them are refused only since "bpf: Reject
 * attaching fexit/fmod_ret to __noreturn functions", cfe816d469dc, 6.15 and 6.12 stable.)
 */
static const char *const never_return[] = { "exit", "exit_group", "rt_sigreturn", "sigreturn" };

static bool never_returns(const char *name)
{
	const char *syscall = plan_syscall_of(name);

	/* the first letter: a pattern has hundreds of sites */
	for (size_t i = 0; syscall && i < sizeof(never_return) / sizeof(never_return[0]); i++)
		if (str_is(syscall, never_return[i]))
			return true;
	return str_is(name, "do_exit");
}

/* SYSCALL_DEFINE0(ni_syscall) of a file that is not traced: kernel/sys_ni.c and Makefile */
static bool is_untraced(const char *name)
{
	const char *syscall = plan_syscall_of(name);

	return syscall && str_is(syscall, "ni_syscall");
}

static int check_returns(const struct plan *p, const struct plan_site *site, struct err *err)
{
	const char *name = site->comp.func.name;

	if (never_returns(name))
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, p->rule->target_at,
			       "%s never returns to its caller: there is no value to replace",
			       name);
	if (is_untraced(name))
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, p->rule->target_at,
			       "%s cannot be attached to: the kernel does not trace it", name);
	return 0;
}

/*
 * Taking a program off a trampoline allocates, and if that fails, the kernel frees a program
 * that is still called (bpf_trampoline_get_progs() in bpf_trampoline_unlink_prog(),
 * kernel/bpf/trampoline.c). Ours are safe: retcon is exempt. Other programs' are not, until
 * bpf_trampoline_skip_prog() (7.2) jumps over them first.
 */
static int check_slab(struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	const struct kern_tracer *tracers;
	unsigned int n = kern_tracers(kern, &tracers);
	uint32_t id;

	if (!n || plan_has_caller(p) ||
	    kbtf_find(btf, BTF_KIND_FUNC, "bpf_trampoline_skip_prog", &id) == 0)
		return 0;
	if (p->opts.force) {
		buf_printf(&p->notes,
			   "forced: should the program '%.16s' (id %u) be detached while its "
			   "owner's allocations fail, this kernel crashes\n",
			   tracers->prog, tracers->prog_id);
		return buf_err(&p->notes) ? err_nomem(err) : 0;
	}
	err_set(err, -EBUSY, ERR_BUSY, p->rule->src, p->rule->target_at,
		"other BPF programs hold trampolines ('%.16s', id %u%s), and detaching one while "
		"allocations fail crashes this kernel",
		tracers->prog, tracers->prog_id, n > 1 ? ", and more" : "");
	err_note(err, SPAN_NONE, "name a caller: 'under ...', or end those programs");
	err_note(err, SPAN_NONE, "--force takes it all the same");
	return -EBUSY;
}

static int set_nofail(struct plan_site *site, unsigned int param, struct kern *kern,
		      const struct kbtf *btf, struct err *err)
{
	const char *name = site->comp.func.name;
	struct kbtf_proto proto;

	if (kbtf_func(btf, name, &proto) || param >= proto.n_params)
		return err_plain(err, -EOPNOTSUPP, ERR_BTF,
				 "%s has no parameter %u in this kernel's BTF", name, param + 1);
	site->comp.gfp_param = kbtf_str(btf, proto.params[param].name_off);
	return kern_gfp_nofail(kern, &site->comp.nofail_mask, err);
}

int guard_site(struct plan *p, struct plan_site *site, struct kern *kern, const struct kbtf *btf,
	       struct err *err)
{
	int ret = check_returns(p, site, err);

	for (size_t i = 0; !ret && i < sizeof(allocators) / sizeof(allocators[0]); i++) {
		if (!str_is(site->comp.func.name, allocators[i].func))
			continue;
		if (allocators[i].slab)
			ret = check_slab(p, kern, btf, err);
		if (!ret)
			ret = set_nofail(site, allocators[i].param, kern, btf, err);
	}
	return ret;
}
