/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations with registers to instructions, one function at a time. What is not
 * known when an instruction is written (distances, descriptors) is recorded and
 * filled in once, at the end; nothing counts instructions.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/limits.h"

/* room for one more; the array is untouched on failure */
static void *grow(struct code *c, void *array, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t grown_cap = *cap ? *cap * 2 : 32;
	void *grown;

	if (n < *cap)
		return array;
	grown = realloc(array, grown_cap * size);
	if (!grown) {
		c->error = -ENOMEM;
		return array;
	}
	*cap = grown_cap;
	return grown;
}

#define GROW(c, array, n, cap) ((array) = grow(c, array, n, &(cap), sizeof(*(array))))

static void add_line(struct code *c)
{
	struct prog *p = c->out;
	struct prog_line *last = p->n_lines ? &p->lines[p->n_lines - 1] : NULL;
	struct span at = c->at;

	if (p->n_insns == c->start) {
		/* a function has to start with a line */
		if (span_is_none(at))
			at = (struct span){ 0, 0 };
	} else if (span_is_none(at) || (last->at.off == at.off && last->at.len == at.len)) {
		return;
	}
	GROW(c, p->lines, p->n_lines, c->cap_lines);
	if (!c->error)
		p->lines[p->n_lines++] = (struct prog_line){ p->n_insns, at };
}

static void emit(struct code *c, uint8_t code, int dst, int src, int32_t off, int32_t imm)
{
	struct prog *p = c->out;

	if (!c->error)
		add_line(c);
	GROW(c, p->insns, p->n_insns, c->cap_insns);
	if (c->error)
		return;
	p->insns[p->n_insns++] = (struct bpf_insn){
		.code = code,
		.dst_reg = (uint8_t)(dst & 0xf),
		.src_reg = (uint8_t)(src & 0xf),
		.off = (int16_t)off,
		.imm = imm,
	};
}

static void emit_imm64(struct code *c, int dst, int src, uint32_t low, uint32_t high)
{
	emit(c, BPF_LD | BPF_DW | BPF_IMM, dst, src, 0, (int32_t)low);
	emit(c, 0, 0, 0, 0, (int32_t)high);
}

static void emit_mov(struct code *c, int dst, int src)
{
	if (dst != src)
		emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void emit_const(struct code *c, int dst, int64_t k)
{
	if (fits_s32(k))
		emit(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, (int32_t)k);
	else if (k >= 0 && k <= UINT32_MAX)
		emit(c, BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, (int32_t)k);
	else
		emit_imm64(c, dst, 0, (uint32_t)k, (uint32_t)((uint64_t)k >> 32));
}

static void fix_later(struct code *c, ir_label label, uint32_t callback)
{
	GROW(c, c->fixups, c->n_fixups, c->cap_fixups);
	if (!c->error)
		c->fixups[c->n_fixups++] = (struct fixup){ c->out->n_insns, label, callback };
}

static void emit_map(struct code *c, int dst, const struct op *op)
{
	struct prog *p = c->out;
	bool value = op->kind == OP_MAP_VALUE;

	GROW(c, p->relocs, p->n_relocs, c->cap_relocs);
	if (c->error)
		return;
	p->relocs[p->n_relocs++] = (struct prog_reloc){
		.insn = p->n_insns,
		.kind = value ? RELOC_MAP_VALUE : RELOC_MAP_FD,
		.map = (enum prog_map)op->id,
		.offset = value ? (uint32_t)op->off : 0,
	};
	emit_imm64(c, dst, value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD, 0,
		   value ? (uint32_t)op->off : 0);
}

/* values that need no operand: into any register, at any place */
static void emit_leaf(struct code *c, int dst, const struct op *op)
{
	switch (op->kind) {
	case OP_MOV:
		emit_const(c, dst,
			   op->width == IR_32 ? (int64_t)(uint32_t)op->in[0].k : op->in[0].k);
		break;
	case OP_SLOT_ADDR:
		emit_mov(c, dst, BPF_REG_10);
		emit(c, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, c->f->slot_off[op->slot] + op->off);
		break;
	case OP_MAP:
	case OP_MAP_VALUE:
		emit_map(c, dst, op);
		break;
	case OP_KSYM:
		emit_imm64(c, dst, BPF_PSEUDO_BTF_ID, op->id, 0);
		break;
	case OP_CALLBACK:
		fix_later(c, 0, op->id);
		emit_imm64(c, dst, BPF_PSEUDO_FUNC, 0, 0);
		break;
	default:
		break;
	}
}

static uint8_t size_code(unsigned int bytes)
{
	switch (bytes) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	default:
		return BPF_DW;
	}
}

/* register of an operand; 0 (and ignored by the instruction) if there is none */
static int where(const struct code *c, ir_reg r)
{
	return r ? c->f->where[r] : 0;
}

static void emit_access(struct code *c, const struct op *op)
{
	uint8_t size = size_code(op->bytes);
	int base = op->slot ? BPF_REG_10 : where(c, op->in[0].reg);
	int32_t off = op->off + (op->slot ? c->f->slot_off[op->slot] : 0);
	int value = where(c, op->in[1].reg);

	switch (op->kind) {
	case OP_LOAD:
		emit(c, BPF_LDX | BPF_MEM | size, where(c, op->dst), base, off, 0);
		break;
	case OP_STORE:
		if (op->in[1].reg)
			emit(c, BPF_STX | BPF_MEM | size, base, value, off, 0);
		else
			emit(c, BPF_ST | BPF_MEM | size, base, 0, off, (int32_t)op->in[1].k);
		break;
	case OP_ATOMIC:
		emit(c, BPF_STX | BPF_ATOMIC | size, base, value, off, BPF_ADD);
		break;
	default:
		emit(c, BPF_STX | BPF_ATOMIC | size, base, where(c, op->dst), off,
		     BPF_ADD | BPF_FETCH);
		break;
	}
}

static void emit_alu(struct code *c, const struct op *op)
{
	uint8_t class = op->width == IR_32 ? BPF_ALU : BPF_ALU64;
	int dst = where(c, op->dst);

	if (op->code == BPF_END) {
		/* to the order that is not ours: swaps */
		uint8_t order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? BPF_TO_BE : BPF_TO_LE;

		emit(c, BPF_ALU | BPF_END | order, dst, 0, 0, op->bytes * 8);
	} else if (op->code == BPF_NEG) {
		emit(c, class | BPF_NEG, dst, 0, 0, 0);
	} else if (op->in[0].reg) {
		emit(c, class | op->code | BPF_X, dst, where(c, op->in[0].reg), 0, 0);
	} else {
		emit(c, class | op->code | BPF_K, dst, 0, 0, (int32_t)op->in[0].k);
	}
}

/*
 * Arguments that are in registers go to r1-r5 at the same time, in effect: a
 * register is written once nothing else waits to be read from it. Only circles
 * are left then, and r0 is free to break them: nothing in it outlives a call.
 */
static void emit_arg_moves(struct code *c, const struct op *op)
{
	int from[IR_MAX_ARGS];
	unsigned int waiting = 0;

	for (unsigned int i = 0; i < IR_MAX_ARGS; i++) {
		from[i] = i < op->n_in ? where(c, op->in[i].reg) : -1;
		if (i >= op->n_in || !op->in[i].reg || from[i] == (int)i + 1)
			from[i] = -1;
		waiting += from[i] >= 0;
	}
	while (waiting) {
		int ready = -1, any = -1;

		for (int i = 0; i < IR_MAX_ARGS && ready < 0; i++) {
			bool read = false;

			if (from[i] < 0)
				continue;
			any = i;
			for (int j = 0; j < IR_MAX_ARGS; j++)
				read |= j != i && from[j] == i + 1;
			if (!read)
				ready = i;
		}
		if (ready >= 0) {
			emit_mov(c, ready + 1, from[ready]);
			from[ready] = -1;
			waiting--;
		} else {
			emit_mov(c, BPF_REG_0, from[any]);
			from[any] = BPF_REG_0;
		}
	}
}

static void emit_call(struct code *c, const struct op *op)
{
	emit_arg_moves(c, op);
	for (unsigned int i = 0; i < op->n_in; i++) {
		int dst = (int)i + 1;
		ir_reg r = op->in[i].reg;

		if (op->rebuilt & (1U << i))
			emit_leaf(c, dst, &c->f->rebuild[op->in[i].k]);
		else if (!r)
			emit_const(c, dst, op->in[i].k);
		else if (where(c, r) < 0)
			emit(c, BPF_LDX | BPF_MEM | BPF_DW, dst, BPF_REG_10, where(c, r), 0);
	}
	emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, (int32_t)op->id);
	if (op->dst)
		emit_mov(c, where(c, op->dst), BPF_REG_0);
}

static void emit_branch(struct code *c, const struct op *op)
{
	uint8_t class = op->width == IR_32 ? BPF_JMP32 : BPF_JMP;
	int a = where(c, op->in[0].reg);

	fix_later(c, op->label, 0);
	if (op->in[1].reg)
		emit(c, class | op->code | BPF_X, a, where(c, op->in[1].reg), 0, 0);
	else
		emit(c, class | op->code | BPF_K, a, 0, 0, (int32_t)op->in[1].k);
}

static void add_note(struct code *c, const struct op *op)
{
	struct prog *p = c->out;
	char *text;

	/* all of what the note before was about has been optimised away */
	if (p->n_notes && p->notes[p->n_notes - 1].insn == p->n_insns && !c->note_stands)
		free(p->notes[--p->n_notes].text);
	GROW(c, p->notes, p->n_notes, c->cap_notes);
	text = c->error ? NULL : strdup(op->note);
	if (!text) {
		c->error = -ENOMEM;
		return;
	}
	p->notes[p->n_notes++] = (struct prog_note){ p->n_insns, text };
	c->note_stands = op->joined;
}

static void emit_spill(struct code *c, const struct op *op)
{
	if (op->in[0].reg)
		emit(c, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, where(c, op->in[0].reg),
		     where(c, op->dst), 0);
	else
		emit(c, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, where(c, op->dst),
		     (int32_t)op->in[0].k);
}

static void emit_op(struct code *c, const struct op *op)
{
	int dst = where(c, op->dst);

	switch (op->kind) {
	case OP_ARG:
		emit_mov(c, dst, op->bytes);
		break;
	case OP_MOV:
		if (!op->in[0].reg)
			emit_leaf(c, dst, op);
		else if (op->width == IR_32)
			emit(c, BPF_ALU | BPF_MOV | BPF_X, dst, where(c, op->in[0].reg), 0, 0);
		else
			emit_mov(c, dst, where(c, op->in[0].reg));
		break;
	case OP_ALU:
		emit_alu(c, op);
		break;
	case OP_LOAD:
	case OP_STORE:
	case OP_ATOMIC:
	case OP_FETCH:
		emit_access(c, op);
		break;
	case OP_CALL:
		emit_call(c, op);
		break;
	case OP_LABEL:
		c->label_at[op->label] = c->out->n_insns;
		break;
	case OP_JUMP:
		fix_later(c, op->label, 0);
		emit(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		break;
	case OP_BRANCH:
		emit_branch(c, op);
		break;
	case OP_EXIT:
		if (op->in[0].reg)
			emit_mov(c, BPF_REG_0, where(c, op->in[0].reg));
		else
			emit_const(c, BPF_REG_0, op->in[0].k);
		emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		break;
	case OP_NOTE:
		add_note(c, op);
		break;
	case OP_SPILL:
		emit_spill(c, op);
		break;
	case OP_RELOAD:
		emit(c, BPF_LDX | BPF_MEM | BPF_DW, dst, BPF_REG_10, where(c, op->in[0].reg), 0);
		break;
	default:
		emit_leaf(c, dst, op);
		break;
	}
}

/* distances of jumps, once the function is complete; references to callbacks stay */
static int resolve(struct code *c, struct err *err)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < c->n_fixups; i++) {
		struct fixup *x = &c->fixups[i];
		uint32_t distance;

		if (!x->label) {
			c->fixups[left++] = *x;
			continue;
		}
		distance = c->label_at[x->label] - x->insn - 1;
		if (distance > LIMIT_JUMP)
			return err_plain(
				err, -E2BIG, ERR_LIMIT,
				"this rule needs a jump over %u instructions, the longest is %d",
				distance, LIMIT_JUMP);
		c->out->insns[x->insn].off = (int16_t)distance;
	}
	c->n_fixups = left;
	return 0;
}

int code_function(struct code *c, const struct fn *f, struct err *err)
{
	_cleanup_free_ uint32_t *label_at = calloc(f->n_labels + 1, sizeof(*label_at));
	struct prog *p = c->out;
	int r;

	if (!label_at)
		return err_nomem(err);
	c->f = f;
	c->label_at = label_at;
	c->start = p->n_insns;
	c->note_stands = true;
	for (uint32_t i = 0; i < f->n && !c->error; i++) {
		c->at = f->ops[i].at;
		emit_op(c, &f->ops[i]);
	}
	while (p->n_notes && p->notes[p->n_notes - 1].insn == p->n_insns)
		free(p->notes[--p->n_notes].text);
	r = c->error ? err_nomem(err) : resolve(c, err);
	c->label_at = NULL;
	return r;
}
