// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names and addresses of the running kernel, translated by a small BPF program that
 * user space runs by hand: reading /proc/kallsyms instead would format every symbol of
 * the kernel for the sake of one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/live.h"
#include "kern/sys.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/str.h"

/*
 * Question and answer, in a map that program and user space both have mapped. (Helpers
 * take no pointer to the context, and the name would fill the program's stack.)
 */
struct live_ask {
	char name[LIMIT_IDENT + 1]; /* "": addr is given */
	uint64_t no_text;	    /* not 0: the address is all that is wanted */
	uint64_t addr;
	int64_t code; /* of the look-up */
	char text[LIMIT_IDENT + 129];
};

/* clang-format off */
#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
/* clang-format on */
#define MOV(d, s)	  INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)	  INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i)	  INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(sz, d, s, o) INSN(BPF_LDX | BPF_MEM | (sz), d, s, o, 0)
#define STORE(d, s, o)	  INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define JEQ_IMM(d, i, o)  INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JNE_IMM(d, i, o)  INSN(BPF_JMP | BPF_JNE, d, 0, o, i)
#define CALL(f)		  INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()		  INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP_VALUE(d, fd)                                                                           \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_VALUE, 0, fd), INSN(0, 0, 0, 0, 0)
#define ASK(field) ((short)offsetof(struct live_ask, field))

static int load_prog(int ask_fd, int format_fd)
{
	/*
	 * if (ask->name[0]) {
	 *	ask->code = bpf_kallsyms_lookup_name(ask->name, sizeof(ask->name), 0, &ask->addr);
	 *	if (!ask->addr || ask->no_text)
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
		ONLY_ADDR = 14,
		FORMAT = 15,
		DONE = 24,
	};
	const struct bpf_insn insns[] = {
		MAP_VALUE(BPF_REG_6, ask_fd),
		LOAD(BPF_B, BPF_REG_1, BPF_REG_6, ASK(name)),
		[NO_NAME] = JEQ_IMM(BPF_REG_1, 0, FORMAT - NO_NAME - 1),
		MOV(BPF_REG_1, BPF_REG_6),
		MOV_IMM(BPF_REG_2, sizeof(((struct live_ask *)NULL)->name)),
		MOV_IMM(BPF_REG_3, 0),
		MOV(BPF_REG_4, BPF_REG_6),
		ADD_IMM(BPF_REG_4, ASK(addr)),
		CALL(BPF_FUNC_kallsyms_lookup_name),
		STORE(BPF_REG_6, BPF_REG_0, ASK(code)),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, ASK(addr)),
		[NO_ADDR] = JEQ_IMM(BPF_REG_1, 0, DONE - NO_ADDR - 1),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, ASK(no_text)),
		[ONLY_ADDR] = JNE_IMM(BPF_REG_1, 0, DONE - ONLY_ADDR - 1),
		[FORMAT] = MOV(BPF_REG_1, BPF_REG_6),
		ADD_IMM(BPF_REG_1, ASK(text)),
		MOV_IMM(BPF_REG_2, sizeof(((struct live_ask *)NULL)->text)),
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

static int make_ask(struct live_ask **ask)
{
	const struct sys_map m = {
		.name = "rc_ask",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct live_ask),
		.max_entries = 1,
		.flags = BPF_F_MMAPABLE,
		.btf_fd = -1,
	};
	_cleanup_close_ int fd = sys_map_create(&m);
	void *p;

	if (fd < 0)
		return fd;
	p = mmap(NULL, sizeof(struct live_ask), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ask = p;
	return take_fd(&fd);
}

/* the program, once loaded, keeps the maps */
static int make_prog(struct live_symbols *s)
{
	_cleanup_close_ int format = make_format();
	_cleanup_close_ int ask_fd = -1;
	struct live_ask *ask = NULL;
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
	s->prog = r;
	s->ask = ask;
	return 0;
}

static int prepare(struct live_symbols *s, struct err *err)
{
	int r = s->prog >= 0 ? 0 : make_prog(s);

	if (r == -EPERM)
		return err_plain(err, r, ERR_PERMISSION,
				 "looking up kernel symbols needs CAP_BPF and CAP_PERFMON");
	if (r < 0)
		return err_plain(err, r, ERR_KERNEL_LACKS,
				 "this kernel does not load the program that looks up symbols: %s",
				 strerror(-r));
	return 0;
}

static int run(struct live_symbols *s, const char *name, uint64_t addr, struct err *err)
{
	struct live_ask *a = s->ask;
	uint32_t retval;
	int r;

	str_copy(a->name, sizeof(a->name), name);
	a->name[sizeof(a->name) - 1] = '\0'; /* the helper insists */
	a->addr = addr;
	a->code = 0;
	a->text[0] = '\0';
	r = sys_prog_run(s->prog, NULL, 0, &retval);
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

/* of the text behind the size: " [module]" */
static void take_module(const char *slash, char module[KSYM_MODULE])
{
	const char *from = strstr(slash, " [");
	size_t len = from ? strcspn(from + 2, "]") : 0;

	if (!len || len >= KSYM_MODULE)
		return;
	memcpy(module, from + 2, len);
	module[len] = '\0';
}

static int refuse_hidden(struct err *err)
{
	err_plain(err, -EPERM, ERR_PERMISSION, "the kernel hides its addresses from this process");
	err_note(err, SPAN_NONE,
		 "it takes CAP_SYSLOG, and 'sysctl -w kernel.kptr_restrict=1' where that is 2");
	return -EPERM;
}

int live_lookup(struct live_symbols *s, const char *const *names, unsigned int n, bool only_addr,
		struct ksym *found, struct err *err)
{
	unsigned int i;
	int r = prepare(s, err);

	if (r == 0)
		s->ask->no_text = only_addr;
	for (i = 0; i < n && r == 0; i++) {
		unsigned long long size = 0;
		const char *slash;

		found[i] = (struct ksym){ 0 };
		if (!*names[i] || strlen(names[i]) > LIMIT_IDENT)
			continue;
		r = run(s, names[i], 0, err);
		if (r == 0 && s->ask->code == -EPERM)
			return refuse_hidden(err);
		if (r < 0 || !s->ask->addr)
			continue;
		found[i].addr = s->ask->addr;
		slash = size_part(s->ask->text, &size);
		if (!slash)
			continue;
		found[i].size = size;
		take_module(slash, found[i].module);
	}
	return r;
}

static void format_symbol(const struct live_ask *a, char text[KSYM_TEXT])
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

int live_symbolize(struct live_symbols *s, const uint64_t *addrs, unsigned int n,
		   char (*text)[KSYM_TEXT], struct err *err)
{
	unsigned int i;
	int r = prepare(s, err);

	if (r == 0)
		s->ask->no_text = false;
	for (i = 0; i < n && r == 0; i++) {
		r = run(s, "", addrs[i], err);
		if (r == 0)
			format_symbol(s->ask, text[i]);
	}
	return r;
}

void live_symbols_free(struct live_symbols *s)
{
	if (s->ask)
		munmap(s->ask, sizeof(*s->ask));
	closep(&s->prog);
}
