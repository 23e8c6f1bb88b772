/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person would have written instead: constants and copies put where they
 * are used, unread values not computed, one exit per constant, no jump that a
 * different condition or order makes needless. Then two-address form, which is
 * what the machine has.
 *
 * Works on registers with one definition; those with several (ir_new_reg() and
 * ir_mov() on several paths) are left as they are.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

struct reg_facts {
	uint32_t defs, uses;
	uint32_t def_at, last_use; /* operations */
};

int fn_append(struct op **ops, uint32_t *n, uint32_t *cap, const struct op *op)
{
	if (*n == *cap) {
		uint32_t grown_cap = *cap ? *cap * 2 : 128;
		struct op *grown = realloc(*ops, grown_cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*ops = grown;
		*cap = grown_cap;
	}
	(*ops)[(*n)++] = *op;
	return 0;
}

int fn_open(struct fn *f, const struct ir *ir, struct err *err)
{
	*f = (struct fn){
		.n = ir->n,
		.cap = ir->n + 1,
		.n_regs = ir->n_regs,
		.n_labels = ir->n_labels,
		.ir = ir,
		.err = err,
	};
	f->ops = calloc(f->cap, sizeof(*f->ops));
	f->cap_regs = f->n_regs + 64;
	f->spilled = calloc(f->cap_regs, sizeof(*f->spilled));
	f->tiny = calloc(f->cap_regs, sizeof(*f->tiny));
	if (!f->ops || !f->spilled || !f->tiny)
		return err_nomem(err);
	if (ir->n)
		memcpy(f->ops, ir->ops, ir->n * sizeof(*f->ops));
	return 0;
}

void fn_close(struct fn *f)
{
	free(f->ops);
	free(f->rebuild);
	free(f->spilled);
	free(f->tiny);
	free(f->where);
	free(f->slot_off);
	*f = (struct fn){ 0 };
}

ir_reg fn_new_reg(struct fn *f)
{
	if (f->n_regs + 1 >= f->cap_regs) {
		uint32_t cap = f->cap_regs * 2;
		bool *spilled = realloc(f->spilled, cap), *tiny;

		if (!spilled)
			return 0;
		f->spilled = spilled;
		tiny = realloc(f->tiny, cap);
		if (!tiny)
			return 0;
		f->tiny = tiny;
		f->cap_regs = cap;
	}
	f->n_regs++;
	f->spilled[f->n_regs] = false;
	f->tiny[f->n_regs] = false;
	return f->n_regs;
}

static void compact(struct fn *f)
{
	uint32_t to = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		if (f->ops[i].kind != OP_NONE)
			f->ops[to++] = f->ops[i];
	}
	f->n = to;
}

static void facts_of(const struct fn *f, struct reg_facts *facts)
{
	memset(facts, 0, (f->n_regs + 1) * sizeof(*facts));
	for (uint32_t i = 0; i < f->n; i++) {
		const struct op *op = &f->ops[i];

		for (unsigned int a = 0; a < op->n_in; a++) {
			facts[op->in[a].reg].uses++;
			facts[op->in[a].reg].last_use = i;
		}
		if (!op->dst)
			continue;
		facts[op->dst].defs++;
		facts[op->dst].def_at = i;
	}
}

/* the operation that alone sets r; NULL if there are several */
static const struct op *only_def(const struct fn *f, const struct reg_facts *facts, ir_reg r)
{
	if (!r || facts[r].defs != 1 || f->ops[facts[r].def_at].rmw)
		return NULL;
	return &f->ops[facts[r].def_at];
}

/* may operand a of op be the constant k? */
static bool takes_const(const struct op *op, unsigned int a, int64_t k)
{
	switch (op->kind) {
	case OP_MOV:
	case OP_CALL:
	case OP_EXIT:
		return true;
	case OP_ALU:
		if (a == 0 && !op->rmw)
			return false;
		/* the verifier refuses these as constants, the machine defines them */
		if ((op->code == BPF_DIV || op->code == BPF_MOD) && !(uint32_t)k)
			return false;
		if ((op->code == BPF_LSH || op->code == BPF_RSH || op->code == BPF_ARSH) &&
		    (k < 0 || k >= (op->width == IR_32 ? 32 : 64)))
			return false;
		return op->width == IR_32 || fits_s32(k);
	case OP_BRANCH:
		return a == 1 && (op->width == IR_32 || fits_s32(k));
	case OP_STORE:
		return a == 1 && (op->bytes < 8 || fits_s32(k));
	default:
		return false;
	}
}

/* the low `bytes` of what op leaves in its register are all there is? */
static bool is_narrow(const struct op *op, unsigned int bytes)
{
	switch (op->kind) {
	case OP_LOAD:
		return op->bytes <= bytes;
	case OP_EXTEND:
		return !op->is_signed && op->bytes <= bytes;
	case OP_ALU:
		if (op->code == BPF_END)
			return op->bytes <= bytes;
		return bytes >= 4 && op->width == IR_32;
	default:
		return false;
	}
}

/* constants and copies to where they are used; addresses of slots into accesses */
static int propagate(struct fn *f, const struct reg_facts *facts)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];
		const struct op *def;

		for (unsigned int a = 0; a < op->n_in; a++) {
			struct ir_val *v = &op->in[a];

			def = only_def(f, facts, v->reg);
			if (!def || def->kind != OP_MOV || def->width != IR_64)
				continue;
			if (def->in[0].reg ? only_def(f, facts, def->in[0].reg) != NULL :
					     takes_const(op, a, def->in[0].k))
				*v = def->in[0];
		}
		def = op->n_in ? only_def(f, facts, op->in[0].reg) : NULL;
		if (op->kind == OP_EXTEND &&
		    (op->bytes == 8 || (def && !op->is_signed && is_narrow(def, op->bytes)))) {
			op->kind = OP_MOV;
		} else if (def && def->kind == OP_SLOT_ADDR && op->kind == OP_FETCH) {
			/*
			 * Up to 6.18 at least, precision tracking does not see that the
			 * register gets its value from the stack here: the verifier takes
			 * a constant of one path for that of all and removes live code.
			 */
			return err_plain(f->err, -EINVAL, ERR_SYSTEM,
					 "internal: fetch_add on the stack");
		} else if (def && def->kind == OP_SLOT_ADDR &&
			   (op->kind == OP_LOAD || op->kind == OP_STORE || op->kind == OP_ATOMIC)) {
			int64_t off = (int64_t)op->off + def->off;

			if (off < 0 || off + op->bytes > f->ir->slot_bytes[def->slot - 1])
				return err_plain(f->err, -EINVAL, ERR_SYSTEM,
						 "internal: access beside a stack slot");
			op->slot = def->slot;
			op->off = (int32_t)off;
			op->in[0] = ir_k(0);
		}
	}
	return 0;
}

/*
 * Addresses that are arguments are made right where the call wants them: better
 * than keeping them in a register, or moving them to the right one.
 */
static int rebuild_args(struct fn *f, const struct reg_facts *facts)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];

		for (unsigned int a = 0; op->kind == OP_CALL && a < op->n_in; a++) {
			ir_reg r = op->in[a].reg;
			const struct op *def = only_def(f, facts, r);
			bool again = def && (def->kind == OP_MAP || def->kind == OP_SLOT_ADDR ||
					     def->kind == OP_CALLBACK);
			bool once = def && facts[r].uses == 1 &&
				    (def->kind == OP_MAP_VALUE || def->kind == OP_KSYM);

			if (!again && !once)
				continue;
			if (fn_append(&f->rebuild, &f->n_rebuild, &f->cap_rebuild, def))
				return err_nomem(f->err);
			op->in[a] = ir_k(f->n_rebuild - 1);
			op->rebuilt |= (uint8_t)(1U << a);
		}
	}
	return 0;
}

/* uses come after definitions: backwards, all of them are known in time */
static void drop_unread(struct fn *f, struct reg_facts *facts)
{
	memset(facts, 0, (f->n_regs + 1) * sizeof(*facts));
	for (uint32_t i = f->n; i-- > 0;) {
		struct op *op = &f->ops[i];

		if (op->dst && op_is_pure(op) && !facts[op->dst].uses) {
			op->kind = OP_NONE;
			continue;
		}
		for (unsigned int a = 0; a < op->n_in; a++)
			facts[op->in[a].reg].uses++;
		if (op->rmw)
			facts[op->dst].uses++;
	}
	compact(f);
}

/* operations no path comes to, labels nobody jumps to */
static int drop_unreachable(struct fn *f, uint8_t *hit)
{
	bool reached = true;

	memset(hit, 0, f->n_labels + 1);
	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];

		if (op->kind == OP_LABEL) {
			reached |= hit[op->label];
			if (!hit[op->label])
				op->kind = OP_NONE;
			hit[op->label] |= 2; /* placed */
		}
		if (!reached) {
			op->kind = OP_NONE;
			continue;
		}
		if (op->kind == OP_JUMP || op->kind == OP_BRANCH)
			hit[op->label] |= 1;
		if (op_is_terminal(op))
			reached = false;
	}
	for (uint32_t l = 1; l <= f->n_labels; l++) {
		if (hit[l] == 1)
			return err_plain(f->err, -EINVAL, ERR_SYSTEM,
					 "internal: jump to label L%u, which is nowhere", l);
	}
	if (reached)
		return err_plain(f->err, -EINVAL, ERR_SYSTEM,
				 "internal: a path does not end in an exit");
	compact(f);
	return 0;
}

static uint32_t skip_notes(const struct fn *f, uint32_t i)
{
	while (i < f->n && f->ops[i].kind == OP_NOTE)
		i++;
	return i;
}

/* is label l among what stands at i, before any instruction? */
static bool label_is_next(const struct fn *f, uint32_t i, ir_label l)
{
	for (; i < f->n; i++) {
		if (f->ops[i].kind == OP_LABEL && f->ops[i].label == l)
			return true;
		if (f->ops[i].kind != OP_LABEL && f->ops[i].kind != OP_NOTE &&
		    f->ops[i].kind != OP_NONE)
			return false;
	}
	return false;
}

/* jumps to jumps go where those go */
static void thread_jumps(struct fn *f, ir_label *alias)
{
	ir_label here = 0; /* where control at the current place ends up, if only jumping */

	for (ir_label l = 1; l <= f->n_labels; l++)
		alias[l] = l;
	for (uint32_t i = f->n; i-- > 0;) {
		struct op *op = &f->ops[i];

		if (op->kind == OP_JUMP || op->kind == OP_BRANCH)
			op->label = alias[op->label];
		if (op->kind == OP_JUMP)
			here = op->label;
		else if (op->kind == OP_LABEL && here)
			alias[op->label] = here;
		else if (op->kind == OP_LABEL)
			here = op->label;
		else if (op->kind != OP_NOTE)
			here = 0;
	}
}

static uint8_t inverse(uint8_t code)
{
	static const uint8_t pairs[][2] = {
		{ BPF_JEQ, BPF_JNE },	{ BPF_JGT, BPF_JLE },	{ BPF_JGE, BPF_JLT },
		{ BPF_JSGT, BPF_JSLE }, { BPF_JSGE, BPF_JSLT },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] == code)
			return pairs[i][1];
		if (pairs[i][1] == code)
			return pairs[i][0];
	}
	return 0; /* BPF_JSET */
}

/* true if it changed something */
static bool straighten(struct fn *f)
{
	bool changed = false;

	for (uint32_t i = 0; i < f->n; i++) {
		struct op *op = &f->ops[i];
		uint32_t next;

		if (op->kind != OP_JUMP && op->kind != OP_BRANCH)
			continue;
		if (label_is_next(f, i + 1, op->label)) {
			op->kind = OP_NONE;
			changed = true;
			continue;
		}
		/* if (c) goto a; goto b; a:  ->  if (!c) goto b; a: */
		next = skip_notes(f, i + 1);
		if (op->kind != OP_BRANCH || next >= f->n || f->ops[next].kind != OP_JUMP ||
		    !inverse(op->code) || !label_is_next(f, next + 1, op->label))
			continue;
		op->code = inverse(op->code);
		op->label = f->ops[next].label;
		f->ops[next].kind = OP_NONE;
		changed = true;
	}
	compact(f);
	return changed;
}

int opt_jumps(struct fn *f)
{
	_cleanup_free_ uint8_t *hit = calloc(f->n_labels + 1, sizeof(*hit));
	_cleanup_free_ ir_label *alias = calloc(f->n_labels + 1, sizeof(*alias));
	int r;

	if (!hit || !alias)
		return err_nomem(f->err);
	/* each round removes an operation or ends it */
	do {
		r = drop_unreachable(f, hit);
		if (r < 0)
			return r;
		thread_jumps(f, alias);
		r = drop_unreachable(f, hit);
		if (r < 0)
			return r;
	} while (straighten(f));
	return 0;
}

/* `return k` several times: all but the last one become jumps to it */
static int share_exits(struct fn *f)
{
	_cleanup_free_ struct op *ops = NULL;
	uint32_t n = 0, cap = 0;
	struct {
		int64_t k;
		ir_label label;
		uint32_t count, seen;
	} exits[8];
	unsigned int n_exits = 0, e;

	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < f->n; i++) {
			struct op op = f->ops[i];

			for (e = 0; e < n_exits && exits[e].k != op.in[0].k; e++)
				;
			if (op.kind != OP_EXIT || op.in[0].reg || e == sizeof(exits) / sizeof(exits[0]))
				goto keep;
			if (e == n_exits) {
				exits[n_exits++] = (__typeof__(exits[0])){ .k = op.in[0].k };
				exits[e].label = ++f->n_labels;
			}
			if (pass == 0) {
				exits[e].count++;
			} else if (++exits[e].seen < exits[e].count) {
				op = (struct op){ .kind = OP_JUMP, .label = exits[e].label, .at = op.at };
			} else {
				struct op label = { .kind = OP_LABEL, .label = exits[e].label, .at = op.at };

				if (fn_append(&ops, &n, &cap, &label))
					return err_nomem(f->err);
			}
keep:
			if (pass == 1 && fn_append(&ops, &n, &cap, &op))
				return err_nomem(f->err);
		}
	}
	free(f->ops);
	f->ops = take_ptr(ops);
	f->n = n;
	f->cap = cap;
	return 0;
}

struct lowering {
	struct fn *f;
	struct op *ops;
	uint32_t n, cap;
	int error;
};

static void put(struct lowering *l, const struct op *op)
{
	if (!l->error)
		l->error = fn_append(&l->ops, &l->n, &l->cap, op);
}

static void put_mov(struct lowering *l, enum ir_width w, ir_reg dst, struct ir_val v, struct span at)
{
	put(l, &(struct op){ .kind = OP_MOV,
			     .width = (uint8_t)w,
			     .dst = dst,
			     .n_in = 1,
			     .in = { v },
			     .at = at });
}

static void put_alu(struct lowering *l, uint8_t code, enum ir_width w, ir_reg dst, struct ir_val v,
		    struct span at)
{
	put(l, &(struct op){ .kind = OP_ALU,
			     .code = code,
			     .width = (uint8_t)w,
			     .dst = dst,
			     .rmw = true,
			     .n_in = 1,
			     .in = { v },
			     .at = at });
}

/* a constant the instruction has no room for comes in a register */
static void load_wide(struct lowering *l, struct op *op, unsigned int a)
{
	ir_reg r;

	if (a >= op->n_in || op->in[a].reg || takes_const(op, a, op->in[a].k))
		return;
	r = fn_new_reg(l->f);
	if (!r)
		l->error = -ENOMEM;
	put_mov(l, IR_64, r, op->in[a], op->at);
	op->in[a] = ir_r(r);
}

static bool commutes(uint8_t code)
{
	return code == BPF_ADD || code == BPF_MUL || code == BPF_AND || code == BPF_OR ||
	       code == BPF_XOR;
}

static void lower_alu(struct lowering *l, struct op op, const struct reg_facts *facts, uint32_t i)
{
	unsigned int second = op.rmw ? 0 : 1;
	struct ir_val a = op.in[0];

	/* only the low half is left: one move */
	if (op.code == BPF_AND && op.width == IR_64 && op.n_in == second + 1 &&
	    !op.in[second].reg && op.in[second].k == UINT32_MAX) {
		put_mov(l, IR_32, op.dst, op.rmw ? ir_r(op.dst) : a, op.at);
		return;
	}
	if (op.rmw) {
		load_wide(l, &op, second);
		put(l, &op);
		return;
	}
	/* dst takes the place of a wide constant, or of what is not needed any more */
	if (op.n_in == 2 && commutes(op.code) &&
	    (op.in[1].reg ? facts[op.in[1].reg].last_use == i && facts[a.reg].last_use != i :
			    !takes_const(&op, 1, op.in[1].k))) {
		a = op.in[1];
		op.in[1] = op.in[0];
	}
	load_wide(l, &op, second);
	put_mov(l, IR_64, op.dst, a, op.at);
	op.rmw = true;
	op.n_in--;
	op.in[0] = op.in[1];
	put(l, &op);
}

static void lower_extend(struct lowering *l, const struct op *op)
{
	int64_t shift = 64 - op->bytes * 8;

	if (op->bytes == 4 && !op->is_signed) {
		put_mov(l, IR_32, op->dst, op->in[0], op->at);
		return;
	}
	put_mov(l, IR_64, op->dst, op->in[0], op->at);
	if (op->is_signed) {
		put_alu(l, BPF_LSH, IR_64, op->dst, ir_k(shift), op->at);
		put_alu(l, BPF_ARSH, IR_64, op->dst, ir_k(shift), op->at);
	} else {
		put_alu(l, BPF_AND, IR_64, op->dst, ir_k(UINT64_MAX >> shift), op->at);
	}
}

static void lower_op(struct lowering *l, struct op op, const struct reg_facts *facts, uint32_t i)
{
	switch (op.kind) {
	case OP_ALU:
		lower_alu(l, op, facts, i);
		return;
	case OP_EXTEND:
		lower_extend(l, &op);
		return;
	case OP_FETCH:
		put_mov(l, IR_64, op.dst, op.in[1], op.at);
		op.rmw = true;
		op.n_in = 1;
		break;
	default:
		if (op.kind == OP_STORE || op.kind == OP_ATOMIC || op.kind == OP_BRANCH)
			load_wide(l, &op, 1);
		break;
	}
	put(l, &op);
}

static int lower(struct fn *f, struct reg_facts *facts)
{
	struct lowering l = { .f = f };
	uint32_t n = f->n;

	facts_of(f, facts);
	for (uint32_t i = 0; i < n; i++)
		lower_op(&l, f->ops[i], facts, i);
	free(f->ops);
	f->ops = l.ops;
	f->n = l.n;
	f->cap = l.cap;
	return l.error ? err_nomem(f->err) : 0;
}

int opt_run(struct fn *f)
{
	_cleanup_free_ struct reg_facts *facts = calloc(f->n_regs + 1, sizeof(*facts));
	int r;

	if (!facts)
		return err_nomem(f->err);
	r = opt_jumps(f);
	if (r < 0)
		return r;
	r = share_exits(f);
	if (r < 0)
		return r;
	r = opt_jumps(f);
	if (r < 0)
		return r;
	facts_of(f, facts);
	r = propagate(f, facts);
	if (r < 0)
		return r;
	facts_of(f, facts);
	r = rebuild_args(f, facts);
	if (r < 0)
		return r;
	drop_unread(f, facts);
	return lower(f, facts);
}
