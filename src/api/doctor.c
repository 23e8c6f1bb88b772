// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/doctor.h"

#include "api/context.h"
#include "retcon/retcon.h"

int retcon_doctor(struct retcon *ctx, const struct retcon_doctor_opts *given, const char **text,
		  bool *works)
{
	struct retcon_doctor_opts o = RETCON_DOCTOR_OPTS_INIT;
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);
	bool yes = false;

	buf_free(&ctx->text);
	if (!ret) {
		const struct doctor_opts d = { .json = o.json, .names = o.names };

		ret = doctor_run(&d, &ctx->text, &yes, &err);
	}
	context_report(ctx, ret, &err);
	if (!ret) {
		*text = buf_str(&ctx->text);
		*works = yes;
	}
	return ret;
}
