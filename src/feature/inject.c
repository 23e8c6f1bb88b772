// SPDX-License-Identifier: LGPL-2.1-or-later
/* The three modes are rules whose target and value are fixed. */
#include "feature/inject.h"

#include <errno.h>
#include <string.h>

#include "lang/parse.h"

const struct inject_mode *inject_mode(const char *name, struct err *err)
{
	static const struct inject_mode modes[] = {
		{ "kmalloc", "should_failslab", -ENOMEM },
		{ "bio", "should_fail_bio", -EIO },
		{ "alloc_page", "should_fail_alloc_page", true },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	err_plain(err, -EINVAL, ERR_USAGE,
		  "there is no mode '%s': it is kmalloc, bio or alloc_page", name);
	return NULL;
}

/* 0 .. 1 as 0 .. 2^32: compared with a 32-bit random number, so 1 is always and 0 never */
static uint64_t probability_scaled(double p)
{
	return (uint64_t)(p * (double)PROBABILITY_ALWAYS);
}

/* What a script for bcc's tool may rely on, and is otherwise here. */
static int note_changes(struct injection *in, const struct inject_opts *o, struct err *err)
{
	struct buf *notes = &in->notes;

	if (o->probability < 1 && !plan_has_caller(&in->rules->plan))
		buf_puts(notes,
			 "bcc ignored -P where no caller is named; here it is drawn for each "
			 "call that matches\n");
	return buf_err(notes) ? err_nomem(err) : 0;
}

int inject_prepare(struct injection *in, const struct inject_opts *o, struct err *err)
{
	const struct inject_mode *mode = inject_mode(o->mode, err);
	struct injection_opts io = {
		.scope = o->scope,
		.what = o->mode,
	};
	int ret;

	if (!mode)
		return -EINVAL;
	if (!(o->probability >= 0 && o->probability <= 1))
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "the probability is a fraction from 0 to 1, not %g",
				 o->probability);
	io.value = mode->value;
	io.schedule.probability = probability_scaled(o->probability);
	io.schedule.times = o->count;
	io.dry = o->dry;
	io.follow = o->follow;
	io.engine = o->engine;
	ret = injection_alloc(in, 1, err);
	if (!ret)
		ret = spec_parse(&in->rules->rule, "spec", o->spec, mode->target, err);
	if (!ret)
		ret = injection_prepare(in, &io, err);
	return ret ? ret : note_changes(in, o, err);
}
