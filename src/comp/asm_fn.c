/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations with registers to instructions. */
#include "comp/ir_internal.h"
