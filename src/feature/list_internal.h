/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is found out about one entry of the list, beside its name. */
#pragma once

#include "feature/list.h"

struct list_ask {
	struct list *l;
	struct kern *k;
	const struct host *host;
	const struct kbtf *btf; /* NULL: the kernel has none */
	unsigned int may;	/* engines that the kernel was built with */
	bool tracepoints;	/* every system call with a number has one that can be read */
};

/* fills in prototype and engines, from types (list_proto.c); -ENOMEM */
int list_describe(const struct list_ask *a, struct list_entry *e);
/* fills in warnings (list_warn.c); -ENOMEM */
int list_warn(const struct list_ask *a, struct list_entry *e);
int list_add_warning(struct list *l, struct list_entry *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const char *list_dup(struct list *l, const char *text); /* NULL: out of memory */
