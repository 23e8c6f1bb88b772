// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kern/feat.h"

#include <errno.h>
#include <string.h>

#include "kern/host.h"
#include "kern/sys.h"
#include "util/cleanup.h"

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

struct world {
	struct feats *feats;
	struct kern *kern;
	bool attaching;
};

/* what is loaded is to be attached: 0, or not while that would do harm */
static int begin_attaching(struct world *w)
{
	w->attaching = true;
	return host_ftrace_off() ? -EHOSTDOWN : 0;
}

/* A listed function to try probes on that hardly anything ever calls. */
static const char *const quiet[] = { "__x64_sys_sethostname" };

/* clang-format off */
#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
/* clang-format on */
#define MOV(d, s)	 INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)	 INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i)	 INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define JNE_IMM(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define CALL(f)		 INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()		 INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP_FD(d, fd)                                                                              \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int load(uint32_t type, uint32_t attach_type, uint32_t btf_id, const struct bpf_insn *insns,
		size_t n)
{
	const struct sys_prog p = {
		.name = "rc_feature",
		.type = type,
		.attach_type = attach_type,
		.attach_btf_id = btf_id,
		.insns = insns,
		.n_insns = (uint32_t)n,
		.btf_fd = -1,
	};

	return sys_prog_load(&p);
}

/*
 * A program that may override and never does. It must ask something only known when it
 * runs: a call that the verifier sees can never be made is gone before the kernel looks.
 *
 *	if (bpf_get_current_pid_tgid() == -1)	there is no such task
 *		bpf_override_return(ctx, 0);
 *	return 0;
 *
 * commit "bpf: add a bpf_override_function helper", v4.16
 */
static int load_override(uint32_t attach_type)
{
	static const struct bpf_insn insns[] = {
		MOV(BPF_REG_6, BPF_REG_1), CALL(BPF_FUNC_get_current_pid_tgid),
		JNE_IMM(BPF_REG_0, -1, 3), MOV(BPF_REG_1, BPF_REG_6),
		MOV_IMM(BPF_REG_2, 0),	   CALL(BPF_FUNC_override_return),
		MOV_IMM(BPF_REG_0, 0),	   EXIT(),
	};

	return load(BPF_PROG_TYPE_KPROBE, attach_type, 0, insns, LENGTH(insns));
}

/* 0: not to be had, then the kernel looks the name up, which costs it more */
static uint64_t quiet_address(const struct world *w)
{
	struct ksym sym = { 0 };

	return kern_lookup(w->kern, quiet, 1, &sym, NULL) < 0 ? 0 : sym.addr;
}

static int try_multi(struct world *w, bool at_return)
{
	_cleanup_close_ int prog = load_override(BPF_TRACE_KPROBE_MULTI);
	uint32_t flags = at_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
	_cleanup_close_ int link = -1;
	uint64_t addr;
	int ret = prog < 0 ? prog : begin_attaching(w);

	if (ret < 0)
		return ret;
	addr = quiet_address(w);
	link = addr ? sys_link_kprobe_multi(prog, &addr, NULL, 1, flags)
		    : sys_link_kprobe_multi_syms(prog, quiet, 1, flags);
	return link;
}

/* commit "bpf: Add multi kprobe link", v5.18: -EOPNOTSUPP without CONFIG_FPROBE */
static int try_kprobe_multi(struct world *w)
{
	return try_multi(w, false);
}

static int try_kretprobe_multi(struct world *w)
{
	return try_multi(w, true);
}

static int try_perf(struct world *w, bool at_return)
{
	_cleanup_close_ int prog = load_override(0);
	_cleanup_close_ int perf = -1;
	_cleanup_close_ int link = -1;
	uint64_t addr;
	int ret = prog < 0 ? prog : begin_attaching(w);

	if (ret < 0)
		return ret;
	addr = quiet_address(w);
	link = sys_link_perf_kprobe(prog, quiet[0], addr, at_return, 0, &perf);
	return link;
}

/* commit "perf/core: Implement the 'perf_kprobe' PMU", v4.17 */
static int try_kprobe(struct world *w)
{
	return try_perf(w, false);
}

static int try_kretprobe(struct world *w)
{
	return try_perf(w, true);
}

/* `return 0` on the first of these that there is; *id 0: there is none */
static int load_empty(const struct world *w, uint32_t type, uint32_t attach_type, unsigned int kind,
		      const char *const *names, size_t n)
{
	static const struct bpf_insn insns[] = { MOV_IMM(BPF_REG_0, 0), EXIT() };
	const struct kbtf *btf;
	uint32_t id;
	int ret = -ENOENT;

	if (kern_btf(w->kern, &btf, NULL) < 0)
		return -ENOENT;
	for (size_t i = 0; i < n && ret < 0; i++)
		if (kbtf_find(btf, kind, names[i], &id) == 0)
			ret = load(type, attach_type, id, insns, LENGTH(insns));
	return ret;
}

/* commit "bpf: Introduce BPF trampoline", v5.5. bpf_fentry_test1 is there to be traced. */
static int try_fentry(struct world *w)
{
	static const char *const names[] = { "bpf_fentry_test1", "__x64_sys_sethostname" };
	_cleanup_close_ int entry = -1, prog = -1, link = -1;
	int ret;

	entry = load_empty(w, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, BTF_KIND_FUNC, names,
			   LENGTH(names));
	if (entry < 0)
		return entry;
	prog = load_empty(w, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, BTF_KIND_FUNC, names,
			  LENGTH(names));
	ret = prog < 0 ? prog : begin_attaching(w);
	if (ret < 0)
		return ret;
	link = sys_link_tracing(prog);
	return link;
}

/* what loads on a trampoline is attached like any other: fentry has tried that */
static int on_trampoline(struct world *w, int prog)
{
	const struct feat_result *r;

	if (prog < 0)
		return prog;
	closep(&prog);
	r = feat_ask(w->feats, w->kern, FEAT_FENTRY);
	w->attaching = r->attaching;
	return r->answer == FEAT_YES ? 0 : r->code;
}

/*
 * Whether a function may be modified is decided at load: it is on the injection list
 * (commit "bpf: Attachment verification for BPF_MODIFY_RETURN", v5.7). These are, and are no
 * system calls, which newer kernels allow without the list.
 */
static int try_fmod_ret(struct world *w)
{
	static const char *const names[] = { "should_fail_bio", "should_failslab",
					     "should_fail_alloc_page", "__filemap_add_folio" };

	return on_trampoline(w, load_empty(w, BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN,
					   BTF_KIND_FUNC, names, LENGTH(names)));
}

/* the same commit: or its name begins with security_ */
static int try_fmod_ret_security(struct world *w)
{
	static const char *const names[] = { "security_sb_umount", "security_file_open" };

	return on_trampoline(w, load_empty(w, BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN,
					   BTF_KIND_FUNC, names, LENGTH(names)));
}

/* listed, or, from v7.2 on, without any list */
static int try_fmod_ret_syscall(struct world *w)
{
	return on_trampoline(w, load_empty(w, BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN,
					   BTF_KIND_FUNC, quiet, LENGTH(quiet)));
}

/* commit "bpf: Introduce BPF_PROG_TYPE_LSM", v5.7 */
static int try_lsm(struct world *w)
{
	static const char *const names[] = { "bpf_lsm_sb_umount", "bpf_lsm_file_open" };

	return on_trampoline(w, load_empty(w, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, BTF_KIND_FUNC, names,
					   LENGTH(names)));
}

/* commit "bpf: Replace prog_raw_tp+btf_id with prog_tracing", v5.5 */
static int try_task_newtask(struct world *w)
{
	static const char *const names[] = { "btf_trace_task_newtask" };
	_cleanup_close_ int prog = load_empty(w, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
					      BTF_KIND_TYPEDEF, names, LENGTH(names));
	_cleanup_close_ int link = -1;

	if (prog < 0)
		return prog;
	w->attaching = true;
	link = sys_raw_tp_open(prog, NULL);
	return link;
}

/* the map insists on types for key and value: int will do for both */
static int load_int_btf(void)
{
	static const struct {
		struct btf_header header;
		struct btf_type type;
		uint32_t encoding;
		char strings[5];
	} __attribute__((packed)) blob = {
		.header = { .magic = BTF_MAGIC,
			    .version = BTF_VERSION,
			    .hdr_len = sizeof(struct btf_header),
			    .type_len = sizeof(struct btf_type) + sizeof(uint32_t),
			    .str_off = sizeof(struct btf_type) + sizeof(uint32_t),
			    .str_len = 5 },
		.type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = sizeof(int) },
		.encoding = BTF_INT_SIGNED << 24 | 32,
		.strings = "\0int",
	};

	return sys_btf_load(&blob, sizeof(blob), NULL, 0);
}

/* commit "bpf: Enable task local storage for tracing programs", v5.12 */
static int try_task_storage(struct world *w)
{
	_cleanup_close_ int btf = load_int_btf();
	_cleanup_close_ int map = -1;
	_cleanup_close_ int prog = -1;
	const struct sys_map m = {
		.name = "rc_feature",
		.type = BPF_MAP_TYPE_TASK_STORAGE,
		.key_size = sizeof(int),
		.value_size = sizeof(int),
		.flags = BPF_F_NO_PREALLOC,
		.btf_fd = btf,
		.btf_key_id = 1,
		.btf_value_id = 1,
	};

	(void)w;
	if (btf < 0)
		return btf;
	map = sys_map_create(&m);
	if (map < 0)
		return map;
	{
		const struct bpf_insn insns[] = {
			CALL(BPF_FUNC_get_current_task_btf),
			MAP_FD(BPF_REG_1, map),
			MOV(BPF_REG_2, BPF_REG_0),
			MOV_IMM(BPF_REG_3, 0),
			MOV_IMM(BPF_REG_4, 0),
			CALL(BPF_FUNC_task_storage_get),
			MOV_IMM(BPF_REG_0, 0),
			EXIT(),
		};

		prog = load(BPF_PROG_TYPE_KPROBE, 0, 0, insns, LENGTH(insns));
	}
	return prog;
}

/* commit "bpf: Implement BPF ring buffer and verifier support for it", v5.8 */
static int try_ringbuf(struct world *w)
{
	const struct sys_map m = {
		.name = "rc_feature",
		.type = BPF_MAP_TYPE_RINGBUF,
		.max_entries = (uint32_t)sysconf(_SC_PAGESIZE),
		.btf_fd = -1,
	};
	_cleanup_close_ int map = sys_map_create(&m);

	(void)w;
	return map;
}

/* a program that would read from address 0; it is never attached */
static int try_read(int helper)
{
	const struct bpf_insn insns[] = {
		MOV(BPF_REG_1, BPF_REG_10),
		ADD_IMM(BPF_REG_1, -8),
		MOV_IMM(BPF_REG_2, 8),
		MOV_IMM(BPF_REG_3, 0),
		CALL(helper),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};
	_cleanup_close_ int prog = load(BPF_PROG_TYPE_KPROBE, 0, 0, insns, LENGTH(insns));

	return prog;
}

/* commit "bpf: Add probe_read_{user, kernel} and probe_read_{user, kernel}_str helpers", v5.5 */
static int try_read_kernel(struct world *w)
{
	(void)w;
	return try_read(BPF_FUNC_probe_read_kernel);
}

static int try_read_user(struct world *w)
{
	(void)w;
	return try_read(BPF_FUNC_probe_read_user);
}

#define OVERRIDE   FEAT_NEEDS_OVERRIDE
#define TRAMPOLINE FEAT_NEEDS_TRAMPOLINE

static const struct {
	int (*ask)(struct world *w); /* 0 or what a descriptor was: yes; else what was said */
	const char *needs[8];	     /* options; NULL at the end */
} table[FEAT_COUNT] = {
	[FEAT_KPROBE_MULTI] = { try_kprobe_multi, { OVERRIDE, "FPROBE" } },
	[FEAT_KPROBE] = { try_kprobe, { OVERRIDE, "KPROBE_EVENTS" } },
	[FEAT_FMOD_RET] = { try_fmod_ret, { TRAMPOLINE, "FUNCTION_ERROR_INJECTION" } },
	[FEAT_FMOD_RET_SECURITY] = { try_fmod_ret_security, { TRAMPOLINE, "SECURITY" } },
	[FEAT_FMOD_RET_SYSCALL] = { try_fmod_ret_syscall, { TRAMPOLINE } },
	[FEAT_LSM] = { try_lsm, { TRAMPOLINE, "SECURITY", "BPF_LSM" } },
	[FEAT_KRETPROBE_MULTI] = { try_kretprobe_multi, { OVERRIDE, "FPROBE" } },
	[FEAT_KRETPROBE] = { try_kretprobe, { OVERRIDE, "KPROBE_EVENTS" } },
	[FEAT_FENTRY] = { try_fentry, { TRAMPOLINE } },
	[FEAT_TASK_STORAGE] = { try_task_storage,
				{ "BPF_SYSCALL", "BPF_EVENTS", "DEBUG_INFO_BTF" } },
	[FEAT_TASK_NEWTASK] = { try_task_newtask,
				{ "BPF_SYSCALL", "BPF_EVENTS", "TRACEPOINTS", "DEBUG_INFO_BTF" } },
	[FEAT_RINGBUF] = { try_ringbuf, { "BPF_SYSCALL" } },
	[FEAT_READ_KERNEL] = { try_read_kernel, { "BPF_SYSCALL", "BPF_EVENTS" } },
	[FEAT_READ_USER] = { try_read_user, { "BPF_SYSCALL", "BPF_EVENTS" } },
};

const struct feat_result *feat_ask(struct feats *f, struct kern *k, enum feat what)
{
	struct feat_result *r = &f->of[what];
	struct world w = { .feats = f, .kern = k };
	int ret;

	if (r->answer != FEAT_UNASKED)
		return r;
	ret = table[what].ask(&w);
	*r = (struct feat_result){
		.answer = ret >= 0 ? FEAT_YES : FEAT_NO,
		.code = ret < 0 ? ret : 0,
		.attaching = ret < 0 && w.attaching,
	};
	return r;
}

bool feat_has(struct feats *f, struct kern *k, enum feat what)
{
	return feat_ask(f, k, what)->answer == FEAT_YES;
}

const char *const *feat_needs(enum feat what)
{
	return table[what].needs;
}
