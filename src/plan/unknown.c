// SPDX-License-Identifier: LGPL-2.1-or-later
/* A name that stands for nothing on this kernel: why, and what may be meant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kern/why.h"
#include "plan/internal.h"
#include "util/str.h"

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

int unknown_function(const struct plan *p, const char *name, struct span at, const struct kbtf *btf,
		     struct err *err)
{
	const char *near[3];
	unsigned int n;

	err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, p->rule->src, at,
		"this kernel has no function '%s'", name);
	if (name == plan_target(p) && note_target_words(name, btf, err))
		return -ENOENT;
	n = kbtf_nearest(btf, BTF_KIND_FUNC, name, near, 3);
	for (unsigned int i = 0; i < n; i++)
		err_note(err, SPAN_NONE, "did you mean %s?", near[i]);
	if (n == 0)
		err_note(err, SPAN_NONE, "it may be inlined or in a module that is not loaded");
	return -ENOENT;
}

static int unknown_syscall(const struct plan *p, const struct kbtf *btf, struct err *err)
{
	static const char prefix[] = "__x64_sys_";
	const struct rule *r = p->rule;
	const char *near[3];
	unsigned int n = kbtf_nearest(btf, BTF_KIND_FUNC, plan_target(p), near, 3);

	err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, r->src, r->target_at,
		"this kernel has no system call '%s'", r->target);
	for (unsigned int i = 0; i < n; i++)
		if (strncmp(near[i], prefix, sizeof(prefix) - 1) == 0)
			err_note(err, SPAN_NONE, "did you mean syscall:%s?",
				 near[i] + sizeof(prefix) - 1);
	return -ENOENT;
}

static int unknown_hook(const struct plan *p, const struct kbtf *btf, struct err *err)
{
	static const char prefix[] = "bpf_lsm_";
	const struct rule *r = p->rule;
	const char *near[3];
	unsigned int n = kbtf_nearest(btf, BTF_KIND_FUNC, plan_target(p), near, 3);
	uint32_t id;

	if (kbtf_find(btf, BTF_KIND_FUNC, "bpf_lsm_file_open", &id))
		return err_set(err, -EOPNOTSUPP, ERR_KERNEL_LACKS, r->src, r->target_at,
			       "this kernel has no hooks for BPF: it was built without "
			       "CONFIG_BPF_LSM");
	err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, r->src, r->target_at,
		"there is no security hook '%s'", r->target);
	for (unsigned int i = 0; i < n; i++)
		if (strncmp(near[i], prefix, sizeof(prefix) - 1) == 0)
			err_note(err, SPAN_NONE, "did you mean lsm:%s?",
				 near[i] + sizeof(prefix) - 1);
	return -ENOENT;
}

static int unknown_in_module(const struct plan *p, struct kern *kern, struct err *err)
{
	const struct rule *r = p->rule;
	const struct kbtf *types;
	const char *name = plan_target(p);
	struct ksym sym = { 0 };

	if (kern_lookup(kern, &name, 1, &sym, NULL) == 0 && sym.addr && !sym.module[0])
		err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, r->src, r->target_at,
			"%s is not in a module but built in: leave '%s:' out", name, r->module);
	else if (kern_module_btf(kern, r->module, &types, NULL) < 0)
		err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, r->src, r->target_at,
			"no module '%s' is loaded (or it has no BTF)", r->module);
	else
		return unknown_function(p, name, r->target_at, types, err);
	return -ENOENT;
}

int unknown_target(const struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	if (p->rule->target_kind == TARGET_SYSCALL)
		return unknown_syscall(p, btf, err);
	if (p->rule->target_kind == TARGET_LSM)
		return unknown_hook(p, btf, err);
	if (p->rule->module)
		return unknown_in_module(p, kern, err);
	if (kern_types_only(kern)) {
		if (!why_not_built_in(plan_target(p), err))
			return unknown_function(p, plan_target(p), p->rule->target_at, btf, err);
	} else {
		why_not_overridable(kern, plan_target(p), -ENOENT, err);
		if (err->tag == ERR_UNKNOWN_FUNCTION) {
			err_clear(err);
			return unknown_function(p, plan_target(p), p->rule->target_at, btf, err);
		}
	}
	err_locate(err, p->rule->src, p->rule->target_at);
	return err->code ? err->code : -ENOENT;
}
