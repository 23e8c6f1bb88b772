/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The symbols of a file: of .symtab if it has one, else of the file of debug information
 * that Debian and others keep beside it, and of .dynsym.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"

#define DEBUG_FILES "/usr/lib/debug/.build-id"

/* What is read of one table. */
struct table {
	const struct elf *elf;
	const char *strings, *versions;
	uint64_t strings_len, n_versions;
};

static int compare(const void *a, const void *b)
{
	const struct exe_sym *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	if (r == 0)
		r = x->rank < y->rank ? -1 : x->rank > y->rank;
	if (r == 0)
		r = x->addr < y->addr ? -1 : x->addr > y->addr;
	return r;
}

static Elf64_Sym symbol_at(const struct elf *e, const char *at)
{
	Elf64_Sym wide = { 0 };
	Elf32_Sym s;

	if (e->wide) {
		memcpy(&wide, at, sizeof(wide));
	} else {
		memcpy(&s, at, sizeof(s));
		wide = (Elf64_Sym){ .st_name = s.st_name,
				    .st_info = s.st_info,
				    .st_shndx = s.st_shndx,
				    .st_value = s.st_value,
				    .st_size = s.st_size };
	}
	return wide;
}

/* false: nothing that has a place */
static bool rank_of(const struct exe *e, const Elf64_Sym *s, uint8_t *rank)
{
	unsigned int type = ELF64_ST_TYPE(s->st_info);
	uint64_t offset;

	*rank = ELF64_ST_BIND(s->st_info) == STB_LOCAL ? SYM_LOCAL : 0;
	if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS)
		return false;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return elf_offset(&e->elf, s->st_value, true, &offset);
	if (type == STT_NOTYPE && elf_offset(&e->elf, s->st_value, true, &offset)) {
		*rank |= SYM_UNTYPED;
		return true;
	}
	*rank |= SYM_DATA;
	return type == STT_OBJECT || type == STT_NOTYPE || type == STT_COMMON;
}

/*
 * ".symtab" has versions in the name, "memcpy@GLIBC_2.2.5", the default one "memcpy@@...".
 * Names may share a tail, so nothing is cut off before all have been looked at.
 */
static bool has_old_version(const char *name)
{
	const char *at = strchr(name, '@');

	return at && at > name && at[1] != '@';
}

static void cut_versions(const struct exe *e, size_t from)
{
	for (size_t i = from; i < e->n_syms; i++) {
		char *at = strchr(e->syms[i].name, '@');

		if (at && at > e->syms[i].name)
			*at = '\0';
	}
}

static int add_symbol(struct exe *e, const struct table *t, const Elf64_Sym *s, uint64_t index)
{
	struct exe_sym sym = { .addr = s->st_value, .size = s->st_size };
	uint16_t version = 0;

	if (s->st_name >= t->strings_len || !t->strings[s->st_name] || !rank_of(e, s, &sym.rank))
		return 0;
	/* longer ones would make a file that takes hours to sort */
	if (strnlen(t->strings + s->st_name, LIMIT_IDENT + 1) > LIMIT_IDENT)
		return 0;
	sym.name = t->strings + s->st_name;
	sym.chooses = ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC;
	if (index < t->n_versions)
		memcpy(&version, t->versions + index * sizeof(version), sizeof(version));
	if (has_old_version(sym.name) || version & 0x8000) /* VERSYM_HIDDEN */
		sym.rank |= SYM_OLD;
	if (e->n_syms == e->max_syms) {
		size_t max = e->max_syms ? 2 * e->max_syms : 1024;
		struct exe_sym *grown = realloc(e->syms, max * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		e->syms = grown;
		e->max_syms = max;
	}
	e->syms[e->n_syms++] = sym;
	return 0;
}

static const struct elf_section *section_of(const struct elf *elf, uint32_t type)
{
	for (unsigned int i = 0; i < elf->n_sections; i++)
		if (elf->sections[i].type == type)
			return &elf->sections[i];
	return NULL;
}

/* strings: becomes the table's, and is kept. -ENODATA: there is no such table, or no sense in it */
static int read_table(struct exe *e, const struct elf *elf, uint32_t type, char **strings)
{
	const struct elf_section *s = section_of(elf, type), *versions = NULL;
	_cleanup_free_ char *symbols = NULL, *numbers = NULL;
	size_t each = elf->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct table t = { .elf = elf };
	size_t before = e->n_syms;
	int r;

	if (!s || s->link >= elf->n_sections)
		return -ENODATA;
	r = elf_read(elf, s, &symbols);
	if (r == 0)
		r = elf_read(elf, &elf->sections[s->link], strings);
	if (r < 0)
		return r;
	t.strings = *strings;
	t.strings_len = elf->sections[s->link].size;
	if (type == SHT_DYNSYM)
		versions = section_of(elf, SHT_GNU_versym);
	if (versions && elf_read(elf, versions, &numbers) == 0) {
		t.versions = numbers;
		t.n_versions = versions->size / sizeof(uint16_t);
	}
	for (uint64_t i = 1; r == 0 && i < s->size / each; i++) {
		Elf64_Sym sym = symbol_at(elf, symbols + i * each);

		r = add_symbol(e, &t, &sym, i);
	}
	cut_versions(e, before);
	return r;
}

/* "ab" and "cdef..." of a file's build id */
static bool build_id(const struct elf *e, char name[2 * 64 + 2])
{
	const struct elf_section *s = elf_section(e, ".note.gnu.build-id");
	_cleanup_free_ char *note = NULL;
	Elf64_Nhdr h; /* the same in files of 32 bits */
	size_t at = 0;

	if (!s || s->size < sizeof(h) + 4 || elf_read(e, s, &note) < 0)
		return false;
	memcpy(&h, note, sizeof(h));
	if (h.n_type != NT_GNU_BUILD_ID || h.n_namesz != 4 || h.n_descsz < 2 || h.n_descsz > 64 ||
	    h.n_descsz > s->size - sizeof(h) - 4)
		return false;
	for (uint32_t i = 0; i < h.n_descsz; i++)
		at += (size_t)snprintf(name + at, 4, "%02x%s",
				       (unsigned char)note[sizeof(h) + 4 + i], i ? "" : "/");
	return true;
}

/* what is not there, or is another build's, is no error */
static int read_debug_file(struct exe *e, const char *dir)
{
	_cleanup_(elf_close) struct elf elf = { .fd = -1 };
	char id[2 * 64 + 2], theirs[2 * 64 + 2], path[PATH_MAX];
	int fd, r;

	if (!build_id(&e->elf, id) ||
	    snprintf(path, sizeof(path), "%s/%s.debug", dir, id) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || elf_open(&elf, fd, path, NULL) < 0)
		return 0;
	if (!build_id(&elf, theirs) || strcmp(id, theirs) != 0)
		return 0;
	r = read_table(e, &elf, SHT_SYMTAB, &e->strings[2]);
	return r == -ENOMEM ? r : 0;
}

static void forget_symbols(struct exe *e)
{
	for (size_t i = 0; i < sizeof(e->strings) / sizeof(e->strings[0]); i++)
		freep(&e->strings[i]);
	memset(e->strings, 0, sizeof(e->strings));
	e->n_syms = 0;
}

int exe_read_symbols(struct exe *e, struct err *err)
{
	return exe_read_symbols_with(e, DEBUG_FILES, err);
}

int exe_read_symbols_with(struct exe *e, const char *dir, struct err *err)
{
	int r;

	if (e->has_symbols)
		return 0;
	r = read_table(e, &e->elf, SHT_SYMTAB, &e->strings[0]);
	if (r == -ENODATA)
		r = read_debug_file(e, dir);
	if (r == 0 || r == -ENODATA)
		r = read_table(e, &e->elf, SHT_DYNSYM, &e->strings[1]);
	if (r < 0 && r != -ENODATA) {
		forget_symbols(e);
		return r == -ENOMEM ? err_nomem(err)
				    : err_plain(err, r, ERR_SYSTEM, "cannot read %s: %s", e->path,
						strerror(-r));
	}
	if (e->n_syms)
		qsort(e->syms, e->n_syms, sizeof(*e->syms), compare);
	e->has_symbols = true;
	return 0;
}

const struct exe_sym *exe_sym(const struct exe *e, const char *name, size_t len)
{
	size_t lo = 0, hi = e->n_syms;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int r = strncmp(e->syms[mid].name, name, len);

		if (r == 0 && e->syms[mid].name[len])
			r = 1;
		if (r < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == e->n_syms || strncmp(e->syms[lo].name, name, len) || e->syms[lo].name[len])
		return NULL;
	return &e->syms[lo];
}
