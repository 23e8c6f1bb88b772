/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person would have written instead: constants and copies put where they
 * are used, unread values not computed, one exit per constant, no jump that a
 * different condition or order makes needless.
 *
 * Works on registers with one definition; those with several (ir_new_reg() and
 * ir_mov() on several paths) are left as they are.
 */
#include "comp/ir_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

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

void reg_facts_of(const struct fn *f, struct reg_facts *facts)
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

/* of what op leaves in its register: all bits above this many are 0 */
static unsigned int significant_bits(const struct op *op)
{
	unsigned int all = op->width == IR_32 ? 32 : 64;

	switch (op->kind) {
	case OP_LOAD:
		return 8 * op->bytes;
	case OP_EXTEND:
		return op->is_signed ? 64 : 8 * op->bytes;
	case OP_ALU:
		if (op->code == BPF_END)
			return 8 * op->bytes;
		if (op->code == BPF_AND && op->n_in == 2 && !op->in[1].reg && op->in[1].k > 0)
			return 64 - (unsigned int)__builtin_clzll((uint64_t)op->in[1].k);
		return all;
	default:
		return 64;
	}
}

/* the extension changes nothing */
static bool extends_nothing(const struct op *extend, const struct op *def)
{
	unsigned int bits = 8 * extend->bytes - extend->is_signed;

	return extend->bytes == 8 || (def && significant_bits(def) <= bits);
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
			if (def->in[0].reg ? only_def(f, facts, def->in[0].reg) != NULL
					   : op_takes_const(op, a, def->in[0].k))
				*v = def->in[0];
		}
		def = op->n_in ? only_def(f, facts, op->in[0].reg) : NULL;
		if (op->kind == OP_EXTEND && extends_nothing(op, def)) {
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

#define SHARED_EXITS 8 /* different constants; more are left as they are */

struct shared_exit {
	int64_t k;
	ir_label label;
	uint32_t last; /* operation */
};

static struct shared_exit *shared_exit(struct shared_exit *exits, unsigned int n,
				       const struct op *op)
{
	if (op->kind != OP_EXIT || op->in[0].reg)
		return NULL;
	for (unsigned int i = 0; i < n; i++) {
		if (exits[i].k == op->in[0].k)
			return &exits[i];
	}
	return NULL;
}

/* `return k` several times: all but the last one become jumps to it */
static int share_exits(struct fn *f)
{
	_cleanup_free_ struct op *ops = NULL;
	struct shared_exit exits[SHARED_EXITS], *e;
	uint32_t n = 0, cap = 0;
	unsigned int n_exits = 0;
	int r = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct op *op = &f->ops[i];

		e = shared_exit(exits, n_exits, op);
		if (e)
			e->last = i;
		else if (op->kind == OP_EXIT && !op->in[0].reg && n_exits < SHARED_EXITS)
			exits[n_exits++] = (struct shared_exit){ op->in[0].k, ++f->n_labels, i };
	}
	for (uint32_t i = 0; i < f->n && r == 0; i++) {
		struct op op = f->ops[i];
		struct op other = { .at = op.at };

		e = shared_exit(exits, n_exits, &op);
		if (e) {
			other.kind = e->last == i ? OP_LABEL : OP_JUMP;
			other.label = e->label;
			r = fn_append(&ops, &n, &cap, &other);
		}
		if (r == 0 && (!e || e->last == i))
			r = fn_append(&ops, &n, &cap, &op);
	}
	if (r < 0)
		return err_nomem(f->err);
	free(f->ops);
	f->ops = take_ptr(ops);
	f->n = n;
	f->cap = cap;
	return 0;
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
	reg_facts_of(f, facts);
	r = propagate(f, facts);
	if (r < 0)
		return r;
	reg_facts_of(f, facts);
	r = rebuild_args(f, facts);
	if (r < 0)
		return r;
	drop_unread(f, facts);
	return lower_two_address(f, facts);
}
