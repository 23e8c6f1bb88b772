/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_kern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/limits.h"

#ifndef FIXTURE_BTF
#define FIXTURE_BTF "kernel.btf"
#endif

struct fake {
	char *path;
	struct kbtf *btf; /* our own: what kern_btf() gives out is the kern's */
};

const char *fake_kern_path(void)
{
	const char *path = getenv("RETCON_FIXTURE_BTF");

	return path ? path : FIXTURE_BTF;
}

uint64_t fake_kern_addr(uint32_t func_id)
{
	return FAKE_KERN_BASE + FAKE_KERN_SIZE * func_id;
}

int fake_kern_slurp(const char *path, void **data, size_t *len)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *text = NULL;
	size_t n = 0, cap = 0;

	if (!f)
		return -errno;
	for (;;) {
		char *grown;

		if (n == cap) {
			cap = cap ? cap * 2 : 65536;
			grown = cap > LIMIT_BTF_BYTES ? NULL : realloc(text, cap);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		n += fread(text + n, 1, cap - n, f);
		if (ferror(f))
			return -EIO;
		if (feof(f))
			break;
	}
	*len = n;
	*data = take_ptr(text);
	return 0;
}

static int fake_read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	struct fake *f = ctx;
	int r = fake_kern_slurp(f->path, data, len);

	if (r < 0)
		return err_plain(err, r, ERR_SYSTEM, "cannot read %s: %s", f->path, strerror(-r));
	*unmap = false;
	return 0;
}

static int fake_lookup(void *ctx, const char *const *names, unsigned int n, struct ksym *found,
		       struct err *err)
{
	struct fake *f = ctx;
	unsigned int i;
	uint32_t id;

	(void)err;
	for (i = 0; i < n; i++) {
		found[i] = (struct ksym){ 0 };
		if (kbtf_find(f->btf, BTF_KIND_FUNC, names[i], &id) == 0)
			found[i] = (struct ksym){ fake_kern_addr(id), FAKE_KERN_SIZE };
	}
	return 0;
}

static int fake_symbolize(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
			  struct err *err)
{
	struct fake *f = ctx;
	unsigned int i;

	(void)err;
	for (i = 0; i < n; i++) {
		uint64_t id = (addrs[i] - FAKE_KERN_BASE) / FAKE_KERN_SIZE;
		struct kbtf_proto proto;

		if (addrs[i] >= FAKE_KERN_BASE && id <= kbtf_count(f->btf) &&
		    kbtf_func_by_id(f->btf, (uint32_t)id, &proto) == 0)
			snprintf(text[i], KSYM_TEXT, "%.150s+0x%x", kbtf_name(f->btf, (uint32_t)id),
				 (unsigned int)(addrs[i] % FAKE_KERN_SIZE));
		else
			snprintf(text[i], KSYM_TEXT, "0x%llx", (unsigned long long)addrs[i]);
	}
	return 0;
}

/* as a kernel of 6.12 has it, but for the columns of blanks */
static int fake_syscall_format(void *ctx, const char *name, char *text, size_t size)
{
	(void)ctx;
	if (strcmp(name, "openat") != 0)
		return -ENOENT;
	snprintf(text, size,
		 "name: sys_enter_openat\nID: 614\nformat:\n"
		 "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		 "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		 "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
		 "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
		 "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
		 "\tfield:int flags;\toffset:32;\tsize:8;\tsigned:0;\n"
		 "\tfield:umode_t mode;\toffset:40;\tsize:8;\tsigned:0;\n"
		 "\tfield:__data_loc char[] __filename_val;\toffset:48;\tsize:4;\tsigned:0;\n\n"
		 "print fmt: \"dfd: 0x%%08lx\", ((unsigned long)(REC->dfd))\n");
	return 0;
}

static enum kern_error_type fake_error_type(void *ctx, const char *func, const struct ksym *sym)
{
	static const struct {
		const char *func;
		enum kern_error_type type;
	} table[] = {
		{ "should_failslab", KERN_ERROR_ERRNO },
		{ "should_fail_bio", KERN_ERROR_ERRNO },
		{ "should_fail_alloc_page", KERN_ERROR_TRUE },
		{ "__x64_sys_openat", KERN_ERROR_ERRNO },
		{ "kmem_cache_alloc_noprof", KERN_ERROR_NULL },
		{ "d_alloc", KERN_ERROR_ERRNO_NULL },
		{ "d_alloc_parallel", KERN_ERROR_ERRNO },
	};

	(void)ctx;
	for (size_t i = 0; sym->addr && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(func, table[i].func) == 0)
			return table[i].type;
	return KERN_ERROR_UNKNOWN;
}

static void fake_close(void *ctx)
{
	struct fake *f = ctx;

	kbtf_free(f->btf);
	free(f->path);
	free(f);
}

static void fake_closep(struct fake **f)
{
	if (*f)
		fake_close(*f);
}

int fake_kern(struct kern **out, const char *btf_path, struct err *err)
{
	static const struct kern_ops ops = {
		.read_btf = fake_read_btf,
		.lookup = fake_lookup,
		.symbolize = fake_symbolize,
		.syscall_format = fake_syscall_format,
		.error_type = fake_error_type,
		.close = fake_close,
	};
	_cleanup_(fake_closep) struct fake *f = calloc(1, sizeof(*f));
	size_t len = 0;
	void *data = NULL;
	bool unmap;
	int r;

	if (!f)
		return err_nomem(err);
	f->path = strdup(btf_path ? btf_path : fake_kern_path());
	if (!f->path)
		return err_nomem(err);
	r = fake_read_btf(f, &data, &len, &unmap, err);
	if (r < 0)
		return r;
	r = kbtf_open(&f->btf, data, len, false, err);
	if (r < 0)
		return r;
	return kern_new(out, &ops, take_ptr(f), err);
}
