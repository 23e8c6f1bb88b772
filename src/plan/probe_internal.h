/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kinds of probes share. */
#pragma once

#include "plan/probe.h"

/* one more place; pointers to others become stale. NULL after err */
struct plan_place *plan_place_add(struct plan_probe *p, const char *name, struct err *err);

/* probe_user.c, probe_event.c */
int plan_user(struct plan_probe *p, pid_t pid, struct err *err);
int plan_tracepoint(struct plan_probe *p, struct kern *kern, struct err *err);
