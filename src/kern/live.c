/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The running kernel's answers. Names and addresses are translated by a small
 * BPF program that user space runs by hand: reading /proc/kallsyms instead would
 * format every symbol of the kernel for the sake of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "kern/kern.h"
#include "kern/listed.h"
#include "kern/sys.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/str.h"

/*
 * Question and answer, in a map that program and user space both have mapped. (Helpers
 * take no pointer to the context, and the name would fill the program's stack.)
 */
struct ask {
	char name[LIMIT_IDENT + 1]; /* "": addr is given */
	uint64_t addr;
	int64_t code; /* of the look-up */
	char text[LIMIT_IDENT + 129];
};

struct live {
	int prog; /* -1 until first asked */
	struct ask *ask;
};

static int map_sysfs_btf(void **data, size_t *len)
{
	_cleanup_close_ int fd = open(KERN_BTF_PATH, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return -ENOENT;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*data = p;
	*len = (size_t)st.st_size;
	return 0;
}

static void *map_anonymous(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int copy_btf_object(void **data, size_t *len)
{
	_cleanup_close_ int fd = sys_vmlinux_btf_fd();
	uint32_t size = 0, got;
	void *p;
	int r;

	if (fd < 0)
		return fd;
	r = sys_btf_read(fd, NULL, &size);
	if (r < 0)
		return r;
	if (!size || size > LIMIT_BTF_BYTES)
		return -E2BIG;
	p = map_anonymous(size);
	if (!p)
		return -ENOMEM;
	got = size;
	r = sys_btf_read(fd, p, &got);
	if (r < 0 || got != size) {
		munmap(p, size);
		return r < 0 ? r : -EINVAL;
	}
	*data = p;
	*len = size;
	return 0;
}

static int read_sysfs_btf(void **data, size_t *len)
{
	_cleanup_close_ int fd = open(KERN_BTF_PATH, O_RDONLY | O_CLOEXEC);
	size_t size, done = 0;
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > LIMIT_BTF_BYTES)
		return -E2BIG;
	size = (size_t)st.st_size;
	p = map_anonymous(size);
	if (!p)
		return -ENOMEM;
	while (done < size) {
		ssize_t n = read(fd, p + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			munmap(p, size);
			return n < 0 ? -errno : -EIO;
		}
		done += (size_t)n;
	}
	*data = p;
	*len = size;
	return 0;
}

/*
 * Cheapest first: mapped (kernels that let us, from about 6.16), copied at once, or
 * read page by page through sysfs, which costs nearly twice the copy.
 */
static int live_read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	int r = map_sysfs_btf(data, len);

	(void)ctx;
	if (r < 0)
		r = copy_btf_object(data, len);
	if (r < 0)
		r = read_sysfs_btf(data, len);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_plain(err, r, ERR_SYSTEM, "cannot read %s: %s", KERN_BTF_PATH,
				 strerror(-r));
	*unmap = true;
	return 0;
}

/* clang-format off */
#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
/* clang-format on */
#define MOV(d, s)	  INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)	  INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i)	  INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(sz, d, s, o) INSN(BPF_LDX | BPF_MEM | (sz), d, s, o, 0)
#define STORE(d, s, o)	  INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define JEQ_IMM(d, i, o)  INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define CALL(f)		  INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()		  INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP_VALUE(d, fd)                                                                           \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_VALUE, 0, fd), INSN(0, 0, 0, 0, 0)
#define ASK(field) ((short)offsetof(struct ask, field))

static int load_prog(int ask_fd, int format_fd)
{
	/*
	 * if (ask->name[0]) {
	 *	ask->code = bpf_kallsyms_lookup_name(ask->name, sizeof(ask->name), 0, &ask->addr);
	 *	if (!ask->addr)
	 *		return 0;
	 * }
	 * bpf_snprintf(ask->text, sizeof(ask->text), "%pS", &ask->addr, 8);
	 *
	 * Where jumps are and go to. An instruction more or less elsewhere leaves a hole, which
	 * the verifier refuses, or is initialised twice, which the compiler warns of.
	 */
	enum {
		NO_NAME = 3,
		NO_ADDR = 12,
		FORMAT = 13,
		DONE = 22,
	};
	const struct bpf_insn insns[] = {
		MAP_VALUE(BPF_REG_6, ask_fd),
		LOAD(BPF_B, BPF_REG_1, BPF_REG_6, ASK(name)),
		[NO_NAME] = JEQ_IMM(BPF_REG_1, 0, FORMAT - NO_NAME - 1),
		MOV(BPF_REG_1, BPF_REG_6),
		MOV_IMM(BPF_REG_2, sizeof(((struct ask *)NULL)->name)),
		MOV_IMM(BPF_REG_3, 0),
		MOV(BPF_REG_4, BPF_REG_6),
		ADD_IMM(BPF_REG_4, ASK(addr)),
		CALL(BPF_FUNC_kallsyms_lookup_name),
		STORE(BPF_REG_6, BPF_REG_0, ASK(code)),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, ASK(addr)),
		[NO_ADDR] = JEQ_IMM(BPF_REG_1, 0, DONE - NO_ADDR - 1),
		[FORMAT] = MOV(BPF_REG_1, BPF_REG_6),
		ADD_IMM(BPF_REG_1, ASK(text)),
		MOV_IMM(BPF_REG_2, sizeof(((struct ask *)NULL)->text)),
		MAP_VALUE(BPF_REG_3, format_fd),
		MOV(BPF_REG_4, BPF_REG_6),
		ADD_IMM(BPF_REG_4, ASK(addr)),
		MOV_IMM(BPF_REG_5, 8),
		CALL(BPF_FUNC_snprintf),
		[DONE] = MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};
	const struct sys_prog p = {
		.name = "rc_symbols",
		.type = BPF_PROG_TYPE_SYSCALL,
		.insns = insns,
		.n_insns = sizeof(insns) / sizeof(insns[0]),
		.flags = BPF_F_SLEEPABLE, /* the only way this type loads */
		.btf_fd = -1,
	};

	return sys_prog_load(&p);
}

/* bpf_snprintf() takes its format from memory that cannot change any more */
static int make_format(void)
{
	const struct sys_map m = {
		.name = "rc_format",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = 8,
		.max_entries = 1,
		.flags = BPF_F_RDONLY_PROG,
		.btf_fd = -1,
	};
	_cleanup_close_ int fd = sys_map_create(&m);
	const char format[8] = "%pS";
	uint32_t key = 0;
	int r;

	if (fd < 0)
		return fd;
	r = sys_map_update(fd, &key, format, 0);
	if (r < 0)
		return r;
	r = sys_map_freeze(fd);
	return r < 0 ? r : take_fd(&fd);
}

static int make_ask(struct ask **ask)
{
	const struct sys_map m = {
		.name = "rc_ask",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct ask),
		.max_entries = 1,
		.flags = BPF_F_MMAPABLE,
		.btf_fd = -1,
	};
	_cleanup_close_ int fd = sys_map_create(&m);
	void *p;

	if (fd < 0)
		return fd;
	p = mmap(NULL, sizeof(struct ask), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ask = p;
	return take_fd(&fd);
}

/* the program, once loaded, keeps the maps */
static int make_prog(struct live *l)
{
	_cleanup_close_ int format = make_format();
	_cleanup_close_ int ask_fd = -1;
	struct ask *ask = NULL;
	int r;

	if (format < 0)
		return format;
	ask_fd = make_ask(&ask);
	if (ask_fd < 0)
		return ask_fd;
	r = load_prog(ask_fd, format);
	if (r < 0) {
		munmap(ask, sizeof(*ask));
		return r;
	}
	l->prog = r;
	l->ask = ask;
	return 0;
}

static int prepare(struct live *l, struct err *err)
{
	int r = l->prog >= 0 ? 0 : make_prog(l);

	if (r == -EPERM)
		return err_plain(err, r, ERR_PERMISSION,
				 "looking up kernel symbols needs CAP_BPF and CAP_PERFMON");
	if (r < 0)
		return err_plain(err, r, ERR_KERNEL_LACKS,
				 "this kernel does not load the program that looks up symbols: %s",
				 strerror(-r));
	return 0;
}

static int run(struct live *l, const char *name, uint64_t addr, struct err *err)
{
	struct ask *a = l->ask;
	uint32_t retval;
	int r;

	str_copy(a->name, sizeof(a->name), name);
	a->name[sizeof(a->name) - 1] = '\0'; /* the helper insists */
	a->addr = addr;
	a->code = 0;
	a->text[0] = '\0';
	r = sys_prog_run(l->prog, NULL, 0, &retval);
	if (r < 0)
		return err_plain(err, r, ERR_SYSTEM, "cannot look up kernel symbols: %s",
				 strerror(-r));
	a->text[sizeof(a->text) - 1] = '\0';
	return 0;
}

/* "name+0x5c/0x1f0 [module]": where "/0x1f0" is; NULL if the kernel knows no symbol */
static const char *size_part(const char *text, unsigned long long *size)
{
	const char *slash = strrchr(text, '/');

	return slash && sscanf(slash, "/0x%llx", size) == 1 ? slash : NULL;
}

static int refuse_hidden(struct err *err)
{
	err_plain(err, -EPERM, ERR_PERMISSION, "the kernel hides its addresses from this process");
	err_note(err, SPAN_NONE,
		 "it takes CAP_SYSLOG, and 'sysctl -w kernel.kptr_restrict=1' where that is 2");
	return -EPERM;
}

static int live_lookup(void *ctx, const char *const *names, unsigned int n, struct ksym *found,
		       struct err *err)
{
	struct live *l = ctx;
	unsigned int i;
	int r = prepare(l, err);

	for (i = 0; i < n && r == 0; i++) {
		unsigned long long size = 0;

		found[i] = (struct ksym){ 0 };
		if (!*names[i] || strlen(names[i]) > LIMIT_IDENT)
			continue;
		r = run(l, names[i], 0, err);
		if (r == 0 && l->ask->code == -EPERM)
			return refuse_hidden(err);
		if (r < 0 || !l->ask->addr)
			continue;
		found[i].addr = l->ask->addr;
		if (size_part(l->ask->text, &size))
			found[i].size = size;
	}
	return r;
}

static void format_symbol(const struct ask *a, char text[KSYM_TEXT])
{
	unsigned long long size;
	const char *slash = size_part(a->text, &size);
	const char *module = slash ? strchr(slash, ' ') : NULL;
	const char *plus = NULL, *p;

	for (p = a->text; slash && p < slash; p++)
		if (*p == '+')
			plus = p;
	if (!plus) {
		snprintf(text, KSYM_TEXT, "0x%llx", (unsigned long long)a->addr);
		return;
	}
	/* of a name too long, the beginning; offset (at most 18) and module (at most 60) stay */
	snprintf(text, KSYM_TEXT, "%.*s%.*s%.64s",
		 plus - a->text > KSYM_TEXT - 84 ? KSYM_TEXT - 84 : (int)(plus - a->text), a->text,
		 (int)(slash - plus), plus, module ? module : "");
}

static int live_symbolize(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
			  struct err *err)
{
	struct live *l = ctx;
	unsigned int i;
	int r = prepare(l, err);

	for (i = 0; i < n && r == 0; i++) {
		r = run(l, "", addrs[i], err);
		if (r == 0)
			format_symbol(l->ask, text[i]);
	}
	return r;
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

	if (live_symbolize(ctx, &sym->addr, 1, alias, NULL) == 0)
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

	if (l->ask)
		munmap(l->ask, sizeof(*l->ask));
	closep(&l->prog);
	free(l);
}

int kern_live(struct kern **out, struct err *err)
{
	static const struct kern_ops ops = {
		.read_btf = live_read_btf,
		.lookup = live_lookup,
		.symbolize = live_symbolize,
		.syscall_format = live_syscall_format,
		.release = live_release,
		.error_type = live_error_type,
		.close = live_close,
	};
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		return err_nomem(err);
	l->prog = -1;
	return kern_new(out, &ops, l, err);
}
