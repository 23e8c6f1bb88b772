/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel known by its BTF alone, from a file: what a rule can be compiled
 * against without rights, and without running that kernel. A function is there if
 * BTF has it; where, nobody knows.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kern/kern.h"
#include "kern/live.h"
#include "util/cleanup.h"
#include "util/limits.h"

struct file {
	char *path;
	bool is_own;	   /* the running kernel's */
	struct kern *kern; /* borrows us: its BTF answers look-ups */
};

static int slurp(int fd, void **data, size_t *len)
{
	_cleanup_free_ char *text = NULL;
	size_t size, done = 0;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size <= 0 || st.st_size > LIMIT_BTF_BYTES)
		return -E2BIG;
	size = (size_t)st.st_size;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	while (done < size) {
		ssize_t n = read(fd, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	*data = take_ptr(text);
	*len = size;
	return 0;
}

/* vmlinux, or what pahole made of it: the section .BTF */
static int read_elf(const char *path, void **data, size_t *len)
{
	struct btf *btf = btf__parse_elf(path, NULL);
	const void *raw;
	uint32_t size = 0;
	int ret = -EINVAL;

	if (!btf)
		return errno == ENOMEM ? -ENOMEM : -EINVAL;
	raw = btf__raw_data(btf, &size);
	if (raw && size <= LIMIT_BTF_BYTES) {
		*data = malloc(size);
		ret = *data ? 0 : -ENOMEM;
	}
	if (!ret) {
		memcpy(*data, raw, size);
		*len = size;
	}
	btf__free(btf);
	return ret;
}

static int read_any(const char *path, void **data, size_t *len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char magic[4] = "";
	uint16_t half;

	if (fd < 0)
		return -errno;
	if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "\177ELF", 4))
		return read_elf(path, data, len);
	memcpy(&half, magic, sizeof(half));
	if (half != BTF_MAGIC && half != __builtin_bswap16(BTF_MAGIC))
		return -EINVAL;
	return slurp(fd, data, len);
}

static int file_read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	const struct file *f = ctx;
	int r = read_any(f->path, data, len);

	*unmap = false;
	if (r == -ENOENT && !strcmp(f->path, KERN_BTF_PATH))
		return r; /* explained by who asks */
	if (r == -EINVAL)
		return err_plain(err, r, ERR_USAGE,
				 "%s is neither BTF nor an ELF file with a section .BTF", f->path);
	if (r < 0)
		return err_plain(err, r, ERR_USAGE, "cannot read %s: %s", f->path, strerror(-r));
	return 0;
}

static int file_read_module_btf(void *ctx, const char *module, void **data, size_t *len,
				bool *unmap, struct err *err)
{
	const struct file *f = ctx;

	if (!f->is_own)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS,
				 "%s does not have the types of modules", f->path);
	return live_read_module_btf(NULL, module, data, len, unmap, err);
}

/* what SYSCALL_DEFINE0 makes is an alias, of which BTF has only the other name */
static bool btf_has(const struct kbtf *btf, const char *name)
{
	static const char prefix[] = "__x64_sys_";
	char alias[LIMIT_IDENT + 1];
	uint32_t id;

	if (kbtf_find(btf, BTF_KIND_FUNC, name, &id) == 0)
		return true;
	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return false;
	snprintf(alias, sizeof(alias), "__do_sys_%s", name + sizeof(prefix) - 1);
	return kbtf_find(btf, BTF_KIND_FUNC, alias, &id) == 0;
}

/* "module:func", where modules are known: of the running kernel */
static bool module_has(const struct file *f, const char *name, char module[KSYM_MODULE])
{
	const char *colon = strchr(name, ':');
	const struct kbtf *btf;
	struct kbtf_proto proto;

	if (!colon || colon - name >= KSYM_MODULE)
		return false;
	snprintf(module, KSYM_MODULE, "%.*s", (int)(colon - name), name);
	return kern_module_btf(f->kern, module, &btf, NULL) == 0 &&
	       kbtf_own_func(btf, colon + 1, &proto) == 0;
}

static int file_lookup(void *ctx, const char *const *names, unsigned int n, bool only_addr,
		       struct ksym *found, struct err *err)
{
	const struct file *f = ctx;
	const struct kbtf *btf;
	int r = kern_btf(f->kern, &btf, err);

	(void)only_addr;
	for (unsigned int i = 0; r == 0 && i < n; i++) {
		found[i] = (struct ksym){ 0 };
		if (btf_has(btf, names[i]) || module_has(f, names[i], found[i].module))
			found[i].addr = KSYM_SOMEWHERE;
	}
	return r;
}

static int file_symbolize(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
			  struct err *err)
{
	(void)ctx, (void)err;
	for (unsigned int i = 0; i < n; i++)
		snprintf(text[i], KSYM_TEXT, "0x%llx", (unsigned long long)addrs[i]);
	return 0;
}

/* BTF does not tell which kernel's it is */
static uint32_t file_release(void *ctx)
{
	const struct file *f = ctx;

	return f->is_own ? kern_running_release() : 0;
}

static int file_event_format(void *ctx, const char *category, const char *event, char **text,
			     struct err *err)
{
	const struct file *f = ctx;

	return f->is_own ? live_event_format(NULL, category, event, text, err) : -ENOENT;
}

static int file_events(void *ctx, char **text)
{
	const struct file *f = ctx;

	return f->is_own ? live_events(NULL, text) : -ENOENT;
}

static void file_close(void *ctx)
{
	struct file *f = ctx;

	free(f->path);
	free(f);
}

int kern_file(struct kern **out, const char *path, struct err *err)
{
	static const struct kern_ops ops = {
		.read_btf = file_read_btf,
		.read_module_btf = file_read_module_btf,
		.lookup = file_lookup,
		.symbolize = file_symbolize,
		.release = file_release,
		.event_format = file_event_format,
		.events = file_events,
		.close = file_close,
		.types_only = true,
	};
	struct file *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_nomem(err);
	f->is_own = !path;
	f->path = strdup(path ? path : KERN_BTF_PATH);
	if (!f->path) {
		file_close(f);
		return err_nomem(err);
	}
	r = kern_new(&f->kern, &ops, f, err);
	if (!r)
		*out = f->kern;
	return r;
}
