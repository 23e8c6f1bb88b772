/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kern/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/str.h"

/* a full configuration has about 300 KB; beyond this it is something else */
#define CONFIG_BYTES (4 << 20)

struct kconfig {
	struct buf text; /* begins with a newline, as every line does then */
};

static void gz_closep(gzFile *f)
{
	if (*f)
		gzclose(*f);
}

int kconfig_text(struct kconfig **out, const char *text)
{
	_cleanup_(kconfig_freep) struct kconfig *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	buf_printf(&c->text, "\n%s", text);
	if (buf_err(&c->text) < 0)
		return -ENOMEM;
	*out = take_ptr(c);
	return 0;
}

int kconfig_file(struct kconfig **out, const char *path)
{
	_cleanup_(gz_closep) gzFile f = gzopen(path, "rbe");
	_cleanup_(kconfig_freep) struct kconfig *c = NULL;
	char chunk[4096];
	int n;

	if (!f)
		return errno ? -errno : -ENOMEM;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	buf_putc(&c->text, '\n');
	while ((n = gzread(f, chunk, sizeof(chunk))) > 0) {
		if (c->text.len + (size_t)n > CONFIG_BYTES)
			return -E2BIG;
		buf_add(&c->text, chunk, (size_t)n);
	}
	if (n < 0)
		return -EIO;
	if (buf_err(&c->text) < 0)
		return -ENOMEM;
	if (!memmem(c->text.data, c->text.len, "\nCONFIG_", 8))
		return -EINVAL;
	*out = take_ptr(c);
	return 0;
}

int kconfig_running(struct kconfig **out, char *path, size_t size)
{
	static const char *const where[] = {
		"/boot/config-",
		"/lib/modules/",
		"/usr/lib/modules/",
	};
	struct utsname u;

	str_copy(path, size, "/proc/config.gz");
	if (kconfig_file(out, path) == 0)
		return 0;
	if (uname(&u) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		snprintf(path, size, "%s%s%s", where[i], u.release, i ? "/config" : "");
		if (kconfig_file(out, path) == 0)
			return 0;
	}
	path[0] = '\0';
	return -ENOENT;
}

void kconfig_free(struct kconfig *c)
{
	if (!c)
		return;
	buf_free(&c->text);
	free(c);
}

void kconfig_freep(struct kconfig **c)
{
	kconfig_free(*c);
}

/* what follows CONFIG_OPTION=; NULL: it is not set. The text is NUL-terminated. */
static const char *value_of(const struct kconfig *c, const char *option)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "\nCONFIG_%s=", option);
	const char *hit;

	if (len < 0 || (size_t)len >= sizeof(line))
		return NULL;
	hit = memmem(c->text.data, c->text.len, line, (size_t)len);
	return hit ? hit + len : NULL;
}

enum kconfig_value kconfig_get(const struct kconfig *c, const char *option)
{
	const char *value = value_of(c, option);

	if (!value || *value == 'n')
		return KCONFIG_NO;
	return *value == 'm' ? KCONFIG_MODULE : KCONFIG_YES;
}

bool kconfig_string(const struct kconfig *c, const char *option, char *out, size_t size)
{
	const char *value = value_of(c, option);
	size_t len;

	if (!value || *value != '"')
		return false;
	len = strcspn(value + 1, "\"\n");
	if (len >= size)
		return false;
	memcpy(out, value + 1, len);
	out[len] = '\0';
	return true;
}
