// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/list.h"

#include "api/context.h"
#include "retcon/retcon.h"

int retcon_list(struct retcon *ctx, const struct retcon_list_opts *given, const char **text,
		const char **notes)
{
	struct retcon_list_opts o = RETCON_LIST_OPTS_INIT;
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);

	buf_free(&ctx->text);
	buf_free(&ctx->notes);
	if (!ret) {
		const struct list_opts lo = {
			.glob = o.glob, .all = o.all, .json = o.json, .width = o.width
		};

		ret = list_live(&lo, &ctx->text, &ctx->notes, &err);
	}
	context_report(ctx, ret, &err);
	if (!ret) {
		*text = buf_str(&ctx->text);
		*notes = buf_str(&ctx->notes);
	}
	return ret;
}
