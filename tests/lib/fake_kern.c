/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_kern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/str.h"

#ifndef FIXTURE_BTF
#define FIXTURE_BTF "kernel.btf"
#endif
#ifndef FIXTURE_HOOKS_BTF
#define FIXTURE_HOOKS_BTF "hooks.btf"
#endif
#ifndef FIXTURE_MODULE_BTF
#define FIXTURE_MODULE_BTF "module.btf"
#endif

struct fake {
	char *path;
	struct kbtf *btf;    /* our own: what kern_btf() gives out is the kern's */
	struct kbtf *module; /* continues it; NULL: another BTF than the fixture's was asked for */
};

const char *fake_kern_path(void)
{
	const char *path = getenv("RETCON_FIXTURE_BTF");

	return path ? path : FIXTURE_BTF;
}

const char *fake_kern_module_path(void)
{
	return FIXTURE_MODULE_BTF;
}

const char *fake_kern_hooks_path(void)
{
	return FIXTURE_HOOKS_BTF;
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

static int fake_read_module_btf(void *ctx, const char *module, void **data, size_t *len,
				bool *unmap, struct err *err)
{
	struct fake *f = ctx;
	int r;

	if (!f->module || strcmp(module, FAKE_MODULE) != 0)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "no module '%s' is loaded",
				 module);
	r = fake_kern_slurp(FIXTURE_MODULE_BTF, data, len);
	*unmap = false;
	return r < 0 ? err_plain(err, r, ERR_SYSTEM, "cannot read " FIXTURE_MODULE_BTF) : 0;
}

/* as the kernel does: vmlinux first, modules then, one alone if it is named */
static bool find_function(const struct fake *f, const char *name, uint32_t *id)
{
	static const char prefix[] = FAKE_MODULE ":";
	bool named = strncmp(name, prefix, sizeof(prefix) - 1) == 0;

	if (!named && kbtf_find(f->btf, BTF_KIND_FUNC, name, id) == 0)
		return true;
	return f->module &&
	       kbtf_find(f->module, BTF_KIND_FUNC, name + (named ? sizeof(prefix) - 1 : 0), id) ==
		       0 &&
	       *id > kbtf_count(f->btf);
}

static int fake_lookup(void *ctx, const char *const *names, unsigned int n, bool only_addr,
		       struct ksym *found, struct err *err)
{
	struct fake *f = ctx;
	unsigned int i;
	uint32_t id;

	(void)err;
	for (i = 0; i < n; i++) {
		found[i] = (struct ksym){ 0 };
		if (!find_function(f, names[i], &id))
			continue;
		found[i].addr = fake_kern_addr(id);
		if (only_addr)
			continue;
		found[i].size = FAKE_KERN_SIZE;
		if (id > kbtf_count(f->btf))
			str_copy(found[i].module, sizeof(found[i].module), FAKE_MODULE);
	}
	return 0;
}

static void symbolize_one(const struct fake *f, uint64_t addr, char text[KSYM_TEXT])
{
	const struct kbtf *btf = f->module ? f->module : f->btf;
	uint64_t id = (addr - FAKE_KERN_BASE) / FAKE_KERN_SIZE;
	struct kbtf_proto proto;

	if (addr >= FAKE_KERN_BASE && id <= kbtf_count(btf) &&
	    kbtf_func_by_id(btf, (uint32_t)id, &proto) == 0)
		snprintf(text, KSYM_TEXT, "%.150s+0x%x%s", kbtf_name(btf, (uint32_t)id),
			 (unsigned int)(addr % FAKE_KERN_SIZE),
			 id > kbtf_count(f->btf) ? " [" FAKE_MODULE "]" : "");
	else
		snprintf(text, KSYM_TEXT, "0x%llx", (unsigned long long)addr);
}

static int fake_symbolize(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
			  struct err *err)
{
	(void)err;
	for (unsigned int i = 0; i < n; i++)
		symbolize_one(ctx, addrs[i], text[i]);
	return 0;
}

#define COMMON                                                                                     \
	"format:\n"                                                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

/* as a kernel of 6.12 has them, but for what they print */
static const struct {
	const char *name;
	const char *format;
} fake_tracepoints[] = {
	{ "syscalls:sys_enter_openat",
	  "name: sys_enter_openat\nID: 614\n" COMMON
	  "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	  "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
	  "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
	  "\tfield:int flags;\toffset:32;\tsize:8;\tsigned:0;\n"
	  "\tfield:umode_t mode;\toffset:40;\tsize:8;\tsigned:0;\n"
	  "\tfield:__data_loc char[] __filename_val;\toffset:48;\tsize:4;\tsigned:0;\n\n"
	  "print fmt: \"dfd: 0x%08lx\", ((unsigned long)(REC->dfd))\n" },
	{ "block:block_rq_complete",
	  "name: block_rq_complete\nID: 1204\n" COMMON
	  "\tfield:dev_t dev;\toffset:8;\tsize:4;\tsigned:0;\n"
	  "\tfield:sector_t sector;\toffset:16;\tsize:8;\tsigned:0;\n"
	  "\tfield:unsigned int nr_sector;\toffset:24;\tsize:4;\tsigned:0;\n"
	  "\tfield:int error;\toffset:28;\tsize:4;\tsigned:1;\n"
	  "\tfield:unsigned short ioprio;\toffset:32;\tsize:2;\tsigned:0;\n"
	  "\tfield:char rwbs[10];\toffset:34;\tsize:10;\tsigned:0;\n"
	  "\tfield:__data_loc char[] cmd;\toffset:44;\tsize:4;\tsigned:0;\n\n"
	  "print fmt: \"%d,%d\", 1, 2\n" },
	{ "sched:sched_process_exec",
	  "name: sched_process_exec\nID: 313\n" COMMON
	  "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n"
	  "\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;\n"
	  "\tfield:pid_t old_pid;\toffset:16;\tsize:4;\tsigned:1;\n\n"
	  "print fmt: \"pid=%d\", REC->pid\n" },
};

static int fake_event_format(void *ctx, const char *category, const char *event, char **text,
			     struct err *err)
{
	char name[128];

	(void)ctx;
	snprintf(name, sizeof(name), "%s:%s", category, event);
	for (size_t i = 0; i < sizeof(fake_tracepoints) / sizeof(fake_tracepoints[0]); i++) {
		if (strcmp(fake_tracepoints[i].name, name) != 0)
			continue;
		*text = strdup(fake_tracepoints[i].format);
		return *text ? 0 : err_nomem(err);
	}
	return -ENOENT;
}

static int fake_events(void *ctx, char **text)
{
	_cleanup_buf_ struct buf b = { 0 };

	(void)ctx;
	for (size_t i = 0; i < sizeof(fake_tracepoints) / sizeof(fake_tracepoints[0]); i++)
		buf_printf(&b, "%s\n", fake_tracepoints[i].name);
	*text = take_ptr(b.data);
	return buf_err(&b);
}

/* in the kernel's order, which is none; one line twice, some of a module */
static const char fake_list[] = "__x64_sys_openat\tERRNO\n"
				"should_failslab\tERRNO\n"
				"should_fail_bio\tERRNO\n"
				"should_fail_alloc_page\tTRUE\n"
				"__x64_sys_openat\tERRNO\n"
				"kmem_cache_alloc_noprof\tNULL\n"
				"d_alloc\tERRNO_NULL\n"
				"d_alloc_parallel\tERRNO\n"
				"mod_fail [" FAKE_MODULE "]\tERRNO\n"
				"mod_alloc [" FAKE_MODULE "]\tNULL\n"
				"six_args [" FAKE_MODULE "]\tERRNO\n";

static int fake_injection_list(void *ctx, char **text, struct err *err)
{
	(void)ctx;
	*text = strdup(fake_list);
	return *text ? 0 : err_nomem(err);
}

static void fake_close(void *ctx)
{
	struct fake *f = ctx;

	kbtf_free(f->module);
	kbtf_free(f->btf);
	free(f->path);
	free(f);
}

static void fake_closep(struct fake **f)
{
	if (*f)
		fake_close(*f);
}

static int open_types(struct fake *f, bool with_module, struct err *err)
{
	size_t len = 0;
	void *data = NULL;
	bool unmap;
	int r = fake_read_btf(f, &data, &len, &unmap, err);

	if (r == 0)
		r = kbtf_open(&f->btf, data, len, false, err);
	if (r < 0 || !with_module)
		return r;
	r = fake_kern_slurp(FIXTURE_MODULE_BTF, &data, &len);
	if (r < 0)
		return err_plain(err, r, ERR_SYSTEM, "cannot read " FIXTURE_MODULE_BTF);
	return kbtf_open_split(&f->module, f->btf, data, len, false, err);
}

int fake_kern(struct kern **out, const char *btf_path, struct err *err)
{
	static const struct kern_ops ops = {
		.read_btf = fake_read_btf,
		.read_module_btf = fake_read_module_btf,
		.lookup = fake_lookup,
		.symbolize = fake_symbolize,
		.event_format = fake_event_format,
		.events = fake_events,
		.injection_list = fake_injection_list,
		.close = fake_close,
	};
	_cleanup_(fake_closep) struct fake *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_nomem(err);
	f->path = strdup(btf_path ? btf_path : fake_kern_path());
	if (!f->path)
		return err_nomem(err);
	r = open_types(f, !btf_path && !getenv("RETCON_FIXTURE_BTF"), err);
	return r < 0 ? r : kern_new(out, &ops, take_ptr(f), err);
}
