// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/override.h"

#include <errno.h>

#include "lang/parse.h"

int override_prepare(struct injection *in, const struct override_opts *o, struct err *err)
{
	struct injection_opts io = {
		.scope = o->scope,
		.force = o->force,
	};
	int ret = rule_parse(&in->rule, "rule", o->rule, err);

	if (ret)
		return ret;
	if (o->scope.system_wide && !o->timed && !in->rule->schedule.times)
		return err_plain(
			err, -EINVAL, ERR_USAGE,
			"--system-wide needs a bound: --for TIME, or 'times N' in the rule");
	io.what = in->rule->mode ? in->rule->mode : in->rule->target;
	return injection_prepare(in, &io, err);
}
