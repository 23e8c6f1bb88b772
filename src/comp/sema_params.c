/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters of a function: names, types and registers from BTF; a declared
 * list is checked against it and may rename.
 */
#include <stdio.h>

#include "comp/sema_internal.h"
#include "util/buf.h"

/* System V: what a value takes of the argument registers; 0: none, it is in memory */
static unsigned int registers_of(const struct sema *s, struct type t)
{
	uint64_t size;

	if (type_is_scalar(t))
		return 1;
	if (type_size(s->btf, t, &size) < 0 || size > 16 || size == 0)
		return 0;
	return size <= 8 ? 1 : 2;
}

static void assign_registers(const struct sema *s, struct pred *p)
{
	unsigned int next = 0;

	for (unsigned int i = 0; i < p->n_params; i++) {
		struct tree_param *q = &p->params[i];
		unsigned int n = registers_of(s, q->type);

		q->by_value = !type_is_scalar(q->type);
		q->reg = LIMIT_PARAMS;
		if (n == 0 || next + n > LIMIT_PARAMS)
			continue;
		q->reg = next;
		next += n;
	}
}

static int alloc_params(struct sema *s, unsigned int n)
{
	s->pred->params = arena_alloc(s->arena, (n + 1) * sizeof(*s->pred->params));
	return s->pred->params ? 0 : err_nomem(s->err);
}

static int params_of_btf(struct sema *s, const struct kbtf_proto *proto)
{
	struct pred *p = s->pred;
	int ret = alloc_params(s, proto->n_params);

	for (unsigned int i = 0; ret == 0 && i < proto->n_params; i++) {
		const char *name = kbtf_str(s->btf, proto->params[i].name_off);

		if (!proto->params[i].type) /* ... */
			break;
		p->params[i].name = (struct str){ name, strlen(name) };
		p->params[i].type = type_of_id(s->btf, proto->params[i].type);
		p->n_params = i + 1;
	}
	if (ret == 0)
		assign_registers(s, p);
	return ret;
}

/* the declaration as BTF has it, for messages */
static void note_declaration(struct sema *s, const struct kbtf_proto *proto)
{
	_cleanup_buf_ struct buf b = { 0 };
	char text[TYPE_TEXT];

	buf_printf(&b, "%s(", s->func->name);
	for (unsigned int i = 0; i < proto->n_params; i++) {
		const char *name = kbtf_str(s->btf, proto->params[i].name_off);

		buf_puts(&b, i ? ", " : "");
		if (!proto->params[i].type) {
			buf_puts(&b, "...");
			continue;
		}
		type_text(s->btf, type_of_id(s->btf, proto->params[i].type), text);
		buf_puts(&b, text);
		if (*name && text[0] && text[strlen(text) - 1] != '*')
			buf_putc(&b, ' ');
		buf_puts(&b, name);
	}
	buf_putc(&b, ')');
	err_note(s->err, SPAN_NONE, "the kernel has %s", buf_str(&b));
}

/* same shape: pointers to pointers, equally named structs, equally wide integers */
static bool types_agree(const struct sema *s, struct type want, struct type have)
{
	if (want.kind == TYPE_PTR && have.kind == TYPE_PTR) {
		struct type a = type_target(s->btf, want), b = type_target(s->btf, have);

		return a.kind == TYPE_VOID || b.kind == TYPE_VOID || types_agree(s, a, b);
	}
	if (want.kind == TYPE_INT && have.kind == TYPE_INT)
		return want.bytes == have.bytes;
	if ((want.kind == TYPE_RECORD || want.kind == TYPE_INCOMPLETE) &&
	    (have.kind == TYPE_RECORD || have.kind == TYPE_INCOMPLETE))
		return type_same_record(s->btf, want, have);
	return want.kind == have.kind;
}

static int mismatch(struct sema *s, const struct kbtf_proto *proto, const struct param *d,
		    struct type want, struct type have)
{
	char a[TYPE_TEXT], b[TYPE_TEXT];

	err_set(s->err, -EINVAL, ERR_SIGNATURE, s->src, d->at,
		"parameter '%.*s' of %s() is '%s' in the kernel, declared '%s'", STR_FMT(d->name),
		s->func->name, type_text(s->btf, have, a), type_text(s->btf, want, b));
	note_declaration(s, proto);
	return -EINVAL;
}

static int check_count(struct sema *s, const struct frame *f, const struct kbtf_proto *proto)
{
	if (f->n_params <= s->pred->n_params)
		return 0;
	err_set(s->err, -EINVAL, ERR_SIGNATURE, s->src, f->params_at,
		"%s() takes %u parameter%s, %u declared", s->func->name, s->pred->n_params,
		s->pred->n_params == 1 ? "" : "s", f->n_params);
	note_declaration(s, proto);
	return -EINVAL;
}

/* declared parameters over BTF's: names and, where they say more, types */
static int redeclare(struct sema *s, const struct frame *f, const struct kbtf_proto *proto)
{
	struct pred *p = s->pred;
	int ret = check_count(s, f, proto);

	for (unsigned int i = 0; ret == 0 && i < f->n_params; i++) {
		const struct param *d = &f->params[i];
		struct type t;

		ret = sema_type(s, &d->type, &t);
		if (ret < 0)
			return ret;
		if (!types_agree(s, t, p->params[i].type))
			return mismatch(s, proto, d, t, p->params[i].type);
		p->params[i].name = d->name;
		if (type_is_scalar(t))
			p->params[i].type = t;
	}
	return ret;
}

/* no BTF for the function: what the rule declares is all there is */
static int params_declared(struct sema *s, const struct frame *f)
{
	struct pred *p = s->pred;
	int ret = alloc_params(s, f->n_params);

	for (unsigned int i = 0; ret == 0 && i < f->n_params; i++) {
		ret = sema_type(s, &f->params[i].type, &p->params[i].type);
		p->params[i].name = f->params[i].name;
		p->n_params = i + 1;
	}
	if (ret == 0)
		assign_registers(s, p);
	return ret;
}

int sema_params(struct sema *s, const struct frame *frame)
{
	struct kbtf_proto proto;
	int ret;

	if (s->func->no_args)
		return 0;
	if (!s->func->func_id || kbtf_func_by_id(s->btf, s->func->func_id, &proto) < 0)
		return params_declared(s, frame);
	ret = params_of_btf(s, &proto);
	if (ret == 0 && frame->has_params)
		ret = redeclare(s, frame, &proto);
	return ret;
}
