/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel objects that are not: laid out after the running kernel's BTF, in memory that
 * BPF programs and we share. A path with arrows makes an object for each.
 */
#pragma once

#include <stdint.h>

#include "kern/kbtf.h"

#define OBJECTS_BYTES (1U << 18)

struct objects {
	const struct kbtf *btf;
	int map;
	uint8_t *mem;  /* as we see it */
	uint64_t base; /* as the kernel does */
	uint32_t used;
};

/* 0 or -errno */
int objects_open(struct objects *o, const struct kbtf *btf);
void objects_clear(struct objects *o);
/* zeroed; its address in the kernel, 0 if all is used up */
uint64_t objects_new(struct objects *o, uint32_t bytes);

/*
 * path: what follows the name of a pointer to a record of type id at address:
 * "->a.b[2]->c". Sets the integer there, or the pointer to a new string.
 */
int objects_set(struct objects *o, uint64_t address, uint32_t id, const char *path, uint64_t value,
		const char *text);
