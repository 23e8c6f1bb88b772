/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* "ENOMEM" for 12 or -12, kernel-internal ones (ERESTARTSYS, ...) too; NULL if unknown */
const char *errno_name(long value);
/* -12 for "ENOMEM"; 0 if unknown */
int errno_value(const char *name);
/* "ENOMEM" for "ENOMEN", one slip away; NULL: no name is */
const char *errno_nearest(const char *name);
