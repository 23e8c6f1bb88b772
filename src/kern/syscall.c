/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What SYSCALL_DEFINEn said: the function with the names and types is inlined more often
 * than not, and then not in BTF. The call's tracepoint has them all (CONFIG_FTRACE_SYSCALLS).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kern/kern.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

#define FIELD "\tfield:"

/* "\tfield:const char * filename;\toffset:24;...": up to the semicolon, one after the other */
static int fields_to_params(const char *format, struct buf *out)
{
	const char *at = strstr(format, FIELD "int __syscall_nr;");
	bool first = true;

	if (!at)
		return -ENOENT;
	while ((at = strstr(at + 1, FIELD))) {
		at += strlen(FIELD);
		if (strncmp(at, "__data_loc", 10) == 0) /* what pointers point to, of late */
			break;
		buf_puts(out, first ? "" : ", ");
		buf_add(out, at, strcspn(at, ";\n"));
		first = false;
	}
	if (first)
		buf_puts(out, "void");
	return buf_err(out);
}

int kern_syscall_params(struct kern *k, const char *name, struct buf *out)
{
	_cleanup_free_ char *format = NULL;
	char event[LIMIT_IDENT + 1];
	int r = -ENOENT;

	if (snprintf(event, sizeof(event), "sys_enter_%s", name) < (int)sizeof(event))
		r = kern_event_format(k, "syscalls", event, &format, NULL);
	return r < 0 ? r : fields_to_params(format, out);
}
