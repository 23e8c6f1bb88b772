/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel made of a BTF file. Every function in it has an address and 256 bytes
 * of text; symbols and addresses are translated into each other accordingly. The
 * fixture's kernel has a module loaded, FAKE_MODULE, with types of its own.
 */
#pragma once

#include "kern/kern.h"

#define FAKE_KERN_BASE 0xffffffff81000000ull
#define FAKE_KERN_SIZE 0x100ull
#define FAKE_MODULE    "fake_mod"

/*
 * btf_path NULL: the fixture, which is where $RETCON_FIXTURE_BTF says or, failing
 * that, where FIXTURE_BTF said when this was compiled.
 */
int fake_kern(struct kern **out, const char *btf_path, struct err *err);
const char *fake_kern_path(void); /* of the fixture */
const char *fake_kern_module_path(void);
const char *fake_kern_hooks_path(void); /* a kernel like the fixture's, with security hooks */
/* FAKE_KERN_BASE + FAKE_KERN_SIZE * id of the FUNC */
uint64_t fake_kern_addr(uint32_t func_id);
/* a whole file, malloc'ed */
int fake_kern_slurp(const char *path, void **data, size_t *len);
