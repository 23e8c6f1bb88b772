/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run_prog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "kern/sys.h"
#include "util/cleanup.h"

int run_prog_possible(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 7 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct prog p = { .insns = (struct bpf_insn *)insns, .n_insns = 2 };
	uint32_t retval = 0;
	uint64_t ctx = 0;
	int r;

	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* only matters without memcg accounting */
	r = run_prog(&p, NULL, &ctx, sizeof(ctx), &retval, NULL);
	if (r == 0 && retval == 7)
		return 0;
	printf("# SKIP cannot run BPF programs here: %s\n", r ? strerror(-r) : "wrong result");
	return -1;
}

static int relocate(const struct prog *p, struct bpf_insn *insns, const struct run_maps *maps)
{
	for (uint32_t i = 0; i < p->n_relocs; i++) {
		if (!maps || !maps->fd[p->relocs[i].map])
			return -ENOENT;
		insns[p->relocs[i].insn].imm = maps->fd[p->relocs[i].map];
	}
	return 0;
}

int run_prog_load(const struct prog *p, const struct lineinfo *li, const struct run_maps *maps,
		  struct run_log *log)
{
	_cleanup_free_ struct bpf_insn *insns = malloc(p->n_insns * sizeof(*insns));
	_cleanup_close_ int btf = -1;
	struct sys_prog load = {
		.name = *p->name ? p->name : "test",
		.type = BPF_PROG_TYPE_SYSCALL,
		.insns = insns,
		.n_insns = p->n_insns,
		.flags = BPF_F_SLEEPABLE,
		.btf_fd = -1,
	};
	int r;

	if (log)
		log->text[0] = '\0';
	if (!insns)
		return -ENOMEM;
	memcpy(insns, p->insns, p->n_insns * sizeof(*insns));
	r = relocate(p, insns, maps);
	if (r < 0)
		return r;
	if (li) {
		btf = sys_btf_load(li->btf, li->btf_len, log ? log->text : NULL,
				   log ? sizeof(log->text) : 0);
		if (btf < 0)
			return btf;
		load.btf_fd = btf;
		load.func_info = li->progs[0].func;
		load.n_func_info = li->progs[0].n_func;
		load.line_info = li->progs[0].line;
		load.n_line_info = li->progs[0].n_line;
	}
	r = sys_prog_load(&load);
	if (r >= 0 || !log)
		return r;
	/* once more, to hear why */
	load.log = log->text;
	load.log_size = sizeof(log->text);
	load.log_level = 1;
	sys_prog_load(&load);
	return r;
}

int run_prog_once(int fd, void *ctx, size_t ctx_len, uint32_t *retval)
{
	return sys_prog_run(fd, ctx, ctx_len, retval);
}

int run_prog(const struct prog *p, const struct run_maps *maps, void *ctx, size_t ctx_len,
	     uint32_t *retval, struct run_log *log)
{
	_cleanup_close_ int fd = run_prog_load(p, NULL, maps, log);

	return fd < 0 ? fd : run_prog_once(fd, ctx, ctx_len, retval);
}
