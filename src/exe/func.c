/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of a file: by name, by pattern, by address. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"
#include "util/nearest.h"

static bool is_func(const struct exe_sym *s)
{
	return !(s->rank & SYM_DATA);
}

static int unknown(struct exe *e, const char *name, struct err *err)
{
	const char *found[3];
	struct nearest near;
	bool any = false;

	err_plain(err, -ENOENT, ERR_UNKNOWN_FUNCTION, "%s has no function '%.100s'", e->path, name);
	nearest_init(&near, name, found, 3);
	for (size_t i = 0; i < e->n_syms; i++) {
		if (!is_func(&e->syms[i]))
			continue;
		any = true;
		if (strlen(name) <= LIMIT_IDENT)
			nearest_offer(&near, e->syms[i].name);
	}
	if (near.n)
		nearest_note(&near, err);
	else if (!any)
		err_note(err, SPAN_NONE,
			 "it has no symbols at all: install those for debugging, or do not strip "
			 "it");
	else
		err_note(err, SPAN_NONE,
			 "it may be inlined, or static and its symbol stripped: then install "
			 "those for debugging");
	return -ENOENT;
}

/* names like "__strlen_avx2", which are what "strlen" is one of */
static int not_chosen(struct exe *e, const char *name, struct err *err)
{
	size_t len = strlen(name);
	unsigned int n = 0;

	err_plain(err, -EOPNOTSUPP, ERR_UNSUPPORTED,
		  "'%.100s' of %s only chooses a function as a program starts (IFUNC), and nobody "
		  "says which",
		  name, e->path);
	for (size_t i = 0; i < e->n_syms && n < 3; i++) {
		const char *it = e->syms[i].name + strspn(e->syms[i].name, "_");

		if (!is_func(&e->syms[i]) || e->syms[i].chooses || strncmp(it, name, len) != 0 ||
		    it[len] != '_')
			continue;
		err_note(err, SPAN_NONE, "it may be '%.100s'", e->syms[i].name);
		n++;
	}
	if (!n)
		err_note(err, SPAN_NONE,
			 "install its symbols for debugging, and name one of those that it chooses "
			 "among");
	return -EOPNOTSUPP;
}

/* its place in the file, or that of what it stands for */
static int place(struct exe *e, const struct exe_sym *s, struct exe_func *out)
{
	*out = (struct exe_func){ .name = s->name, .addr = s->addr, .size = s->size };
	if (s->chooses) {
		const struct exe_sym *chosen;

		if (!exe_chosen_here(e, s->name, &out->addr))
			return -EOPNOTSUPP;
		out->size = 0;
		chosen = NULL;
		for (size_t i = 0; i < e->n_syms && !chosen; i++)
			if (e->syms[i].addr == out->addr && !e->syms[i].chooses)
				chosen = &e->syms[i];
		if (chosen)
			out->size = chosen->size;
	}
	return elf_offset(&e->elf, out->addr, true, &out->offset) ? 0 : -EINVAL;
}

/*
 * A probe on an AVX-512 instruction (EVEX, its first byte), which libc's string functions begin
 * with where the processor has them, was seen to change what the function returns (6.18.44).
 */
static bool begins_with_evex(const struct exe *e, const struct exe_func *f)
{
	unsigned char first = 0;

	return e->elf.wide && pread(e->elf.fd, &first, 1, (off_t)f->offset) == 1 && first == 0x62;
}

static unsigned int others(const struct exe *e, const struct exe_sym *s)
{
	unsigned int n = 0;

	for (const struct exe_sym *o = s + 1; o < e->syms + e->n_syms; o++) {
		if (strcmp(o->name, s->name) != 0)
			break;
		n += is_func(o) && !(o->rank & SYM_OLD) && o->addr != s->addr &&
		     o->addr != o[-1].addr;
	}
	return n;
}

/* where the next function begins, if its own symbol does not say how long it is */
static uint64_t room(struct exe *e, const struct exe_func *f)
{
	uint64_t end = UINT64_MAX;

	if (f->size)
		return f->size;
	for (size_t i = 0; i < e->n_syms; i++)
		if (is_func(&e->syms[i]) && e->syms[i].addr > f->addr && e->syms[i].addr < end)
			end = e->syms[i].addr;
	return end - f->addr;
}

int exe_symbol(struct exe *e, const char *name, uint64_t plus, struct exe_func *out,
	       struct err *err)
{
	const struct exe_sym *s;
	struct exe_func f;
	int r = exe_read_symbols(e, err);

	if (r < 0)
		return r;
	s = *name ? exe_sym(e, name, strlen(name)) : NULL;
	if (!s || !is_func(s))
		return unknown(e, name, err);
	r = place(e, s, &f);
	if (r == -EOPNOTSUPP)
		return not_chosen(e, name, err);
	if (r < 0)
		return unknown(e, name, err);
	if (plus && plus >= room(e, &f))
		return err_plain(err, -ERANGE, ERR_USAGE,
				 "%.100s+0x%llx is behind the end of %.100s, which has 0x%llx "
				 "bytes",
				 name, (unsigned long long)plus, name,
				 (unsigned long long)room(e, &f));
	f.others = others(e, s);
	f.addr += plus;
	if (!elf_offset(&e->elf, f.addr, true, &f.offset))
		return err_plain(err, -ERANGE, ERR_USAGE, "%.100s+0x%llx is not in %s", name,
				 (unsigned long long)plus, e->path);
	if (begins_with_evex(e, &f))
		return err_plain(err, -EOPNOTSUPP, ERR_UNSUPPORTED,
				 "at %.100s+0x%llx of %s is an AVX-512 instruction: a probe there "
				 "would change what it computes",
				 name, (unsigned long long)plus, e->path);
	*out = f;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct exe_func *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	const struct exe_func *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : by_place(a, b);
}

/* names of one place: the first of them */
static unsigned int once(struct exe_func *f, unsigned int n)
{
	unsigned int kept = 0;

	qsort(f, n, sizeof(*f), by_place);
	for (unsigned int i = 0; i < n; i++)
		if (!kept || f[kept - 1].offset != f[i].offset)
			f[kept++] = f[i];
	qsort(f, kept, sizeof(*f), by_name);
	return kept;
}

int exe_match(struct exe *e, const char *glob, struct exe_func **out, unsigned int *n,
	      struct err *err)
{
	_cleanup_free_ struct exe_func *found = NULL;
	unsigned int have = 0;
	int r = exe_read_symbols(e, err);

	if (r < 0)
		return r;
	found = calloc(e->n_syms + 1, sizeof(*found));
	if (!found)
		return err_nomem(err);
	for (size_t i = 0; i < e->n_syms; i++) {
		const struct exe_sym *s = &e->syms[i];
		struct exe_func f;

		if (!is_func(s) || s->rank & (SYM_OLD | SYM_UNTYPED) ||
		    fnmatch(glob, s->name, 0) != 0 || place(e, s, &f) < 0 ||
		    begins_with_evex(e, &f))
			continue;
		found[have++] = f;
	}
	if (!have)
		return err_plain(err, -ENOENT, ERR_UNKNOWN_FUNCTION,
				 "no function of %s matches '%.100s'", e->path, glob);
	have = once(found, have);
	if (have > LIMIT_SITES)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "'%.100s' matches %u functions of %s, and %d are the limit", glob,
				 have, e->path, LIMIT_SITES);
	*n = have;
	*out = take_ptr(found);
	return 0;
}

/* qsort_r's context is the array they are of */
static int by_addr(const void *a, const void *b, void *syms)
{
	const struct exe_sym *x = (struct exe_sym *)syms + *(const uint32_t *)a;
	const struct exe_sym *y = (struct exe_sym *)syms + *(const uint32_t *)b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* of one place the best known name comes last */
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x > y ? -1 : x < y;
}

static int sort_by_addr(struct exe *e)
{
	if (e->by_addr || !e->n_syms)
		return 0;
	e->by_addr = calloc(e->n_syms, sizeof(*e->by_addr));
	if (!e->by_addr || e->n_syms > UINT32_MAX)
		return -ENOMEM;
	for (size_t i = 0; i < e->n_syms; i++)
		if (is_func(&e->syms[i]))
			e->by_addr[e->n_by_addr++] = (uint32_t)i;
	qsort_r(e->by_addr, e->n_by_addr, sizeof(*e->by_addr), by_addr, e->syms);
	return 0;
}

int exe_at(struct exe *e, uint64_t addr, struct exe_func *out, uint64_t *plus)
{
	size_t lo = 0, hi;
	int r = exe_read_symbols(e, NULL);

	if (r == 0)
		r = sort_by_addr(e);
	if (r < 0)
		return r;
	for (hi = e->n_by_addr; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->syms[e->by_addr[mid]].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* the last one before it, or one that has it inside */
	for (unsigned int tries = 0; lo && tries < 16; tries++, lo--) {
		const struct exe_sym *s = &e->syms[e->by_addr[lo - 1]];

		if (s->size ? addr - s->addr >= s->size : tries > 0)
			continue;
		*out = (struct exe_func){ .name = s->name, .addr = s->addr, .size = s->size };
		*plus = addr - s->addr;
		return elf_offset(&e->elf, s->addr, true, &out->offset) ? 0 : -ENOENT;
	}
	return -ENOENT;
}
