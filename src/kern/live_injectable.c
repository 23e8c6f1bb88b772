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

/*
 * How struct ei_entry begins (lib/error-inject.c, 4.14 to 7.3): no type to rely on, so who
 * asks for the addresses verifies them.
 */
struct walk_entry {
	uint64_t next, prev;
	uint64_t start;
};

/* what program and user space both have mapped */
struct walk {
	uint64_t at; /* the next entry */
	struct walk_entry entry[WALK_STEP];
};

/* clang-format off */
#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (short)(o), .imm = (int)(i) })
/* clang-format on */
#define MOV(d, s)      INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)  INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i)  INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o)  INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, s, o) INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define CALL(f)	       INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()	       INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define WALK(field)    offsetof(struct walk, field)

#define HEAD_INSNS 3
#define STEP_INSNS 5
#define TAIL_INSNS 3
#define ALL_INSNS  (HEAD_INSNS + STEP_INSNS * WALK_STEP + TAIL_INSNS)

/*
 * for (i = 0; i < WALK_STEP; i++) {
 *	bpf_probe_read_kernel(&walk->entry[i], sizeof(walk->entry[i]), at);
 *	at = walk->entry[i].next;
 * }
 * walk->at = at;
 *
 * without the loop, which the verifier would go round as often, and without a jump, at each
 * of which it keeps a copy of what it knows: that was four fifths of what loading cost. The
 * list is a ring, so that there is an end to see for whoever looks at it afterwards; what
 * cannot be read is 0, and so is all behind it.
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
	p[i++] = LOAD(BPF_REG_3, BPF_REG_6, WALK(at));
	for (unsigned int step = 0; step < WALK_STEP; step++) {
		p[i++] = MOV(BPF_REG_1, BPF_REG_6);
		p[i++] = ADD_IMM(BPF_REG_1, WALK(entry[step]));
		p[i++] = MOV_IMM(BPF_REG_2, sizeof(struct walk_entry));
		p[i++] = CALL(BPF_FUNC_probe_read_kernel);
		p[i++] = LOAD(BPF_REG_3, BPF_REG_6, WALK(entry[step].next));
	}
	p[i++] = STORE(BPF_REG_6, BPF_REG_3, WALK(at));
	p[i++] = MOV_IMM(BPF_REG_0, 0);
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

/* of what a run saw, up to the head, which closes the ring; 1: and that is all */
static int take_addrs(const struct walk *w, uint64_t head, unsigned int first, uint64_t *addrs,
		      size_t max, size_t *n)
{
	for (unsigned int i = first; i < WALK_STEP; i++) {
		if (*n == max)
			return -E2BIG;
		addrs[(*n)++] = w->entry[i].start;
		if (w->entry[i].next == head)
			return 1;
		if (!w->entry[i].next)
			return -EFAULT;
	}
	return 0;
}

static int walk_list(struct walk *w, int prog, uint64_t head, uint64_t *addrs, size_t max,
		     size_t *n)
{
	unsigned int first = 1; /* behind the head, which is the first that is read */
	int r = 0;

	w->at = head;
	for (*n = 0; r == 0; first = 0) {
		uint32_t retval;

		r = sys_prog_run(prog, NULL, 0, &retval);
		if (r == 0 && first && w->entry[0].next == head)
			break; /* nothing in it */
		if (r == 0)
			r = take_addrs(w, head, first, addrs, max, n);
	}
	return r < 0 ? r : 0;
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
	prog = load_prog(fd);
	r = prog < 0 ? prog : walk_list(w, prog, found.addr, addrs, max, n);
	munmap(w, sizeof(*w));
	return r;
}
