/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Markers as <sys/sdt.h> leaves them: notes with three addresses (of the marker, of the
 * section .stapsdt.base as it was linked, of a semaphore) and three strings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"
#include "util/nearest.h"

#define NOTE_TYPE 3

struct note {
	uint64_t addr, base, semaphore;
	const char *provider, *name, *args;
};

static const char *string(const char **at, const char *end)
{
	const char *s = *at, *nul = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;

	if (!nul)
		return NULL;
	*at = nul + 1;
	return s;
}

static bool parse(const struct elf *e, const char *at, const char *end, struct note *out)
{
	size_t word = e->wide ? 8 : 4;

	if ((size_t)(end - at) < 3 * word)
		return false;
	out->addr = elf_word(e, at);
	out->base = elf_word(e, at + word);
	out->semaphore = elf_word(e, at + 2 * word);
	at += 3 * word;
	out->provider = string(&at, end);
	out->name = out->provider ? string(&at, end) : NULL;
	out->args = out->name ? string(&at, end) : NULL;
	return out->args;
}

/* the next marker of the section from *at on; others' notes are passed over */
static bool next_note(const struct exe *e, size_t *at, struct note *out)
{
	Elf64_Nhdr h; /* the same in files of 32 bits */

	while (*at <= e->notes_len && e->notes_len - *at >= sizeof(h)) {
		const char *owner = e->notes + *at + sizeof(h), *desc;
		size_t left = e->notes_len - *at - sizeof(h), names, size;

		memcpy(&h, e->notes + *at, sizeof(h));
		names = ((size_t)h.n_namesz + 3) & ~(size_t)3;
		size = ((size_t)h.n_descsz + 3) & ~(size_t)3;
		if (names > left || h.n_descsz > left - names)
			return false;
		desc = owner + names;
		*at += sizeof(h) + names + size;
		if (h.n_type == NOTE_TYPE && h.n_namesz == 8 && !memcmp(owner, "stapsdt", 8) &&
		    parse(&e->elf, desc, desc + h.n_descsz, out))
			return true;
	}
	return false;
}

static int read_notes(struct exe *e, struct err *err)
{
	const struct elf_section *s = elf_section(&e->elf, ".note.stapsdt");
	int r;

	if (e->notes || !s)
		return 0;
	r = elf_read(&e->elf, s, &e->notes);
	if (r == -ENOMEM)
		return err_nomem(err);
	e->notes_len = r < 0 ? 0 : s->size;
	return 0;
}

static bool is_wanted(const struct note *note, const char *provider, const char *name)
{
	return strcmp(note->name, name) == 0 &&
	       (!provider || strcmp(note->provider, provider) == 0);
}

/* The symbol of a place in memory becomes a number, or nothing is known of the place. */
static void resolve(struct exe *e, uint64_t addr, struct usdt_arg *a)
{
	const struct exe_sym *s;
	uint16_t rip;
	uint8_t bits, shift;

	if (a->kind != USDT_MEMORY || !a->symbol.name)
		return;
	usdt_register("rip", 3, &rip, &bits, &shift);
	s = exe_sym(e, a->symbol.name, a->symbol.len);
	if (!s || (a->base != rip && e->elf.type != ET_EXEC)) {
		a->kind = USDT_UNSUPPORTED;
		return;
	}
	a->disp = (int64_t)((uint64_t)a->disp + s->addr - (a->base == rip ? addr : 0));
}

/* false: it is nowhere in the file */
static bool marker_of(struct exe *e, const struct note *note, struct exe_marker *out)
{
	const struct elf_section *base = elf_section(&e->elf, ".stapsdt.base");
	/* what moved since it was linked, as by prelink, moved all of it alike */
	uint64_t moved = base ? base->addr - note->base : 0, addr = note->addr + moved;

	*out = (struct exe_marker){ .provider = note->provider,
				    .name = note->name,
				    .text = note->args };
	if (!elf_offset(&e->elf, addr, true, &out->offset) ||
	    (note->semaphore &&
	     !elf_offset(&e->elf, note->semaphore + moved, false, &out->semaphore)))
		return false;
	if (usdt_args(note->args, out->arg, &out->n_args) < 0)
		out->n_args = 0;
	for (unsigned int i = 0; i < out->n_args; i++)
		resolve(e, addr, &out->arg[i]);
	return true;
}

/* the same of another provider first, then what is spelled like it */
static int unknown(struct exe *e, const char *provider, const char *name, struct err *err)
{
	const char *found[3];
	struct nearest near;
	struct note note;
	bool any = false;

	err_plain(err, -ENOENT, ERR_UNKNOWN_NAME, "%s has no marker (USDT) '%.64s%s%.100s'",
		  e->path, provider ? provider : "", provider ? ":" : "", name);
	nearest_init(&near, name, found, 3);
	for (size_t at = 0; next_note(e, &at, &note);) {
		any = true;
		if (strcmp(note.name, name) == 0) {
			err_note(err, SPAN_NONE, "did you mean '%.64s:%.100s'?", note.provider,
				 note.name);
			return -ENOENT;
		}
		if (strlen(name) <= LIMIT_IDENT && strlen(note.name) <= LIMIT_IDENT)
			nearest_offer(&near, note.name);
	}
	nearest_note(&near, err);
	if (!any)
		err_note(err, SPAN_NONE,
			 "it has none at all: they come from building it with <sys/sdt.h>");
	return -ENOENT;
}

static bool exe_has_marker(struct exe *e, const char *provider, const char *name)
{
	struct note note;

	if (read_notes(e, NULL) < 0)
		return false;
	for (size_t at = 0; next_note(e, &at, &note);)
		if (is_wanted(&note, provider, name))
			return true;
	return false;
}

int exe_markers(struct exe *e, const char *provider, const char *name, struct exe_marker **out,
		unsigned int *n, struct err *err)
{
	_cleanup_free_ struct exe_marker *found = NULL;
	unsigned int have = 0, max = 0;
	struct note note;
	int r = read_notes(e, err);

	if (r == 0)
		r = exe_read_symbols(e, err);
	if (r < 0)
		return r;
	for (size_t at = 0; next_note(e, &at, &note);) {
		if (!is_wanted(&note, provider, name))
			continue;
		if (have == LIMIT_SITES)
			return err_plain(err, -E2BIG, ERR_LIMIT,
					 "marker '%.100s' of %s is in more than %d places", name,
					 e->path, LIMIT_SITES);
		if (have == max) {
			struct exe_marker *grown;

			max = max ? 2 * max : 4;
			grown = realloc(found, max * sizeof(*grown));
			if (!grown)
				return err_nomem(err);
			found = grown;
		}
		have += marker_of(e, &note, &found[have]);
	}
	if (!have)
		return unknown(e, provider, name, err);
	*n = have;
	*out = take_ptr(found);
	return 0;
}

/* Shared by some systems as a file of its own, by others not: those that glibc 2.34 merged. */
static bool is_merged(const char *written)
{
	static const char *const names[] = { "pthread", "dl", "rt", "util", "anl" };
	const char *base = exe_base(written);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (exe_fits(base, names[i]))
			return true;
	return false;
}

static bool has(struct exe *e, const struct exe_want *want)
{
	struct exe_func f;

	if (want->marker)
		return exe_has_marker(e, want->provider, want->marker);
	return !want->func || exe_symbol(e, want->func, 0, &f, NULL) != -ENOENT;
}

int exe_lookup(const char *written, pid_t pid, const struct exe_want *want, struct exe **out,
	       struct err *err)
{
	_cleanup_(exe_freep) struct exe *e = NULL, *libc = NULL;
	struct err why = { 0 };
	char path[PATH_MAX];
	int r = exe_find(written, pid, path, &why);

	if (r == 0)
		r = exe_open(&e, path, &why);
	if ((r == -ENOENT || (r == 0 && !has(e, want))) && is_merged(written) &&
	    exe_find("c", pid, path, NULL) == 0 && exe_open(&libc, path, NULL) == 0 &&
	    has(libc, want)) {
		*out = take_ptr(libc);
		return 0;
	}
	if (r < 0) {
		if (err && !err->code)
			*err = why;
		return r;
	}
	*out = take_ptr(e);
	return 0;
}
