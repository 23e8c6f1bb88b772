/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a kernel was built, as far as it tells. Read only to explain a failure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct kconfig;

enum kconfig_value {
	KCONFIG_NO, /* not set, or not known to this kernel version */
	KCONFIG_MODULE,
	KCONFIG_YES, /* y, a number or a string */
};

/* of the running kernel: /proc/config.gz, /boot, /lib/modules, which `path` says. -ENOENT: nowhere
 */
int kconfig_running(struct kconfig **out, char *path, size_t size);
int kconfig_file(struct kconfig **out, const char *path); /* plain or gzipped */
int kconfig_text(struct kconfig **out, const char *text);
void kconfig_free(struct kconfig *c);
void kconfig_freep(struct kconfig **c);

/* "KPROBES", without CONFIG_ */
enum kconfig_value kconfig_get(const struct kconfig *c, const char *option);
/* what a string is set to, without its quotes; false: not set, or longer than that */
bool kconfig_string(const struct kconfig *c, const char *option, char *out, size_t size);
