/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end on one screen: each function is tidied, given registers and
 * written; then what they have in common is put together and checked.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"
#include "util/limits.h"

static int compile(struct code *c, const struct ir *ir, uint32_t *stack, struct err *err)
{
	_cleanup_(fn_close) struct fn f;
	int r = fn_open(&f, ir, err);

	if (r == 0)
		r = opt_run(&f);
	if (r == 0)
		r = regalloc_run(&f);
	if (r == 0)
		r = opt_jumps(&f); /* moves around jumps may have gone */
	if (r == 0)
		r = code_function(c, &f, err);
	*stack = f.stack;
	return r;
}

static void code_close(struct code *c)
{
	free(c->fixups);
}

static int set_callback(struct code *c, bool has_callback, struct err *err)
{
	if (!has_callback && c->n_fixups)
		return err_plain(err, -EINVAL, ERR_SYSTEM, "internal: program without a callback");
	for (uint32_t i = 0; i < c->n_fixups; i++) {
		uint32_t insn = c->fixups[i].insn;

		c->out->insns[insn].imm = (int32_t)(c->out->subprog - insn - 1);
	}
	return 0;
}

/* as the verifier adds up stacks of callers and callees */
static uint32_t frame_bytes(uint32_t stack)
{
	return stack < 32 ? 32 : (stack + 31) & ~31U;
}

static int assemble(struct ir *main, struct ir *callback, struct prog *p, struct err *err)
{
	_cleanup_(code_close) struct code c = { .out = p };
	uint32_t stack, more = 0;
	int r;

	r = compile(&c, main, &stack, err);
	if (r < 0)
		return r;
	if (callback) {
		p->subprog = p->n_insns;
		r = compile(&c, callback, &more, err);
		if (r < 0)
			return r;
		stack = frame_bytes(stack) + frame_bytes(more);
	}
	r = set_callback(&c, callback != NULL, err);
	if (r < 0)
		return r;
	if (stack > LIMIT_STACK_BYTES)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "this rule needs %u bytes of stack, a BPF program has %d", stack,
				 LIMIT_STACK_BYTES);
	if (p->n_insns > LIMIT_INSNS)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "this rule needs %u instructions in one program, the limit is %d",
				 p->n_insns, LIMIT_INSNS);
	return prog_check(p, err);
}

int ir_assemble(struct ir *main, struct ir *callback, struct prog *out, struct err *err)
{
	_cleanup_(prog_free) struct prog p = { 0 };
	const struct ir *failed = main->err.code ? main : callback;
	struct err early = { 0 };
	int r;

	if (failed && failed->err.code) {
		if (err && !err->code)
			*err = failed->err;
		return failed->err.code;
	}
	r = assemble(main, callback, &p, main->leaves_early ? &early : err);
	if (r == -E2BIG && main->leaves_early) {
		main->leaves_early = false; /* registers after all */
		prog_free(&p);
		r = assemble(main, callback, &p, err);
	} else if (r < 0 && early.code && err && !err->code) {
		*err = early;
	}
	if (r < 0)
		return r;
	out->insns = take_ptr(p.insns);
	out->n_insns = p.n_insns;
	out->subprog = p.subprog;
	out->relocs = take_ptr(p.relocs);
	out->n_relocs = p.n_relocs;
	out->lines = take_ptr(p.lines);
	out->n_lines = p.n_lines;
	out->notes = take_ptr(p.notes);
	out->n_notes = p.n_notes;
	return 0;
}
