/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps, loading and attaching, in the order retcon does it; no C library. */
#include "hand.h"

#include <linux/btf.h>
#include <linux/mman.h>

#include "hand_prog.h"
#include "sys.h"
#include "util/control.h"

#define EVENTS_BYTES (1U << 20)
#define PAGE	     4096UL

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

/* task storage wants types, bpf_loop() wants functions: ids as in the enum */
enum {
	T_INT = 1,
	T_U32,
	T_U64,
	T_PTR,
	T_REST,
	T_STATE,
	T_PROTO,
	T_CALLBACK_PROTO,
	T_MAIN,
	T_SLOW,
	T_CONFIRM,
};

#define INFO(kind, vlen) ((__u32)(kind) << 24 | (vlen))
#define BITS(field)	 (8 * (__u32)offsetof(struct hand_state, field))

/* offsets in the strings below */
enum {
	S_C = 1,
	S_M = 3,
	S_S = 5,
	S_F = 7,
	S_I = 9
};

static const struct {
	struct btf_header header;
	struct {
		__u32 integer[3][4];
		struct btf_type ptr, array;
		struct btf_array rest;
		struct btf_type state;
		struct btf_member member[3];
		struct btf_type proto;
		struct btf_param param[1];
		struct btf_type callback_proto;
		struct btf_param callback_param[2];
		struct btf_type func[3];
	} types;
	char strings[12];
} blob = {
	{ BTF_MAGIC, BTF_VERSION, 0, sizeof(struct btf_header), 0, sizeof(blob.types),
	  sizeof(blob.types), sizeof(blob.strings) },
	{
		{ { S_I, INFO(BTF_KIND_INT, 0), 4, BTF_INT_SIGNED << 24 | 32 },
		  { S_I, INFO(BTF_KIND_INT, 0), 4, 32 },
		  { S_I, INFO(BTF_KIND_INT, 0), 8, 64 } },
		{ 0, INFO(BTF_KIND_PTR, 0), { 0 } },
		{ 0, INFO(BTF_KIND_ARRAY, 0), { 0 } },
		{ T_U64, T_U32, sizeof(struct chain_state) / 8 },
		{ S_S, INFO(BTF_KIND_STRUCT, 3), { sizeof(struct hand_state) } },
		{ { S_C, T_U32, BITS(own.in_scope) },
		  { S_S, T_U32, BITS(own.pad) },
		  { S_F, T_REST, BITS(rule) } },
		{ 0, INFO(BTF_KIND_FUNC_PROTO, 1), { T_INT } },
		{ { S_C, T_PTR } },
		{ 0, INFO(BTF_KIND_FUNC_PROTO, 2), { T_INT } },
		{ { S_I, T_U64 }, { S_C, T_PTR } },
		{ { S_M, INFO(BTF_KIND_FUNC, BTF_FUNC_STATIC), { T_PROTO } },
		  { S_S, INFO(BTF_KIND_FUNC, BTF_FUNC_STATIC), { T_PROTO } },
		  { S_F, INFO(BTF_KIND_FUNC, BTF_FUNC_STATIC), { T_CALLBACK_PROTO } } },
	},
	"\0c\0m\0s\0f\0i",
};

static void set_name(char *to, const char *name)
{
	for (unsigned int i = 0; i < BPF_OBJ_NAME_LEN - 1 && name[i]; i++)
		to[i] = name[i];
}

static int load_btf(void)
{
	union bpf_attr attr = { .btf = ptr_u64(&blob), .btf_size = sizeof(blob) };

	return sys_bpf(BPF_BTF_LOAD, &attr, ATTR_UPTO(btf_log_level));
}

static int create_map(const char *name, __u32 type, __u32 key, __u32 value, __u32 entries,
		      __u32 flags, int btf)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = key,
				.value_size = value,
				.max_entries = entries,
				.map_flags = flags };

	set_name(attr.map_name, name);
	if (btf >= 0) {
		attr.btf_fd = (__u32)btf;
		attr.btf_key_type_id = T_INT;
		attr.btf_value_type_id = T_STATE;
	}
	return sys_bpf(BPF_MAP_CREATE, &attr, ATTR_UPTO(btf_value_type_id));
}

/* *out is what was mapped; negative as a pointer: -errno */
static int map_fd(void **out, size_t len, int prot, int fd, size_t off)
{
	long p = sys6(__NR_mmap, 0, (long)len, prot, MAP_SHARED, fd, (long)off);

	if (p < 0 && p > -4096)
		return (int)p;
	*out = (void *)p;
	return 0;
}

static int make_maps(struct hand *h, const struct constants *k)
{
	__u32 control = (__u32)(sizeof(struct hand_control) +
				k->cpu_slots * sizeof(((struct hand_control *)NULL)->rule.cpu[0]));
	void *page;
	int ret;

	h->control_map =
		create_map("control", BPF_MAP_TYPE_ARRAY, 4, control, 1, BPF_F_MMAPABLE, -1);
	h->tasks_map = create_map("tasks", BPF_MAP_TYPE_TASK_STORAGE, 4, sizeof(struct hand_state),
				  0, BPF_F_NO_PREALLOC, h->btf);
	h->events_map = create_map("events", BPF_MAP_TYPE_RINGBUF, 0, 0, EVENTS_BYTES, 0, -1);
	h->scratch_map = create_map("scratch", BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct record),
				    1, 0, -1);
	if (h->control_map < 0 || h->tasks_map < 0 || h->events_map < 0 || h->scratch_map < 0)
		return -1;
	ret = map_fd(&page, (control + PAGE - 1) & ~(PAGE - 1), PROT_READ | PROT_WRITE,
		     h->control_map, 0);
	if (ret)
		return ret;
	h->control = page;
	ret = map_fd(&h->ring, PAGE, PROT_READ | PROT_WRITE, h->events_map, 0);
	if (!ret)
		ret = map_fd(&page, PAGE + 2UL * EVENTS_BYTES, PROT_READ, h->events_map, PAGE);
	return ret;
}

static int load(const char *name, const struct code *c, __u32 type, __u32 attach_type,
		__u32 attach_id, int btf, const struct hand_funcs *f)
{
	const struct bpf_func_info funcs[] = { { 0, T_MAIN },
					       { f ? f->slow : 0, T_SLOW },
					       { f ? f->confirm : 0, T_CONFIRM } };
	union bpf_attr attr = { .prog_type = type,
				.expected_attach_type = attach_type,
				.insns = ptr_u64(c->insn),
				.insn_cnt = c->n,
				.license = ptr_u64("GPL"),
				.attach_btf_id = attach_id };

	set_name(attr.prog_name, name);
	if (f) {
		attr.prog_btf_fd = (__u32)btf;
		attr.func_info = ptr_u64(funcs);
		attr.func_info_rec_size = sizeof(funcs[0]);
		attr.func_info_cnt = f->confirm ? 3 : 2;
	}
	return sys_bpf(BPF_PROG_LOAD, &attr, ATTR_UPTO(attach_prog_fd));
}

int hand_load(const char *name, __u32 type, __u32 attach_type, __u32 attach_id,
	      const struct bpf_insn *insns, __u32 n)
{
	struct code c;

	for (c.n = 0; c.n < n; c.n++)
		c.insn[c.n] = insns[c.n];
	return load(name, &c, type, attach_type, attach_id, -1, NULL);
}

int hand_link_multi(int prog, const __u64 *addrs, const char *const *syms, bool at_return)
{
	union bpf_attr attr = { 0 };

	attr.link_create.kprobe_multi.flags = at_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
	attr.link_create.prog_fd = (__u32)prog;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.cnt = 1;
	attr.link_create.kprobe_multi.addrs = ptr_u64(addrs);
	attr.link_create.kprobe_multi.syms = ptr_u64(syms);
	return sys_bpf(BPF_LINK_CREATE, &attr, ATTR_UPTO(link_create.kprobe_multi));
}

int hand_link_trampoline(int prog)
{
	union bpf_attr attr = { 0 };

	attr.raw_tracepoint.prog_fd = (__u32)prog;
	return sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, ATTR_UPTO(raw_tracepoint.prog_fd));
}

static int attach_all(struct hand *h, const struct constants *k, __u32 pid, __u32 ppid,
		      bool quick_load)
{
	struct hand_funcs funcs;
	struct code c;

	hand_exit(&c, h);
	h->exit_prog =
		load("exit", &c, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, k->frame_btf_id, -1, NULL);
	if (h->exit_prog < 0)
		return h->exit_prog;
	h->exit_link = hand_link_trampoline(h->exit_prog);
	if (h->exit_link < 0)
		return h->exit_link;
	hand_enter(&c, h, k);
	h->enter_prog = load("enter", &c, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, k->frame_btf_id,
			     -1, NULL);
	if (h->enter_prog < 0)
		return h->enter_prog;
	h->enter_link = hand_link_trampoline(h->enter_prog);
	if (h->enter_link < 0)
		return h->enter_link;
	hand_target(&c, h, k, pid, ppid, quick_load, &funcs);
	h->target_prog =
		load("target", &c, BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0, h->btf, &funcs);
	if (h->target_prog < 0)
		return h->target_prog;
	h->target_link = hand_link_multi(h->target_prog, &k->target, NULL, false);
	return h->target_link < 0 ? h->target_link : 0;
}

int hand_arm(struct hand *h, const struct constants *k, __u32 pid, __u32 ppid, bool quick_load)
{
	int ret;

	h->btf = load_btf();
	ret = h->btf < 0 ? h->btf : make_maps(h, k);
	if (!ret)
		ret = attach_all(h, k, pid, ppid, quick_load);
	if (!ret)
		__atomic_store_n(&h->control->all.armed, 1, __ATOMIC_SEQ_CST);
	return ret;
}

int hand_flat(struct hand *h, const struct constants *k, const struct hand_way *way, __u32 scope,
	      __u32 pid, __u32 ppid)
{
	struct hand_funcs funcs;
	struct code c;
	int ret;

	h->target_link = h->enter_link = h->exit_link = h->enter_prog = h->exit_prog = -1;
	h->btf = load_btf();
	ret = h->btf < 0 ? h->btf : make_maps(h, k);
	if (ret)
		return ret;
	hand_flat_target(&c, h, k, way, scope, pid, ppid, &funcs);
	h->target_prog =
		load("flat", &c, way->type, way->attach_type, way->attach_id, h->btf, &funcs);
	if (h->target_prog < 0)
		return h->target_prog;
	__atomic_store_n(&h->control->all.armed, 1, __ATOMIC_SEQ_CST);
	return 0;
}

void hand_disarm(struct hand *h)
{
	const int fds[] = { h->target_link, h->enter_link,  h->exit_link,  h->target_prog,
			    h->enter_prog,  h->exit_prog,   h->events_map, h->scratch_map,
			    h->tasks_map,   h->control_map, h->btf };

	__atomic_store_n(&h->control->all.armed, 0, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		sys3(__NR_close, fds[i], 0, 0);
}
