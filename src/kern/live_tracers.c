// SPDX-License-Identifier: LGPL-2.1-or-later
/* Every BPF link of the machine is asked what it is on: there are seldom many. */
#include <stdlib.h>
#include <string.h>

#include "kern/live.h"
#include "kern/sys.h"
#include "kern/tracers.h"
#include "util/cleanup.h"
#include "util/str.h"

static bool describe(int link, struct kern_tracer *out)
{
	struct sys_tracing_link t;

	if (sys_tracing_link(link, &t))
		return false;
	*out = (struct kern_tracer){ .func_id = t.btf_id, .prog_id = t.prog_id };
	if (strcmp(t.btf_name, "vmlinux") != 0)
		str_copy(out->module, sizeof(out->module), t.btf_name);
	str_copy(out->prog, sizeof(out->prog), t.prog_name);
	return true;
}

/* what goes away while it is looked at was not there */
int live_tracers(void *ctx, struct kern_tracer **out, unsigned int *n)
{
	struct kern_tracer *list = NULL, *grown;
	unsigned int count = 0;
	uint32_t id = 0;

	(void)ctx;
	while (sys_next_link(&id) == 0) {
		_cleanup_close_ int link = sys_link_by_id(id);
		struct kern_tracer t;

		if (link < 0 || !describe(link, &t))
			continue;
		grown = realloc(list, (count + 1) * sizeof(*list));
		if (!grown)
			break;
		list = grown;
		list[count++] = t;
	}
	*out = list;
	*n = count;
	return 0;
}

bool live_probe(void *ctx, uint64_t addr, struct kern_probe *out)
{
	uint32_t id = 0;

	(void)ctx;
	while (sys_next_link(&id) == 0) {
		_cleanup_close_ int link = sys_link_by_id(id);

		if (link >= 0 && sys_probe_link(link, addr, &out->prog_id, out->prog) == 0)
			return true;
	}
	return false;
}
