// SPDX-License-Identifier: LGPL-2.1-or-later
/* The running kernel's answers: BTF is in live_btf.c, symbols are in live_symbols.c. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "kern/config.h"
#include "kern/kern.h"
#include "kern/listed.h"
#include "kern/live.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

struct live {
	struct live_symbols symbols;
};

static int lookup(void *ctx, const char *const *names, unsigned int n, bool only_addr,
		  struct ksym *found, struct err *err)
{
	struct live *l = ctx;

	return live_lookup(&l->symbols, names, n, only_addr, found, err);
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

static int not_built(struct err *err)
{
	err_plain(err, -ENOENT, ERR_KERNEL_LACKS,
		  "this kernel has no error injection list: it was built without "
		  "CONFIG_FUNCTION_ERROR_INJECTION");
	err_note(err, SPAN_NONE, "boot a kernel with it, as retcon vm does");
	return -ENOENT;
}

/* why the list is not there: debugfs tells, where it is mounted */
static int no_list(int code, struct err *err)
{
	_cleanup_(kconfig_freep) struct kconfig *config = NULL;
	struct statfs fs;
	char path[128];

	if (code == -EACCES || code == -EPERM) {
		err_plain(err, -EACCES, ERR_PERMISSION, "only root may read " INJECTION_LIST);
		err_note(err, SPAN_NONE, "run it with sudo");
		return -EACCES;
	}
	if (kconfig_running(&config, path, sizeof(path)) == 0 &&
	    kconfig_get(config, "FUNCTION_ERROR_INJECTION") == KCONFIG_NO)
		return not_built(err);
	if (statfs(DEBUGFS, &fs) < 0 || fs.f_type != DEBUGFS_MAGIC) {
		err_plain(err, -ENOENT, ERR_KERNEL_LACKS,
			  "no debugfs at " DEBUGFS ", which has the kernel's error injection list");
		err_note(err, SPAN_NONE, "mount it: mount -t debugfs none " DEBUGFS);
		return -ENOENT;
	}
	return not_built(err);
}

static int injection_list(void *ctx, char **text, struct err *err)
{
	_cleanup_fclose_ FILE *f = fopen(INJECTION_LIST, "re");
	_cleanup_buf_ struct buf b = { 0 };
	char part[4096];
	size_t n;

	(void)ctx;
	if (!f)
		return no_list(-errno, err);
	while (b.len <= LIMIT_LIST_BYTES && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	if (ferror(f))
		return err_plain(err, -EIO, ERR_SYSTEM, "cannot read " INJECTION_LIST);
	buf_add(&b, "", 0);
	if (buf_err(&b))
		return err_nomem(err);
	*text = take_ptr(b.data);
	return 0;
}

static int injectable_addrs(void *ctx, uint64_t *addrs, size_t max, size_t *n)
{
	struct live *l = ctx;

	return live_injectable_addrs(&l->symbols, addrs, max, n);
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
		.tracers = live_tracers,
		.probe = live_probe,
		.injection_list = injection_list,
		.injectable_addrs = injectable_addrs,
		.close = live_close,
	};
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		return err_nomem(err);
	l->symbols.prog = -1;
	return kern_new(out, &ops, l, err);
}
