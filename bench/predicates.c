/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * predicates REFERENCE-DIR: ten typical conditions, as retcon compiles them and as clang does
 * (bench/reference), each run on the same objects: all true, then each term false in turn.
 * predicates --compile: how long compiling one of ten terms takes.
 *
 * Nothing is attached. A predicate runs under BPF_PROG_TEST_RUN with its arguments in ctx, as
 * fentry has them; for loads through typed arguments, what fentry's ctx does to a pointer is
 * done by a prologue with bpf_rdonly_cast() (6.2 and later), which an empty program has too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "comp/comp.h"
#include "kern/kern.h"
#include "kern/sys.h"
#include "lang/parse.h"
#include "objects.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define RUNS	  40
#define TURNS	  5
#define COMPILES  501
#define MAX_INSNS 512
#define MAX_TERMS 10
#define CTX_OFF	  512 /* of the prologue's copy of ctx, below the frame pointer */

/* a term of the condition, and what makes it true and false */
struct term {
	const char *path; /* the parameter's name, then as objects_set() wants it */
	uint64_t yes, no;
	const char *yes_text, *no_text;
};

static const struct rule_case {
	const char *name, *func, *text;
	struct term term[MAX_TERMS];
} cases[] = {
	{ "socket",
	  "tcp_v4_connect",
	  "(sk->__sk_common.skc_num == 8080 && sk->__sk_common.skc_family == 2)",
	  { { "sk->__sk_common.skc_num", 8080, 443, NULL, NULL },
	    { "sk->__sk_common.skc_family", 2, 10, NULL, NULL } } },
	{ "dentry",
	  "d_instantiate",
	  "(STRCMP(entry->d_name.name, \"secret.txt\"))",
	  { { "entry->d_name.name", 0, 0, "secret.txt", "public.txt" } } },
	{ "bio",
	  "should_fail_bio",
	  "(bio->bi_iter.bi_sector == 128 && MAJOR(bio->bi_bdev->bd_dev) == 7)",
	  { { "bio->bi_iter.bi_sector", 128, 4096, NULL, NULL },
	    { "bio->bi_bdev->bd_dev", 7 << 20, 8 << 20 | 1, NULL, NULL } } },
	{ "page",
	  "should_fail_alloc_page",
	  "(order >= 2 && gfp_mask & 0x400)",
	  { { "order", 3, 0, NULL, NULL }, { "gfp_mask", 0xcc0, 0x820, NULL, NULL } } },
	{ "cache",
	  "should_failslab",
	  "(s->object_size > 512 && gfpflags & 0x400)",
	  { { "s->object_size", 1024, 64, NULL, NULL },
	    { "gfpflags", 0xcc0, 0x820, NULL, NULL } } },
	{ "skb",
	  "tcp_v4_rcv",
	  "(skb->pkt_type == 0 && skb->ip_summed == 3 && skb->len > 100)",
	  { { "skb->pkt_type", 0, 4, NULL, NULL },
	    { "skb->ip_summed", 3, 1, NULL, NULL },
	    { "skb->len", 1500, 40, NULL, NULL } } },
	{ "inode",
	  "generic_permission",
	  "((inode->i_mode & 0170000) == 0100000 && inode->i_uid.val == 1000)",
	  { { "inode->i_mode", 0100644, 040755, NULL, NULL },
	    { "inode->i_uid.val", 1000, 0, NULL, NULL } } },
	{ "task",
	  "wake_up_new_task",
	  "(!(p->flags & 0x00200000) && p->real_parent->cred->uid.val == 1000)",
	  { { "p->flags", 0x00400040, 0x00208040, NULL, NULL },
	    { "p->real_parent->cred->uid.val", 1000, 0, NULL, NULL } } },
	{ "ten",
	  "tcp_v4_connect",
	  "(sk->__sk_common.skc_family == 2 && sk->__sk_common.skc_state == 7 &&"
	  " sk->sk_type == 1 && sk->sk_protocol == 6 && sk->__sk_common.skc_num >= 1024 &&"
	  " (sk->__sk_common.skc_dport == htons(80) || sk->__sk_common.skc_dport == htons(443)) &&"
	  " sk->sk_rcvbuf > 4096 && sk->sk_sndbuf > sk->sk_rcvbuf && sk->sk_uid.val == 1000)",
	  { { "sk->__sk_common.skc_family", 2, 10, NULL, NULL },
	    { "sk->__sk_common.skc_state", 7, 1, NULL, NULL },
	    { "sk->sk_type", 1, 2, NULL, NULL },
	    { "sk->sk_protocol", 6, 132, NULL, NULL },
	    { "sk->__sk_common.skc_num", 40000, 22, NULL, NULL },
	    { "sk->__sk_common.skc_dport", 0xbb01, 0x1600, NULL, NULL },
	    { "sk->sk_rcvbuf", 131072, 2304, NULL, NULL },
	    { "sk->sk_sndbuf", 200000, 87040, NULL, NULL },
	    { "sk->sk_uid.val", 1000, 0, NULL, NULL } } },
	{ "array",
	  "wake_up_new_task",
	  "((p->signal->rlim[7].rlim_cur > 1024 || p->signal->rlim[7].rlim_max == 4096) &&"
	  " p->signal->rlim[3].rlim_max == ~0UL)",
	  { { "p->signal->rlim[7].rlim_cur", 1 << 20, 512, NULL, NULL },
	    { "p->signal->rlim[7].rlim_max", 4096, 1 << 20, NULL, NULL },
	    { "p->signal->rlim[3].rlim_max", ~0ull, 8 << 20, NULL, NULL } } },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

enum kind {
	HELPER,
	TYPED,
	N_KINDS
};

static const char *const kind_name[] = { "helper", "typed" };

struct bench_insns {
	struct bpf_insn insn[MAX_INSNS];
	uint32_t n;
};

static int compile(const struct kbtf *btf, const struct rule_case *c, enum kind kind,
		   struct bench_insns *out)
{
	_cleanup_(rule_freep) struct rule *rule = NULL;
	_cleanup_(prog_free) struct prog prog = { 0 };
	struct err err = { 0 };
	int ret = spec_parse(&rule, "rule", c->text, c->func, &err);

	if (ret == 0)
		ret = comp_predicate(btf, rule->src, &rule->on_target, c->func,
				     kind == TYPED ? PROG_SYSCALL_TYPED : PROG_SYSCALL, &prog,
				     &err);
	if (ret < 0) {
		_cleanup_buf_ struct buf text = { 0 };

		diag_render(&err, NULL, &text);
		fprintf(stderr, "predicates: %s: %s\n", c->name, buf_str(&text));
		return ret;
	}
	if (!out)
		return 0;
	if (prog.n_insns > MAX_INSNS)
		return -E2BIG;
	memcpy(out->insn, prog.insns, prog.n_insns * sizeof(*prog.insns));
	out->n = prog.n_insns;
	return 0;
}

/* lines "  N:\t79 17 00 ...\ttext" of the section with the rule's name */
static int read_reference(const char *dir, const struct rule_case *c, enum kind kind,
			  struct bench_insns *out)
{
	static const char section[] = "Disassembly of section ";
	uint8_t *to = (uint8_t *)out->insn;
	_cleanup_fclose_ FILE *f = NULL;
	char path[256], line[256];
	bool here = false;

	snprintf(path, sizeof(path), "%s/%s.txt", dir, kind_name[kind]);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		char *at = strchr(line, '\t'), *end;

		if (!strncmp(line, section, sizeof(section) - 1))
			here = !strncmp(line + sizeof(section) - 1, c->name, strlen(c->name)) &&
			       line[sizeof(section) - 1 + strlen(c->name)] == ':';
		if (!here || !at)
			continue;
		do {
			*to++ = (uint8_t)strtoul(at + 1, &end, 16);
			at = end;
		} while (*at == ' ' && to < (uint8_t *)(out->insn + MAX_INSNS));
	}
	out->n = (uint32_t)((size_t)(to - (uint8_t *)out->insn) / sizeof(*out->insn));
	return out->n ? 0 : -ENOENT;
}

/* the record that parameter i points to, 0: it does not */
static uint32_t record_of(const struct kbtf *btf, const struct kbtf_proto *proto, unsigned int i)
{
	const struct btf_type *t = kbtf_type(btf, kbtf_strip(btf, proto->params[i].type));
	uint32_t id;

	if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_PTR)
		return 0;
	id = kbtf_strip(btf, t->type);
	t = kbtf_type(btf, id);
	return t && BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT ? id : 0;
}

static void add(struct bench_insns *b, uint8_t code, uint8_t dst, uint8_t src, int off, int imm)
{
	b->insn[b->n++] = (struct bpf_insn){ code, dst & 15, src & 15, (int16_t)off, imm };
}

/* ctx copied to the stack, pointers to records typed on the way; r1 is the copy then */
static int add_prologue(struct bench_insns *b, const struct kbtf *btf,
			const struct kbtf_proto *proto)
{
	uint32_t cast;

	if (kbtf_find(btf, BTF_KIND_FUNC, "bpf_rdonly_cast", &cast) < 0)
		return -EOPNOTSUPP;
	add(b, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	for (unsigned int i = 0; i < proto->n_params && i < 6; i++) {
		uint32_t record = record_of(btf, proto, i);

		add(b, BPF_LDX | BPF_MEM | BPF_DW, 0, 6, 8 * (int)i, 0);
		if (record) {
			add(b, BPF_ALU64 | BPF_MOV | BPF_X, 1, 0, 0, 0);
			add(b, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, (int)record);
			add(b, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, (int)cast);
		}
		add(b, BPF_STX | BPF_MEM | BPF_DW, 10, 0, 8 * (int)i - CTX_OFF, 0);
	}
	add(b, BPF_ALU64 | BPF_MOV | BPF_X, 1, 10, 0, 0);
	add(b, BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, -CTX_OFF);
	return 0;
}

static int load(const struct kbtf *btf, const struct kbtf_proto *proto, enum kind kind,
		const struct bench_insns *body)
{
	static char log[1 << 16];
	struct bench_insns all = { 0 };
	struct sys_prog p = { .name = "predicate",
			      .type = BPF_PROG_TYPE_SYSCALL,
			      .insns = all.insn,
			      .flags = BPF_F_SLEEPABLE,
			      .btf_fd = -1,
			      .log = log,
			      .log_size = sizeof(log),
			      .log_level = 1 };
	int ret = kind == TYPED ? add_prologue(&all, btf, proto) : 0;

	if (ret < 0)
		return ret;
	if (all.n + body->n > MAX_INSNS)
		return -E2BIG;
	memcpy(all.insn + all.n, body->insn, body->n * sizeof(*body->insn));
	p.n_insns = all.n + body->n;
	ret = sys_prog_load(&p);
	if (ret < 0)
		fprintf(stderr, "predicates: %s\n%s\n", strerror(-ret), log);
	return ret;
}

/* instructions of one run, the median of some; *result is what it returned */
static double measure(int fd, const uint64_t args[6], uint32_t *result)
{
	uint64_t ns[TURNS], ctx[6];

	memcpy(ctx, args, sizeof(ctx));
	for (unsigned int t = 0; t < TURNS; t++) {
		uint64_t from = bench_clock(CLOCK_PROCESS_CPUTIME_ID);

		for (unsigned int i = 0; i < RUNS; i++)
			if (sys_prog_run(fd, ctx, sizeof(ctx), result) < 0)
				exit(1);
		ns[t] = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - from;
	}
	return (double)bench_median(ns, TURNS) / NS_PER_INSN / RUNS;
}

static int set_term(struct objects *o, const struct kbtf_proto *proto, const struct term *t,
		    bool yes, uint64_t args[6])
{
	size_t len = strcspn(t->path, "-");
	uint64_t size;

	for (unsigned int i = 0; i < proto->n_params && i < 6; i++) {
		const char *name = kbtf_str(o->btf, proto->params[i].name_off);

		if (strlen(name) != len || strncmp(name, t->path, len) != 0)
			continue;
		if (!t->path[len]) {
			args[i] = yes ? t->yes : t->no;
			return 0;
		}
		if (!args[i] && kbtf_size(o->btf, record_of(o->btf, proto, i), &size) == 0)
			args[i] = objects_new(o, (uint32_t)size);
		return objects_set(o, args[i], record_of(o->btf, proto, i), t->path + len,
				   yes ? t->yes : t->no, yes ? t->yes_text : t->no_text);
	}
	return -ENOENT;
}

struct figures {
	double insns[2], calls[2]; /* ours, clang's; all inputs */
};

static const struct bench_insns empty = {
	{ { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } }, 2
};

/* all terms true but term `no`; results have to agree */
static int run_input(struct objects *o, const struct rule_case *c, const struct kbtf_proto *proto,
		     unsigned int no, const int fd[3], struct figures *f)
{
	uint32_t result[3];
	uint64_t args[6] = { 0 };
	double cost[3];

	objects_clear(o);
	for (unsigned int i = 0; i < MAX_TERMS && c->term[i].path; i++)
		if (set_term(o, proto, &c->term[i], i != no, args) < 0) {
			fprintf(stderr, "predicates: %s: no %s\n", c->name, c->term[i].path);
			return -ENOENT;
		}
	for (unsigned int i = 0; i < 3; i++)
		cost[i] = measure(fd[i], args, &result[i]);
	for (unsigned int i = 0; i < 2; i++)
		f->calls[i] += cost[i] - cost[2];
	if (result[0] == result[1] && (no < MAX_TERMS || result[0] == 1))
		return 0;
	fprintf(stderr, "predicates: %s, term %u false: %u by retcon, %u by clang\n", c->name, no,
		result[0], result[1]);
	return -EINVAL;
}

static int run_case(struct objects *o, const struct rule_case *c, enum kind kind, const char *dir,
		    struct figures *f)
{
	static struct bench_insns ours, theirs;
	struct kbtf_proto proto;
	unsigned int n = 0;
	int fd[3], ret = compile(o->btf, c, kind, &ours);

	if (ret == 0)
		ret = read_reference(dir, c, kind, &theirs);
	if (ret == 0)
		ret = kbtf_func(o->btf, c->func, &proto);
	if (ret < 0)
		return ret;
	fd[0] = load(o->btf, &proto, kind, &ours);
	fd[1] = load(o->btf, &proto, kind, &theirs);
	fd[2] = load(o->btf, &proto, kind, &empty);
	if (fd[0] < 0 || fd[1] < 0 || fd[2] < 0)
		return -EINVAL;
	*f = (struct figures){ .insns = { ours.n, theirs.n } };
	ret = run_input(o, c, &proto, MAX_TERMS, fd, f);
	for (; ret == 0 && n < MAX_TERMS && c->term[n].path; n++)
		ret = run_input(o, c, &proto, n, fd, f);
	for (unsigned int i = 0; i < 3; i++)
		closep(&fd[i]);
	for (unsigned int i = 0; i < 2; i++)
		f->calls[i] /= n + 1;
	return ret;
}

static int run_all(const struct kbtf *btf, const char *dir)
{
	struct figures f, sum = { 0 };
	struct objects o;
	char name[64];
	int ret = objects_open(&o, btf);

	for (unsigned int kind = 0; kind < N_KINDS; kind++)
		for (unsigned int i = 0; ret == 0 && i < N_CASES; i++) {
			ret = run_case(&o, &cases[i], (enum kind)kind, dir, &f);
			for (unsigned int who = 0; ret == 0 && who < 2; who++) {
				snprintf(name, sizeof(name), "code-%s-%s-%s", kind_name[kind],
					 cases[i].name, who ? "clang" : "retcon");
				bench_say(name, f.insns[who], "instructions");
				memcpy(name, "call", 4);
				bench_say(name, f.calls[who], "instructions");
				sum.insns[who] += f.insns[who];
				sum.calls[who] += f.calls[who];
			}
		}
	if (ret < 0)
		return ret;
	bench_say("code-retcon", sum.insns[0], "instructions");
	bench_say("code-clang", sum.insns[1], "instructions");
	bench_say("call-predicate-retcon", sum.calls[0], "instructions");
	bench_say("call-predicate-clang", sum.calls[1], "instructions");
	return 0;
}

static const struct rule_case *ten_terms(void)
{
	for (unsigned int i = 0; i < N_CASES; i++)
		if (!strcmp(cases[i].name, "ten"))
			return &cases[i];
	return NULL;
}

/* text to instructions, types looked up before once */
static int time_compile(const struct kbtf *btf)
{
	static uint64_t ns[COMPILES];

	for (unsigned int i = 0; i < COMPILES; i++) {
		uint64_t from = bench_clock(CLOCK_MONOTONIC);

		if (compile(btf, ten_terms(), i % 2 ? TYPED : HELPER, NULL) < 0)
			return -1;
		ns[i] = bench_clock(CLOCK_MONOTONIC) - from;
	}
	bench_say("compile-ten-terms", (double)bench_median(ns, COMPILES) / 1000, "us");
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(kern_freep) struct kern *kern = NULL;
	const struct kbtf *btf;
	struct err err = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: predicates REFERENCE-DIR | --compile\n");
		return 2;
	}
	if (kern_live(&kern, &err) < 0 || kern_btf(kern, &btf, &err) < 0) {
		fprintf(stderr, "predicates: %s\n", err.msg);
		return 1;
	}
	if (!strcmp(argv[1], "--compile"))
		return time_compile(btf) < 0;
	return run_all(btf, argv[1]) < 0;
}
