/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /etc/ld.so.cache, which ldconfig writes: names of libraries, and where they are
 * (glibc, sysdeps/generic/dl-cache.h). Behind the table of old there may be the new one.
 */
#include <stdint.h>
#include <string.h>

#include "exe/exe_impl.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define OLD_HEAD  16
#define OLD_ENTRY 12

/* FLAG_ELF_LIBC6 | FLAG_X8664_LIB64 */
#define X86_64 0x0303

struct new_head {
	char magic[20];
	uint32_t n, strings;
	uint8_t flags, pad[3];
	uint32_t extensions, unused[3];
};

struct entry {
	uint32_t flags, key, value, os;
	uint64_t hwcap; /* 0: for any processor */
};

_Static_assert(sizeof(struct new_head) == 48 && sizeof(struct entry) == 24, "as in the file");

static const char *string(const char *data, size_t len, uint32_t at)
{
	return at < len && memchr(data + at, '\0', len - at) ? data + at : NULL;
}

/* what comes before the new table, which the offsets in it count from */
static size_t old_table(const char *data, size_t len)
{
	uint32_t n;
	size_t skip;

	if (len < OLD_HEAD || memcmp(data, OLD_MAGIC, strlen(OLD_MAGIC)) != 0)
		return 0;
	memcpy(&n, data + OLD_ENTRY, sizeof(n));
	skip = OLD_HEAD + (size_t)n * OLD_ENTRY;
	return (skip + 7) & ~(size_t)7;
}

const char *ld_cache_find(const char *data, size_t len, const char *written)
{
	size_t skip = old_table(data, len);
	const char *best = NULL;
	struct new_head head;
	int rank = 0;

	if (len < sizeof(head) || skip > len - sizeof(head))
		return NULL;
	data += skip;
	len -= skip;
	memcpy(&head, data, sizeof(head));
	if (memcmp(head.magic, NEW_MAGIC, sizeof(head.magic)) != 0 ||
	    head.n > (len - sizeof(head)) / sizeof(struct entry))
		return NULL;
	for (uint32_t i = 0; i < head.n; i++) {
		const char *key, *value;
		struct entry e;
		int fits;

		memcpy(&e, data + sizeof(head) + i * sizeof(e), sizeof(e));
		key = string(data, len, e.key);
		value = string(data, len, e.value);
		fits = key && value && !e.hwcap ? exe_fits(key, written) : 0;
		/* of versions the latest comes first */
		if (fits)
			fits = 2 * fits + (e.flags == X86_64 ? 4 : 0);
		if (fits > rank) {
			rank = fits;
			best = value;
		}
	}
	return best;
}
