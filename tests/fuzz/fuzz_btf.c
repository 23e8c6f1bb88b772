/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The BTF reader on arbitrary bytes: no crash, no read outside, no endless loop. */
#include "btf_exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	btf_exercise(data, size);
	return 0;
}
