/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entry to binding and typing, and the helpers all of it uses. */
#include "comp/sema.h"

#include <stdarg.h>
#include <stdio.h>

#include "comp/sema_internal.h"
#include "util/cleanup.h"

struct node *sema_fail(struct sema *s, enum err_tag tag, struct span at, const char *fmt, ...)
{
	char msg[sizeof(s->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(s->err, -EINVAL, tag, s->src, at, "%s", msg);
	return NULL;
}

struct node *sema_node(struct sema *s, enum node_kind kind, struct span at, struct type t)
{
	struct node *n = arena_alloc(s->arena, sizeof(*n));

	if (!n) {
		err_nomem(s->err);
		return NULL;
	}
	n->kind = kind;
	n->at = at;
	n->type = t;
	return n;
}

struct node *sema_const(struct sema *s, struct span at, struct type t, uint64_t v)
{
	struct node *n = sema_node(s, NODE_CONST, at, t);

	if (n)
		n->value = type_canonical(t, v);
	return n;
}

char *sema_cstr(struct sema *s, struct str text)
{
	char *copy = arena_strndup(s->arena, text.p ? text.p : "", text.len);

	if (!copy)
		err_nomem(s->err);
	return copy;
}

/* a condition is any scalar; constants decide now */
static int bind_condition(struct sema *s, const struct expr *e)
{
	struct node *n = sema_value(s, e);

	if (!n)
		return -EINVAL;
	if (!type_is_scalar(n->type)) {
		char text[TYPE_TEXT];

		sema_fail(s, ERR_TYPE_MISMATCH, e->at,
			  "a condition has to be a number or a "
			  "pointer, this is '%s'",
			  type_text(s->btf, n->type, text));
		return -EINVAL;
	}
	if (n->kind == NODE_CONST && n->value)
		n = NULL;
	s->pred->root = n;
	return 0;
}

int sema_predicate(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
		   const struct frame *frame, struct arena *arena, struct pred *out,
		   struct err *err)
{
	struct pred pred = { .frame = frame, .buf_bytes = 8 };
	struct err local = { 0 };
	struct sema s = {
		.btf = btf,
		.src = src,
		.func = func,
		.arena = arena,
		.err = err ? err : &local,
		.pred = &pred,
	};
	int ret = sema_params(&s, frame);

	if (ret == 0 && frame->pred)
		ret = bind_condition(&s, frame->pred);
	if (ret < 0)
		return s.err->code ? s.err->code : ret;
	*out = pred;
	return 0;
}

static int bind_value(struct sema *s, const struct conversion *c, struct value *v)
{
	char text[TYPE_TEXT];

	*v = (struct value){ .conv = c, .string = c->letter == 's' };
	v->root = v->string ? sema_string_value(s, c->value, &v->room) : sema_value(s, c->value);
	if (!v->root)
		return s->err->code ? s->err->code : -EINVAL;
	v->type = v->root->type;
	if (type_is_scalar(v->type))
		return 0;
	return err_set(s->err, -EINVAL, ERR_TYPE_MISMATCH, s->src, c->value->at,
		       "'%%%c' prints a number or a pointer, this is '%s'", c->letter,
		       type_text(s->btf, v->type, text));
}

int sema_probe(const struct kbtf *btf, const struct probe *probe, const struct comp_func *func,
	       struct arena *arena, struct pred *out, struct value *values, struct err *err)
{
	struct pred pred = { .frame = &probe->rule->on_target, .buf_bytes = 8 };
	struct err local = { 0 };
	struct sema s = {
		.btf = btf,
		.src = probe->rule->src,
		.func = func,
		.arena = arena,
		.err = err ? err : &local,
		.pred = &pred,
	};
	int ret = sema_params(&s, pred.frame);

	if (ret == 0 && pred.frame->pred)
		ret = bind_condition(&s, pred.frame->pred);
	for (unsigned int i = 0; ret == 0 && i < probe->n_values; i++)
		ret = bind_value(&s, &probe->values[i], &values[i]);
	if (ret < 0)
		return s.err->code ? s.err->code : ret;
	*out = pred;
	return 0;
}

static bool has_node(const struct node *n, enum node_kind kind)
{
	if (!n)
		return false;
	if (n->kind == kind)
		return true;
	for (const struct tree_local *l = n->kind == NODE_BLOCK ? n->local : NULL; l; l = l->next)
		if (has_node(l->init, kind))
			return true;
	return has_node(n->a, kind) || has_node(n->b, kind) || has_node(n->c, kind);
}

static bool has_user(const struct node *n)
{
	if (!n)
		return false;
	if (n->kind == NODE_STRCMP ? n->string->user : n->user)
		return true;
	for (const struct tree_local *l = n->kind == NODE_BLOCK ? n->local : NULL; l; l = l->next)
		if (has_user(l->init))
			return true;
	return has_user(n->a) || has_user(n->b) || has_user(n->c);
}

/* an unsigned value against 0, where only one answer is possible */
static bool is_decided(const struct node *n, bool truth)
{
	bool left = n->a->kind == NODE_CONST && !n->a->value;
	bool right = n->b->kind == NODE_CONST && !n->b->value;

	if (n->a->type.kind == TYPE_INT && n->a->type.is_signed)
		return false;
	if (truth)
		return (right && n->op == OP_GE) || (left && n->op == OP_LE);
	return (right && n->op == OP_LT) || (left && n->op == OP_GT);
}

/* `gfpflags || 1` names a parameter, and holds for every call all the same */
static bool is_always(const struct node *n, bool truth)
{
	switch (n->kind) {
	case NODE_CONST:
		return (n->value != 0) == truth;
	case NODE_NOT:
		return is_always(n->a, !truth);
	case NODE_AND:
	case NODE_OR:
		if (truth == (n->kind == NODE_OR))
			return is_always(n->a, truth) || is_always(n->b, truth);
		return is_always(n->a, truth) && is_always(n->b, truth);
	case NODE_COND:
		return is_always(n->b, truth) && is_always(n->c, truth);
	case NODE_BLOCK:
		return is_always(n->a, truth);
	case NODE_CONV: /* widening and _Bool keep the truth */
		return (n->type.is_bool || n->type.bytes >= n->a->type.bytes) &&
		       is_always(n->a, truth);
	case NODE_COMPARE:
		return is_decided(n, truth);
	case NODE_BINARY:
		return truth && n->op == OP_BITOR &&
		       (is_always(n->a, true) || is_always(n->b, true));
	default:
		return false;
	}
}

int comp_varies(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
		const struct frame *frame, bool *varies, struct err *err)
{
	_cleanup_(arena_freep) struct arena *arena = NULL;
	struct pred pred;
	int ret;

	if (arena_new(&arena) < 0)
		return err_nomem(err);
	ret = sema_predicate(btf, src, func, frame, arena, &pred, err);
	if (!ret)
		*varies = (has_node(pred.root, NODE_PARAM) || has_node(pred.root, NODE_TASK)) &&
			  !is_always(pred.root, true);
	return ret;
}

int comp_reads(const struct kbtf *btf, const struct source *src, const struct comp_func *func,
	       const struct frame *frame, struct comp_reads *out, struct err *err)
{
	_cleanup_(arena_freep) struct arena *arena = NULL;
	struct pred pred;
	int ret;

	*out = (struct comp_reads){ 0 };
	if (!frame->pred)
		return 0;
	if (arena_new(&arena) < 0)
		return err_nomem(err);
	ret = sema_predicate(btf, src, func, frame, arena, &pred, err);
	if (!ret) {
		out->arguments = has_node(pred.root, NODE_PARAM);
		out->user = has_user(pred.root);
	}
	return ret;
}

int comp_constant(const struct kbtf *btf, const struct source *src, const struct expr *e,
		  struct comp_constant *out, struct err *err)
{
	static const struct comp_func no_func = { .name = "" };
	static const struct frame no_frame;
	_cleanup_(arena_freep) struct arena *arena = NULL;
	struct pred pred = { .frame = &no_frame, .buf_bytes = 8 };
	struct err local = { 0 };
	struct sema s = {
		.btf = btf,
		.src = src,
		.func = &no_func,
		.err = err ? err : &local,
		.pred = &pred,
	};
	struct node *n;

	if (arena_new(&arena) < 0)
		return err_nomem(err);
	s.arena = arena;
	n = sema_value(&s, e);
	if (!n)
		return s.err->code ? s.err->code : -EINVAL;
	if (n->kind != NODE_CONST || !type_is_scalar(n->type))
		return err_set(s.err, -EINVAL, ERR_TYPE_MISMATCH, src, e->at,
			       "a value has to be constant: known before anything is called");
	*out = (struct comp_constant){
		.value = (int64_t)n->value,
		.is_unsigned = n->type.kind == TYPE_INT && !n->type.is_signed,
		.is_pointer = n->type.kind == TYPE_PTR,
	};
	return 0;
}

const struct tree_param *sema_param(const struct pred *p, const char *name)
{
	for (unsigned int i = 0; i < p->n_params; i++)
		if (str_eq(p->params[i].name, name))
			return &p->params[i];
	return NULL;
}
