/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explanations of failures, from what concerns the whole machine to what concerns
 * one function: the first that applies is the answer. Nothing here is on the way
 * to armed but why_precheck().
 */
#include "kern/why.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kern/config.h"
#include "kern/listed.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

#define IN_GUEST "or run it in a guest that has everything: retcon vm -- retcon inject ..."

/* numbers of their own: headers older than 5.8 lack the newer two */
enum {
	NEED_SYS_ADMIN = 21,
	NEED_PERFMON = 38,
	NEED_BPF = 39,
};

static bool have_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 } };
	uint64_t caps;

	if (syscall(SYS_capget, &h, d) < 0)
		return geteuid() == 0;
	caps = (uint64_t)d[1].effective << 32 | d[0].effective;
	return (caps >> NEED_SYS_ADMIN & 1) && (caps >> NEED_PERFMON & 1) && (caps >> NEED_BPF & 1);
}

static int check_version(struct err *err)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return 0; /* then the kernel itself will tell */
	if (major > 6 || (major == 6 && minor >= 1))
		return 0;
	err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
		  "retcon needs Linux 6.1 or later; this is %.64s", u.release);
	err_note(err, SPAN_NONE, "upgrade the kernel, " IN_GUEST);
	return -EOPNOTSUPP;
}

int why_precheck(struct err *err)
{
	if (!have_capabilities()) {
		err_plain(err, -EPERM, ERR_PERMISSION,
			  "retcon needs root (CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN)");
		err_note(err, SPAN_NONE, "run it with sudo, " IN_GUEST);
		return -EPERM;
	}
	return check_version(err);
}

/* the first line of a small file; false if there is none */
static bool first_line(const char *path, char *line, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f || !fgets(line, (int)size, f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* capabilities of a user namespace look like those of root, and are not */
static bool in_user_namespace(void)
{
	unsigned int inside, outside, count;
	char line[64];

	if (!first_line("/proc/self/uid_map", line, sizeof(line)))
		return false;
	return sscanf(line, "%u %u %u", &inside, &outside, &count) == 3 &&
	       (inside || outside || count != UINT32_MAX);
}

static bool check_refusal(int code, struct err *err)
{
	char line[128];

	if (code != -EPERM && code != -EACCES)
		return false;
	if (in_user_namespace()) {
		err_plain(err, -EPERM, ERR_PERMISSION,
			  "this root is one of a user namespace (a rootless container)");
		err_note(err, SPAN_NONE, "run it as root of the machine, " IN_GUEST);
		return true;
	}
	if (first_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	    strstr(line, "[confidentiality]")) {
		err_plain(err, -EPERM, ERR_PERMISSION,
			  "the kernel is locked down (confidentiality): no probes are allowed");
		err_note(err, SPAN_NONE, "boot without lockdown=confidentiality, " IN_GUEST);
		return true;
	}
	return false;
}

static const char *const needed_to_override[] = {
	"BPF_SYSCALL",	       "BPF_EVENTS", "KPROBES", "FUNCTION_ERROR_INJECTION",
	"BPF_KPROBE_OVERRIDE", NULL,
};

static const char *const needed_to_trace[] = {
	"BPF_SYSCALL",	  "BPF_EVENTS", "BPF_JIT", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
	"DEBUG_INFO_BTF", NULL,
};

/* without a configuration to read: only what its absence from sysfs and debugfs proves */
static bool proven_absent(const char *option)
{
	if (strcmp(option, "KPROBES") == 0)
		return access("/sys/bus/event_source/devices/software", F_OK) == 0 &&
		       access("/sys/bus/event_source/devices/kprobe", F_OK) != 0;
	if (strcmp(option, "FUNCTION_ERROR_INJECTION") == 0)
		return access(DEBUGFS "/bdi", F_OK) == 0 &&
		       access(DEBUGFS "/error_injection", F_OK) != 0;
	if (strcmp(option, "DEBUG_INFO_BTF") == 0)
		return access("/sys/kernel", F_OK) == 0 && access("/sys/kernel/btf", F_OK) != 0;
	return false;
}

bool why_not_built(const struct kconfig *c, enum why_wish wish, struct err *err)
{
	const char *const *needed = wish == WHY_OVERRIDE ? needed_to_override : needed_to_trace;
	_cleanup_buf_ struct buf list = { 0 };
	unsigned int n = 0;

	for (; *needed; needed++) {
		if (c ? kconfig_get(c, *needed) != KCONFIG_NO : !proven_absent(*needed))
			continue;
		buf_printf(&list, "%sCONFIG_%s", n++ ? ", " : "", *needed);
	}
	if (!n)
		return false;
	err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
		  "this kernel cannot %s functions: it was built without %s",
		  wish == WHY_OVERRIDE ? "override" : "trace", buf_str(&list));
	err_note(err, SPAN_NONE, "boot a kernel with %s, " IN_GUEST, n > 1 ? "them" : "it");
	return true;
}

static bool check_options(enum why_wish wish, struct err *err)
{
	_cleanup_(kconfig_freep) struct kconfig *c = NULL;

	if (kconfig_running(&c) < 0)
		c = NULL;
	return why_not_built(c, wish, err);
}

/* functions that are there or not, as the kernel was built */
static const struct {
	const char *func, *option;
} built_in[] = {
	{ "should_failslab", "CONFIG_FAILSLAB" },
	{ "should_fail_alloc_page", "CONFIG_FAIL_PAGE_ALLOC" },
	{ "should_fail_bio", "CONFIG_BLOCK" },
};

bool why_not_built_in(const char *func, struct err *err)
{
	size_t i;

	for (i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
		if (strcmp(func, built_in[i].func) != 0)
			continue;
		err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
			  "this kernel has no %s: it was built without %s", func,
			  built_in[i].option);
		err_note(err, SPAN_NONE, "boot a kernel with it, " IN_GUEST);
		return true;
	}
	return false;
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

/* what compilers leave of a function they specialised or took apart */
static bool explain_clone(struct kern *k, const char *func, struct err *err)
{
	static const char *const suffix[] = { ".constprop.0", ".isra.0", ".part.0", ".cold" };
	char name[LIMIT_IDENT + 1];
	const char *names[1] = { name };
	struct ksym found;
	size_t i;

	for (i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		snprintf(name, sizeof(name), "%.400s%s", func, suffix[i]);
		if (kern_lookup(k, names, 1, &found, NULL) < 0)
			return false;
		if (!found.addr)
			continue;
		err_plain(err, -EINVAL, ERR_UNSUPPORTED,
			  "of %.100s the compiler left only %.140s, with other arguments", func,
			  name);
		return true;
	}
	return false;
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
		err_note(err, SPAN_NONE,
			 "to see the list: mount -t debugfs none " DEBUGFS " first");
	err_note(err, SPAN_NONE, "'cat " INJECTION_LIST "' lists what can be overridden");
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
	err_plain(err, code, code == -EPERM ? ERR_PERMISSION : ERR_ATTACH,
		  "cannot override %.200s: %s", func, strerror(-code));
	if (code == -EPERM)
		err_note(err, SPAN_NONE, "find out which security module refuses it, " IN_GUEST);
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
	err_plain(err, code, code == -EPERM ? ERR_PERMISSION : ERR_ATTACH,
		  "cannot trace %.200s: %s", func, strerror(-code));
	if (code == -EPERM)
		err_note(err, SPAN_NONE, "find out which security module refuses it, " IN_GUEST);
}
