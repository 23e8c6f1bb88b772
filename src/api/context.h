/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the functions of retcon.h share: the caller's handle, its last error, options structs. */
#pragma once

#include "feature/follow.h"
#include "retcon/retcon.h"
#include "util/buf.h"
#include "util/err.h"

struct retcon {
	struct buf error;
	struct buf text, notes;	   /* of the last retcon_compile() */
	struct follow_known known; /* what sessions before this one have seen on stacks */
	enum retcon_failure failure;
};

/* what a function of the library returns: err, if ret is not 0, becomes the last error */
int context_report(struct retcon *ctx, int ret, struct err *err);

/*
 * Every options struct begins with its size. An option a newer caller sets and we do
 * not know must not be ignored; those an older caller does not know keep their defaults.
 */
int opts_take(void *known, size_t size, const void *given, struct err *err);
