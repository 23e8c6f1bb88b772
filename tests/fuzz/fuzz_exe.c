/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User space's files: programs of ELF, the loader's cache, a process's maps, and a marker's
 * arguments.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void arguments(const char *text)
{
	struct usdt_arg a[LIMIT_USDT_ARGS];
	unsigned int n = 0;

	if (usdt_args(text, a, &n) < 0)
		return;
	for (unsigned int i = 0; i < n; i++) {
		const char *end = a[i].written.text + a[i].written.len;

		if (a[i].written.text < text || end > text + strlen(text))
			abort();
		if (a[i].kind > USDT_MEMORY)
			continue;
		if ((a[i].size != 1 && a[i].size != 2 && a[i].size != 4 && a[i].size != 8) ||
		    (a[i].kind == USDT_REGISTER) != (a[i].reg != USDT_NONE) ||
		    (a[i].symbol.name && (a[i].symbol.name < a[i].written.text ||
					  a[i].symbol.name + a[i].symbol.len > end)))
			abort();
	}
}

static void maps(const char *text)
{
	const char *end = text + strlen(text), *at = text;
	struct exe_map m;

	while (exe_map_next(&at, &m))
		if (m.end <= m.start || (m.path_len && m.path + m.path_len > end))
			abort();
}

/* places that are given lie in the file */
static void file(const char *path, size_t size)
{
	_cleanup_(exe_freep) struct exe *e = NULL;
	_cleanup_free_ struct exe_func *funcs = NULL;
	_cleanup_free_ struct exe_marker *markers = NULL;
	struct exe_func f;
	struct err err = { 0 };
	unsigned int n = 0;
	uint64_t plus = 0;

	if (exe_open(&e, path, &err)) {
		if (!err.msg[0])
			abort();
		return;
	}
	if (exe_match(e, "*", &funcs, &n, &err) == 0)
		for (unsigned int i = 0; i < n; i++) {
			if (exe_at(e, funcs[i].addr, &f, &plus) == 0 &&
			    f.addr + plus != funcs[i].addr)
				abort();
			exe_symbol(e, funcs[i].name, 1, &f, NULL);
		}
	exe_symbol(e, "alfa", 0, &f, NULL);
	if (exe_markers(e, NULL, "begin", &markers, &n, &err) == 0)
		for (unsigned int i = 0; i < n; i++)
			arguments(markers[i].text);
	(void)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	char *copy = malloc(size + 1), *text;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	text = strdup(copy); /* of its own size: one byte too far is seen */
	if (text) {
		arguments(text);
		maps(text);
	}
	free(text);
	ld_cache_find(copy, size, "x");
	free(copy);
	if (fd < 0) {
		fd = memfd_create("file", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size)
		file(path, size);
	return 0;
}
