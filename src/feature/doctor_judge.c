// SPDX-License-Identifier: LGPL-2.1-or-later
/* From facts to answers: what works, what does not and why, what would help. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "feature/doctor.h"
#include "feature/inject.h"
#include "kern/why.h"
#include "util/cleanup.h"
#include "util/errno_names.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(row)      (1U << (row))

#define MOUNT_SECURITYFS "mount -t securityfs none /sys/kernel/security"

/* what override at entry is about: functions of the list */
#define LISTED (BIT(FEAT_KPROBE_MULTI) | BIT(FEAT_KPROBE) | BIT(FEAT_FMOD_RET))
#define HOOKS  (BIT(FEAT_FMOD_RET_SECURITY) | BIT(FEAT_LSM))
/* without these no rule is armed */
#define ALWAYS (BIT(FEAT_RINGBUF) | BIT(ROW_BTF) | BIT(ROW_ADDRESSES))

#define BY_FTRACE                                                                                  \
	(LISTED | HOOKS | BIT(FEAT_FMOD_RET_SYSCALL) | BIT(FEAT_KRETPROBE_MULTI) |                 \
	 BIT(FEAT_KRETPROBE) | BIT(FEAT_FENTRY))
#define BY_KPROBES (BIT(FEAT_KPROBE) | BIT(FEAT_KRETPROBE))
/* what lockdown=confidentiality takes away (kernel 5.4, "lockdown" series) */
#define LOCKED_AWAY (BY_KPROBES | BIT(FEAT_READ_KERNEL))

__attribute__((format(printf, 4, 5))) static void answer(struct doctor *d, unsigned int row,
							 enum doctor_answer a, const char *fmt, ...)
{
	struct doctor_row *r = &d->row[row];
	va_list ap;

	r->answer = a;
	va_start(ap, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
}

/* one remedy may help with several rows */
__attribute__((format(printf, 3, 4))) static void remedy(struct doctor *d, uint32_t for_rows,
							 const char *fmt, ...)
{
	struct doctor_remedy r = { .rows = for_rows };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r.text, sizeof(r.text), fmt, ap);
	va_end(ap);
	for (unsigned int i = 0; i < d->n_remedies; i++)
		if (strcmp(d->remedy[i].text, r.text) == 0) {
			d->remedy[i].rows |= for_rows;
			return;
		}
	if (d->n_remedies < DOCTOR_REMEDIES)
		d->remedy[d->n_remedies++] = r;
}

static uint32_t rows_with(const struct doctor *d, enum doctor_answer a)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < ROW_COUNT; i++)
		if (d->row[i].answer == a)
			bits |= BIT(i);
	return bits;
}

/* true: the kernel was built without what the row takes, and that is the reason */
static bool lacks_options(struct doctor *d, unsigned int row, const char *const *needs)
{
	struct doctor_row *r = &d->row[row];
	unsigned int n = 0;
	int len = 0;

	for (; *needs && n + 1 < LENGTH(r->missing); needs++) {
		if (!host_lacks(&d->facts->host, *needs))
			continue;
		r->missing[n++] = *needs;
		len += snprintf(r->reason + len, sizeof(r->reason) - (size_t)len, "%s%s",
				len ? ", " : "built without ", *needs);
	}
	r->answer = DOCTOR_NO;
	return n > 0;
}

bool doctor_may_try(const struct host *m)
{
	char missing[64];

	return !m->user_ns && !host_missing_caps(m->caps, missing);
}

static void untested(struct doctor *d, unsigned int row)
{
	const struct host *m = &d->facts->host;

	answer(d, row, DOCTOR_UNKNOWN, "not tested: takes %s",
	       m->user_ns ? "root of the machine"
	       : m->uid	  ? "root"
			  : "the capabilities of root");
}

/*
 * Where the configuration is not to be had: the option that least many kernels have, which
 * is the last of them, but for the helper, without which a program is not even loaded.
 */
static const char *suspect(const char *const *needs, bool attaching)
{
	for (; needs[1]; needs++)
		if (!attaching && strcmp(*needs, "BPF_KPROBE_OVERRIDE") == 0)
			break;
	return *needs;
}

static const char *const needs_list[] = { "FUNCTION_ERROR_INJECTION", NULL };

/* nothing known speaks against it, and the kernel refuses it all the same */
static void refused(struct doctor *d, unsigned int row, const struct feat_result *r)
{
	const struct host *m = &d->facts->host;
	const char *when = r->attaching ? "attached" : "loaded";
	const char *const *needs = feat_needs((enum feat)row);
	const char *option;

	if (r->code == -EPERM || r->code == -EACCES) {
		answer(d, row, DOCTOR_NO, "refused with %s, though nothing it takes is missing",
		       errno_name(r->code));
		if (m->lockdown == LOCKDOWN_UNKNOWN && m->no_securityfs)
			remedy(d, BIT(row), MOUNT_SECURITYFS " shows whether it is locked down");
		remedy(d, BIT(row),
		       m->seccomp ? "find out what refuses it: this process has a seccomp filter"
				  : WHY_FIND_OUT ", or boot a kernel that is not hardened");
		return;
	}
	/* before 7.2 system calls are listed, or not to be had */
	if (row == FEAT_FMOD_RET_SYSCALL && lacks_options(d, row, needs_list))
		return;
	if (r->code == -ENODEV && r->attaching) {
		answer(d, row, DOCTOR_NO, "ftrace found a fault in itself and has shut down");
		remedy(d, BIT(row),
		       "boot anew: ftrace does not come back before (dmesg has the WARN)");
		return;
	}
	if (r->code == -ENOENT && !r->attaching) {
		answer(d, row, DOCTOR_NO, "the kernel has no function for it");
		return;
	}
	if (m->config) {
		answer(d, row, DOCTOR_NO, "refused when %s: %s", when, strerror(-r->code));
		return;
	}
	option = suspect(needs, r->attaching);
	answer(d, row, DOCTOR_NO, "refused when %s: %s, as without CONFIG_%s", when,
	       strerror(-r->code), option);
	d->row[row].missing[0] = option;
}

/* true: by hand, and that is the reason */
static bool switched_off(struct doctor *d, unsigned int row)
{
	const struct host *m = &d->facts->host;

	if (m->ftrace_off && (BIT(row) & BY_FTRACE)) {
		answer(d, row, DOCTOR_NO, WHY_FTRACE_OFF);
		remedy(d, BIT(row), WHY_FTRACE_ON);
		return true;
	}
	/* then everything is loaded and attached, and never runs */
	if (m->kprobes_off && (BIT(row) & BY_KPROBES)) {
		answer(d, row, DOCTOR_NO, "switched off in " DEBUGFS "/kprobes");
		remedy(d, BIT(row), "echo 1 >" DEBUGFS "/kprobes/enabled");
		return true;
	}
	return false;
}

static void judge_feature(struct doctor *d, unsigned int row)
{
	const struct host *m = &d->facts->host;
	const struct feat_result *r = &d->facts->feats.of[row];

	if (r->answer != FEAT_YES && lacks_options(d, row, feat_needs((enum feat)row)))
		return;
	if (switched_off(d, row))
		return;
	if (r->answer == FEAT_YES)
		answer(d, row, DOCTOR_YES, "%s", "");
	else if (!doctor_may_try(m))
		untested(d, row);
	else if (r->answer == FEAT_UNASKED)
		answer(d, row, DOCTOR_UNKNOWN, "not tested");
	else if (m->lockdown == LOCKDOWN_CONFIDENTIALITY && (BIT(row) & LOCKED_AWAY))
		answer(d, row, DOCTOR_NO, "the kernel is locked down (confidentiality)");
	else
		refused(d, row, r);
	if (m->lockdown == LOCKDOWN_CONFIDENTIALITY && d->row[row].answer == DOCTOR_NO &&
	    (BIT(row) & LOCKED_AWAY))
		remedy(d, BIT(row), WHY_UNLOCK);
}

/* An LSM program is loaded and attached whether or not anybody will ever call it. */
static void judge_lsm(struct doctor *d)
{
	const struct host *m = &d->facts->host;

	if (d->row[FEAT_LSM].answer == DOCTOR_NO || host_list_has(m->lsms, "bpf"))
		return;
	if (!*m->lsms) {
		answer(d, FEAT_LSM, DOCTOR_UNKNOWN,
		       "not known whether bpf is an active security module");
		remedy(d, BIT(FEAT_LSM), MOUNT_SECURITYFS);
		return;
	}
	answer(d, FEAT_LSM, DOCTOR_NO, "bpf is not among the active security modules");
	remedy(d, BIT(FEAT_LSM), "boot with lsm=%s,bpf", m->lsms);
}

static void judge_btf(struct doctor *d)
{
	static const char *const needs[] = { "DEBUG_INFO_BTF", NULL };

	if (d->facts->host.btf_bytes)
		answer(d, ROW_BTF, DOCTOR_YES, "%s", "");
	else if (!lacks_options(d, ROW_BTF, needs))
		answer(d, ROW_BTF, DOCTOR_NO, "no " KERN_BTF_PATH);
}

static void judge_list(struct doctor *d)
{
	const struct host *m = &d->facts->host;

	if (m->list == SIGHT_THERE) {
		answer(d, ROW_LIST, DOCTOR_YES, "%s", "");
	} else if (lacks_options(d, ROW_LIST, needs_list)) {
		return;
	} else if (m->no_debugfs) {
		answer(d, ROW_LIST, DOCTOR_NO, "debugfs is not mounted");
		remedy(d, BIT(ROW_LIST), WHY_MOUNT_DEBUGFS);
	} else if (!doctor_may_try(m)) {
		answer(d, ROW_LIST, DOCTOR_UNKNOWN, "not readable for this user");
	} else {
		answer(d, ROW_LIST, DOCTOR_NO, "not readable, or empty");
	}
}

static void judge_addresses(struct doctor *d)
{
	const struct host *m = &d->facts->host;

	if (m->addresses == SIGHT_THERE) {
		answer(d, ROW_ADDRESSES, DOCTOR_YES, "%s", "");
	} else if (m->addresses == SIGHT_NONE) {
		answer(d, ROW_ADDRESSES, DOCTOR_UNKNOWN, "/proc/kallsyms is not readable");
	} else if (m->kptr_restrict >= 2) {
		answer(d, ROW_ADDRESSES, DOCTOR_NO, "hidden: kernel.kptr_restrict is %d",
		       m->kptr_restrict);
		remedy(d, BIT(ROW_ADDRESSES), "sysctl -w kernel.kptr_restrict=1");
	} else if (!doctor_may_try(m)) {
		answer(d, ROW_ADDRESSES, DOCTOR_UNKNOWN, "hidden from this user");
	} else {
		answer(d, ROW_ADDRESSES, DOCTOR_NO, "hidden: takes CAP_SYSLOG");
		remedy(d, BIT(ROW_ADDRESSES), "run it with CAP_SYSLOG");
	}
}

static void judge_absent(struct doctor *d, unsigned int i, const char *func)
{
	const struct host *h = &d->facts->host;
	const char *needs[] = { why_option_of(func), NULL }, *clone = d->facts->clone[i];
	unsigned int row = ROW_KMALLOC + i;

	if (*clone) {
		answer(d, row, DOCTOR_NO, "of %s the compiler left only %s", func, clone);
	} else if (!lacks_options(d, row, needs)) {
		answer(d, row, DOCTOR_NO, "there is no %s, as without CONFIG_%s", func, needs[0]);
		if (!h->config)
			d->row[row].missing[0] = needs[0];
	}
}

static void judge_mode(struct doctor *d, unsigned int i)
{
	unsigned int row = ROW_KMALLOC + i;
	const struct inject_mode *mode = inject_mode(doctor_row_name(row), NULL);

	if (d->facts->mode_func[i] == SIGHT_ABSENT) {
		judge_absent(d, i, mode->target);
	} else if (d->facts->mode_func[i] == SIGHT_NONE) {
		answer(d, row, DOCTOR_UNKNOWN, "not known whether the kernel has %s", mode->target);
	} else if (rows_with(d, DOCTOR_YES) & LISTED) {
		answer(d, row, DOCTOR_YES, "%s", "");
	} else if (rows_with(d, DOCTOR_UNKNOWN) & LISTED) {
		untested(d, row);
	} else {
		answer(d, row, DOCTOR_NO, "no engine overrides it");
	}
}

/* what it takes the user to do comes first */
static void judge_rights(struct doctor *d)
{
	const struct host *m = &d->facts->host;
	uint32_t rows_for = rows_with(d, DOCTOR_UNKNOWN);
	struct doctor_remedy first;

	if (doctor_may_try(m))
		return;
	remedy(d, rows_for, "%s", why_get_rights(m->uid, m->user_ns, m->container));
	first = d->remedy[d->n_remedies - 1];
	memmove(d->remedy + 1, d->remedy, (d->n_remedies - 1) * sizeof(d->remedy[0]));
	d->remedy[0] = first;
}

/* all options that any row lacks, in one */
static void judge_options(struct doctor *d)
{
	const char *seen[32];
	_cleanup_buf_ struct buf list = { 0 };
	uint32_t rows_for = 0;
	unsigned int n = 0, j;

	for (unsigned int i = 0; i < ROW_COUNT; i++) {
		for (const char *const *o = d->row[i].missing; *o; o++) {
			rows_for |= BIT(i);
			for (j = 0; j < n && strcmp(seen[j], *o) != 0; j++)
				;
			if (j < n || n == sizeof(seen) / sizeof(seen[0]))
				continue;
			seen[n++] = *o;
			buf_printf(&list, "%sCONFIG_%s", list.len ? ", " : "", *o);
		}
	}
	if (rows_for)
		remedy(d, rows_for, "boot a kernel with %s", buf_str(&list));
}

static void judge_verdict(struct doctor *d)
{
	uint32_t yes = rows_with(d, DOCTOR_YES);
	uint32_t maybe = yes | rows_with(d, DOCTOR_UNKNOWN);

	d->verdict = DOCTOR_FAILS;
	if (host_too_old(d->facts->host.release) || (maybe & ALWAYS) != ALWAYS)
		return;
	if (maybe & LISTED)
		d->verdict = DOCTOR_WORKS;
	else if (maybe & HOOKS)
		d->verdict = DOCTOR_HOOKS;
	d->untested = d->verdict != DOCTOR_FAILS &&
		      (!doctor_may_try(&d->facts->host) || (yes & ALWAYS) != ALWAYS ||
		       !(yes & (d->verdict == DOCTOR_WORKS ? LISTED : HOOKS)));
}

void doctor_judge(struct doctor *d, const struct doctor_facts *facts)
{
	*d = (struct doctor){ .facts = facts };
	if (host_too_old(facts->host.release))
		remedy(d, 0, "upgrade the kernel: " WHY_TOO_OLD);
	for (unsigned int i = 0; i < FEAT_COUNT; i++)
		judge_feature(d, i);
	judge_lsm(d);
	judge_btf(d);
	judge_list(d);
	judge_addresses(d);
	for (unsigned int i = 0; i < DOCTOR_MODES; i++)
		judge_mode(d, i);
	judge_rights(d);
	judge_options(d);
	judge_verdict(d);
	if (d->verdict != DOCTOR_WORKS || d->untested)
		remedy(d, 0, WHY_OR_GUEST);
}

bool doctor_works(const struct doctor *d, uint32_t asked)
{
	if (asked)
		return !(asked & ~rows_with(d, DOCTOR_YES));
	return d->verdict == DOCTOR_WORKS && !d->untested;
}
