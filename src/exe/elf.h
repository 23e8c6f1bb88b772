/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of an ELF file, of 32 or 64 bits, read by hand: libelf is not written for
 * files that lie, and it may be a process of others whose file this is. Nothing is mapped:
 * a file that is cut short meanwhile is a short read, and no SIGBUS.
 */
#pragma once

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

struct elf_section {
	const char *name;
	uint32_t type, link;
	uint64_t addr, offset, size;
};

struct elf_segment {
	uint64_t offset, addr, size; /* in the file */
	bool runs;
};

struct elf {
	int fd;
	uint64_t size;
	bool wide; /* 64 bits */
	uint16_t type, machine;
	unsigned int n_sections, n_segments;
	struct elf_section *sections;
	struct elf_segment *segments; /* those that are loaded */
	char *names;
};

/* takes fd whether it works or not; path is for messages */
int elf_open(struct elf *out, int fd, const char *path, struct err *err);
void elf_close(struct elf *e);

/* by name; NULL: none */
const struct elf_section *elf_section(const struct elf *e, const char *name);
/* what a section has, with a NUL behind it, malloc'ed; -ENODATA: nothing, or not in the file */
int elf_read(const struct elf *e, const struct elf_section *s, char **data);
/* where in the file is what is loaded to addr; false: nowhere */
bool elf_offset(const struct elf *e, uint64_t addr, bool runs, uint64_t *offset);
/* and back */
bool elf_addr(const struct elf *e, uint64_t offset, uint64_t *addr);
/* an address-sized number of the file's */
uint64_t elf_word(const struct elf *e, const char *at);
