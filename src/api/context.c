// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/diag.h"

int retcon_new(struct retcon **out)
{
	struct retcon *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	*out = ctx;
	return 0;
}

void retcon_free(struct retcon *ctx)
{
	if (!ctx)
		return;
	buf_free(&ctx->error);
	buf_free(&ctx->text);
	buf_free(&ctx->notes);
	follow_known_free(&ctx->known);
	free(ctx);
}

const char *retcon_error(const struct retcon *ctx)
{
	return buf_str(&ctx->error);
}

enum retcon_failure retcon_failure(const struct retcon *ctx)
{
	return ctx->failure;
}

const char *retcon_version(void)
{
	return RETCON_VERSION;
}

static enum retcon_failure failure_of(enum err_tag tag)
{
	switch (tag) {
	case ERR_KERNEL_LACKS:
	case ERR_PERMISSION:
		return RETCON_LACKS;
	case ERR_SYNTAX:
	case ERR_LIMIT:
	case ERR_UNKNOWN_FUNCTION:
	case ERR_UNKNOWN_NAME:
	case ERR_UNKNOWN_TYPE:
	case ERR_UNKNOWN_MEMBER:
	case ERR_TYPE_MISMATCH:
	case ERR_SIGNATURE:
	case ERR_UNSUPPORTED:
	case ERR_NOT_INJECTABLE:
	case ERR_USAGE:
	case ERR_NO_PROCESS:
		return RETCON_USAGE;
	default:
		return RETCON_FAILED;
	}
}

int context_report(struct retcon *ctx, int ret, struct err *err)
{
	buf_free(&ctx->error);
	ctx->failure = RETCON_OK;
	if (!ret)
		return 0;
	if (!err->code)
		err_plain(err, ret, ERR_SYSTEM, "%s", strerror(-ret));
	ctx->failure = failure_of(err->tag);
	diag_render(err, "retcon", &ctx->error);
	return ret;
}

int opts_take(void *known, size_t size, const void *given, struct err *err)
{
	const unsigned char *bytes = given;
	size_t sz;

	memcpy(&sz, given, sizeof(sz));
	for (size_t i = size; i < sz; i++)
		if (bytes[i])
			return err_plain(err, -E2BIG, ERR_USAGE,
					 "this libretcon does not know all options set");
	memcpy(known, given, sz < size ? sz : size);
	return 0;
}
