/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole rules as text again, in the form they were written in: clauses in one fixed order. */
#include <inttypes.h>

#include "lang/ast.h"

static void print_param(const struct param *p, struct buf *out)
{
	type_name_print(&p->type, out);
	if (p->type.is_funcptr) {
		buf_printf(out, " (*%.*s)()", STR_FMT(p->name));
		return;
	}
	if (p->name.len)
		buf_printf(out, "%s%.*s", p->type.stars ? "" : " ", STR_FMT(p->name));
	if (p->type.is_array)
		buf_puts(out, "[]");
}

/* one pair of parentheses is the parameters' in a spec, the condition's in a rule */
void frame_print(const struct frame *f, bool is_spec, struct buf *out)
{
	buf_add(out, f->func.p, f->func.len);
	if (f->func.len && (is_spec || f->has_params)) {
		buf_putc(out, '(');
		for (unsigned int i = 0; i < f->n_params; i++) {
			buf_puts(out, i ? ", " : "");
			print_param(&f->params[i], out);
		}
		buf_puts(out, f->has_params && !f->n_params ? "void)" : ")");
	}
	if (f->pred) {
		buf_putc(out, '(');
		expr_print(f->pred, out);
		buf_putc(out, ')');
	}
}

static void print_chain(const struct chain *c, bool is_spec, struct buf *out)
{
	for (unsigned int i = 0; i < c->n_frames; i++) {
		if (i)
			buf_puts(out, is_spec ? " => " : " <- ");
		frame_print(&c->frames[i], is_spec, out);
	}
}

static void print_spec(const struct rule *r, struct buf *out)
{
	bool on_target = r->on_target.func.len || r->on_target.pred;

	if (on_target)
		frame_print(&r->on_target, true, out);
	if (on_target && r->n_chains)
		buf_puts(out, " => ");
	if (r->n_chains)
		print_chain(&r->chains[0], true, out);
}

/* what needs no parentheses as a value: a number, -NAME, ERR_PTR(x), the three names */
static bool is_plain_value(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_INT:
		return true;
	case EXPR_NAME:
		return str_eq(e->name, "NULL") || str_eq(e->name, "true") ||
		       str_eq(e->name, "false");
	case EXPR_UNARY:
		return e->op == OP_NEG && (e->a->kind == EXPR_INT || e->a->kind == EXPR_NAME);
	case EXPR_CALL:
		return str_eq(e->name, "ERR_PTR");
	default:
		return false;
	}
}

static void print_target(const struct rule *r, struct buf *out)
{
	if (r->mode) {
		buf_puts(out, r->mode);
		return;
	}
	if (r->module)
		buf_printf(out, "%s:", r->module);
	buf_puts(out, r->target_kind == TARGET_SYSCALL ? "syscall:"
		      : r->target_kind == TARGET_LSM   ? "lsm:"
						       : "");
	buf_puts(out, r->target);
}

void schedule_print_when(const struct schedule *s, struct buf *out)
{
	buf_printf(out, "%" PRIu64, s->when_first);
	if (s->when_last == s->when_first)
		return;
	if (s->when_last != UINT64_MAX)
		buf_printf(out, "..%" PRIu64, s->when_last);
	if (s->when_step != 1)
		buf_printf(out, "+%" PRIu64, s->when_step);
	else if (s->when_last == UINT64_MAX)
		buf_putc(out, '+');
}

/* LIMIT_DECIMALS of them are enough for the text a probability was read from */
void probability_print(uint64_t probability, struct buf *out)
{
	uint64_t v = (probability * 1000000000 + PROBABILITY_ALWAYS / 2) >> 32;
	uint64_t fraction = v % 10000000;
	int digits = 7;

	for (; digits && fraction % 10 == 0; digits--)
		fraction /= 10;
	buf_printf(out, "%" PRIu64, v / 10000000);
	if (digits)
		buf_printf(out, ".%0*" PRIu64, digits, fraction);
	buf_putc(out, '%');
}

/* in the order in which they are applied */
static void print_schedule(const struct schedule *s, struct buf *out)
{
	if (s->when_first) {
		buf_puts(out, " when ");
		schedule_print_when(s, out);
	}
	if (s->interval)
		buf_printf(out, " interval %" PRIu64, s->interval);
	if (s->probability != PROBABILITY_ALWAYS) {
		buf_puts(out, " probability ");
		probability_print(s->probability, out);
	}
	if (s->times)
		buf_printf(out, " times %" PRIu64, s->times);
}

static void print_native(const struct rule *r, struct buf *out)
{
	bool plain = is_plain_value(r->value);

	print_target(r, out);
	buf_puts(out, plain ? " = " : " = (");
	expr_print(r->value, out);
	buf_puts(out, plain ? "" : ")");
	if (r->on_target.pred) {
		buf_puts(out, " if ");
		expr_print(r->on_target.pred, out);
	}
	for (unsigned int i = 0; i < r->n_chains; i++) {
		buf_puts(out, r->chains[i].negated ? " not under " : " under ");
		print_chain(&r->chains[i], false, out);
	}
	print_schedule(&r->schedule, out);
	buf_puts(out, r->after ? " after" : "");
}

void rule_print(const struct rule *r, struct buf *out)
{
	if (r->is_spec)
		print_spec(r, out);
	else
		print_native(r, out);
}
