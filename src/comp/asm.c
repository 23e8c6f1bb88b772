/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end on one screen: each function is tidied, given registers and
 * written; then what they have in common is put together and checked.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int set_callbacks(struct code *c, struct err *err)
{
	for (uint32_t i = 0; i < c->n_fixups; i++) {
		const struct fixup *x = &c->fixups[i];

		if (x->callback >= c->out->n_subprogs)
			return err_plain(err, -EINVAL, ERR_SYSTEM,
					 "internal: program without a callback");
		c->out->insns[x->insn].imm = (int32_t)(c->out->subprog[x->callback] - x->insn - 1);
	}
	return 0;
}

/* as the verifier adds up stacks of callers and callees */
static uint32_t frame_bytes(uint32_t stack)
{
	return stack < 32 ? 32 : (stack + 31) & ~31U;
}

/* what ir_assemble() is given */
struct parts {
	struct ir *main;
	struct ir *const *callbacks;
	unsigned int n_callbacks;
};

/* the part of the rule that instruction `insn` is of */
static struct span place_of(const struct prog *p, uint32_t insn)
{
	struct span at = SPAN_NONE;

	for (uint32_t i = 0; i < p->n_lines && p->lines[i].insn <= insn; i++)
		at = p->lines[i].at;
	return at;
}

static int too_many_insns(const struct prog *p, struct err *err)
{
	err_plain(err, -E2BIG, ERR_LIMIT,
		  "this rule needs %u instructions in one program, the limit is %d", p->n_insns,
		  LIMIT_INSNS);
	err_locate(err, p->src, place_of(p, LIMIT_INSNS));
	return -E2BIG;
}

static int assemble(const struct parts *parts, struct prog *p, struct err *err)
{
	_cleanup_(code_close) struct code c = { .out = p };
	uint32_t stack, most = 0;
	int r;

	r = compile(&c, parts->main, &stack, err);
	for (unsigned int i = 0; r == 0 && i < parts->n_callbacks; i++) {
		uint32_t bytes;

		p->subprog[p->n_subprogs++] = p->n_insns;
		r = compile(&c, parts->callbacks[i], &bytes, err);
		if (r == 0 && frame_bytes(bytes) > most)
			most = frame_bytes(bytes);
	}
	if (r == 0)
		r = set_callbacks(&c, err);
	if (r < 0)
		return r;
	if (most)
		stack = frame_bytes(stack) + most;
	if (stack > LIMIT_STACK_BYTES)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "this rule needs %u bytes of stack, a BPF program has %d", stack,
				 LIMIT_STACK_BYTES);
	if (p->n_insns > LIMIT_INSNS)
		return too_many_insns(p, err);
	return prog_check(p, err);
}

/* the first that could not be written */
static const struct ir *not_written(const struct parts *parts)
{
	if (parts->main->err.code)
		return parts->main;
	for (unsigned int i = 0; i < parts->n_callbacks; i++)
		if (parts->callbacks[i]->err.code)
			return parts->callbacks[i];
	return NULL;
}

int ir_assemble(struct ir *main, struct ir *const *callbacks, unsigned int n_callbacks,
		struct prog *out, struct err *err)
{
	const struct parts parts = { main, callbacks, n_callbacks };
	_cleanup_(prog_free) struct prog p = { .src = out->src };
	const struct ir *failed = not_written(&parts);
	struct err early = { 0 };
	int r;

	if (failed) {
		if (err && !err->code) {
			*err = failed->err;
			err_locate(err, out->src, failed->at);
		}
		return failed->err.code;
	}
	if (n_callbacks > LIMIT_CALLBACKS)
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "more than %d rules with callers on one function",
				 LIMIT_CALLBACKS);
	r = assemble(&parts, &p, main->leaves_early ? &early : err);
	if (r == -E2BIG && main->leaves_early) {
		main->leaves_early = false; /* registers after all */
		prog_free(&p);
		p.src = out->src;
		r = assemble(&parts, &p, err);
	} else if (r < 0 && early.code && err && !err->code) {
		*err = early;
	}
	if (r < 0)
		return r;
	out->insns = take_ptr(p.insns);
	out->n_insns = p.n_insns;
	memcpy(out->subprog, p.subprog, sizeof(out->subprog));
	out->n_subprogs = p.n_subprogs;
	out->relocs = take_ptr(p.relocs);
	out->n_relocs = p.n_relocs;
	out->lines = take_ptr(p.lines);
	out->n_lines = p.n_lines;
	out->notes = take_ptr(p.notes);
	out->n_notes = p.n_notes;
	return 0;
}
