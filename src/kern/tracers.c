/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembered once asked; who looks is behind struct kern_ops. */
#include "kern/tracers.h"

#include <string.h>

#include "kern/kern_impl.h"

unsigned int kern_tracers(struct kern *k, const struct kern_tracer **out)
{
	if (!k->tracers_known && k->ops->tracers)
		k->ops->tracers(k->ctx, &k->tracers, &k->n_tracers);
	k->tracers_known = true;
	*out = k->tracers;
	return k->n_tracers;
}

const struct kern_tracer *kern_tracer_of(struct kern *k, const char *module, uint32_t func_id)
{
	const struct kern_tracer *t;
	unsigned int n = kern_tracers(k, &t);

	for (unsigned int i = 0; func_id && i < n; i++)
		if (t[i].func_id == func_id && strcmp(t[i].module, module) == 0)
			return &t[i];
	return NULL;
}

bool kern_probe_on(struct kern *k, uint64_t addr, struct kern_probe *out)
{
	return addr && k->ops->probe && k->ops->probe(k->ctx, addr, out);
}
