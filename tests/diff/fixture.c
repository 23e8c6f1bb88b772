/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* ids of what several types need; every adder returns an id or -errno, all checked at the end */
struct fix {
	struct btf *b;
	bool failed;
	int i8, u8, i16, u16, i32, u32, i64, u64, chr, uchr, boolean, idx;
	int t_u8, t_s8, t_u16, t_s16, t_u32, t_s32, t_u64, t_s64, t_bool, t_gfp;
	int inner, tag, object, bits, color, opaque, sock, kmem_cache, task;
	int cred, nsproxy; /* pointers in task_struct, which comes before them */
};

static int ok(struct fix *f, int id)
{
	if (id < 0)
		f->failed = true;
	return id;
}

static int ptr(struct fix *f, int to)
{
	return ok(f, btf__add_ptr(f->b, to));
}

static int array(struct fix *f, int of, unsigned int n)
{
	return ok(f, btf__add_array(f->b, f->idx, of, n));
}

static int integer(struct fix *f, const char *name, size_t size, int encoding)
{
	return ok(f, btf__add_int(f->b, name, size, encoding));
}

static int alias(struct fix *f, const char *name, int to)
{
	return ok(f, btf__add_typedef(f->b, name, to));
}

static int record(struct fix *f, const char *name, size_t size)
{
	return ok(f, btf__add_struct(f->b, name, (uint32_t)size));
}

static void field(struct fix *f, const char *name, int type, size_t off)
{
	ok(f, btf__add_field(f->b, name, type, (uint32_t)off * 8, 0));
}

static void bit_field(struct fix *f, const char *name, int type, uint32_t off, uint32_t size)
{
	ok(f, btf__add_field(f->b, name, type, off, size));
}

static void add_integers(struct fix *f)
{
	f->i8 = integer(f, "signed char", 1, BTF_INT_SIGNED);
	f->u8 = integer(f, "unsigned char", 1, 0);
	f->chr = integer(f, "char", 1, BTF_INT_SIGNED);
	f->i16 = integer(f, "short", 2, BTF_INT_SIGNED);
	f->u16 = integer(f, "unsigned short", 2, 0);
	f->i32 = integer(f, "int", 4, BTF_INT_SIGNED);
	f->u32 = integer(f, "unsigned int", 4, 0);
	f->i64 = integer(f, "long", 8, BTF_INT_SIGNED);
	f->u64 = integer(f, "unsigned long", 8, 0);
	f->boolean = integer(f, "_Bool", 1, BTF_INT_BOOL);
	f->idx = integer(f, "__ARRAY_SIZE_TYPE__", 4, 0);
	f->t_u8 = alias(f, "u8", f->u8);
	f->t_s8 = alias(f, "s8", f->i8);
	f->t_u16 = alias(f, "u16", f->u16);
	f->t_s16 = alias(f, "s16", f->i16);
	f->t_u32 = alias(f, "u32", f->u32);
	f->t_s32 = alias(f, "s32", f->i32);
	f->t_u64 = alias(f, "u64", f->u64);
	f->t_s64 = alias(f, "s64", f->i64);
	f->t_bool = alias(f, "bool", f->boolean);
	f->t_gfp = alias(f, "gfp_t", f->u32);
	f->color = ok(f, btf__add_enum(f->b, "color", 4));
	ok(f, btf__add_enum_value(f->b, "RED", RED));
	ok(f, btf__add_enum_value(f->b, "GREEN", GREEN));
	ok(f, btf__add_enum_value(f->b, "BLUE", BLUE));
}

static void add_inner(struct fix *f)
{
	int name = array(f, f->chr, 15), label = array(f, f->u8, 8);

	f->inner = record(f, "inner", sizeof(struct inner));
	field(f, "b", f->t_u8, offsetof(struct inner, b));
	field(f, "sb", f->t_s8, offsetof(struct inner, sb));
	field(f, "h", f->t_u16, offsetof(struct inner, h));
	field(f, "sh", f->t_s16, offsetof(struct inner, sh));
	field(f, "i", f->t_u32, offsetof(struct inner, i));
	field(f, "si", f->t_s32, offsetof(struct inner, si));
	field(f, "l", f->t_u64, offsetof(struct inner, l));
	field(f, "sl", f->t_s64, offsetof(struct inner, sl));
	field(f, "flag", f->t_bool, offsetof(struct inner, flag));
	field(f, "name", name, offsetof(struct inner, name));
	field(f, "label", label, offsetof(struct inner, label));
}

/* where x86-64's psABI puts them; fixture_test checks it against the compiler */
static void add_bits(struct fix *f)
{
	f->bits = record(f, "bits", sizeof(struct bits));
	bit_field(f, "x", f->t_u32, 0, 3);
	bit_field(f, "y", f->t_s32, 3, 5);
	bit_field(f, "z", f->t_u32, 8, 24);
	bit_field(f, "w", f->t_u64, 64, 33);
	bit_field(f, "v", f->t_s64, 97, 20);
	bit_field(f, "small", f->t_u8, 117, 1);
	bit_field(f, "whole", f->t_s32, 128, 32);
	bit_field(f, "tail", f->t_u32, 160, 17);
}

static void add_tag(struct fix *f)
{
	int halves = record(f, NULL, 8), both, name;

	field(f, "hash", f->t_u32, 0);
	field(f, "len", f->t_u32, 4);
	both = ok(f, btf__add_union(f->b, NULL, 8));
	field(f, NULL, halves, 0);
	field(f, "hash_len", f->t_u64, 0);
	name = ptr(f, ok(f, btf__add_const(f->b, f->u8)));
	f->tag = record(f, "tag", sizeof(struct tag));
	field(f, NULL, both, offsetof(struct tag, hash_len));
	field(f, "name", name, offsetof(struct tag, name));
}

/* the anonymous union of struct object */
static int add_overlay(struct fix *f)
{
	int halves = record(f, NULL, 4), both;

	field(f, "low", f->t_u16, 0);
	field(f, "high", f->t_u16, 2);
	both = ok(f, btf__add_union(f->b, NULL, 4));
	field(f, NULL, halves, 0);
	field(f, "both", f->t_u32, 0);
	return both;
}

static void add_object(struct fix *f)
{
	int inner_ptr, overlay, fn, text, grid, many, arr, hidden, fn_ptr, table, raw, self;
	int tag_ptr, path, there;

	add_inner(f);
	add_bits(f);
	add_tag(f);
	inner_ptr = ptr(f, f->inner);
	overlay = add_overlay(f);
	f->opaque = ok(f, btf__add_fwd(f->b, "opaque", BTF_FWD_STRUCT));
	fn = ok(f, btf__add_func_proto(f->b, f->i32));
	ok(f, btf__add_func_param(f->b, "", f->i32));
	text = ptr(f, ok(f, btf__add_const(f->b, f->chr)));
	grid = array(f, array(f, f->t_u16, 4), 2);
	many = array(f, f->inner, 2);
	arr = array(f, f->t_s32, 8);
	hidden = ptr(f, f->opaque);
	fn_ptr = ptr(f, fn);
	table = ptr(f, inner_ptr);
	tag_ptr = ptr(f, f->tag);
	path = ptr(f, ok(f, btf__add_type_tag(f->b, "user", ok(f, btf__add_const(f->b, f->chr)))));
	there = ptr(f, ok(f, btf__add_type_tag(f->b, "user", f->inner)));
	raw = ptr(f, 0);
	self = ptr(f, raw + 2); /* struct object, the next but one */
	f->object = record(f, "object", sizeof(struct object));
	if (f->object != raw + 2)
		f->failed = true;
	field(f, "in", f->inner, offsetof(struct object, in));
	field(f, "ptr", inner_ptr, offsetof(struct object, ptr));
	field(f, "next", self, offsetof(struct object, next));
	field(f, "arr", arr, offsetof(struct object, arr));
	field(f, "many", many, offsetof(struct object, many));
	field(f, NULL, overlay, offsetof(struct object, both));
	field(f, "bits", f->bits, offsetof(struct object, bits));
	field(f, "color", f->color, offsetof(struct object, color));
	field(f, "text", text, offsetof(struct object, text));
	field(f, "hidden", hidden, offsetof(struct object, hidden));
	field(f, "fn", fn_ptr, offsetof(struct object, fn));
	field(f, "grid", grid, offsetof(struct object, grid));
	field(f, "table", table, offsetof(struct object, table));
	field(f, "raw", raw, offsetof(struct object, raw));
	field(f, "tag", f->tag, offsetof(struct object, tag));
	field(f, "tag_ptr", tag_ptr, offsetof(struct object, tag_ptr));
	field(f, "path", path, offsetof(struct object, path));
	field(f, "there", there, offsetof(struct object, there));
}

/* what rules about the kernel itself name */
static void add_kernel(struct fix *f)
{
	int name = ptr(f, ok(f, btf__add_const(f->b, f->chr)));
	int comm = array(f, f->chr, 16), common, proto, data, hot;

	f->kmem_cache = record(f, "kmem_cache", 48);
	field(f, "flags", f->t_u32, 8);
	field(f, "size", f->u32, 16);
	field(f, "object_size", f->u32, 20);
	field(f, "name", name, 32);
	common = record(f, "sock_common", 16);
	field(f, "skc_dport", f->t_u16, 0);
	field(f, "skc_num", f->t_u16, 2);
	field(f, "skc_family", f->u16, 4);
	f->sock = record(f, "sock", 64);
	field(f, "__sk_common", common, 0);
	field(f, "sk_protocol", f->t_u16, 20);
	field(f, "sk_rcvbuf", f->i32, 24);
	record(f, "sockaddr_in", 16);
	field(f, "sin_family", f->u16, 0);
	field(f, "sin_port", f->t_u16, 2);
	ok(f, btf__add_struct(f->b, "sockaddr", 16));
	field(f, "sa_family", f->u16, 0);
	f->task = record(f, "task_struct", 256);
	field(f, "flags", f->u32, 44);
	field(f, "pid", f->i32, 100);
	field(f, "tgid", f->i32, 104);
	field(f, "exit_code", f->i32, 108);
	field(f, "comm", comm, 120);
	field(f, "cred", f->cred, 136);
	field(f, "nsproxy", f->nsproxy, 144);
	hot = record(f, "pcpu_hot", 64);
	field(f, "preempt_count", f->i32, 8);
	hot = ok(f, btf__add_var(f->b, "pcpu_hot", BTF_VAR_GLOBAL_ALLOCATED, hot));
	ok(f, btf__add_datasec(f->b, ".data..percpu", 64));
	ok(f, btf__add_datasec_var_info(f->b, hot, 0, 64));
	data = ptr(f, 0);
	proto = ok(f, btf__add_func_proto(f->b, 0));
	ok(f, btf__add_func_param(f->b, "__data", data));
	alias(f, "btf_trace_task_newtask", ptr(f, proto));
	alias(f, "btf_trace_sys_exit", ptr(f, proto));
	alias(f, "btf_trace_sched_process_exit", ptr(f, proto));
}

struct param_def {
	const char *name;
	int type;
};

static void func(struct fix *f, const char *name, int ret, const struct param_def *p)
{
	int proto = ok(f, btf__add_func_proto(f->b, ret));

	for (; p->name; p++)
		ok(f, btf__add_func_param(f->b, p->name, p->type));
	ok(f, btf__add_func(f->b, name, BTF_FUNC_STATIC, proto));
}

static void add_functions(struct fix *f)
{
	int object = ptr(f, f->object), cache = ptr(f, f->kmem_cache), sock = ptr(f, f->sock);
	int text = ptr(f, f->chr), addr, pair, big;

	addr = ptr(f, ok(f, btf__find_by_name_kind(f->b, "sockaddr", BTF_KIND_STRUCT)));
	pair = record(f, "pair", 16);
	field(f, "a", f->i64, 0);
	field(f, "b", f->i64, 8);
	big = record(f, "big", 40);
	field(f, "a", f->i64, 0);
	func(f, "mixed", f->i32,
	     (struct param_def[]){ { "b", f->t_u8 },
				   { "sh", f->t_s16 },
				   { "i", f->t_u32 },
				   { "si", f->i32 },
				   { "sl", f->i64 },
				   { "obj", object },
				   { 0 } });
	func(f, "wide", f->i64,
	     (struct param_def[]){ { "sb", f->t_s8 },
				   { "h", f->t_u16 },
				   { "l", f->t_u64 },
				   { "flag", f->t_bool },
				   { "obj", object },
				   { "text", text },
				   { "seventh", f->i32 },
				   { 0 } });
	func(f, "by_value", 0,
	     (struct param_def[]){ { "first", f->i32 },
				   { "pair", pair },
				   { "after", f->i32 },
				   { "big", big },
				   { "last", f->i64 },
				   { 0 } });
	func(f, "returns_big", big, (struct param_def[]){ { "x", f->i32 }, { 0 } });
	func(f, "returns_pair", pair, (struct param_def[]){ { "x", f->i32 }, { 0 } });
	func(f, "nothing", 0, (struct param_def[]){ { 0 } });
	func(f, "should_failslab", f->i32,
	     (struct param_def[]){ { "s", cache }, { "gfpflags", f->t_gfp }, { 0 } });
	func(f, "tcp_v4_connect", f->i32,
	     (struct param_def[]){
		     { "sk", sock }, { "uaddr", addr }, { "addr_len", f->i32 }, { 0 } });
	func(f, "inet_stream_connect", f->i32,
	     (struct param_def[]){ { "sk", sock },
				   { "uaddr", addr },
				   { "addr_len", f->i32 },
				   { "flags", f->i32 },
				   { 0 } });
}

/* what rules can name beside parameters: flags since 6.10, a system call, helpers */
static void add_names(struct fix *f)
{
	static const char *const flags[] = {
		"DMA",
		"HIGHMEM",
		"DMA32",
		"MOVABLE",
		"RECLAIMABLE",
		"HIGH",
		"IO",
		"FS",
		"ZERO",
		"UNUSED",
		"NOFAIL",
		"DIRECT_RECLAIM",
		"KSWAPD_RECLAIM",
		"WRITE",
		"NOWARN",
		"NORETRY",
		"RETRY_MAYFAIL",
		"MEMALLOC",
		"COMP",
		"NOMEMALLOC",
		"HARDWALL",
		"THISNODE",
		"ACCOUNT",
		"ZEROTAGS",
		"NO_OBJ_EXT",
	};
	int text = ptr(f, ok(f, btf__add_const(f->b, f->chr))), regs;
	char name[64];

	for (int i = 0; i < 2; i++) { /* of two files, as a kernel has them */
		ok(f, btf__add_enum(f->b, NULL, 4));
		ok(f, btf__add_enum_value(f->b, "OPT_SAME", 7));
		ok(f, btf__add_enum_value(f->b, "OPT_OTHER", i));
	}
	ok(f, btf__add_enum(f->b, NULL, 4));
	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		snprintf(name, sizeof(name), "___GFP_%s_BIT", flags[i]);
		ok(f, btf__add_enum_value(f->b, name, i));
	}
	ok(f, btf__add_struct(f->b, "pt_regs", 168));
	field(f, "di", f->u64, 112);
	regs = ptr(f, ok(f, btf__add_const(f->b, ok(f, btf__find_by_name_kind(f->b, "pt_regs",
									      BTF_KIND_STRUCT)))));
	func(f, "__x64_sys_openat", f->i64, (struct param_def[]){ { "regs", regs }, { 0 } });
	func(f, "__do_sys_openat", f->i64,
	     (struct param_def[]){ { "dfd", f->i32 },
				   { "filename", text },
				   { "flags", f->i32 },
				   { "mode", f->t_u16 },
				   { 0 } });
	func(f, "__do_sys_getpid", f->i64, (struct param_def[]){ { "__unused", regs }, { 0 } });
	func(f, "bpf_get_current_cgroup_id", f->t_u64, (struct param_def[]){ { 0 } });
	func(f, "shadow", f->i32,
	     (struct param_def[]){
		     { "pid", f->i32 }, { "comm", f->i64 }, { "arg1", f->i32 }, { 0 } });
}

/* where a task's user and network namespace are */
static void add_owners(struct fix *f)
{
	int kuid = record(f, "kuid_t", 4), cred, ns, net;

	field(f, "val", f->t_u32, 0);
	cred = record(f, "cred", 32);
	field(f, "uid", kuid, 8);
	ns = record(f, "ns_common", 24);
	field(f, "inum", f->u32, 16);
	net = record(f, "net", 64);
	field(f, "ns", ns, 32);
	net = ptr(f, net);
	ns = record(f, "nsproxy", 48);
	field(f, "net_ns", net, 40);
	f->cred = ptr(f, ok(f, btf__add_const(f->b, cred)));
	f->nsproxy = ptr(f, ns);
	func(f, "bpf_get_current_ancestor_cgroup_id", f->t_u64,
	     (struct param_def[]){ { "ancestor_level", f->i32 }, { 0 } });
}

/* names that files of their own give to different things, and one thing twice */
static void add_rivals(struct fix *f)
{
	int other;

	for (int i = 0; i < 2; i++) {
		record(f, "twin", 8);
		field(f, "t", f->i32, 4);
	}
	record(f, "rival", 8);
	field(f, "first", f->i32, 0);
	field(f, "r", f->i32, 4);
	other = record(f, "rival", 16);
	field(f, "r", f->i64, 8);
	func(f, "of_rival", f->i32, (struct param_def[]){ { "r", ptr(f, other) }, { 0 } });
}

static int fill(struct fix *f)
{
	f->b = btf__new_empty();
	if (!f->b)
		return -ENOMEM;
	add_integers(f);
	add_object(f);
	add_kernel(f);
	add_functions(f);
	add_names(f);
	add_owners(f);
	add_rivals(f);
	return f->failed ? -EINVAL : 0;
}

/* twice: by then it is known which ids the later types have */
static int build(void **data, uint32_t *len)
{
	struct fix first = { 0 }, f = { 0 };
	const void *raw = NULL;
	int ret = fill(&first);

	f.cred = first.cred;
	f.nsproxy = first.nsproxy;
	if (ret == 0)
		ret = fill(&f);
	if (ret == 0)
		raw = btf__raw_data(f.b, len);
	if (raw)
		*data = malloc(*len);
	if (*data)
		memcpy(*data, raw, *len);
	btf__free(first.b);
	btf__free(f.b);
	return *data ? 0 : -EINVAL;
}

/* built once: fuzzing asks for it thousands of times a second */
int fixture_btf(struct kbtf **out)
{
	_cleanup_free_ void *copy = NULL;
	static void *built;
	static uint32_t len;
	struct err err = { 0 };
	int ret = built ? 0 : build(&built, &len);

	if (ret < 0)
		return ret;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, built, len);
	ret = kbtf_open(out, copy, len, false, &err);
	if (ret == 0)
		copy = NULL;
	return ret;
}
