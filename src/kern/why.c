/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explanations of failures, from what concerns the whole machine to what concerns
 * one function: the first that applies is the answer. Nothing here is on the way
 * to armed but why_precheck().
 */
#include "kern/why.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kern/feat.h"
#include "kern/host.h"
#include "kern/listed.h"
#include "util/cleanup.h"
#include "util/limits.h"

static int check_version(struct err *err)
{
	struct utsname u;

	if (uname(&u) < 0 || !host_too_old(u.release))
		return 0; /* then the kernel itself will tell */
	err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS, WHY_TOO_OLD "; this is %.64s", u.release);
	err_note(err, SPAN_NONE, "upgrade the kernel, " WHY_OR_GUEST);
	return -EOPNOTSUPP;
}

const char *why_get_rights(unsigned int uid, bool user_ns, bool container)
{
	if (user_ns)
		return "run it as root of the machine";
	if (uid)
		return "run it with sudo";
	if (container)
		return "start the container with --privileged, or with --cap-add for BPF, "
		       "PERFMON, SYS_ADMIN and SYSLOG";
	return "run it with all capabilities";
}

int why_precheck(struct err *err)
{
	char missing[64];

	if (host_missing_caps(host_caps(), missing)) {
		err_plain(err, -EPERM, ERR_PERMISSION,
			  "retcon needs root (CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN)");
		err_note(err, SPAN_NONE, "%s, " WHY_OR_GUEST,
			 why_get_rights(geteuid(), host_user_ns(), host_in_container()));
		return -EPERM;
	}
	if (host_ftrace_off()) {
		err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS, WHY_FTRACE_OFF);
		err_note(err, SPAN_NONE, WHY_FTRACE_ON);
		return -EOPNOTSUPP;
	}
	return check_version(err);
}

static bool check_refusal(int code, struct err *err)
{
	if (code != -EPERM && code != -EACCES)
		return false;
	if (host_user_ns()) {
		err_plain(err, -EPERM, ERR_PERMISSION,
			  "this root is one of a user namespace (a rootless container)");
		err_note(err, SPAN_NONE, "%s, " WHY_OR_GUEST, why_get_rights(0, true, false));
		return true;
	}
	if (host_lockdown() == LOCKDOWN_CONFIDENTIALITY) {
		err_plain(err, -EPERM, ERR_PERMISSION,
			  "the kernel is locked down (confidentiality): it allows neither perf "
			  "kprobes nor programs that read its memory");
		err_note(err, SPAN_NONE, WHY_UNLOCK ", " WHY_OR_GUEST);
		return true;
	}
	return false;
}

/* "program of this type cannot use helper bpf_probe_read_kernel#113", "unknown func ...": its name
 */
static struct str helper_of(struct str complaint)
{
	static const char *const before[] = { "cannot use helper ", "unknown func " };

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		size_t len = strlen(before[i]);
		const char *at = memmem(complaint.p, complaint.len, before[i], len);
		size_t left = at ? complaint.len - (size_t)(at - complaint.p) - len : 0, n = 0;

		while (n < left && at[len + n] != '#' && at[len + n] != '\n')
			n++;
		if (n)
			return (struct str){ at + len, n };
	}
	return (struct str){ "", 0 };
}

bool why_no_helper(struct str complaint, struct err *err)
{
	struct str helper = helper_of(complaint);

	if (!helper.len)
		return false;
	if (helper.len >= 14 && !memcmp(helper.p, "bpf_probe_read", 14) &&
	    check_refusal(-EPERM, err))
		return true;
	err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
		  "this kernel does not offer %.*s to such programs",
		  (int)(helper.len < 64 ? helper.len : 64), helper.p);
	err_note(err, SPAN_NONE, "'retcon doctor' tells what it allows, " WHY_OR_GUEST);
	return true;
}

static const char *const needed_to_override[] = { FEAT_NEEDS_OVERRIDE, NULL };
static const char *const needed_to_trace[] = { FEAT_NEEDS_TRAMPOLINE, NULL };

unsigned int why_options(const struct host *m, const char *const *needed, struct buf *list)
{
	unsigned int n = 0;

	for (; *needed; needed++)
		if (host_lacks(m, *needed))
			buf_printf(list, "%sCONFIG_%s", n++ ? ", " : "", *needed);
	return n;
}

bool why_not_built(struct kconfig *c, enum why_wish wish, struct err *err)
{
	struct host m = { .config = c };
	_cleanup_buf_ struct buf list = { 0 };
	unsigned int n;

	if (!c)
		host_absent(&m.absent);
	n = why_options(&m, wish == WHY_OVERRIDE ? needed_to_override : needed_to_trace, &list);
	if (!n)
		return false;
	err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
		  "this kernel cannot %s functions: it was built without %s",
		  wish == WHY_OVERRIDE ? "override" : "trace", buf_str(&list));
	err_note(err, SPAN_NONE, "boot a kernel with %s, " WHY_OR_GUEST, n > 1 ? "them" : "it");
	return true;
}

static bool check_options(enum why_wish wish, struct err *err)
{
	_cleanup_(kconfig_freep) struct kconfig *c = NULL;
	char path[128];

	if (kconfig_running(&c, path, sizeof(path)) < 0)
		c = NULL;
	return why_not_built(c, wish, err);
}

/* functions that are there or not, as the kernel was built */
static const struct {
	const char *func, *option;
} built_in[] = {
	{ "should_failslab", "FAILSLAB" },
	{ "should_fail_alloc_page", "FAIL_PAGE_ALLOC" },
	{ "should_fail_bio", "BLOCK" },
};

const char *why_option_of(const char *func)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcmp(func, built_in[i].func) == 0)
			return built_in[i].option;
	return NULL;
}

bool why_not_built_in(const char *func, struct err *err)
{
	const char *option = why_option_of(func);

	if (!option)
		return false;
	err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
		  "this kernel has no %s: it was built without CONFIG_%s", func, option);
	err_note(err, SPAN_NONE, "boot a kernel with it, " WHY_OR_GUEST);
	return true;
}

static void note_nearest(struct kern *k, const char *func, struct err *err)
{
	const char *near[3];
	const struct kbtf *btf;
	unsigned int n;

	if (kern_btf(k, &btf, NULL) < 0)
		return;
	n = kbtf_nearest(btf, BTF_KIND_FUNC, func, near, 3);
	if (n == 1)
		err_note(err, SPAN_NONE, "did you mean '%.100s'?", near[0]);
	else if (n)
		err_note(err, SPAN_NONE, "did you mean '%.64s', '%.64s'%s%.64s%s?", near[0],
			 near[1], n > 2 ? " or '" : "", n > 2 ? near[2] : "", n > 2 ? "'" : "");
}

bool why_clone(struct kern *k, const char *func, char *name, size_t size)
{
	static const char *const suffix[] = { ".constprop.0", ".isra.0", ".part.0", ".cold" };
	const char *names[1] = { name };
	struct ksym found;

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		if (snprintf(name, size, "%s%s", func, suffix[i]) >= (int)size ||
		    kern_lookup(k, names, 1, &found, NULL) < 0)
			break;
		if (found.addr)
			return true;
	}
	name[0] = '\0';
	return false;
}

bool why_clone_beside(struct kern *k, const char *func, char *name, size_t size)
{
	static const char *const suffixes[] = { ".constprop.0",
						".isra.0",
						".part.0",
						".constprop.0.isra.0",
						".isra.0.constprop.0",
						".part.0.isra.0",
						".part.0.constprop.0" };
	enum {
		N = sizeof(suffixes) / sizeof(suffixes[0])
	};
	char text[N][LIMIT_IDENT + 1];
	const char *names[N];
	struct ksym found[N];

	for (unsigned int i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "%.400s%s", func, suffixes[i]);
		names[i] = text[i];
	}
	if (kern_lookup_addrs(k, names, N, found, NULL) < 0)
		return false; /* without the right to ask, no answer */
	for (unsigned int i = 0; i < N; i++)
		if (found[i].addr)
			return str_copy(name, size, text[i]);
	return false;
}

static bool explain_clone(struct kern *k, const char *func, struct err *err)
{
	char name[LIMIT_IDENT + 1];

	if (!why_clone(k, func, name, sizeof(name)))
		return false;
	err_plain(err, -EINVAL, ERR_UNSUPPORTED,
		  "of %.100s the compiler left only %.140s, with other arguments", func, name);
	return true;
}

/* true if it explained why there is no such function; *sym is filled if there is one */
static bool check_exists(struct kern *k, const char *func, struct ksym *sym, struct err *err)
{
	const struct kbtf *btf;
	uint32_t id;
	int r = kern_lookup(k, &func, 1, sym, err);

	if (r < 0)
		return true; /* said so itself: kptr_restrict, ... */
	if (sym->addr)
		return false;
	if (why_not_built_in(func, err) || explain_clone(k, func, err))
		return true;
	if (kern_btf(k, &btf, NULL) == 0 && kbtf_find(btf, BTF_KIND_FUNC, func, &id) == 0) {
		err_plain(err, -EINVAL, ERR_UNSUPPORTED,
			  "%.200s has no code of its own: the compiler inlined it", func);
		err_note(err, SPAN_NONE, "name a function that calls it instead");
		return true;
	}
	err_plain(err, -ENOENT, ERR_UNKNOWN_FUNCTION, "this kernel has no function '%.200s'", func);
	note_nearest(k, func, err);
	return true;
}

static enum listed is_listed(struct kern *k, const char *path, const char *func,
			     const struct ksym *sym)
{
	char other[1][KSYM_TEXT] = { "" };

	if (kern_symbolize(k, &sym->addr, 1, other, NULL) == 0)
		other[0][strcspn(other[0], "+ ")] = '\0';
	return list_find(path, func, other[0], NULL, 0);
}

static bool explain_injectable(struct kern *k, const char *func, const struct ksym *sym, int code,
			       struct err *err)
{
	enum listed l = is_listed(k, INJECTION_LIST, func, sym);

	if (l == LIST_HAS || (l == LIST_UNREADABLE && code != -EINVAL))
		return false;
	err_plain(err, -EINVAL, ERR_NOT_INJECTABLE,
		  l == LIST_LACKS ? "%.200s is not on the kernel's error injection list"
				  : "%.200s is probably not on the kernel's error injection list",
		  func);
	if (l == LIST_UNREADABLE)
		err_note(err, SPAN_NONE, "to see the list: " WHY_MOUNT_DEBUGFS " first");
	err_note(err, SPAN_NONE, "'cat " INJECTION_LIST "' lists what can be overridden");
	return true;
}

/* ENOTSUPP, which is the kernel's own and has no words: arch_prepare_bpf_trampoline(), x86, before
 * v6.6 */
#define NO_TRAMPOLINE (-524)

static bool check_arguments(const char *func, int code, struct err *err)
{
	if (code != NO_TRAMPOLINE)
		return false;
	err_plain(
		err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
		"this kernel has no trampoline for %.200s: its arguments take more than 6 registers",
		func);
	return true;
}

void why_not_overridable(struct kern *k, const char *func, int code, struct err *err)
{
	struct ksym sym = { 0 };

	err_clear(err);
	if (why_precheck(err) < 0 || check_refusal(code, err))
		return;
	if (check_options(WHY_OVERRIDE, err))
		return;
	if (check_exists(k, func, &sym, err))
		return;
	if (explain_injectable(k, func, &sym, code, err))
		return;
	if (check_arguments(func, code, err))
		return;
	err_plain(err, code, code == -EPERM ? ERR_PERMISSION : ERR_ATTACH,
		  "cannot override %.200s: %s", func, strerror(-code));
	if (code == -EPERM)
		err_note(err, SPAN_NONE, WHY_FIND_OUT ", " WHY_OR_GUEST);
}

void why_not_traceable(struct kern *k, const char *func, int code, struct err *err)
{
	struct ksym sym = { 0 };

	err_clear(err);
	if (why_precheck(err) < 0 || check_refusal(code, err))
		return;
	if (check_options(WHY_TRACE, err))
		return;
	if (check_exists(k, func, &sym, err))
		return;
	if (is_listed(k, TRACEABLE_LIST, func, &sym) == LIST_LACKS) {
		err_plain(err, -EINVAL, ERR_UNSUPPORTED,
			  "%.200s cannot be traced: it is marked notrace", func);
		err_note(err, SPAN_NONE, "'cat " TRACEABLE_LIST "' lists what can be traced");
		return;
	}
	if (check_arguments(func, code, err))
		return;
	err_plain(err, code, code == -EPERM ? ERR_PERMISSION : ERR_ATTACH,
		  "cannot trace %.200s: %s", func, strerror(-code));
	if (code == -EPERM)
		err_note(err, SPAN_NONE, WHY_FIND_OUT ", " WHY_OR_GUEST);
}
