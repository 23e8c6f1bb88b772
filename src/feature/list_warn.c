// SPDX-License-Identifier: LGPL-2.1-or-later
/* What keeps a function of the list from doing what is expected of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "feature/list_internal.h"
#include "kern/config.h"
#include "kern/why.h"
#include "util/cleanup.h"
#include "util/limits.h"

int list_add_warning(struct list *l, struct list_entry *e, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = { 0 };
	va_list ap;

	if (e->n_warnings == LIST_WARNINGS)
		return 0;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	e->warnings[e->n_warnings] = buf_err(&b) ? NULL : list_dup(l, buf_str(&b));
	return e->warnings[e->n_warnings++] ? 0 : -ENOMEM;
}

/* known by their names; engines that are left */
static const struct {
	const char *function, *words;
	bool refused;
} known[] = {
	{ "__x64_sys_exit", "never returns: it is not overridden", true },
	{ "__x64_sys_exit_group", "never returns: it is not overridden", true },
	{ "__do_sys_ni_syscall", "stands for every number without a call: no probe attaches",
	  true },
	{ "__x64_sys_ni_syscall", "stands for every number without a call: no probe attaches",
	  true },
	{ "__do_sys_rt_sigreturn", "its caller has nowhere to return to: it crashes", false },
	{ "__x64_sys_rt_sigreturn", "its caller has nowhere to return to: it crashes", false },
};

/*
 * Listed, typed, attachable and never called, as the kernel was built: SLOB had no call of
 * it ("mm: remove SLOB allocator", v6.4, took it away). Where a function does nothing
 * without its option, compilers may leave out calls to it, as gcc 15 does in Ubuntu's 7.0.
 */
static const struct {
	const char *function, *option;
	bool set; /* the option is */
	const char *words;
} dead[] = {
	{ "should_failslab", "SLOB", true,
	  "never called: this kernel's slab allocator is SLOB, which does not ask it" },
	{ "should_fail_bio", "FAIL_MAKE_REQUEST", false,
	  "perhaps never called: it does nothing without CONFIG_FAIL_MAKE_REQUEST" },
};

static int warn_known(const struct list_ask *a, struct list_entry *e)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(e->function, known[i].function) != 0)
			continue;
		if (known[i].refused)
			e->engines = 0;
		return list_add_warning(a->l, e, "%s", known[i].words);
	}
	return 0;
}

static int warn_dead(const struct list_ask *a, struct list_entry *e)
{
	for (size_t i = 0; a->host->config && i < sizeof(dead) / sizeof(dead[0]); i++) {
		bool set;

		if (strcmp(e->function, dead[i].function) != 0)
			continue;
		set = kconfig_get(a->host->config, dead[i].option) != KCONFIG_NO;
		if (set == dead[i].set)
			return list_add_warning(a->l, e, "%s", dead[i].words);
	}
	return 0;
}

/* system calls' functions are called through a table, hooks' mostly through pointers, too */
static bool may_be_cloned(const struct list_entry *e)
{
	return !e->module && (e->kind == LIST_FUNCTION || e->kind == LIST_SECURITY);
}

/* clones beside a function may be what is called instead of it */
static int warn_clones(const struct list_ask *a, struct list_entry *e)
{
	char name[LIMIT_IDENT + 1];

	if (!may_be_cloned(e) || !why_clone_beside(a->k, e->function, name, sizeof(name)))
		return 0;
	return list_add_warning(a->l, e, "calls that the compiler specialised go to %s instead",
				name);
}

/* a system call without a tracepoint has no number (trace_event_raw_init(), 6.12): not for us */
static int warn_no_types(const struct list_ask *a, struct list_entry *e)
{
	if (e->prototype)
		return 0;
	if (e->kind != LIST_SYSCALL)
		return list_add_warning(a->l, e,
					"not in BTF: conditions cannot name its parameters");
	if (a->tracepoints)
		return list_add_warning(a->l, e, "32-bit programs only, if any");
	return 0;
}

int list_warn(const struct list_ask *a, struct list_entry *e)
{
	int r = warn_known(a, e);

	if (r == 0)
		r = warn_dead(a, e);
	if (r == 0)
		r = warn_clones(a, e);
	if (r == 0)
		r = warn_no_types(a, e);
	return r;
}
