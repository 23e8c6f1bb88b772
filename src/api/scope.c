// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api/scope.h"

#include "api/context.h"

int api_scope(struct scope_opts *out, const struct retcon_scope *given, struct err *err)
{
	struct retcon_scope s = RETCON_SCOPE_INIT;
	int ret = given ? opts_take(&s, sizeof(s), given, err) : 0;

	*out = (struct scope_opts){
		.pids = s.pids,
		.n_pids = s.n_pids,
		.tids = s.tids,
		.n_tids = s.n_tids,
		.comms = s.comms,
		.n_comms = s.n_comms,
		.users = s.users,
		.n_users = s.n_users,
		.cgroups = s.cgroups,
		.n_cgroups = s.n_cgroups,
		.netns = s.netns,
		.n_netns = s.n_netns,
		.command = s.command,
		.kthreads = s.kthreads,
		.system_wide = s.system_wide,
	};
	return ret;
}
