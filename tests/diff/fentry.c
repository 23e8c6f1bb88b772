/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Predicates as fentry programs on the test module's functions. Attaching takes the
 * kernel long, so each function has one program attached for good, whose only
 * instruction of note is a tail call: to the predicate that is tried just now.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kern/sys.h"
#include "runner.h"
#include "tests/module/retcon_test.h"
#include "util/cleanup.h"

#define MODULE "retcon_test"

struct hook {
	const char *func;
	int array; /* of one program, the predicate; -1: this kernel cannot attach here */
	int link;
};

struct fentry {
	int device, btf, result_map;
	uint32_t *result;
	struct hook hook[RT_FUNC_COUNT];
};

static int module_btf_fd(void)
{
	uint32_t id = 0;

	while (bpf_btf_get_next_id(id, &id) == 0) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
		uint32_t len = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
		    !strcmp(name, MODULE))
			return fd;
		closep(&fd);
	}
	return -ENOENT;
}

static int load_tracing(const struct fentry *f, const struct bpf_insn *insns, uint32_t n,
			uint32_t btf_id, struct run_log *log)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = btf_id, .attach_btf_obj_fd = (uint32_t)f->btf);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "rc_diff", "GPL", insns, n, &opts);

	if (fd >= 0 || !log)
		return fd;
	/* once more, to hear why */
	opts.log_buf = log->text;
	opts.log_size = sizeof(log->text);
	opts.log_level = 1;
	log->text[0] = '\0';
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "rc_diff", "GPL", insns, n, &opts);
}

/* attach what jumps to the array's program; the hook stays without if that cannot be */
static void hook_attach(struct fentry *f, struct hook *h, const struct kbtf *btf)
{
	_cleanup_close_ int array = -1, prog = -1;
	struct kbtf_proto proto;

	array = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "rc_diff", 4, 4, 1, NULL);
	if (array >= 0 && kbtf_func(btf, h->func, &proto) == 0) {
		struct bpf_insn insns[] = {
			{ .code = BPF_LD | BPF_DW | BPF_IMM,
			  .dst_reg = 2,
			  .src_reg = BPF_PSEUDO_MAP_FD,
			  .imm = array },
			{ 0 },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
			{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
			{ .code = BPF_JMP | BPF_EXIT },
		};

		prog = load_tracing(f, insns, 6, proto.func_id, NULL);
	}
	if (prog >= 0)
		h->link = sys_link_tracing(prog);
	if (h->link >= 0)
		h->array = take_fd(&array);
}

static const struct hook *find(const struct runner *r, const char *func)
{
	for (unsigned int i = 0; i < RT_FUNC_COUNT; i++)
		if (!strcmp(r->fentry->hook[i].func, func))
			return &r->fentry->hook[i];
	return NULL;
}

static int load(struct runner *r, const struct prog *p, struct run_log *log)
{
	_cleanup_free_ struct bpf_insn *insns = malloc(p->n_insns * sizeof(*insns));
	const struct hook *h = find(r, p->func);
	uint32_t zero = 0;
	int fd, ret;

	if (!insns || !h)
		return -ENOENT;
	memcpy(insns, p->insns, p->n_insns * sizeof(*insns));
	for (uint32_t i = 0; i < p->n_relocs; i++)
		insns[p->relocs[i].insn].imm = r->fentry->result_map;
	fd = load_tracing(r->fentry, insns, p->n_insns, p->attach_btf_id, log);
	if (fd < 0)
		return fd;
	ret = bpf_map_update_elem(h->array, &zero, &fd, BPF_ANY);
	if (ret < 0) {
		snprintf(log->text, sizeof(log->text), "cannot be jumped to: %s", strerror(-ret));
		close(fd);
		return ret;
	}
	return fd;
}

static int run(struct runner *r, int fd, const char *func, const uint64_t args[6], uint32_t *got)
{
	const struct hook *h = find(r, func);
	struct rt_call call = { .func = (uint32_t)(h - r->fentry->hook) };

	(void)fd;
	memcpy(call.arg, args, 6 * sizeof(args[0]));
	*r->fentry->result = *got;
	if (ioctl(r->fentry->device, RT_CALL, &call) < 0)
		return -errno;
	*got = *r->fentry->result;
	return 0;
}

/* rt_tail() goes on to rt_tailed(): what is done with must not run again */
static void unload(struct runner *r, int fd, const char *func)
{
	uint32_t zero = 0;

	bpf_map_delete_elem(find(r, func)->array, &zero);
	close(fd);
}

static int make_result(struct fentry *f)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	void *mem;

	f->result_map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rc_diff", 4, 8, 1, &opts);
	if (f->result_map < 0)
		return f->result_map;
	mem = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, f->result_map, 0);
	if (mem == MAP_FAILED)
		return -errno;
	f->result = mem;
	return 0;
}

static int say(int ret, const char *what)
{
	printf("%s: %s\n", what, strerror(-ret));
	return ret;
}

int runner_fentry(struct runner *r, const struct kbtf *btf)
{
#define HOOK(ret, name) { #name, -1, -1 },
	static const struct hook hooks[] = { RT_FUNCS(HOOK) };
	struct fentry *f = calloc(1, sizeof(*f));
	int ret;

	*r = (struct runner){ PROG_FENTRY, load, run, unload, f };
	if (!f)
		return -ENOMEM;
	memcpy(f->hook, hooks, sizeof(hooks));
	f->btf = f->result_map = -1;
	f->device = open(RT_DEVICE, O_RDWR | O_CLOEXEC);
	if (f->device < 0)
		return say(-errno, RT_DEVICE);
	f->btf = module_btf_fd();
	if (f->btf < 0)
		return say(f->btf, "BTF of the test module");
	ret = make_result(f);
	if (ret < 0)
		return say(ret, "a map for the result");
	for (unsigned int i = 0; i < RT_FUNC_COUNT; i++)
		hook_attach(f, &f->hook[i], btf);
	return 0;
}

bool runner_has(const struct runner *r, const char *func)
{
	/* a call of these is many */
	static const char *const recursive[] = { "rt_recurse", "rt_ping", "rt_pong" };
	const struct hook *h;

	if (!r->fentry)
		return true;
	h = find(r, func);
	for (size_t i = 0; h && i < sizeof(recursive) / sizeof(recursive[0]); i++)
		if (strcmp(func, recursive[i]) == 0)
			return false;
	return h && h->array >= 0;
}

void runner_free(struct runner *r)
{
	struct fentry *f = r->fentry;

	if (!f)
		return;
	for (unsigned int i = 0; i < RT_FUNC_COUNT; i++) {
		closep(&f->hook[i].array);
		closep(&f->hook[i].link);
	}
	if (f->result)
		munmap(f->result, 8);
	closep(&f->result_map);
	closep(&f->btf);
	closep(&f->device);
	free(f);
	r->fentry = NULL;
}
