// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "plan/probe_internal.h"

int plan_user(struct plan_probe *p, pid_t pid, struct err *err)
{
	(void)p;
	(void)pid;
	return err_plain(err, -EOPNOTSUPP, ERR_UNSUPPORTED, "user");
}
