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

int live_read_text(const char *path, char **text)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_buf_ struct buf b = { 0 };
	char part[4096];
	size_t n;

	if (!f)
		return -errno;
	while (b.len <= LIMIT_LIST_BYTES && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	if (ferror(f))
		return -EIO;
	buf_add(&b, "", 0);
	if (buf_err(&b))
		return -ENOMEM;
	*text = take_ptr(b.data);
	return 0;
}

static int injection_list(void *ctx, char **text, struct err *err)
{
	int r = live_read_text(INJECTION_LIST, text);

	(void)ctx;
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r == -EIO)
		return err_plain(err, r, ERR_SYSTEM, "cannot read " INJECTION_LIST);
	return r < 0 ? no_list(r, err) : 0;
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
		.event_format = live_event_format,
		.events = live_events,
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
