/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One BPF program between compiler and engine: data only, so that neither has
 * to know the other. Map descriptors are not known when code is emitted; they
 * are relocations, as is everything else that only the running kernel knows.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/limits.h"
#include "util/span.h"

enum prog_kind {
	PROG_KPROBE,	    /* entry probe (kprobe.multi, perf kprobe or uprobe), ctx is pt_regs */
	PROG_KRETPROBE,	    /* the same at the return */
	PROG_FMOD_RET,	    /* trampoline: what it returns, unless 0, the function does; args[] */
	PROG_LSM,	    /* the same on a hook of the BPF LSM */
	PROG_FENTRY,	    /* trampoline, ctx is u64 args[] */
	PROG_FEXIT,	    /* trampoline, ctx is u64 args[] then the return value */
	PROG_RAW_TP,	    /* BTF-typed tracepoint (task_newtask): ctx is u64 args[] */
	PROG_TRACEPOINT,    /* ctx is the record that the event's format describes */
	PROG_SYSCALL,	    /* tests only: BPF_PROG_TYPE_SYSCALL under BPF_PROG_TEST_RUN */
	PROG_SYSCALL_WAITS, /* the same, reading user memory as programs do that may sleep */
	PROG_SYSCALL_TYPED, /* PROG_SYSCALL, given arguments as in PROG_FENTRY */
};

enum prog_map {
	PROG_MAP_CONTROL, /* one struct control, mmapped by user space */
	PROG_MAP_TASKS,	  /* task storage of struct task_state */
	PROG_MAP_EVENTS,  /* ring buffer of struct record */
	PROG_MAP_SCRATCH, /* per-CPU array of SCRATCH_RECORDS struct record */
	PROG_MAP_COUNT,
};

enum reloc_kind {
	RELOC_MAP_FD,	 /* ld_imm64: the map */
	RELOC_MAP_VALUE, /* ld_imm64: address of the map's only value + offset */
};

struct prog_reloc {
	uint32_t insn; /* index of the ld_imm64 */
	enum reloc_kind kind;
	enum prog_map map;
	uint32_t offset; /* RELOC_MAP_VALUE only */
};

struct prog_line {
	uint32_t insn;
	struct span at; /* in the rule's text */
};

struct prog_note {
	uint32_t insn; /* the C that starts at this instruction */
	char *text;
};

struct prog {
	enum prog_kind kind;
	char name[16];		/* as bpftool shows it: rc_... */
	char func[512];		/* function it goes on; "" for a tracepoint */
	uint32_t attach_btf_id; /* of a trampoline or tracepoint */
	bool sleepable;		/* of a trampoline: it may wait for user memory */
	int attach_btf_fd;	/* borrowed: BTF of the module that has it; 0: vmlinux */
	struct bpf_insn *insns;
	uint32_t n_insns;
	uint32_t subprog[LIMIT_CALLBACKS]; /* first instruction of each callback, ascending */
	uint32_t n_subprogs;
	struct prog_reloc *relocs;
	uint32_t n_relocs;
	struct prog_line *lines; /* ascending, first at instruction 0; one at each subprog */
	uint32_t n_lines;
	struct prog_note *notes;
	uint32_t n_notes;
	const struct source *src; /* borrowed: lines point into it */
};

void prog_free(struct prog *p); /* frees what it holds, not p itself; zeroes it */
