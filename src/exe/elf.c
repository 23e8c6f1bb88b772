/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exe/elf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/limits.h"

/* whole, or -ENODATA */
static int read_at(const struct elf *e, uint64_t offset, void *to, size_t size)
{
	size_t done = 0;

	if (offset > e->size || size > e->size - offset)
		return -ENODATA;
	while (done < size) {
		ssize_t n = pread(e->fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		done += (size_t)n;
	}
	return 0;
}

static int read_new(const struct elf *e, uint64_t offset, uint64_t size, char **data)
{
	_cleanup_free_ char *p = NULL;
	int r;

	if (!size || size > LIMIT_ELF_TABLE || offset > e->size || size > e->size - offset)
		return -ENODATA;
	p = malloc(size + 1);
	if (!p)
		return -ENOMEM;
	r = read_at(e, offset, p, size);
	if (r < 0)
		return r;
	p[size] = '\0';
	*data = take_ptr(p);
	return 0;
}

uint64_t elf_word(const struct elf *e, const char *at)
{
	uint64_t wide;
	uint32_t narrow;

	if (e->wide) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

/* where its tables are */
struct tables {
	uint64_t segments, sections;
	uint16_t n_segments, n_sections, names;
};

static int read_header(struct elf *e, struct tables *t)
{
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr wide = { 0 };
	Elf32_Ehdr narrow = { 0 };
	int r = read_at(e, 0, ident, sizeof(ident));

	if (r < 0)
		return r;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64))
		return -ENOEXEC;
	if (ident[EI_DATA] != ELFDATA2LSB)
		return -EMEDIUMTYPE;
	e->wide = ident[EI_CLASS] == ELFCLASS64;
	if (!e->wide) {
		r = read_at(e, 0, &narrow, sizeof(narrow));
		if (r < 0 || narrow.e_phentsize != sizeof(Elf32_Phdr))
			narrow.e_phnum = 0;
		if (r < 0 || narrow.e_shentsize != sizeof(Elf32_Shdr))
			narrow.e_shnum = 0;
		e->type = narrow.e_type;
		e->machine = narrow.e_machine;
		*t = (struct tables){ narrow.e_phoff, narrow.e_shoff, narrow.e_phnum,
				      narrow.e_shnum, narrow.e_shstrndx };
		return r;
	}
	r = read_at(e, 0, &wide, sizeof(wide));
	if (r < 0 || wide.e_phentsize != sizeof(Elf64_Phdr))
		wide.e_phnum = 0;
	if (r < 0 || wide.e_shentsize != sizeof(Elf64_Shdr))
		wide.e_shnum = 0;
	e->type = wide.e_type;
	e->machine = wide.e_machine;
	*t = (struct tables){ wide.e_phoff, wide.e_shoff, wide.e_phnum, wide.e_shnum,
			      wide.e_shstrndx };
	return r;
}

static void add_segment(struct elf *e, uint32_t type, uint32_t flags, struct elf_segment s)
{
	/* one that ends beyond all addresses is a lie */
	if (type != PT_LOAD || !s.size || s.addr + s.size < s.addr || s.offset + s.size < s.offset)
		return;
	s.runs = flags & PF_X;
	e->segments[e->n_segments++] = s;
}

static int read_segments(struct elf *e, const struct tables *t)
{
	size_t each = e->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	_cleanup_free_ char *raw = NULL;
	int r = read_new(e, t->segments, each * t->n_segments, &raw);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	e->segments = calloc(t->n_segments, sizeof(*e->segments));
	if (!e->segments)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->n_segments; i++) {
		Elf64_Phdr wide;
		Elf32_Phdr p;

		if (e->wide) {
			memcpy(&wide, raw + i * each, sizeof(wide));
			add_segment(e, wide.p_type, wide.p_flags,
				    (struct elf_segment){ wide.p_offset, wide.p_vaddr,
							  wide.p_filesz, false });
		} else {
			memcpy(&p, raw + i * each, sizeof(p));
			add_segment(
				e, p.p_type, p.p_flags,
				(struct elf_segment){ p.p_offset, p.p_vaddr, p.p_filesz, false });
		}
	}
	return 0;
}

static Elf64_Shdr section_header(const struct elf *e, const char *at)
{
	Elf64_Shdr wide = { 0 };
	Elf32_Shdr s;

	if (e->wide) {
		memcpy(&wide, at, sizeof(wide));
	} else {
		memcpy(&s, at, sizeof(s));
		wide = (Elf64_Shdr){ .sh_name = s.sh_name,
				     .sh_type = s.sh_type,
				     .sh_addr = s.sh_addr,
				     .sh_offset = s.sh_offset,
				     .sh_size = s.sh_size,
				     .sh_link = s.sh_link };
	}
	return wide;
}

/* names may be missing, and then they are "" */
static int read_sections(struct elf *e, const struct tables *t)
{
	size_t each = e->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	_cleanup_free_ char *raw = NULL;
	uint64_t names_size = 0;
	int r = read_new(e, t->sections, each * t->n_sections, &raw);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (t->names < t->n_sections) {
		Elf64_Shdr h = section_header(e, raw + t->names * each);

		r = read_new(e, h.sh_offset, h.sh_size, &e->names);
		if (r == -ENOMEM)
			return r;
		names_size = r < 0 ? 0 : h.sh_size;
	}
	e->sections = calloc(t->n_sections, sizeof(*e->sections));
	if (!e->sections)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->n_sections; i++) {
		Elf64_Shdr h = section_header(e, raw + i * each);

		e->sections[i] = (struct elf_section){
			.name = h.sh_name < names_size ? e->names + h.sh_name : "",
			.type = h.sh_type,
			.link = h.sh_link,
			.addr = h.sh_addr,
			.offset = h.sh_offset,
			.size = h.sh_size,
		};
	}
	e->n_sections = t->n_sections;
	return 0;
}

static int no_elf(int code, const char *path, struct err *err)
{
	switch (code) {
	case -ENOEXEC:
	case -ENODATA:
		return err_plain(err, -ENOEXEC, ERR_USAGE,
				 "%s is neither a program nor a library: it is not an ELF file",
				 path);
	case -EMEDIUMTYPE:
		return err_plain(err, -ENOEXEC, ERR_USAGE, "%s is for another kind of machine",
				 path);
	case -ENOMEM:
		return err_nomem(err);
	default:
		return err_plain(err, code, ERR_SYSTEM, "cannot read %s: %s", path,
				 strerror(-code));
	}
}

int elf_open(struct elf *out, int fd, const char *path, struct err *err)
{
	_cleanup_(elf_close) struct elf e = { .fd = fd };
	struct tables t = { 0 };
	struct stat st;
	int r = fstat(fd, &st) ? -errno : 0;

	if (r == 0 && !S_ISREG(st.st_mode))
		r = -ENOEXEC;
	if (r == 0) {
		e.size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
		r = read_header(&e, &t);
	}
	if (r == 0)
		r = read_segments(&e, &t);
	if (r == 0)
		r = read_sections(&e, &t);
	if (r < 0)
		return no_elf(r, path, err);
	*out = e;
	e = (struct elf){ .fd = -1 };
	return 0;
}

void elf_close(struct elf *e)
{
	closep(&e->fd);
	free(e->segments);
	free(e->sections);
	free(e->names);
	*e = (struct elf){ .fd = -1 };
}

const struct elf_section *elf_section(const struct elf *e, const char *name)
{
	for (unsigned int i = 0; i < e->n_sections; i++)
		if (strcmp(e->sections[i].name, name) == 0)
			return &e->sections[i];
	return NULL;
}

int elf_read(const struct elf *e, const struct elf_section *s, char **data)
{
	return s->type == SHT_NOBITS ? -ENODATA : read_new(e, s->offset, s->size, data);
}

bool elf_offset(const struct elf *e, uint64_t addr, bool runs, uint64_t *offset)
{
	for (unsigned int i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (addr < s->addr || addr - s->addr >= s->size || (runs && !s->runs))
			continue;
		*offset = addr - s->addr + s->offset;
		return true;
	}
	return false;
}

bool elf_addr(const struct elf *e, uint64_t offset, uint64_t *addr)
{
	for (unsigned int i = 0; i < e->n_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (offset < s->offset || offset - s->offset >= s->size || !s->runs)
			continue;
		*addr = offset - s->offset + s->addr;
		return true;
	}
	return false;
}
