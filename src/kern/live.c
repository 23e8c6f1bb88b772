// SPDX-License-Identifier: LGPL-2.1-or-later
/* The running kernel's answers: BTF is in live_btf.c, symbols are in live_symbols.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "kern/kern.h"
#include "kern/listed.h"
#include "kern/live.h"
#include "util/cleanup.h"
#include "util/limits.h"

struct live {
	struct live_symbols symbols;
};

static int lookup(void *ctx, const char *const *names, unsigned int n, struct ksym *found,
		  struct err *err)
{
	struct live *l = ctx;

	return live_lookup(&l->symbols, names, n, found, err);
}

static int symbolize(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
		     struct err *err)
{
	struct live *l = ctx;

	return live_symbolize(&l->symbols, addrs, n, text, err);
}

int kern_running_syscall_format(const char *name, char *text, size_t size)
{
	static const char *const below[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];

	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		_cleanup_fclose_ FILE *f = NULL;
		size_t len;

		if ((size_t)snprintf(path, sizeof(path), "%s/events/syscalls/sys_enter_%s/format",
				     below[i], name) >= sizeof(path))
			return -ENOENT;
		f = fopen(path, "re");
		if (!f)
			continue;
		len = fread(text, 1, size - 1, f);
		text[len] = '\0';
		return len + 1 < size ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static int live_syscall_format(void *ctx, const char *name, char *text, size_t size)
{
	(void)ctx;
	return kern_running_syscall_format(name, text, size);
}

uint32_t kern_running_release(void)
{
	unsigned int major, minor;
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return KBTF_RELEASE(major, minor);
}

static uint32_t live_release(void *ctx)
{
	(void)ctx;
	return kern_running_release();
}

static enum kern_error_type live_error_type(void *ctx, const char *func, const struct ksym *sym)
{
	static const char *const words[] = {
		[KERN_ERROR_NULL] = "NULL",
		[KERN_ERROR_ERRNO] = "ERRNO",
		[KERN_ERROR_ERRNO_NULL] = "ERRNO_NULL",
		[KERN_ERROR_TRUE] = "TRUE",
	};
	char alias[1][KSYM_TEXT] = { "" }, word[16];

	if (symbolize(ctx, &sym->addr, 1, alias, NULL) == 0)
		alias[0][strcspn(alias[0], "+ ")] = '\0';
	if (list_find(INJECTION_LIST, func, alias[0], word, sizeof(word)) != LIST_HAS)
		return KERN_ERROR_UNKNOWN;
	for (size_t i = KERN_ERROR_NULL; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum kern_error_type)i;
	return KERN_ERROR_UNKNOWN;
}

static void live_close(void *ctx)
{
	struct live *l = ctx;

	live_symbols_free(&l->symbols);
	free(l);
}

int kern_live(struct kern **out, struct err *err)
{
	static const struct kern_ops ops = {
		.read_btf = live_read_btf,
		.read_module_btf = live_read_module_btf,
		.module_btf_fd = live_module_btf_fd,
		.lookup = lookup,
		.symbolize = symbolize,
		.syscall_format = live_syscall_format,
		.release = live_release,
		.error_type = live_error_type,
		.close = live_close,
	};
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		return err_nomem(err);
	l->symbols.prog = -1;
	return kern_new(out, &ops, l, err);
}
