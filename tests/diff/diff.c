/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diff [N [SEED]]: N random predicates, each compiled, loaded through the real
 * verifier and JIT, and run on random arguments and objects; each result has to
 * be the tree-walking evaluator's. Objects live in a BPF array that both sides
 * see; other pointers are NULL or not canonical. Needs root.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "comp/comp.h"
#include "eval.h"
#include "gen.h"
#include "kern/sys.h"
#include "lang/parse.h"
#include "run_prog.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define OBJECTS 6
#define INNERS	6
#define TEXTS	8
#define RUNS	12

/* the array's only value */
struct shared {
	uint64_t base; /* where the kernel has it */
	struct object object[OBJECTS];
	struct inner inner[INNERS];
	uint64_t table[4][2];
	char text[TEXTS][48];
	uint8_t slack[1024]; /* casts and offsets may run over */
};

struct diff {
	struct gen gen;
	struct kbtf *btf;
	struct shared *mem;
	int map;
	unsigned int programs, rejected, refused, mismatches;
	unsigned int seen[5]; /* results by kind */
};

static uint64_t address(const struct diff *d, const void *p)
{
	return d->mem->base + (uint64_t)((const char *)p - (const char *)d->mem);
}

/* what a program is told its array's address is, and all it may tell us */
static int learn_base(int map)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 2,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map },
		{ 0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct prog p = { .insns = insns, .n_insns = 5 };
	uint32_t retval;
	uint64_t ctx = 0;

	return run_prog(&p, NULL, &ctx, sizeof(ctx), &retval, NULL);
}

static int make_memory(struct diff *d)
{
	const struct sys_map def = {
		.name = "diff",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = sizeof(struct shared),
		.max_entries = 1,
		.flags = BPF_F_MMAPABLE,
		.btf_fd = -1,
	};
	void *mem;

	d->map = sys_map_create(&def);
	if (d->map < 0)
		return d->map;
	mem = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, d->map, 0);
	if (mem == MAP_FAILED)
		return -errno;
	d->mem = mem;
	return learn_base(d->map);
}

/* mostly a good pointer */
static uint64_t pointer(struct diff *d, const void *array, size_t size, unsigned int n)
{
	switch (gen_below(&d->gen, 12)) {
	case 0:
		return 0;
	case 1:
		return 0xdead000000000000ull + gen_below(&d->gen, 4096);
	default:
		return address(d, array) + size * gen_below(&d->gen, n);
	}
}

static void fill_values(struct diff *d, void *p, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint64_t v = gen_value(&d->gen);

		memcpy((char *)p + i, &v, 8);
	}
}

static void fill_text(struct diff *d, char *text, size_t size)
{
	static const char *const texts[] = {
		"",
		"a",
		"abc",
		"abcd",
		"abcdefgh",
		"abcdefghi",
		"kmalloc-64",
		"\xff\x80z",
		"abcdefghijklmno",
		"an uncommonly long name for anything",
	};
	const char *from = texts[gen_below(&d->gen, sizeof(texts) / sizeof(texts[0]))];
	size_t len = strnlen(from, size);

	/* filled up with NULs, perhaps with none: as kernels do */
	memcpy(text, from, len);
	memset(text + len, 0, size - len);
}

static void fill_inner(struct diff *d, struct inner *in)
{
	fill_values(d, in, offsetof(struct inner, flag));
	in->flag = gen_below(&d->gen, 2);
	fill_text(d, in->name, sizeof(in->name));
	fill_text(d, (char *)in->label, sizeof(in->label));
}

static void set_pointer(void *field, uint64_t v)
{
	memcpy(field, &v, sizeof(v));
}

static void fill_object(struct diff *d, struct object *o)
{
	struct shared *m = d->mem;

	fill_values(d, o, sizeof(*o));
	fill_inner(d, &o->in);
	fill_inner(d, &o->many[0]);
	fill_inner(d, &o->many[1]);
	o->color = gen_below(&d->gen, 3) ? GREEN : BLUE;
	set_pointer(&o->ptr, pointer(d, m->inner, sizeof(m->inner[0]), INNERS));
	set_pointer(&o->next, pointer(d, m->object, sizeof(m->object[0]), OBJECTS));
	set_pointer(&o->text, pointer(d, m->text, sizeof(m->text[0]), TEXTS));
	set_pointer(&o->raw, pointer(d, m->object, sizeof(m->object[0]), OBJECTS));
	set_pointer(&o->table, pointer(d, m->table, sizeof(m->table[0]), 4));
}

static void fill_memory(struct diff *d)
{
	struct shared *m = d->mem;

	for (unsigned int i = 0; i < OBJECTS; i++)
		fill_object(d, &m->object[i]);
	for (unsigned int i = 0; i < INNERS; i++)
		fill_inner(d, &m->inner[i]);
	for (unsigned int i = 0; i < 8; i++)
		m->table[i / 2][i % 2] = pointer(d, m->inner, sizeof(m->inner[0]), INNERS);
	for (unsigned int i = 0; i < TEXTS; i++)
		fill_text(d, m->text[i], sizeof(m->text[i]));
}

static void fill_args(struct diff *d, uint64_t args[6])
{
	bool wide = d->gen.func[0] == 'w';

	for (unsigned int i = 0; i < 6; i++)
		args[i] = gen_value(&d->gen);
	if (wide) /* a caller passes 0 or 1; what is above is anything */
		args[3] = (args[3] & ~255ull) | gen_below(&d->gen, 2);
	args[wide ? 4 : 5] = pointer(d, d->mem->object, sizeof(d->mem->object[0]), OBJECTS);
	if (wide)
		args[5] = pointer(d, d->mem->text, sizeof(d->mem->text[0]), TEXTS);
}

static void complain(struct diff *d, const char *spec, const uint64_t args[6], int want, int got)
{
	d->mismatches++;
	printf("mismatch: %s\n  args %llx %llx %llx %llx %llx %llx: want %d, got %d\n", spec,
	       (unsigned long long)args[0], (unsigned long long)args[1],
	       (unsigned long long)args[2], (unsigned long long)args[3],
	       (unsigned long long)args[4], (unsigned long long)args[5], want, got);
}

static int run_all(struct diff *d, int fd, const char *spec, const struct expr *pred)
{
	for (unsigned int i = 0; i < RUNS; i++) {
		uint64_t args[6], ctx[6];
		struct eval_world w = {
			.btf = d->btf,
			.func = d->gen.func,
			.text = spec,
			.args = args,
			.mem = (const uint8_t *)d->mem,
			.len = sizeof(*d->mem),
		};
		enum eval_result want;
		uint32_t got = 99;
		int ret;

		if (i % 4 == 0)
			fill_memory(d);
		fill_args(d, args);
		w.base = d->mem->base;
		want = eval_predicate(&w, pred);
		d->seen[want]++;
		memcpy(ctx, args, sizeof(ctx));
		ret = run_prog_once(fd, ctx, sizeof(ctx), &got);
		if (ret < 0)
			return ret;
		if (want != EVAL_UNKNOWN && want != got)
			complain(d, spec, args, want, (int)got);
	}
	return 0;
}

/* what is between the first parentheses that hold something */
static const struct frame *frame_of(const struct rule *r)
{
	return &r->on_target;
}

static int try_one(struct diff *d)
{
	static struct run_log log;
	_cleanup_buf_ struct buf spec = { 0 }, text = { 0 };
	_cleanup_(rule_freep) struct rule *rule = NULL;
	_cleanup_close_ int fd = -1;
	struct prog prog = { 0 };
	struct err err = { 0 };
	int ret;

	gen_predicate(&d->gen, 1 + gen_below(&d->gen, 6), &spec);
	d->programs++;
	ret = spec_parse(&rule, "spec", buf_str(&spec), d->gen.func, &err);
	if (ret == 0)
		ret = comp_predicate(d->btf, rule->src, frame_of(rule), d->gen.func, PROG_SYSCALL,
				     &prog, &err);
	if (ret < 0) {
		d->rejected++;
		diag_render(&err, NULL, &text);
		/* limits and constant zeros are the generator's own doing */
		if (err.tag != ERR_LIMIT && !strstr(err.msg, "division by zero"))
			printf("rejected: %s\n%s", buf_str(&spec), buf_str(&text));
		return err.tag == ERR_LIMIT || strstr(err.msg, "division by zero") ? 0 : ret;
	}
	fd = run_prog_load(&prog, NULL, NULL, &log);
	prog_free(&prog);
	if (fd < 0) {
		d->refused++;
		printf("refused: %s\n%s\n", buf_str(&spec), log.text);
		return 0;
	}
	return run_all(d, fd, buf_str(&spec), rule->on_target.pred);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 2000;
	struct diff d = { .map = -1 };
	uint64_t seed = 0;
	int ret = 0;

	if (run_prog_possible() < 0)
		return 77;
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) < 0)
		return 1;
	printf("seed %llu\n", (unsigned long long)seed);
	d.gen.state = seed;
	if (fixture_btf(&d.btf) < 0 || make_memory(&d) < 0) {
		printf("cannot set up\n");
		return 1;
	}
	for (unsigned long i = 0; i < n && ret == 0; i++)
		ret = try_one(&d);
	printf("%u programs, %u rejected, %u refused by the verifier, %u mismatches; "
	       "%u false, %u true, %u faults, %u unknown, %u broken\n",
	       d.programs, d.rejected, d.refused, d.mismatches, d.seen[EVAL_FALSE],
	       d.seen[EVAL_TRUE], d.seen[EVAL_FAULT], d.seen[EVAL_UNKNOWN], d.seen[EVAL_BROKEN]);
	munmap(d.mem, sizeof(*d.mem));
	closep(&d.map);
	kbtf_free(d.btf);
	return ret || d.refused || d.mismatches || d.seen[EVAL_BROKEN];
}
