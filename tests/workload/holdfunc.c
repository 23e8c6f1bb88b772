/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody else's BPF program: holdfunc FUNC fentry|fexit attaches one, called t_held, that
 * does nothing, says "ready", and ends when its input does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kern/kern.h"
#include "kern/sys.h"
#include "util/cleanup.h"

static int hold(const char *func, bool at_exit, int *prog, int *link)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_(kern_freep) struct kern *k = NULL;
	struct sys_prog p = {
		.name = "t_held",
		.type = BPF_PROG_TYPE_TRACING,
		.attach_type = at_exit ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY,
		.insns = insns,
		.n_insns = sizeof(insns) / sizeof(insns[0]),
		.btf_fd = -1,
	};
	const struct kbtf *btf;
	struct kbtf_proto proto;
	int ret = kern_live(&k, NULL);

	if (!ret)
		ret = kern_btf(k, &btf, NULL);
	if (!ret)
		ret = kbtf_func(btf, func, &proto);
	if (ret)
		return ret;
	p.attach_btf_id = proto.func_id;
	*prog = sys_prog_load(&p);
	if (*prog < 0)
		return *prog;
	*link = sys_link_tracing(*prog);
	return *link < 0 ? *link : 0;
}

int main(int argc, char **argv)
{
	_cleanup_close_ int prog = -1, link = -1;
	char byte;
	int ret;

	if (argc != 3 || (strcmp(argv[2], "fentry") != 0 && strcmp(argv[2], "fexit") != 0)) {
		fprintf(stderr, "usage: holdfunc FUNC fentry|fexit\n");
		return 2;
	}
	ret = hold(argv[1], strcmp(argv[2], "fexit") == 0, &prog, &link);
	if (ret) {
		fprintf(stderr, "holdfunc: %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0;
}
