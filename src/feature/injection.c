// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What every command does with rules once they are parsed. Order of checks: what the
 * user typed first, then who they are, then what the kernel has.
 */
#include "feature/injection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/why.h"
#include "util/cleanup.h"

int injection_alloc(struct injection *in, unsigned int n, struct err *err)
{
	if (!n || n > LIMIT_RULES)
		return err_plain(err, n ? -E2BIG : -EINVAL, n ? ERR_LIMIT : ERR_USAGE,
				 n ? "more than %d rules" : "a rule is needed (up to %d)",
				 LIMIT_RULES);
	in->rules = calloc(n, sizeof(*in->rules));
	if (!in->rules)
		return err_nomem(err);
	in->n_rules = n;
	return 0;
}

static int plan_one(struct injection *in, unsigned int i, const struct injection_opts *o,
		    const enum engine *only, struct err *err)
{
	const struct plan_opts po = { .force = o->force, .only = only };
	struct injected *r = &in->rules[i];
	int ret = plan_rule(&r->plan, r->rule, in->kern, &po, err);

	if (!ret && !kern_types_only(in->kern))
		ret = scope_check_rule(&in->scope, o->scope.system_wide, &r->plan, in->kern,
				       o->what	       ? o->what
				       : r->rule->mode ? r->rule->mode
						       : r->rule->target,
				       err);
	buf_puts(&in->notes, buf_str(&r->plan.notes));
	return ret || !buf_err(&in->notes) ? ret : err_nomem(err);
}

int injection_compile(struct injection *in, const struct injection_opts *o, struct err *err)
{
	_cleanup_free_ struct session_rule *rules = calloc(in->n_rules, sizeof(*rules));
	struct session_opts so = {
		.rules = rules,
		.n_rules = in->n_rules,
		.scope = in->scope.who,
		.command = o->scope.command,
		.dry = o->dry,
		.follow = o->follow,
		.shown_only = kern_types_only(in->kern),
	};
	enum engine only;
	int ret = 0;

	if (!rules)
		return err_nomem(err);
	if (o->engine)
		ret = engine_by_name(o->engine, &only, err);
	for (unsigned int i = 0; !ret && i < in->n_rules; i++) {
		const struct injected *r = &in->rules[i];

		ret = plan_one(in, i, o, o->engine ? &only : NULL, err);
		rules[i] = (struct session_rule){
			.plan = &r->plan,
			.value = r->rule->value ? r->plan.value : o->value,
			.schedule = r->rule->is_spec ? o->schedule : r->rule->schedule,
		};
	}
	return ret ? ret : session_new(&in->session, in->kern, &so, err);
}

int injection_prepare(struct injection *in, const struct injection_opts *o, struct err *err)
{
	int ret = scope_open(&in->scope, &o->scope, err);

	if (!ret)
		ret = why_precheck(err);
	if (!ret)
		ret = kern_live(&in->kern, err);
	if (!ret)
		ret = injection_compile(in, o, err);
	if (!ret)
		scope_notes(&o->scope, &in->notes);
	return ret;
}

void injection_free(struct injection *in)
{
	session_free(in->session);
	scope_close(&in->scope);
	for (unsigned int i = 0; i < in->n_rules; i++) {
		plan_free(&in->rules[i].plan);
		rule_free(in->rules[i].rule);
	}
	free(in->rules);
	buf_free(&in->notes);
	kern_free(in->kern);
	memset(in, 0, sizeof(*in));
}
