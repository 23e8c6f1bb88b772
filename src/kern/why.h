/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why arming failed: looked into only afterwards, so that arming stays fast.
 * Each answer names what is missing and the remedy.
 */
#pragma once

#include "kern/config.h"
#include "kern/host.h"
#include "kern/kern.h"
#include "kern/listed.h"
#include "util/buf.h"
#include "util/str.h"

/* The remedies, in the same words wherever they are told. */
#define WHY_OR_GUEST	  "or run it in a guest that has everything: retcon vm -- retcon inject ..."
#define WHY_TOO_OLD	  "retcon needs Linux 6.1 or later"
#define WHY_UNLOCK	  "boot without lockdown=confidentiality"
#define WHY_FTRACE_OFF	  "switched off: kernel.ftrace_enabled is 0"
#define WHY_FTRACE_ON	  "sysctl -w kernel.ftrace_enabled=1"
#define WHY_FIND_OUT	  "find out which security module refuses it"
#define WHY_MOUNT_DEBUGFS "mount -t debugfs none " DEBUGFS

enum why_wish {
	WHY_OVERRIDE, /* functions that are overridden */
	WHY_TRACE,    /* chain functions that are traced */
};

/*
 * Called after `func` could not be overridden; code is what the kernel said.
 * Replaces *err by the best explanation found: no root or capability, kernel older
 * than 6.1, CONFIG_KPROBES / CONFIG_BPF_KPROBE_OVERRIDE / CONFIG_FUNCTION_ERROR_INJECTION /
 * CONFIG_FPROBE absent (from /proc/config.gz, /boot/config-*, /lib/modules; and by what
 * exists: debugfs error_injection/list, tracefs), function not on the injection list
 * (says how to list), function absent because of CONFIG_FAILSLAB..., lockdown,
 * kptr_restrict, and that `retcon vm` helps. Sets err->code to what fits:
 * -EPERM, -EOPNOTSUPP, -ENOENT, -EINVAL.
 */
void why_not_overridable(struct kern *k, const char *func, int code, struct err *err);
/* a chain function that cannot be traced: notrace, inlined, unknown (nearest names) */
void why_not_traceable(struct kern *k, const char *func, int code, struct err *err);
/*
 * Whether a kernel of configuration c lacks options that the wish takes: then *err names
 * them. c NULL: only those that sysfs and debugfs of this machine prove absent.
 */
bool why_not_built(struct kconfig *c, enum why_wish wish, struct err *err);
/* those of the options (NULL at the end) that the kernel was built without; how many */
unsigned int why_options(const struct host *m, const char *const *needed, struct buf *list);
/* whether the verifier's complaint is of a helper that is not to be had: then *err says so */
bool why_no_helper(struct str complaint, struct err *err);
/* how this user comes to the rights it takes */
const char *why_get_rights(unsigned int uid, bool user_ns, bool container);
/* "FAILSLAB" for should_failslab; NULL: there is none for func */
const char *why_option_of(const char *func);
/* what the compiler left of a function it specialised or took apart; false, "": nothing */
bool why_clone(struct kern *k, const char *func, char *name, size_t size);
/*
 * A clone beside a function that is there, to which calls may go instead. Asking for the
 * names that compilers give them costs a hundredth of reading /proc/kallsyms.
 */
bool why_clone_beside(struct kern *k, const char *func, char *name, size_t size);
/* whether func is one that is there or not as the kernel was built: then *err says so */
bool why_not_built_in(const char *func, struct err *err);
/* cheap checks before anything is loaded: root, kernel >= 6.1, ftrace switched on. 0 or
 * -EPERM/-EOPNOTSUPP */
int why_precheck(struct err *err);
