/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_newtask: what a task in scope starts is in scope before it first runs. */
#include "comp/program.h"

int scope_prog(const struct comp_env *env, struct comp_unit *unit)
{
	struct ir *ir;
	struct pgm p;
	int ret;

	ret = pgm_begin(&p, env, unit, PROG_RAW_TP);
	if (ret < 0)
		return ret;
	ir = p.ir;
	pgm_state(&p);
	ir_note(ir, "if (!state || !state->in_scope) return 0;");
	ir_branch(ir, BPF_JEQ, IR_64, p.state, ir_k(0), p.leave);
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, p.state, STATE_OFF(in_scope)), ir_k(0),
		  p.leave);
	ir_note(ir, "task = child;");
	p.task = ir_load(ir, 8, p.ctx, p.abi->arg[0]);
	p.state = ir_const(ir, 0);
	pgm_state_or_new(&p);
	ir_note(ir, "state->in_scope = 1;");
	ir_store(ir, 4, p.state, STATE_OFF(in_scope), ir_k(1));
	pgm_end(&p);
	return 0;
}
