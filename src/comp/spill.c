/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations around values that live on the stack. */
#include "comp/ir_internal.h"
