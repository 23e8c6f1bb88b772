/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor under `retcon inject kmalloc 'tcp_v4_connect()'`: a program without libraries that
 * keeps the same promises by the same bpf() calls, written by hand for this one rule, with every
 * address, type id and offset given on its command line. What retcon needs beyond this is the
 * price of being general. It says "armed" and waits to be killed.
 *
 *	floor full CONSTANT...		the rule
 *	floor empty CONSTANT...		an empty program at should_failslab, for comparison
 *
 * The constants, in the order of enum constant, come from bench/constants.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define NOT_TASK_CONTEXT 0x00ff0100
#define PF_KTHREAD	 0x00200000
#define GFP_NOFAIL	 0x8000
#define CPUS		 8
#define DEPTH		 64

#define REGS_SI 104
#define REGS_SP 152

enum constant {
	TARGET_ADDR,
	CALLER_ADDR,
	CALLER_SIZE,
	CALLER_ID,   /* of BTF */
	PREEMPT_ID,  /* of the variable that holds the preempt count */
	PREEMPT_OFF, /* in that variable */
	CPU_OFF,     /* of the CPU's number in the same variable; 0: elsewhere */
	TASK_FLAGS,
	TASK_TGID,
	N_CONSTANTS,
};

struct control {
	uint32_t armed, pad;
	uint64_t active, matches, injected, exempt, nofail, drops, unconfirmed, lost;
	uint64_t cpu[CPUS][8]; /* hits */
};

struct state {
	uint32_t matched, injected;
	uint64_t frame;
};

struct record {
	uint32_t kind, place;
	uint64_t time, id;
	int64_t value;
	char comm[16];
	uint32_t cpu;
	int32_t stack_bytes;
	uint64_t stack[DEPTH];
};

#define CONTROL(f) ((int)offsetof(struct control, f))
#define STATE(f)   ((int)offsetof(struct state, f))
#define RECORD(f)  ((int)offsetof(struct record, f))

static uint64_t k[N_CONSTANTS];

static long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static long sys3(long n, long a, long b, long c)
{
	return sys6(n, a, b, c, 0, 0, 0);
}

static void die(const char *what, long code)
{
	char num[] = "-000\n";
	long n = code < 0 ? -code : code;
	long len = 0;

	while (what[len])
		len++;
	for (int i = 3; i > 0; i--, n /= 10)
		num[i] = (char)('0' + n % 10);
	sys3(SYS_write, 2, (long)what, len);
	sys3(SYS_write, 2, (long)num, 5);
	sys3(SYS_exit_group, 1, 0, 0);
}

static int bpf(const char *what, int cmd, union bpf_attr *attr)
{
	long r = sys3(SYS_bpf, cmd, (long)attr, sizeof(*attr));

	if (r < 0)
		die(what, r);
	return (int)r;
}

/* no library, but the compiler may want it all the same */
void *memset(void *p, int c, size_t n);
void *memset(void *p, int c, size_t n)
{
	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
	return p;
}

/* one program at a time is put together here; a jump knows its label by number */
enum label {
	OUT,
	EXEMPT,
	NOFAIL,
	UNCONFIRMED,
	FOUND,
	NEXT,
	FRESH,
	OTHER,
	SILENT,
	LOST,
	N_LABELS
};

static struct bpf_insn code[256];
static int n_code;
static int label_at[N_LABELS];
static char jump_to[256]; /* label + 1 */

static void emit(int op, int dst, int src, int off, int imm)
{
	code[n_code++] = (struct bpf_insn){ .code = (uint8_t)op,
					    .dst_reg = (uint8_t)dst & 15,
					    .src_reg = (uint8_t)src & 15,
					    .off = (int16_t)off,
					    .imm = imm };
}

static void begin(void)
{
	n_code = 0;
	memset(jump_to, 0, sizeof(jump_to));
}

static void here(enum label l)
{
	label_at[l] = n_code;
}

static void jump(int op, int dst, int imm, enum label l)
{
	jump_to[n_code] = (char)(l + 1);
	emit(BPF_JMP | op | BPF_K, dst, 0, 0, imm);
}

static void jump32(int op, int dst, int imm, enum label l)
{
	jump_to[n_code] = (char)(l + 1);
	emit(BPF_JMP32 | op | BPF_K, dst, 0, 0, imm);
}

static void jump_reg(int op, int dst, int src, enum label l)
{
	jump_to[n_code] = (char)(l + 1);
	emit(BPF_JMP | op | BPF_X, dst, src, 0, 0);
}

static void mov(int dst, int src)
{
	emit(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void movi(int dst, int imm)
{
	emit(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static void addi(int dst, int imm)
{
	emit(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm);
}

static void load(int size, int dst, int src, int off)
{
	emit(BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static void store(int size, int dst, int off, int src)
{
	emit(BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

static void storei(int size, int dst, int off, int imm)
{
	emit(BPF_ST | BPF_MEM | size, dst, 0, off, imm);
}

static void call(int helper)
{
	emit(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void wide(int dst, int pseudo, uint64_t v)
{
	emit(BPF_LD | BPF_IMM | BPF_DW, dst, pseudo, 0, (int)(uint32_t)v);
	emit(0, 0, 0, 0, (int)(uint32_t)(v >> 32));
}

/* atomically add `by`, through r1, to a 64-bit field of the control map in r7 */
static void count(int off, int by)
{
	movi(BPF_REG_1, by);
	emit(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_7, BPF_REG_1, off, BPF_ADD);
}

static void finish(void)
{
	here(OUT);
	movi(BPF_REG_0, 0);
	emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load_program(const char *name, int type, int attach_type, uint32_t btf_id)
{
	union bpf_attr attr;

	for (int i = 0; i < n_code; i++)
		if (jump_to[i])
			code[i].off = (int16_t)(label_at[jump_to[i] - 1] - i - 1);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = (uint32_t)type;
	attr.expected_attach_type = (uint32_t)attach_type;
	attr.insns = (uint64_t)code;
	attr.insn_cnt = (uint32_t)n_code;
	attr.license = (uint64_t) "GPL";
	attr.attach_btf_id = btf_id;
	return bpf(name, BPF_PROG_LOAD, &attr);
}

static int link_multi(int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.cnt = 1;
	attr.link_create.kprobe_multi.addrs = (uint64_t)&k[TARGET_ADDR];
	return bpf("attach ", BPF_LINK_CREATE, &attr);
}

static int link_tracing(int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	return bpf("attach ", BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static int map(int type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags, int btf)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = (uint32_t)type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	if (btf >= 0) {
		attr.btf_fd = (uint32_t)btf;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = 2;
	}
	return bpf("map ", BPF_MAP_CREATE, &attr);
}

/* task storage wants its types known: an int, and an array of ints as large as struct state */
static int types(void)
{
	static const struct {
		struct {
			uint16_t magic;
			uint8_t version, flags;
			uint32_t hdr_len, type_off, type_len, str_off, str_len;
		} header;
		uint32_t type[4 + 6];
		char str[5];
	} btf = {
		{ 0xeb9f, 1, 0, 24, 0, 40, 40, 5 },
		{ 1, 1 << 24, 4, 32, 0, 3 << 24, 0, 1, 1, sizeof(struct state) / 4 },
		"\0int",
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uint64_t)&btf;
	attr.btf_size = sizeof(btf.header) + sizeof(btf.type) + 5;
	return bpf("types ", BPF_BTF_LOAD, &attr);
}

static int control_fd, tasks_fd, events_fd, scratch_fd;

static void need_task_context(void)
{
	wide(BPF_REG_1, BPF_PSEUDO_BTF_ID, k[PREEMPT_ID]);
	call(BPF_FUNC_this_cpu_ptr);
	load(BPF_W, BPF_REG_1, BPF_REG_0, (int)k[PREEMPT_OFF]);
	jump32(BPF_JSET, BPF_REG_1, NOT_TASK_CONTEXT, OUT);
}

/* r9 = the task's state, r8 = the task */
static void need_state(int flags, enum label none)
{
	call(BPF_FUNC_get_current_task_btf);
	mov(BPF_REG_8, BPF_REG_0);
	wide(BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint64_t)tasks_fd);
	mov(BPF_REG_2, BPF_REG_8);
	movi(BPF_REG_3, 0);
	movi(BPF_REG_4, flags);
	call(BPF_FUNC_task_storage_get);
	jump(BPF_JEQ, BPF_REG_0, 0, none);
	mov(BPF_REG_9, BPF_REG_0);
}

/* the part of a record that both kinds share; base is r8 or the frame pointer */
static void fill_record(int base, int off, int kind)
{
	storei(BPF_W, base, off + RECORD(kind), kind);
	storei(BPF_W, base, off + RECORD(place), 0);
	call(BPF_FUNC_ktime_get_ns);
	store(BPF_DW, base, off + RECORD(time), BPF_REG_0);
	call(BPF_FUNC_get_current_pid_tgid);
	store(BPF_DW, base, off + RECORD(id), BPF_REG_0);
	mov(BPF_REG_1, base);
	addi(BPF_REG_1, off + RECORD(comm));
	movi(BPF_REG_2, 16);
	call(BPF_FUNC_get_current_comm);
	call(BPF_FUNC_get_smp_processor_id);
	store(BPF_W, base, off + RECORD(cpu), BPF_REG_0);
}

/* r3: how much of it */
static void send_record(int base, int off)
{
	wide(BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint64_t)events_fd);
	mov(BPF_REG_2, base);
	addi(BPF_REG_2, off);
	movi(BPF_REG_4, 0);
	call(BPF_FUNC_ringbuf_output);
}

static void count_hit(void)
{
	if (k[CPU_OFF]) {
		load(BPF_W, BPF_REG_1, BPF_REG_0, (int)k[CPU_OFF]);
	} else {
		call(BPF_FUNC_get_smp_processor_id);
		mov(BPF_REG_1, BPF_REG_0);
	}
	emit(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, CPUS - 1);
	emit(BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_1, 0, 0, 6);
	mov(BPF_REG_2, BPF_REG_7);
	emit(BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, BPF_REG_1, 0, 0);
	load(BPF_DW, BPF_REG_3, BPF_REG_2, CONTROL(cpu));
	addi(BPF_REG_3, 1);
	store(BPF_DW, BPF_REG_2, CONTROL(cpu), BPF_REG_3);
}

static void need_not_exempt(void)
{
	load(BPF_W, BPF_REG_1, BPF_REG_8, (int)k[TASK_FLAGS]);
	jump32(BPF_JSET, BPF_REG_1, PF_KTHREAD, EXEMPT);
	load(BPF_W, BPF_REG_1, BPF_REG_8, (int)k[TASK_TGID]);
	jump32(BPF_JEQ, BPF_REG_1, (int)sys3(SYS_getpid, 0, 0, 0), EXEMPT);
	jump32(BPF_JEQ, BPF_REG_1, (int)sys3(SYS_getppid, 0, 0, 0), EXEMPT);
	jump32(BPF_JEQ, BPF_REG_1, 1, EXEMPT);
	load(BPF_W, BPF_REG_1, BPF_REG_6, REGS_SI);
	jump32(BPF_JSET, BPF_REG_1, GFP_NOFAIL, NOFAIL);
	count(CONTROL(matches), 1);
}

/* r8 = a record with the stack, its length at r10 - 16; goes on only if the caller is on it */
static void walk_stack(void)
{
	storei(BPF_W, BPF_REG_10, -4, 0);
	wide(BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint64_t)scratch_fd);
	mov(BPF_REG_2, BPF_REG_10);
	addi(BPF_REG_2, -4);
	call(BPF_FUNC_map_lookup_elem);
	jump(BPF_JEQ, BPF_REG_0, 0, OUT);
	mov(BPF_REG_8, BPF_REG_0);
	mov(BPF_REG_1, BPF_REG_6);
	mov(BPF_REG_2, BPF_REG_8);
	addi(BPF_REG_2, RECORD(stack));
	movi(BPF_REG_3, 8 * DEPTH);
	movi(BPF_REG_4, 0);
	call(BPF_FUNC_get_stack);
	store(BPF_W, BPF_REG_8, RECORD(stack_bytes), BPF_REG_0);
	jump(BPF_JSLE, BPF_REG_0, 0, UNCONFIRMED);
	store(BPF_DW, BPF_REG_10, -16, BPF_REG_0);
	wide(BPF_REG_3, 0, k[CALLER_ADDR]);
	movi(BPF_REG_1, 0);
	mov(BPF_REG_5, BPF_REG_8);
	here(NEXT);
	load(BPF_DW, BPF_REG_2, BPF_REG_5, RECORD(stack));
	emit(BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	jump(BPF_JLT, BPF_REG_2, (int)k[CALLER_SIZE], FOUND);
	addi(BPF_REG_5, 8);
	addi(BPF_REG_1, 8);
	jump(BPF_JGE, BPF_REG_1, 8 * DEPTH, UNCONFIRMED);
	jump_reg(BPF_JLT, BPF_REG_1, BPF_REG_0, NEXT);
	jump(BPF_JA, 0, 0, UNCONFIRMED);
	here(FOUND);
}

static int target(void)
{
	begin();
	mov(BPF_REG_6, BPF_REG_1);
	wide(BPF_REG_7, BPF_PSEUDO_MAP_VALUE, (uint32_t)control_fd);
	load(BPF_W, BPF_REG_1, BPF_REG_7, CONTROL(armed));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	need_task_context();
	count_hit();
	load(BPF_DW, BPF_REG_1, BPF_REG_7, CONTROL(active));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	need_state(0, OUT);
	load(BPF_W, BPF_REG_1, BPF_REG_9, STATE(matched));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	load(BPF_DW, BPF_REG_1, BPF_REG_9, STATE(frame));
	load(BPF_DW, BPF_REG_2, BPF_REG_6, REGS_SP);
	jump_reg(BPF_JLE, BPF_REG_1, BPF_REG_2, OUT);
	need_not_exempt();
	walk_stack();
	storei(BPF_W, BPF_REG_9, STATE(injected), 1);
	count(CONTROL(injected), 1);
	mov(BPF_REG_1, BPF_REG_6);
	movi(BPF_REG_2, -12);
	call(BPF_FUNC_override_return);
	storei(BPF_DW, BPF_REG_8, RECORD(value), -12);
	fill_record(BPF_REG_8, 0, 1);
	load(BPF_DW, BPF_REG_3, BPF_REG_10, -16);
	addi(BPF_REG_3, RECORD(stack));
	send_record(BPF_REG_8, 0);
	jump(BPF_JEQ, BPF_REG_0, 0, OUT);
	count(CONTROL(drops), 1);
	jump(BPF_JA, 0, 0, OUT);
	here(EXEMPT);
	count(CONTROL(exempt), 1);
	jump(BPF_JA, 0, 0, OUT);
	here(NOFAIL);
	count(CONTROL(nofail), 1);
	jump(BPF_JA, 0, 0, OUT);
	here(UNCONFIRMED);
	count(CONTROL(unconfirmed), 1);
	finish();
	return load_program("target ", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0);
}

static int caller_entry(void)
{
	begin();
	mov(BPF_REG_6, BPF_REG_1);
	wide(BPF_REG_7, BPF_PSEUDO_MAP_VALUE, (uint32_t)control_fd);
	load(BPF_W, BPF_REG_1, BPF_REG_7, CONTROL(armed));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	need_task_context();
	need_state(BPF_LOCAL_STORAGE_GET_F_CREATE, LOST);
	load(BPF_W, BPF_REG_1, BPF_REG_9, STATE(matched));
	jump(BPF_JEQ, BPF_REG_1, 0, FRESH);
	load(BPF_DW, BPF_REG_1, BPF_REG_9, STATE(frame));
	jump_reg(BPF_JGT, BPF_REG_1, BPF_REG_6, OUT); /* inside already */
	count(CONTROL(active), -1);		      /* that one's exit was missed */
	here(FRESH);
	storei(BPF_W, BPF_REG_9, STATE(matched), 1);
	storei(BPF_W, BPF_REG_9, STATE(injected), 0);
	store(BPF_DW, BPF_REG_9, STATE(frame), BPF_REG_6);
	count(CONTROL(active), 1);
	jump(BPF_JA, 0, 0, OUT);
	here(LOST);
	count(CONTROL(lost), 1);
	finish();
	return load_program("entry ", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
			    (uint32_t)k[CALLER_ID]);
}

static int caller_exit(void)
{
	const int at = -8 - (int)offsetof(struct record, stack);

	begin();
	mov(BPF_REG_6, BPF_REG_1);
	wide(BPF_REG_7, BPF_PSEUDO_MAP_VALUE, (uint32_t)control_fd);
	load(BPF_DW, BPF_REG_1, BPF_REG_7, CONTROL(active));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	need_state(0, OUT);
	load(BPF_W, BPF_REG_1, BPF_REG_9, STATE(matched));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	load(BPF_DW, BPF_REG_1, BPF_REG_9, STATE(frame));
	jump_reg(BPF_JNE, BPF_REG_1, BPF_REG_6, OUT);
	storei(BPF_W, BPF_REG_9, STATE(matched), 0);
	count(CONTROL(active), -1);
	load(BPF_W, BPF_REG_1, BPF_REG_9, STATE(injected));
	jump(BPF_JEQ, BPF_REG_1, 0, OUT);
	mov(BPF_REG_1, BPF_REG_6);
	mov(BPF_REG_2, BPF_REG_10);
	addi(BPF_REG_2, -8);
	call(BPF_FUNC_get_func_ret);
	load(BPF_W, BPF_REG_1, BPF_REG_10, -8);
	emit(BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_1, 0, 0, 32);
	emit(BPF_ALU64 | BPF_ARSH | BPF_K, BPF_REG_1, 0, 0, 32);
	store(BPF_DW, BPF_REG_10, at + RECORD(value), BPF_REG_1);
	storei(BPF_W, BPF_REG_10, at + RECORD(stack_bytes), 0);
	fill_record(BPF_REG_10, at, 2);
	movi(BPF_REG_3, RECORD(stack));
	send_record(BPF_REG_10, at);
	jump(BPF_JEQ, BPF_REG_0, 0, OUT);
	count(CONTROL(drops), 1);
	finish();
	return load_program("exit ", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT,
			    (uint32_t)k[CALLER_ID]);
}

static volatile uint32_t *map_memory(void)
{
	long page = 4096;
	long r;

	/* the events' positions and, twice, their data, as its reader needs them */
	r = sys6(SYS_mmap, 0, page, PROT_READ | PROT_WRITE, MAP_SHARED, events_fd, 0);
	if (r < 0)
		die("mmap ", r);
	r = sys6(SYS_mmap, 0, page + (2 << 20), PROT_READ, MAP_SHARED, events_fd, page);
	if (r < 0)
		die("mmap ", r);
	r = sys6(SYS_mmap, 0, page, PROT_READ | PROT_WRITE, MAP_SHARED, control_fd, 0);
	if (r < 0)
		die("mmap ", r);
	return (volatile uint32_t *)r;
}

static void full(void)
{
	volatile uint32_t *armed;

	control_fd = map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct control), 1, BPF_F_MMAPABLE, -1);
	tasks_fd = map(BPF_MAP_TYPE_TASK_STORAGE, 4, sizeof(struct state), 0, BPF_F_NO_PREALLOC,
		       types());
	events_fd = map(BPF_MAP_TYPE_RINGBUF, 0, 0, 1 << 20, 0, -1);
	scratch_fd = map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct record), 1, 0, -1);
	armed = map_memory();
	link_tracing(caller_exit());
	link_tracing(caller_entry());
	link_multi(target());
	*armed = 1;
}

static void empty(void)
{
	begin();
	finish();
	link_multi(load_program("empty ", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0));
}

static uint64_t number(const char *s)
{
	uint64_t n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (uint64_t)(*s++ - '0');
	return n;
}

__attribute__((used)) static void start(long *sp)
{
	long argc = sp[0];
	char **argv = (char **)(sp + 1);

	if (argc != 2 + N_CONSTANTS)
		die("usage: floor full|empty CONSTANT... ", argc);
	for (int i = 0; i < N_CONSTANTS; i++)
		k[i] = number(argv[2 + i]);
	if (argv[1][0] == 'f')
		full();
	else
		empty();
	sys3(SYS_write, 1, (long)"armed\n", 6);
	for (;;)
		sys3(SYS_pause, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start\n");
