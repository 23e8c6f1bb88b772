// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What every command does with a rule once it is parsed. Order of checks: what the
 * user typed first, then who they are, then what the kernel has.
 */
#include "feature/injection.h"

#include <string.h>

#include "kern/why.h"

/* Where the targets that decide about an allocation are told its flags: whether it may fail. */
static int gfp_param_of(const char *target)
{
	static const struct {
		const char *target;
		int param;
	} table[] = {
		{ "should_failslab", 1 },
		{ "should_fail_alloc_page", 0 },
	};
	int param = -1; /* as session_opts has it: none */

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(target, table[i].target) == 0)
			param = table[i].param;
	return param;
}

int injection_compile(struct injection *in, const struct injection_opts *o, struct err *err)
{
	struct session_opts so = {
		.value = o->value,
		.schedule = in->rule->is_spec ? o->schedule : in->rule->schedule,
		.pid = o->scope.pid,
		.command = o->scope.command,
		.kthreads = o->scope.kthreads,
		.shown_only = kern_types_only(in->kern),
	};
	int ret = plan_rule(&in->plan, in->rule, in->kern, err);

	if (!ret && in->rule->value)
		ret = plan_value(&in->plan, in->kern, o->force, &so.value, err);
	if (!ret && !so.shown_only)
		ret = scope_check_rule(&o->scope, &in->plan, in->kern, o->what, err);
	if (ret)
		return ret;
	so.gfp_param = gfp_param_of(in->plan.target_name);
	return session_new(&in->session, in->kern, &in->plan, &so, err);
}

int injection_prepare(struct injection *in, const struct injection_opts *o, struct err *err)
{
	int ret = scope_check_opts(&o->scope, err);

	if (!ret)
		ret = why_precheck(err);
	if (!ret)
		ret = kern_live(&in->kern, err);
	return ret ? ret : injection_compile(in, o, err);
}

void injection_free(struct injection *in)
{
	session_free(in->session);
	plan_free(&in->plan);
	rule_free(in->rule);
	kern_free(in->kern);
	memset(in, 0, sizeof(*in));
}
