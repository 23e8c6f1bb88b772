// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The addresses of all injectable functions, from the list that the kernel keeps of them:
 * looking up their names one by one is a search of some 28,000 instructions each.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/live.h"
#include "kern/sys.h"
#include "util/cleanup.h"

#define WALK_STEP 32 /* entries a run */

/* what program and user space both have mapped */
struct walk {
	uint64_t at;   /* the entry before the next one; the head at first */
	uint64_t head; /* of the list */
	uint64_t n;    /* of addr[]; less than all: that was the end */
	uint64_t next;
	uint64_t addr[WALK_STEP];
};

/* struct ei_entry (lib/error-inject.c, 4.14 to 7.3) is no type to rely on: who asks verifies */
#define EI_NEXT	 0
#define EI_START 16

/* clang-format off */
#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (short)(o), .imm = (int)(i) })
/* clang-format on */
#define MOV(d, s)	   INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)	   INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i)	   INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o)	   INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, s, o)	   INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE_IMM(d, o, i) INSN(BPF_ST | BPF_MEM | BPF_DW, d, 0, o, i)
#define JNE_IMM(d, i, o)   INSN(BPF_JMP | BPF_JNE, d, 0, o, i)
#define JEQ(d, s, o)	   INSN(BPF_JMP | BPF_JEQ | BPF_X, d, s, o, 0)
#define CALL(f)		   INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()		   INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define WALK(field)	   offsetof(struct walk, field)

#define HEAD_INSNS 5
#define STEP_INSNS 17
#define TAIL_INSNS 5
#define DONE_AT	   (HEAD_INSNS + STEP_INSNS * WALK_STEP)
#define FAIL_AT	   (DONE_AT + 3)
#define ALL_INSNS  (DONE_AT + TAIL_INSNS)

/* 8 bytes of the kernel's at r7 + `from`, to `to` of the walk */
static unsigned int put_read(struct bpf_insn *p, unsigned int i, size_t to, int from)
{
	p[i++] = MOV(BPF_REG_1, BPF_REG_6);
	p[i++] = ADD_IMM(BPF_REG_1, to);
	p[i++] = MOV_IMM(BPF_REG_2, sizeof(uint64_t));
	p[i++] = MOV(BPF_REG_3, BPF_REG_7);
	p[i++] = ADD_IMM(BPF_REG_3, from);
	p[i++] = CALL(BPF_FUNC_probe_read_kernel);
	p[i] = JNE_IMM(BPF_REG_0, 0, FAIL_AT - i - 1);
	return i + 1;
}

/*
 * for (i = 0; i < WALK_STEP; i++) {
 *	bpf_probe_read_kernel(&walk->next, 8, at + EI_NEXT);
 *	at = walk->next;
 *	if (at == head)
 *		break;
 *	bpf_probe_read_kernel(&walk->addr[i], 8, at + EI_START);
 *	walk->n = i + 1;
 * }
 * walk->at = at;
 *
 * without the loop, which the verifier would go round as often.
 */
static int load_prog(int walk_fd)
{
	struct bpf_insn p[ALL_INSNS];
	const struct sys_prog prog = {
		.name = "rc_injectable",
		.type = BPF_PROG_TYPE_SYSCALL,
		.insns = p,
		.n_insns = ALL_INSNS,
		.flags = BPF_F_SLEEPABLE, /* the only way this type loads */
		.btf_fd = -1,
	};
	unsigned int i = 0;

	p[i++] = INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_6, BPF_PSEUDO_MAP_VALUE, 0, walk_fd);
	p[i++] = INSN(0, 0, 0, 0, 0);
	p[i++] = LOAD(BPF_REG_7, BPF_REG_6, WALK(at));
	p[i++] = LOAD(BPF_REG_8, BPF_REG_6, WALK(head));
	p[i++] = STORE_IMM(BPF_REG_6, WALK(n), 0);
	for (unsigned int step = 0; step < WALK_STEP; step++) {
		i = put_read(p, i, WALK(next), EI_NEXT);
		p[i++] = LOAD(BPF_REG_7, BPF_REG_6, WALK(next));
		p[i] = JEQ(BPF_REG_7, BPF_REG_8, DONE_AT - i - 1);
		i = put_read(p, i + 1, WALK(addr[step]), EI_START);
		p[i++] = STORE_IMM(BPF_REG_6, WALK(n), step + 1);
	}
	p[i++] = STORE(BPF_REG_6, BPF_REG_7, WALK(at)); /* DONE_AT */
	p[i++] = MOV_IMM(BPF_REG_0, 0);
	p[i++] = EXIT();
	p[i++] = MOV_IMM(BPF_REG_0, 1); /* FAIL_AT */
	p[i++] = EXIT();
	return i == ALL_INSNS ? sys_prog_load(&prog) : -EINVAL;
}

static struct walk *map_walk(int *fd)
{
	const struct sys_map m = {
		.name = "rc_walk",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct walk),
		.max_entries = 1,
		.flags = BPF_F_MMAPABLE,
		.btf_fd = -1,
	};
	_cleanup_close_ int map = sys_map_create(&m);
	void *p;

	if (map < 0)
		return NULL;
	p = mmap(NULL, sizeof(struct walk), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (p == MAP_FAILED)
		return NULL;
	*fd = take_fd(&map);
	return p;
}

static int walk_list(struct walk *w, int prog, uint64_t *addrs, size_t max, size_t *n)
{
	size_t done = 0;

	do {
		uint32_t retval = 1;
		int r = sys_prog_run(prog, NULL, 0, &retval);

		if (r < 0 || retval)
			return r < 0 ? r : -EFAULT;
		if (w->n > WALK_STEP || w->n > max - done)
			return -E2BIG;
		memcpy(addrs + done, w->addr, w->n * sizeof(*addrs));
		done += w->n;
	} while (w->n == WALK_STEP);
	*n = done;
	return 0;
}

int live_injectable_addrs(struct live_symbols *s, uint64_t *addrs, size_t max, size_t *n)
{
	static const char *const head = "error_injection_list"; /* takes CONFIG_KALLSYMS_ALL */
	_cleanup_close_ int fd = -1, prog = -1;
	struct ksym found = { 0 };
	struct walk *w;
	int r = live_lookup(s, &head, 1, true, &found, NULL);

	if (r < 0 || !found.addr)
		return r < 0 ? r : -ENOENT;
	w = map_walk(&fd);
	if (!w)
		return -ENOMEM;
	w->at = w->head = found.addr;
	prog = load_prog(fd);
	r = prog < 0 ? prog : walk_list(w, prog, addrs, max, n);
	munmap(w, sizeof(*w));
	return r;
}
