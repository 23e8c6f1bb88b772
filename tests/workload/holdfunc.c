/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody else's BPF program: holdfunc FUNC HOW attaches one, called t_held, as fentry, fexit,
 * kprobe or kprobe.multi. It does nothing, says "ready", and ends when its input does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kern/kern.h"
#include "kern/sys.h"
#include "util/cleanup.h"

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

static const struct bpf_insn insns[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

struct held {
	int prog, link, perf;
};

static int load(struct held *h, uint32_t type, uint32_t attach_type, uint32_t func_id)
{
	struct sys_prog p = {
		.name = "t_held",
		.type = type,
		.attach_type = attach_type,
		.attach_btf_id = func_id,
		.insns = insns,
		.n_insns = sizeof(insns) / sizeof(insns[0]),
		.btf_fd = -1,
	};

	h->prog = sys_prog_load(&p);
	return h->prog;
}

static int hold_trampoline(struct held *h, const char *func, uint32_t attach_type)
{
	_cleanup_(kern_freep) struct kern *k = NULL;
	const struct kbtf *btf;
	struct kbtf_proto proto;
	int ret = kern_live(&k, NULL);

	if (!ret)
		ret = kern_btf(k, &btf, NULL);
	if (!ret)
		ret = kbtf_func(btf, func, &proto);
	if (!ret)
		ret = load(h, BPF_PROG_TYPE_TRACING, attach_type, proto.func_id);
	return ret < 0 ? ret : (h->link = sys_link_tracing(h->prog));
}

static int hold(struct held *h, const char *func, const char *how)
{
	int ret = -EINVAL;

	if (strcmp(how, "fentry") == 0)
		return hold_trampoline(h, func, BPF_TRACE_FENTRY);
	if (strcmp(how, "fexit") == 0)
		return hold_trampoline(h, func, BPF_TRACE_FEXIT);
	if (strcmp(how, "kprobe") == 0) {
		ret = load(h, BPF_PROG_TYPE_KPROBE, 0, 0);
		if (ret >= 0)
			ret = h->link = sys_link_perf_kprobe(h->prog, func, 0, false, 0, &h->perf);
	} else if (strcmp(how, "kprobe.multi") == 0) {
		ret = load(h, BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0);
		if (ret >= 0)
			ret = h->link = sys_link_kprobe_multi_syms(h->prog, &func, 1, 0);
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct held h = { .prog = -1, .link = -1, .perf = -1 }; /* for as long as we live */
	char byte;
	int ret;

	if (argc != 3) {
		fprintf(stderr, "usage: holdfunc FUNC fentry|fexit|kprobe|kprobe.multi\n");
		return 2;
	}
	ret = hold(&h, argv[1], argv[2]);
	if (ret < 0) {
		fprintf(stderr, "holdfunc: %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0;
}
