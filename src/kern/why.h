/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why arming failed: looked into only afterwards, so that arming stays fast.
 * Each answer names what is missing and the remedy.
 */
#pragma once

#include "kern/config.h"
#include "kern/kern.h"

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
bool why_not_built(const struct kconfig *c, enum why_wish wish, struct err *err);
/* whether func is one that is there or not as the kernel was built: then *err says so */
bool why_not_built_in(const char *func, struct err *err);
/* cheap checks before anything is loaded: root, kernel >= 6.1. 0 or -EPERM/-EOPNOTSUPP */
int why_precheck(struct err *err);
