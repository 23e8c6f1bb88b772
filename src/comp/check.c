/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is this a program? Structure only, and only from the instructions: shares no
 * code with what wrote them, so that a mistake there does not repeat itself
 * here. What the verifier alone can judge (types, bounds) is left to it.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

#define REG(r)	     (1U << (r))
#define CALL_CLOBBER (REG(1) | REG(2) | REG(3) | REG(4) | REG(5))
#define REACHED	     (1U << 16)

struct check {
	const struct prog *p;
	struct err *err;
	uint32_t *state; /* by instruction: REACHED and the registers set on every path to it */
	bool *middle;	 /* by instruction: second half of a load */
	uint32_t end;	 /* of the function at hand */
};

static int bad(const struct check *c, uint32_t at, const char *what)
{
	_cleanup_buf_ struct buf text = { 0 };

	insn_print(c->p, at, &text);
	return err_plain(c->err, -EINVAL, ERR_SYSTEM, "internal: instruction %s: %s",
			 buf_str(&text), what);
}

static bool is_imm64(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_DW | BPF_IMM);
}

static int check_alu(const struct check *c, uint32_t at, const struct bpf_insn *i)
{
	bool wide = BPF_CLASS(i->code) == BPF_ALU64;
	bool k = BPF_SRC(i->code) == BPF_K;
	uint8_t op = BPF_OP(i->code);

	if (i->off)
		return bad(c, at, "needs a newer instruction set");
	if (op > BPF_END || (op == BPF_END && wide))
		return bad(c, at, "no such operation");
	if (op == BPF_END && i->imm != 16 && i->imm != 32 && i->imm != 64)
		return bad(c, at, "swaps neither 16, 32 nor 64 bits");
	if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) && k &&
	    (i->imm < 0 || i->imm >= (wide ? 64 : 32)))
		return bad(c, at, "shifts too far");
	if ((op == BPF_DIV || op == BPF_MOD) && k && !i->imm)
		return bad(c, at, "divides by zero");
	return 0;
}

static unsigned int access_bytes(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

static int check_memory(const struct check *c, uint32_t at, const struct bpf_insn *i)
{
	int bytes = (int)access_bytes(i->code);
	bool load = BPF_CLASS(i->code) == BPF_LDX;
	int base = load ? i->src_reg : i->dst_reg;

	if (BPF_MODE(i->code) == BPF_ATOMIC) {
		if (BPF_CLASS(i->code) != BPF_STX || bytes < 4 || (i->imm & ~BPF_FETCH) != BPF_ADD)
			return bad(c, at, "no such atomic operation");
	} else if (BPF_MODE(i->code) != BPF_MEM) {
		return bad(c, at, "no such access");
	}
	if (base != BPF_REG_10)
		return 0;
	if (i->off < -LIMIT_STACK_BYTES || i->off + bytes > 0)
		return bad(c, at, "not within the stack");
	if (i->off % bytes)
		return bad(c, at, "not aligned");
	return 0;
}

/* registers an instruction reads, sets and makes unusable */
static void effects(const struct bpf_insn *i, uint32_t *reads, uint32_t *sets, uint32_t *kills)
{
	uint32_t dst = REG(i->dst_reg), src = REG(i->src_reg);
	uint8_t op = BPF_OP(i->code);
	bool x = BPF_SRC(i->code) == BPF_X;

	*reads = *sets = *kills = 0;
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		*sets = dst;
		*reads =
			(x && op != BPF_END && op != BPF_NEG ? src : 0) | (op == BPF_MOV ? 0 : dst);
		break;
	case BPF_LDX:
		*reads = src;
		*sets = dst;
		break;
	case BPF_ST:
		*reads = dst;
		break;
	case BPF_STX:
		*reads = dst | src;
		if (BPF_MODE(i->code) == BPF_ATOMIC && (i->imm & BPF_FETCH))
			*sets = src;
		break;
	case BPF_LD:
		*sets = dst;
		break;
	default:
		if (op == BPF_CALL) {
			*kills = CALL_CLOBBER;
			*sets = REG(0);
		} else if (op == BPF_EXIT) {
			*reads = REG(0);
		} else if (op != BPF_JA) {
			*reads = dst | (x ? src : 0);
		}
		break;
	}
}

/* control goes to `to` with these registers set */
static int flow(const struct check *c, uint32_t at, int64_t to, uint32_t state)
{
	if (to <= at)
		return bad(c, at, "goes backwards");
	if (to >= c->end)
		return bad(c, at, "leaves the program");
	if (c->middle[to])
		return bad(c, at, "goes into the middle of a load");
	c->state[to] = c->state[to] & REACHED ? c->state[to] & state : state;
	return 0;
}

static int check_successors(const struct check *c, uint32_t at, const struct bpf_insn *i,
			    uint32_t state)
{
	uint8_t class = BPF_CLASS(i->code), op = BPF_OP(i->code);
	bool jump = (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
	int64_t next = (int64_t)at + (is_imm64(i) ? 2 : 1);
	int r = 0;

	if (class == BPF_JMP32 && (op == BPF_JA || op == BPF_CALL || op == BPF_EXIT))
		return bad(c, at, "needs a newer instruction set");
	if (op > BPF_JSLE && (class == BPF_JMP || class == BPF_JMP32))
		return bad(c, at, "no such jump");
	if (class == BPF_JMP && op == BPF_EXIT)
		return 0;
	if (jump)
		r = flow(c, at, next + i->off, state);
	if (r == 0 && !(jump && op == BPF_JA))
		r = flow(c, at, next, state);
	return r;
}

static int check_insn(const struct check *c, uint32_t at)
{
	const struct bpf_insn *i = &c->p->insns[at];
	uint32_t state = c->state[at], reads, sets, kills;
	int r = 0;

	if (!(state & REACHED))
		return bad(c, at, "cannot be reached");
	if (i->dst_reg > BPF_REG_10 || (!is_imm64(i) && i->src_reg > BPF_REG_10))
		return bad(c, at, "no such register");
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		r = check_alu(c, at, i);
		break;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		r = check_memory(c, at, i);
		break;
	case BPF_LD:
		if (!is_imm64(i) || at + 1 >= c->end)
			r = bad(c, at, "no such load");
		break;
	default:
		break;
	}
	if (r < 0)
		return r;
	effects(i, &reads, &sets, &kills);
	if (reads & ~state)
		return bad(c, at, "reads a register that is not set on every path");
	if (sets & REG(10))
		return bad(c, at, "sets the frame pointer");
	return check_successors(c, at, i, (state & ~kills) | sets);
}

static int check_function(struct check *c, uint32_t start, uint32_t end, uint32_t args)
{
	int r;

	c->end = end;
	c->state[start] = REACHED | args | REG(10);
	for (uint32_t at = start; at < end; at++) {
		if (c->middle[at])
			continue;
		r = check_insn(c, at);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_relocs(const struct check *c)
{
	const struct prog *p = c->p;

	for (uint32_t i = 0; i < p->n_relocs; i++) {
		const struct prog_reloc *x = &p->relocs[i];
		const struct bpf_insn *insn = x->insn < p->n_insns ? &p->insns[x->insn] : NULL;
		uint8_t src = x->kind == RELOC_MAP_FD ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;

		if (!insn || c->middle[x->insn] || !is_imm64(insn) || insn->src_reg != src ||
		    x->map >= PROG_MAP_COUNT)
			return err_plain(c->err, -EINVAL, ERR_SYSTEM,
					 "internal: relocation %u is not of a load", i);
		if (x->kind == RELOC_MAP_VALUE && (uint32_t)insn[1].imm != x->offset)
			return bad(c, x->insn, "another offset than its relocation");
	}
	return 0;
}

static bool is_callback(const struct prog *p, uint32_t insn)
{
	for (uint32_t i = 0; i < p->n_subprogs; i++)
		if (p->subprog[i] == insn)
			return true;
	return false;
}

/* references to callbacks, and whether every load of an address is accounted for */
static int check_addresses(const struct check *c)
{
	const struct prog *p = c->p;
	uint32_t maps = 0;

	for (uint32_t at = 0; at < p->n_insns; at++) {
		const struct bpf_insn *i = &p->insns[at];

		if (c->middle[at] || !is_imm64(i))
			continue;
		maps += i->src_reg == BPF_PSEUDO_MAP_FD || i->src_reg == BPF_PSEUDO_MAP_VALUE;
		if (i->src_reg == BPF_PSEUDO_FUNC && !is_callback(p, at + (uint32_t)i->imm + 1))
			return bad(c, at, "is not a callback");
		if (i->src_reg > BPF_PSEUDO_FUNC)
			return bad(c, at, "no such address");
	}
	if (maps != p->n_relocs)
		return err_plain(c->err, -EINVAL, ERR_SYSTEM,
				 "internal: %u relocations for %u loads of maps", p->n_relocs,
				 maps);
	return 0;
}

static int check_lines(const struct check *c)
{
	const struct prog *p = c->p;
	uint32_t subprogs = 0;

	for (uint32_t i = 0; i < p->n_lines; i++) {
		uint32_t at = p->lines[i].insn;

		if (at >= p->n_insns || c->middle[at] || (i ? at <= p->lines[i - 1].insn : at != 0))
			return err_plain(c->err, -EINVAL, ERR_SYSTEM,
					 "internal: line %u is not at an instruction", i);
		subprogs += is_callback(p, at);
	}
	if (p->n_lines && subprogs != p->n_subprogs)
		return err_plain(c->err, -EINVAL, ERR_SYSTEM, "internal: callback without a line");
	return 0;
}

static int check_functions(struct check *c)
{
	const struct prog *p = c->p;
	uint32_t start = 0;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i <= p->n_subprogs; i++) {
		uint32_t end = i < p->n_subprogs ? p->subprog[i] : p->n_insns;

		if (end <= start || end > p->n_insns || (end < p->n_insns && c->middle[end]))
			return err_plain(c->err, -EINVAL, ERR_SYSTEM,
					 "internal: callback %u is not there", i);
		r = check_function(c, start, end, i ? REG(1) | REG(2) : REG(1));
		start = end;
	}
	return r;
}

int prog_check(const struct prog *p, struct err *err)
{
	_cleanup_free_ uint32_t *state = calloc(p->n_insns + 1, sizeof(*state));
	_cleanup_free_ bool *middle = calloc(p->n_insns + 1, sizeof(*middle));
	struct check c = { .p = p, .err = err, .state = state, .middle = middle };
	int r;

	if (!state || !middle)
		return err_nomem(err);
	for (uint32_t at = 0; at + 1 < p->n_insns; at++) {
		if (is_imm64(&p->insns[at]))
			middle[++at] = true;
	}
	if (!p->n_insns)
		return err_plain(err, -EINVAL, ERR_SYSTEM,
				 "internal: program without instructions");
	r = check_functions(&c);
	if (r == 0)
		r = check_relocs(&c);
	if (r == 0)
		r = check_addresses(&c);
	return r < 0 ? r : check_lines(&c);
}
