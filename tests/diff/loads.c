/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loads [RECORDS [SEED]]: does the verifier allow what typed_load() says it does? For every
 * record of the running kernel's BTF, or this many of them, all loads of small ones and
 * random ones of others, and of what a loaded pointer points to, in programs that are
 * loaded and never run. Typed pointers come from bpf_rdonly_cast(); before 6.2, which has
 * no such function, from the arguments of fentry, which is the reason for it all. Needs root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "comp/typed.h"
#include "kern/kern.h"
#include "kern/sys.h"
#include "run_prog.h"
#include "util/cleanup.h"

#define MAX_INSNS 3000
#define EXHAUST	  160  /* bytes of a record up to which every load is tried */
#define TRIES	  1500 /* for larger ones */

struct loads {
	const struct kbtf *btf;
	uint64_t random;
	uint32_t cast; /* FUNC bpf_rdonly_cast, 0: fentry */
	struct bpf_insn insn[MAX_INSNS];
	uint32_t n;
	/* by record: a function with a pointer to it, as which argument */
	struct {
		uint32_t func;
		uint8_t arg;
	} * taker;
	unsigned long records, programs, loads, refused, nowhere;
};

static uint32_t below(struct loads *l, uint32_t n)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return (uint32_t)(l->random >> 32) % n;
}

static void add(struct loads *l, uint8_t code, uint8_t dst, uint8_t src, int64_t off, int imm)
{
	l->insn[l->n++] = (struct bpf_insn){ code, dst & 15, src & 15, (int16_t)off, imm };
}

/* r6 = a pointer to record */
static void begin(struct loads *l, uint32_t record)
{
	l->n = 0;
	add(l, BPF_LDX | BPF_MEM | BPF_DW, l->cast ? 1 : 6, 1,
	    l->cast ? 0 : 8 * l->taker[record].arg, 0);
	if (!l->cast)
		return;
	add(l, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, (int)record);
	add(l, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, (int)l->cast);
	add(l, BPF_ALU64 | BPF_MOV | BPF_X, 6, 0, 0, 0);
}

static void end(struct loads *l, uint32_t record)
{
	static char log[1 << 20];
	struct sys_prog p = {
		.name = "loads",
		.type = l->cast ? BPF_PROG_TYPE_SYSCALL : BPF_PROG_TYPE_TRACING,
		.attach_type = l->cast ? 0 : BPF_TRACE_FENTRY,
		.attach_btf_id = l->cast ? 0 : l->taker[record].func,
		.flags = l->cast ? BPF_F_SLEEPABLE : 0,
		.insns = l->insn,
		.btf_fd = -1,
	};
	int fd;

	add(l, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	add(l, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	p.n_insns = l->n;
	fd = sys_prog_load(&p);
	l->programs++;
	if (fd >= 0) {
		closep(&fd);
		return;
	}
	p.log = log;
	p.log_size = sizeof(log);
	p.log_level = 1;
	*log = '\0';
	sys_prog_load(&p);
	if (!*log || strstr(log, "The function ") || strstr(log, "The address of function ")) {
		l->nowhere++;
		return;
	}
	l->refused++;
	printf("# refused: struct %s: %s\n%.2000s\n", kbtf_name(l->btf, record), strerror(-fd),
	       strlen(log) > 600 ? log + strlen(log) - 600 : log);
}

static uint8_t size_code(unsigned int bytes)
{
	return bytes == 1 ? BPF_B : bytes == 2 ? BPF_H : bytes == 4 ? BPF_W : BPF_DW;
}

static uint32_t record_bytes(const struct loads *l, uint32_t record)
{
	return kbtf_type(l->btf, record)->size;
}

/* arithmetic on what is to be a number, a load through what is to be a pointer */
static void use(struct loads *l, uint32_t target)
{
	uint32_t size = target ? record_bytes(l, target) : 0, again;

	for (unsigned int i = 0; target && size && i < 8; i++) {
		unsigned int bytes = 1U << below(l, 4);
		uint32_t off = below(l, size);

		if (!typed_load(l->btf, target, off, bytes, &again))
			continue;
		add(l, BPF_LDX | BPF_MEM | size_code(bytes), 7, 7, off, 0);
		l->loads++;
		target = again;
		break;
	}
	if (target) /* still one: no number until it is made one */
		for (unsigned int i = 0; i < 2; i++)
			add(l, BPF_ALU64 | BPF_NEG, 7, 0, 0, 0);
	add(l, BPF_ALU64 | BPF_AND | BPF_K, 7, 0, 0, 1);
}

static void try_load(struct loads *l, uint32_t record, uint32_t off, unsigned int bytes)
{
	uint32_t target;

	if (!typed_load(l->btf, record, off, bytes, &target))
		return;
	if (l->n + 16 > MAX_INSNS) {
		end(l, record);
		begin(l, record);
	}
	add(l, BPF_LDX | BPF_MEM | size_code(bytes), 7, 6, off, 0);
	l->loads++;
	use(l, target);
}

static void try_record(struct loads *l, uint32_t record)
{
	uint32_t size = record_bytes(l, record);

	if (!size || (!l->cast && !l->taker[record].func))
		return;
	l->records++;
	begin(l, record);
	if (size <= EXHAUST) {
		for (uint32_t i = 0; i < 4 * size; i++)
			try_load(l, record, i / 4, 1U << i % 4);
	} else {
		for (uint32_t i = 0; i < TRIES; i++)
			try_load(l, record, below(l, size), 1U << below(l, 4));
	}
	end(l, record);
}

static unsigned int kind(const struct loads *l, uint32_t id)
{
	const struct btf_type *t = kbtf_type(l->btf, id);

	return t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;
}

/* functions that fentry could go on, by the records they are given */
static int find_takers(struct loads *l)
{
	struct kbtf_proto proto;

	l->taker = calloc(kbtf_count(l->btf) + 1, sizeof(*l->taker));
	if (!l->taker)
		return -ENOMEM;
	for (uint32_t id = 1; id <= kbtf_count(l->btf); id++) {
		if (kind(l, id) != BTF_KIND_FUNC || kbtf_func_by_id(l->btf, id, &proto) < 0 ||
		    proto.varargs)
			continue;
		for (uint8_t i = 0; i < proto.n_params && i < 5; i++) {
			struct typed t = typed_argument(l->btf, proto.params[i].type);

			/* refused itself, or of more than one register */
			if (t.opaque ||
			    kind(l, kbtf_strip(l->btf, proto.params[i].type)) == BTF_KIND_STRUCT)
				break;
			l->taker[t.record].func = id;
			l->taker[t.record].arg = i;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	_cleanup_(kern_freep) struct kern *kern = NULL;
	static struct loads l;
	struct err err = { 0 };
	uint32_t first;
	bool ok;

	if (run_prog_possible() < 0)
		return 77;
	if (argc > 2)
		l.random = strtoull(argv[2], NULL, 0);
	else if (getrandom(&l.random, sizeof(l.random), 0) < 0)
		return 1;
	l.random |= 1;
	printf("# seed %llu\n", (unsigned long long)l.random);
	if (kern_live(&kern, &err) < 0 || kern_btf(kern, &l.btf, &err) < 0) {
		printf("# SKIP %s\n", err.msg);
		return 77;
	}
	if (kbtf_find(l.btf, BTF_KIND_FUNC, "bpf_rdonly_cast", &l.cast) < 0 && find_takers(&l) < 0)
		return 1;
	first = below(&l, kbtf_count(l.btf));
	for (uint32_t i = 0; i < kbtf_count(l.btf) && l.records < most; i++) {
		uint32_t id = 1 + (first + i) % kbtf_count(l.btf);

		if (kind(&l, id) == BTF_KIND_STRUCT || (!l.cast && kind(&l, id) == BTF_KIND_UNION))
			try_record(&l, id);
	}
	ok = !l.refused && l.loads && l.nowhere <= l.programs / 2;
	printf("# %lu records, %lu programs, %lu loads, %lu refused, %lu on nothing\n", l.records,
	       l.programs, l.loads, l.refused, l.nowhere);
	printf("%sok 1 - the verifier takes each typed load\n1..1\n", ok ? "" : "not ");
	free(l.taker);
	return !ok;
}
