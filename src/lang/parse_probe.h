/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parsers of a probe's parts share. */
#pragma once

#include "lang/parser.h"
#include "lang/probe.h"

/* tok is a string: the conversions, without values yet, and the text around them */
bool parse_format(struct parser *p, struct probe *probe);
