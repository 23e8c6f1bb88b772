/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that only probes have: args->FIELD, ctx->REGISTER, a USDT probe's arg1, $latency. */
#include <stdio.h>

#include "comp/sema_internal.h"

/* something of the context, reached as if it were an argument */
static struct node *context_node(struct sema *s, const struct expr *e, unsigned int reg,
				 struct type t)
{
	struct tree_param *p = arena_alloc(s->arena, sizeof(*p));
	struct node *n = sema_node(s, NODE_PARAM, e->at, t);

	if (!p || !n) {
		err_nomem(s->err);
		return NULL;
	}
	p->name = e->name;
	p->type = t;
	p->reg = reg;
	n->param = p;
	return n;
}

struct node *sema_user_string(struct sema *s, struct node *n)
{
	struct type t = type_pointer_to(type_int(1, true));

	n = sema_convert(s, n, t);
	if (n)
		n->type.user = 1;
	return n;
}

/* a number, or the address of its bytes: a string, as far as anybody knows */
static struct node *field_node(struct sema *s, const struct expr *e, const struct comp_field *f)
{
	static const unsigned int address[] = {
		[FIELD_ARRAY] = ABI_FIELD_AT,
		[FIELD_TEXT] = ABI_FIELD_TEXT,
		[FIELD_NEAR] = ABI_FIELD_NEAR,
	};

	if (f->kind != FIELD_NUMBER)
		return context_node(s, e, address[f->kind] + f->off,
				    type_pointer_to(type_int(1, true)));
	return context_node(s, e, ABI_FIELD + f->off, type_int(f->bytes, f->is_signed));
}

static struct node *unknown_field(struct sema *s, const struct expr *e, const char *name)
{
	const struct comp_context *c = s->func->context;
	struct near near;

	near_init(&near, name);
	for (unsigned int i = 0; i < c->n_fields; i++)
		near_offer(&near, c->fields[i].name);
	sema_fail(s, ERR_UNKNOWN_MEMBER, e->name_at, "tracepoint %s has no field '%s'",
		  s->func->name, name);
	if (near.n) {
		note_near(s, &near);
	} else {
		char list[200] = "";
		size_t n = 0;

		for (unsigned int i = 0; i < c->n_fields && n < sizeof(list) - 1; i++)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "",
					      c->fields[i].name);
		err_note(s->err, SPAN_NONE, "its fields are %s", list);
	}
	return NULL;
}

static struct node *field(struct sema *s, const struct expr *e, const char *name)
{
	const struct comp_context *c = s->func->context;

	for (unsigned int i = 0; i < c->n_fields; i++)
		if (!strcmp(c->fields[i].name, name))
			return field_node(s, e, &c->fields[i]);
	return unknown_field(s, e, name);
}

static struct node *saved_register(struct sema *s, const struct expr *e, const char *name)
{
	struct kbtf_member m;
	uint32_t id;

	if (kbtf_find(s->btf, BTF_KIND_STRUCT, "pt_regs", &id) < 0)
		return sema_fail(s, ERR_KERNEL_LACKS, e->name_at,
				 "the kernel's BTF has no struct pt_regs");
	if (kbtf_member(s->btf, id, name, &m) < 0 || m.bit_size)
		return sema_unknown_member(s, e, type_of_id(s->btf, id), name);
	return context_node(s, e, ABI_FIELD + m.bit_off / 8, type_int(8, false));
}

struct node *sema_context_member(struct sema *s, const struct expr *e, const char *name)
{
	const struct comp_context *c = s->func->context;

	if (!c || e->a->kind != EXPR_NAME || !e->arrow)
		return NULL;
	if (c->has_fields && str_eq(e->a->name, "args"))
		return field(s, e, name);
	if (!c->regs || !str_eq(e->a->name, "ctx"))
		return NULL;
	for (unsigned int i = 0; i < s->pred->n_params; i++)
		if (str_eq(s->pred->params[i].name, "ctx"))
			return NULL;
	return saved_register(s, e, name);
}

/* disp(base, index, scale), read as the process's */
static struct node *memory_operand(struct sema *s, const struct expr *e,
				   const struct comp_operand *o)
{
	struct type word = type_int(8, false);
	struct node *load = sema_node(s, NODE_LOAD, e->at, type_int(o->bytes, o->is_signed));
	struct node *at = o->base < 0 ? sema_const(s, e->at, word, 0)
				      : context_node(s, e, ABI_FIELD + (unsigned int)o->base, word);
	struct node *index;

	if (o->index >= 0 && at) {
		index = context_node(s, e, ABI_FIELD + (unsigned int)o->index, word);
		if (index && o->scale > 1)
			index = sema_arith(s, OP_MUL, e->at, e->at, index,
					   sema_const(s, e->at, word, o->scale));
		at = index ? sema_arith(s, OP_ADD, e->at, e->at, at, index) : NULL;
	}
	if (!load || !at)
		return NULL;
	load->a = at;
	load->off = o->value;
	load->user = true;
	return load;
}

static struct node *operand(struct sema *s, const struct expr *e, const struct comp_operand *o)
{
	struct type t = type_int(o->bytes, o->is_signed);
	struct node *n;

	if (o->kind == OPERAND_UNREADABLE)
		return sema_fail(
			s, ERR_UNSUPPORTED, e->name_at,
			"'%.*s' of probe %s is floating point, or where no program reads it",
			STR_FMT(e->name), s->func->name);
	if (o->kind == OPERAND_CONST)
		n = sema_const(s, e->at, t, (uint64_t)o->value);
	else if (o->kind == OPERAND_REGISTER)
		n = context_node(s, e, ABI_FIELD + (unsigned int)o->base, t);
	else
		n = memory_operand(s, e, o);
	if (n)
		n->type.user = 1;
	return n;
}

static struct node *usdt_arg(struct sema *s, const struct expr *e, const char *name)
{
	const struct comp_context *c = s->func->context;
	unsigned int i = 0;
	char end;

	if (sscanf(name, "arg%u%c", &i, &end) != 1)
		return NULL;
	if (i >= 1 && i <= c->n_operands)
		return operand(s, e, &c->operands[i - 1]);
	return sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "no '%s': probe %s has %u argument%s",
			 name, s->func->name, c->n_operands, c->n_operands == 1 ? "" : "s");
}

static struct node *fields_only(struct sema *s, const struct expr *e, const char *name)
{
	unsigned int i;
	char end;

	if (sscanf(name, "arg%u%c", &i, &end) != 1 && strcmp(name, "retval") != 0)
		return NULL;
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "a tracepoint has fields, no '%s'", name);
	err_note(s->err, SPAN_NONE, "they are written args->NAME");
	return NULL;
}

static struct node *latency(struct sema *s, const struct expr *e)
{
	if (s->func->context->timed)
		return context_node(s, e, ABI_LATENCY, type_int(8, false));
	return sema_fail(s, ERR_UNKNOWN_NAME, e->name_at,
			 "'$latency' is known where a function returns: r:LIBRARY:FUNCTION");
}

struct node *sema_context_name(struct sema *s, const struct expr *e, const char *name)
{
	const struct comp_context *c = s->func->context;

	if (!c)
		return NULL;
	if (!strcmp(name, "$latency"))
		return latency(s, e);
	if (!strcmp(name, "$tgid") || !strcmp(name, "$task"))
		return sema_task_alias(s, e, name + 1);
	if (c->has_fields)
		return fields_only(s, e, name);
	if (c->has_operands)
		return usdt_arg(s, e, name);
	return NULL;
}
