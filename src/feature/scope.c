// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* -p means a process; a thread's own id would match nothing */
static int check_pid(pid_t pid, struct err *err)
{
	char line[128], path[64];
	int tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f)
		return err_plain(err, -ESRCH, ERR_NO_PROCESS, "there is no process %d", (int)pid);
	while (!tgid && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) != 1)
			tgid = 0;
	fclose(f);
	if (tgid && tgid != pid)
		return err_plain(err, -EINVAL, ERR_NO_PROCESS,
				 "%d is a thread: its process is %d (-p takes a process)", (int)pid,
				 tgid);
	return 0;
}

int scope_check_opts(const struct scope_opts *o, struct err *err)
{
	if (o->pid && o->command)
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "-p and a command exclude each other: both say whose calls count");
	return o->pid ? check_pid(o->pid, err) : 0;
}

/* Failing every allocation of a machine ends it: nobody gets that by leaving words out. */
int scope_check_rule(const struct scope_opts *o, const struct plan *p, struct kern *kern,
		     const char *what, struct err *err)
{
	const struct kbtf *btf;
	bool varies = false;
	int ret;

	if (plan_has_caller(p) || o->pid || o->command || o->system_wide)
		return 0;
	ret = kern_btf(kern, &btf, err);
	if (!ret)
		ret = comp_varies(btf, p->rule->src, &p->sites->comp.func, &p->rule->on_target,
				  &varies, err);
	if (ret || varies)
		return ret;
	err_plain(err, -EINVAL, ERR_USAGE, "this rule would fail every %s of the whole system",
		  what);
	err_note(err, SPAN_NONE, "name a caller (%s), a process (-p PID), or a command (-- CMD)",
		 p->rule->is_spec ? "'tcp_v4_connect()'" : "'under tcp_v4_connect'");
	err_note(err, SPAN_NONE, "if you mean it: --system-wide with --for TIME or %s",
		 p->rule->is_spec ? "-c N" : "'times N'");
	return -EINVAL;
}
