// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/late.h"

#include <string.h>

#include "kern/why.h"

/* system calls and hooks are called through tables, and a pattern's would be too many */
static const char *may_be_cloned(const struct injected *r)
{
	const struct plan *p = &r->plan;

	if (p->pattern || !p->n_sites || r->rule->target_kind == TARGET_LSM ||
	    p->sites[0].comp.func.syscall || p->sites[0].sym.module[0])
		return NULL;
	return plan_target(p);
}

static bool is_again(const struct injection *in, unsigned int rule, const char *name)
{
	for (unsigned int i = 0; i < rule; i++) {
		const char *other = may_be_cloned(&in->rules[i]);

		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

int late_warnings(const struct injection *in, struct buf *out)
{
	char clone[LIMIT_IDENT + 1];

	for (unsigned int i = 0; i < in->n_rules; i++) {
		const char *name = may_be_cloned(&in->rules[i]);

		if (!name || is_again(in, i, name) ||
		    !why_clone_beside(in->kern, name, clone, sizeof(clone)))
			continue;
		buf_printf(out, "%s exists beside %s: calls that go there are not seen\n", clone,
			   name);
	}
	return buf_err(out);
}
