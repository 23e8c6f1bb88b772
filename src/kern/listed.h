/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's lists of functions, for when something is in doubt: reading one is dear. */
#pragma once

#include <stddef.h>

#define DEBUGFS	       "/sys/kernel/debug"
#define INJECTION_LIST DEBUGFS "/error_injection/list"
#define TRACEFS	       "/sys/kernel/tracing"
#define TRACEABLE_LIST TRACEFS "/available_filter_functions"

enum listed {
	LIST_UNREADABLE,
	LIST_HAS,
	LIST_LACKS
};

/*
 * Is there a line that begins with `func`, or with `alias`, what the kernel calls that
 * address? (It is the first of its names: __do_sys_getpid for __x64_sys_getpid.) Of that
 * line, `rest` is the second word.
 */
enum listed list_find(const char *path, const char *func, const char *alias, char *rest,
		      size_t size);
