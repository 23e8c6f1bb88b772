/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a kernel says about itself: its verifier's log, its configuration, plain or packed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/load.h"
#include "kern/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verifier_log(const uint8_t *data, size_t size)
{
	char *log = strndup((const char *)data, size);
	struct verifier_complaint c;

	if (!log)
		return;
	c = verifier_complaint(log);
	/* its text lies in the log, or is the one for none */
	if (!c.text || (c.found && (c.text < log || c.text + c.len > log + strlen(log))))
		abort();
	free(log);
}

static void configuration(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct kconfig *c;

	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return;
	if (kconfig_file(&c, path) < 0)
		return;
	kconfig_get(c, "KPROBES");
	kconfig_get(c, "X");
	kconfig_get(c, "");
	kconfig_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	verifier_log(data, size);
	configuration(data, size);
	return 0;
}
