// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/proc.h"

#include <stdio.h>

#include "util/cleanup.h"

pid_t proc_process_of(pid_t id)
{
	_cleanup_fclose_ FILE *f = NULL;
	char line[128], path[64];
	int tgid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)id);
	f = id > 0 ? fopen(path, "re") : NULL;
	while (f && !tgid && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) != 1)
			tgid = 0;
	return tgid;
}
