// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/override.h"

#include <errno.h>
#include <stdio.h>

#include "lang/parse.h"

/* messages point into "rule", or with several into "rule 2" */
static int parse(struct injection *in, const struct override_opts *o, struct err *err)
{
	char name[32] = "rule";
	int ret = injection_alloc(in, o->n_rules, err);

	for (unsigned int i = 0; !ret && i < o->n_rules; i++) {
		struct rule **rule = &in->rules[i].rule;

		if (o->n_rules > 1)
			snprintf(name, sizeof(name), "rule %u", i + 1);
		ret = rule_parse(rule, name, o->rules[i], err);
		if (!ret && o->scope.system_wide && !o->timed && !(*rule)->schedule.times)
			ret = err_plain(err, -EINVAL, ERR_USAGE,
					"--system-wide needs a bound: --for TIME, or 'times N' in "
					"%s",
					o->n_rules > 1 ? "each rule" : "the rule");
	}
	return ret;
}

int override_prepare(struct injection *in, const struct override_opts *o, struct err *err)
{
	const struct injection_opts io = {
		.scope = o->scope,
		.force = o->force,
		.engine = o->engine,
		.dry = o->dry,
		.follow = o->follow,
	};
	int ret = parse(in, o, err);

	return ret ? ret : injection_prepare(in, &io, err);
}
