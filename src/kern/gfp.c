/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * include/linux/gfp_types.h as of 6.1, 6.6 and 6.12. "mm: enumerate all gfp flags"
 * (v6.10) made an enum of the bits' numbers, which BTF has; before it they are what
 * they were in 6.1. How names like GFP_KERNEL are put together BTF never says.
 */
#include "kern/gfp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/limits.h"

/* the bits of 6.1, in which everything below is written */
enum {
	DMA = 0x01,
	HIGHMEM = 0x02,
	DMA32 = 0x04,
	MOVABLE = 0x08,
	RECLAIMABLE = 0x10,
	HIGH = 0x20,
	IO = 0x40,
	FS = 0x80,
	ZERO = 0x100,
	ATOMIC = 0x200,
	DIRECT_RECLAIM = 0x400,
	KSWAPD_RECLAIM = 0x800,
	WRITE = 0x1000,
	NOWARN = 0x2000,
	RETRY_MAYFAIL = 0x4000,
	NOFAIL = 0x8000,
	NORETRY = 0x10000,
	MEMALLOC = 0x20000,
	COMP = 0x40000,
	NOMEMALLOC = 0x80000,
	HARDWALL = 0x100000,
	THISNODE = 0x200000,
	ACCOUNT = 0x400000,
	ZEROTAGS = 0x800000,

	RECLAIM = DIRECT_RECLAIM | KSWAPD_RECLAIM,
	USER = RECLAIM | IO | FS | HARDWALL,
	HIGHUSER_MOVABLE = USER | HIGHMEM | MOVABLE, /* __GFP_SKIP_KASAN: arm64 alone has it */
	TRANSHUGE_LIGHT = (HIGHUSER_MOVABLE | COMP | NOMEMALLOC | NOWARN) & ~RECLAIM,
};

#define ENUMERATED KBTF_RELEASE(6, 10)
#define FOR_EVER   UINT32_MAX

/* `bits` from release `from` up to but not `to` */
static const struct gfp {
	const char *name;
	uint32_t bits, from, to;
} names[] = {
#define FLAG(flag)                                                                                 \
	{                                                                                          \
		"__GFP_" #flag, flag, 0, FOR_EVER                                                  \
	}
	FLAG(DMA),
	FLAG(HIGHMEM),
	FLAG(DMA32),
	FLAG(MOVABLE),
	FLAG(RECLAIMABLE),
	FLAG(HIGH),
	FLAG(IO),
	FLAG(FS),
	FLAG(ZERO),
	/* "mm: discard __GFP_ATOMIC", v6.3 */
	{ "__GFP_ATOMIC", ATOMIC, 0, KBTF_RELEASE(6, 3) },
	FLAG(DIRECT_RECLAIM),
	FLAG(KSWAPD_RECLAIM),
	FLAG(WRITE),
	FLAG(NOWARN),
	FLAG(RETRY_MAYFAIL),
	FLAG(NOFAIL),
	FLAG(NORETRY),
	FLAG(MEMALLOC),
	FLAG(COMP),
	FLAG(NOMEMALLOC),
	FLAG(HARDWALL),
	FLAG(THISNODE),
	FLAG(ACCOUNT),
	FLAG(ZEROTAGS),
	FLAG(RECLAIM),
#undef FLAG
	{ "GFP_ATOMIC", HIGH | ATOMIC | KSWAPD_RECLAIM, 0, KBTF_RELEASE(6, 3) },
	{ "GFP_ATOMIC", HIGH | KSWAPD_RECLAIM, KBTF_RELEASE(6, 3), FOR_EVER },
	{ "GFP_KERNEL", RECLAIM | IO | FS, 0, FOR_EVER },
	{ "GFP_KERNEL_ACCOUNT", RECLAIM | IO | FS | ACCOUNT, 0, FOR_EVER },
	/* got __GFP_NOWARN after 6.6 and before 6.12 */
	{ "GFP_NOWAIT", KSWAPD_RECLAIM, 0, KBTF_RELEASE(6, 7) },
	{ "GFP_NOWAIT", KSWAPD_RECLAIM | NOWARN, ENUMERATED, FOR_EVER },
	{ "GFP_NOIO", RECLAIM, 0, FOR_EVER },
	{ "GFP_NOFS", RECLAIM | IO, 0, FOR_EVER },
	{ "GFP_USER", USER, 0, FOR_EVER },
	{ "GFP_DMA", DMA, 0, FOR_EVER },
	{ "GFP_DMA32", DMA32, 0, FOR_EVER },
	{ "GFP_HIGHUSER", USER | HIGHMEM, 0, FOR_EVER },
	{ "GFP_HIGHUSER_MOVABLE", HIGHUSER_MOVABLE, 0, FOR_EVER },
	{ "GFP_TRANSHUGE_LIGHT", TRANSHUGE_LIGHT, 0, FOR_EVER },
	{ "GFP_TRANSHUGE", TRANSHUGE_LIGHT | DIRECT_RECLAIM, 0, FOR_EVER },
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

const char *gfp_name(unsigned int i)
{
	return i < N_NAMES ? names[i].name : NULL;
}

/* the bit that the enum gives a name without its underscores */
static int bit_in_btf(const struct kbtf *k, const char *flag, uint32_t *bit)
{
	char text[64];
	int64_t n;

	if ((size_t)snprintf(text, sizeof(text), "___GFP_%s_BIT", flag) >= sizeof(text) ||
	    kbtf_enum_value(k, text, &n) < 0 || n < 0 || n > 31)
		return -ENOENT;
	*bit = 1u << n;
	return 0;
}

/* bits of 6.1 as the bits of this kernel */
static int translate(const struct kbtf *k, uint32_t bits, uint32_t *value)
{
	uint32_t bit;

	*value = 0;
	for (size_t i = 0; i < N_NAMES; i++) {
		if (!(names[i].bits & bits) || names[i].bits & (names[i].bits - 1) ||
		    strncmp(names[i].name, "__GFP_", 6) != 0)
			continue;
		if (bit_in_btf(k, names[i].name + 6, &bit) < 0)
			return -EOPNOTSUPP;
		*value |= bit;
	}
	return 0;
}

static int cannot(const char **why, const char *text)
{
	*why = text;
	return -EOPNOTSUPP;
}

/* not in the table: a flag that is there or not by the kernel's configuration, or newer than we */
static int unlisted(const struct kbtf *k, const char *name, bool enumerated, uint32_t *value,
		    const char **why)
{
	static const char *const optional[] = { "NOLOCKDEP", "SKIP_ZERO", "SKIP_KASAN",
						"NO_OBJ_EXT" };

	if (strncmp(name, "__GFP_", 6) != 0)
		return -ENOENT;
	if (enumerated && bit_in_btf(k, name + 6, value) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		if (!strcmp(name + 6, optional[i]))
			return cannot(why, enumerated ? "this kernel is built without it"
						      : "it depends on how the kernel was built");
	return -ENOENT;
}

int gfp_value(const struct kbtf *k, const char *name, uint32_t *value, const char **why)
{
	uint32_t release = kbtf_release(k), bit;
	bool enumerated, listed = false;

	if (strncmp(name, "GFP_", 4) != 0 && strncmp(name, "__GFP_", 6) != 0)
		return -ENOENT;
	enumerated = bit_in_btf(k, "DMA", &bit) == 0;
	if (enumerated && release < ENUMERATED)
		release = ENUMERATED;
	for (size_t i = 0; i < N_NAMES; i++) {
		const struct gfp *g = &names[i];

		if (strcmp(g->name, name) != 0)
			continue;
		listed = true;
		if (release ? release < g->from || release >= g->to : g->from || g->to != FOR_EVER)
			continue;
		if (!enumerated)
			*value = g->bits;
		else if (translate(k, g->bits, value) < 0)
			return cannot(why, "a flag in it is not among this kernel's");
		return 0;
	}
	if (!listed)
		return unlisted(k, name, enumerated, value, why);
	if (!release)
		return cannot(why, "it differs between releases, and the BTF does not tell which");
	return cannot(why, !strcmp(name, "__GFP_ATOMIC") ? "Linux 6.3 did away with it"
							 : "its value changed between 6.7 and 6.9");
}
