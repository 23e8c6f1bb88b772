/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions written by hand, one macro each, into an array; jumps go to labels. */
#pragma once

#include <linux/bpf.h>

struct code {
	struct bpf_insn insn[192];
	unsigned int n;
};

/* jumps that wait for their destination */
struct label {
	unsigned short use[16];
	unsigned int n;
};

static inline void emit(struct code *c, __u8 op, __u8 dst, __u8 src, __s16 off, __s32 imm)
{
	c->insn[c->n++] = (struct bpf_insn){ op, dst, src, off, imm };
}

static inline void jump(struct code *c, struct label *to, __u8 op, __u8 dst, __u8 src, __s32 imm)
{
	to->use[to->n++] = (unsigned short)c->n;
	emit(c, op, dst, src, 0, imm);
}

static inline void place(struct code *c, struct label *l)
{
	for (unsigned int i = 0; i < l->n; i++)
		c->insn[l->use[i]].off = (__s16)(c->n - l->use[i] - 1);
}

#define MOV(d, s)	      emit(c, BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_K(d, k)	      emit(c, BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, k)
#define ALU(op, d, s)	      emit(c, BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define ALU_K(op, d, k)	      emit(c, BPF_ALU64 | (op) | BPF_K, d, 0, 0, k)
#define ALU32_K(op, d, k)     emit(c, BPF_ALU | (op) | BPF_K, d, 0, 0, k)
#define LDX(sz, d, s, off)    emit(c, BPF_LDX | BPF_MEM | (sz), d, s, (__s16)(off), 0)
#define STX(sz, d, off, s)    emit(c, BPF_STX | BPF_MEM | (sz), d, s, (__s16)(off), 0)
#define ST_K(sz, d, off, k)   emit(c, BPF_ST | BPF_MEM | (sz), d, 0, (__s16)(off), k)
#define ATOMIC_ADD(d, off, s) emit(c, BPF_STX | BPF_ATOMIC | BPF_DW, d, s, (__s16)(off), BPF_ADD)
#define JMP(op, d, s, to)     jump(c, to, BPF_JMP | (op) | BPF_X, d, s, 0)
#define JMP_K(op, d, k, to)   jump(c, to, BPF_JMP | (op) | BPF_K, d, 0, k)
#define JMP32_K(op, d, k, to) jump(c, to, BPF_JMP32 | (op) | BPF_K, d, 0, k)
#define GOTO(to)	      jump(c, to, BPF_JMP | BPF_JA, 0, 0, 0)
#define CALL(f)		      emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define CALL_LOCAL(insn)      emit(c, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, insn)
#define EXIT()		      emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LD64(d, kind, lo, hi)                                                                      \
	(emit(c, BPF_LD | BPF_IMM | BPF_DW, d, kind, 0, (__s32)(lo)),                              \
	 emit(c, 0, 0, 0, 0, (__s32)(hi)))
