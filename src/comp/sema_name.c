/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names: locals, parameters, constants, types, members; and who is meant instead. */
#include <stdio.h>

#include "comp/sema_internal.h"

#define NEAREST 3

/* note: did you mean 'a', 'b' or 'c'? */
static void note_nearest(struct sema *s, const char *prefix, const char *const *names,
			 unsigned int n)
{
	char list[160] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < n && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s'%s%s'",
				       i == 0	    ? ""
				       : i == n - 1 ? " or "
						    : ", ",
				       prefix, names[i]);
	if (n)
		err_note(s->err, SPAN_NONE, "did you mean %s?", list);
}

static int unknown_type(struct sema *s, const struct type_name *name, unsigned int kind,
			const char *prefix)
{
	const char *near[NEAREST];
	char *text = sema_cstr(s, name->name);
	unsigned int n;

	if (!text)
		return -ENOMEM;
	sema_fail(s, ERR_UNKNOWN_TYPE, name->at, "no type '%s%s' in the kernel's BTF", prefix,
		  text);
	n = kbtf_nearest(s->btf, kind, text, near, NEAREST);
	note_nearest(s, prefix, near, n);
	return -EINVAL;
}

int sema_type(struct sema *s, const struct type_name *name, struct type *out)
{
	int ret = type_by_name(s->btf, name, out);

	if (ret == 0)
		return 0;
	if (ret == -EINVAL) {
		sema_fail(s, ERR_UNKNOWN_TYPE, name->at, "'%.*s' is not a type",
			  STR_FMT(name->name));
		return ret;
	}
	switch (name->tag) {
	case TYPE_STRUCT:
		return unknown_type(s, name, BTF_KIND_STRUCT, "struct ");
	case TYPE_UNION:
		return unknown_type(s, name, BTF_KIND_UNION, "union ");
	case TYPE_ENUM:
		return unknown_type(s, name, BTF_KIND_ENUM, "enum ");
	default:
		return unknown_type(s, name, BTF_KIND_TYPEDEF, "");
	}
}

static struct node *param_node(struct sema *s, const struct expr *e, const struct tree_param *p)
{
	char text[TYPE_TEXT];
	struct node *n;

	if (p->by_value)
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "parameter '%.*s' is a '%s' passed by value, which cannot be used",
				 STR_FMT(p->name), type_text(s->btf, p->type, text));
	if (p->reg >= LIMIT_PARAMS)
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "parameter '%.*s' is passed on the stack: only the first %d "
				 "arrive in registers",
				 STR_FMT(p->name), LIMIT_PARAMS);
	n = sema_node(s, NODE_PARAM, e->at, p->type);
	if (n)
		n->param = p;
	return n;
}

static struct node *local_node(struct sema *s, const struct expr *e)
{
	for (struct scope *c = s->scope; c; c = c->outer) {
		for (struct tree_local *v = c->locals; v; v = v->next) {
			struct node *n;

			if (!str_same(v->name, e->name))
				continue;
			if (!v->init)
				return sema_fail(s, ERR_TYPE_MISMATCH, e->name_at,
						 "'%.*s' has no value", STR_FMT(v->name));
			n = sema_node(s, NODE_LOCAL, e->at, v->type);
			if (n)
				n->local = v;
			return n;
		}
	}
	return NULL;
}

/* true, false, NULL, and BTF's enum constants: int where it fits, as in C */
static struct node *constant_node(struct sema *s, const struct expr *e, const char *name)
{
	struct type t = type_int(4, true);
	int64_t v;

	if (!strcmp(name, "NULL"))
		return sema_const(s, e->at, type_pointer_to(type_void()), 0);
	if (!strcmp(name, "true") || !strcmp(name, "false"))
		return sema_const(s, e->at, t, name[0] == 't');
	if (kbtf_enum_value(s->btf, name, &v) < 0)
		return NULL;
	if (v > INT32_MAX || v < INT32_MIN)
		t = v >= 0 && v <= UINT32_MAX ? type_int(4, false) : type_int(8, true);
	return sema_const(s, e->at, t, (uint64_t)v);
}

static void note_params(struct sema *s, const char *name)
{
	const char *best = NULL, *list[NEAREST];
	unsigned int distance = 4, n = 0;

	for (unsigned int i = 0; i < s->pred->n_params; i++) {
		char *text = sema_cstr(s, s->pred->params[i].name);
		unsigned int d;

		if (!text || !*text)
			continue;
		d = str_distance(name, text, 3);
		if (d < distance) {
			distance = d;
			best = text;
		}
		if (n < NEAREST)
			list[n++] = text;
	}
	if (best && distance <= 3 && distance < strlen(name))
		note_nearest(s, "", &best, 1);
	else if (n == 1)
		err_note(s->err, SPAN_NONE, "its parameter is '%s'", list[0]);
	else if (n > 1)
		err_note(s->err, SPAN_NONE, "its parameters are '%s', '%s'%s%s%s", list[0], list[1],
			 n > 2 ? ", '" : "", n > 2 ? list[2] : "",
			 s->pred->n_params > n ? "', ..."
			 : n > 2	       ? "'"
					       : "");
}

static struct node *unknown_name(struct sema *s, const struct expr *e, const char *name)
{
	if (s->func->no_args)
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "'%s': parameters of the system call %s cannot be named yet", name,
				 s->func->name);
	if (*name == '$')
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at, "'%s' is not supported yet", name);
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "%s() has no parameter '%s'", s->func->name,
		  name);
	if (!s->func->func_id && !s->pred->n_params)
		err_note(s->err, SPAN_NONE,
			 "the kernel's BTF does not have it; declare its parameters: %s(...)(...)",
			 s->func->name);
	note_params(s, name);
	return NULL;
}

struct node *sema_name(struct sema *s, const struct expr *e)
{
	char *name = sema_cstr(s, e->name);
	struct node *n = local_node(s, e);

	if (n || !name || s->err->code)
		return n;
	for (unsigned int i = 0; i < s->pred->n_params; i++)
		if (str_same(s->pred->params[i].name, e->name))
			return param_node(s, e, &s->pred->params[i]);
	n = constant_node(s, e, name);
	return n ? n : unknown_name(s, e, name);
}

static struct node *unknown_member(struct sema *s, const struct expr *e, struct type record,
				   const char *name)
{
	const char *near[NEAREST];
	char text[TYPE_TEXT];

	sema_fail(s, ERR_UNKNOWN_MEMBER, e->name_at, "'%s' has no member '%s'",
		  type_text(s->btf, record, text), name);
	note_nearest(s, "", near, kbtf_nearest_member(s->btf, record.id, name, near, NEAREST));
	return NULL;
}

/* the struct that e is about, and where it is */
static struct node *member_base(struct sema *s, const struct expr *e, struct type *record)
{
	struct node *base = sema_expr(s, e->a), *n;
	char text[TYPE_TEXT];

	if (!base)
		return NULL;
	type_text(s->btf, base->type, text);
	if (e->arrow) {
		base = sema_rvalue(s, base);
		if (!base)
			return NULL;
		*record = type_target(s->btf, base->type);
		if (base->type.kind == TYPE_PTR)
			return base;
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 base->type.kind == TYPE_RECORD
					 ? "'->' on '%s', which is no pointer: use '.'"
					 : "'->' on '%s', which is no pointer",
				 text);
	}
	*record = base->type;
	if (base->type.kind == TYPE_PTR)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "'.' on '%s', which is a pointer: use '->'", text);
	if (base->kind != NODE_PLACE)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "'.' on '%s', which has no members", text);
	n = sema_node(s, NODE_ADDR, base->at, type_pointer_to(base->type));
	if (n) {
		n->a = base->a;
		n->off = base->off;
	}
	return n;
}

static struct node *place_member(struct sema *s, const struct expr *e, struct node *base,
				 const struct kbtf_member *m)
{
	struct node *n = sema_node(s, NODE_PLACE, e->at, type_of_id(s->btf, m->type));

	if (!n)
		return NULL;
	n->a = base;
	n->off = m->bit_off / 8;
	if (base->kind == NODE_ADDR) { /* one offset from one pointer */
		n->a = base->a;
		n->off += base->off;
	}
	n->bits = m->bit_size;
	n->bit_off = m->bit_size ? m->bit_off % 8 : 0;
	if (n->bits && n->bit_off + n->bits > 64)
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "bit-field '%.*s' lies across more than 8 bytes",
				 STR_FMT(e->name));
	return n;
}

struct node *sema_member(struct sema *s, const struct expr *e)
{
	struct kbtf_member m;
	struct type record = type_void();
	struct node *base = member_base(s, e, &record);
	char *name = sema_cstr(s, e->name);
	char text[TYPE_TEXT];
	int ret;

	if (!base || !name)
		return NULL;
	type_text(s->btf, record, text);
	if (record.kind == TYPE_INCOMPLETE)
		return sema_fail(s, ERR_UNKNOWN_MEMBER, e->name_at,
				 "'%s' is only declared in the kernel's BTF: its members are not "
				 "known (a module's, perhaps)",
				 text);
	if (record.kind == TYPE_VOID)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "'void' has no member '%s': cast the pointer first, as in "
				 "((struct name *)p)->%s",
				 name, name);
	if (record.kind != TYPE_RECORD)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "'%s' is no struct and has no "
				 "member '%s'",
				 text, name);
	ret = kbtf_member(s->btf, record.id, name, &m);
	if (ret < 0)
		return unknown_member(s, e, record, name);
	return place_member(s, e, base, &m);
}
