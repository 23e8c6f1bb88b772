/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two-address form, which is what the machine has. */
#include "comp/ir_internal.h"
