/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "7f00-7f10 r-xp 00001000 fd:01 1234    /usr/bin/bash (deleted)": /proc/PID/maps. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"

#define DELETED " (deleted)"

int exe_read_file(const char *path, size_t max, char **text, size_t *len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ char *data = NULL;
	size_t have = 0, room = 0;

	if (fd < 0)
		return -errno;
	while (have < max) {
		ssize_t n;

		if (have == room) {
			char *grown;

			room = room ? 2 * room : 16384;
			room = room < max ? room : max;
			grown = realloc(data, room + 1);
			if (!grown)
				return -ENOMEM;
			data = grown;
		}
		n = read(fd, data + have, room - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	if (!data)
		return -ENODATA;
	data[have] = '\0';
	*text = take_ptr(data);
	if (len)
		*len = have;
	return 0;
}

static bool hex(const char **at, char stop, uint64_t *out)
{
	const char *p = *at;
	uint64_t n = 0;

	for (; isxdigit((unsigned char)*p); p++) {
		unsigned int digit =
			(unsigned int)(isdigit((unsigned char)*p)
					       ? *p - '0'
					       : tolower((unsigned char)*p) - 'a' + 10);

		if (n >> 60)
			return false;
		n = n << 4 | digit;
	}
	if (p == *at || *p != stop)
		return false;
	*at = p + 1;
	*out = n;
	return true;
}

static bool parse(const char *at, struct exe_map *out)
{
	uint64_t major, minor;

	*out = (struct exe_map){ .path = "" };
	if (!hex(&at, '-', &out->start) || !hex(&at, ' ', &out->end) || out->end <= out->start ||
	    strcspn(at, " \n") != 4 || at[4] != ' ')
		return false;
	out->runs = at[2] == 'x';
	at += 5;
	if (!hex(&at, ' ', &out->offset) || !hex(&at, ':', &major) || !hex(&at, ' ', &minor) ||
	    !isdigit((unsigned char)*at))
		return false;
	out->dev = major << 32 | (uint32_t)minor;
	out->inode = strtoull(at, NULL, 10);
	at += strspn(at, "0123456789");
	at += strspn(at, " ");
	out->path = at;
	out->path_len = strcspn(at, "\n");
	out->deleted = out->path_len > strlen(DELETED) &&
		       !strncmp(at + out->path_len - strlen(DELETED), DELETED, strlen(DELETED));
	if (out->deleted)
		out->path_len -= strlen(DELETED);
	return true;
}

bool exe_map_next(const char **at, struct exe_map *out)
{
	while (**at) {
		const char *line = *at;

		*at += strcspn(line, "\n");
		*at += **at == '\n';
		if (parse(line, out))
			return true;
	}
	return false;
}
