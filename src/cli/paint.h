/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colour, on a terminal only: what went wrong stands out. The text itself stays as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

/* a terminal that has colours, whose user did not say NO_COLOR */
bool paint_wanted(int fd);
/* whole lines */
void paint(const char *text, size_t len, struct buf *out);
