/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that the kernel and this process both see: the only value of a BPF array. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct region {
	int map;
	uint8_t *mem;  /* where we have it */
	uint64_t base; /* where the kernel has it */
	size_t len;
};

#define REGION_NONE ((struct region){ .map = -1 })

/* -errno; needs the right to load BPF programs */
int region_make(struct region *r, size_t len);
void region_free(struct region *r);
uint64_t region_address(const struct region *r, const void *p);
