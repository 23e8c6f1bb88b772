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

/* a structure too large for two registers goes where the first one points */
static bool returns_in_memory(const struct sema *s)
{
	struct type ret = s->has_proto ? type_of_id(s->btf, s->proto.ret) : type_void();

	return (ret.kind == TYPE_RECORD || ret.kind == TYPE_ARRAY) && !registers_of(s, ret);
}

static void assign_registers(const struct sema *s, struct pred *p)
{
	unsigned int next = returns_in_memory(s);

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
	p->n_regs = next;
}

static int alloc_params(struct sema *s, unsigned int n)
{
	s->pred->params = arena_alloc(s->arena, (n + 1) * sizeof(*s->pred->params));
	return s->pred->params ? 0 : err_nomem(s->err);
}

static int params_of_btf(struct sema *s)
{
	const struct kbtf_proto *proto = &s->proto;
	struct pred *p = s->pred;
	int ret = alloc_params(s, proto->n_params);

	for (unsigned int i = 0; ret == 0 && i < proto->n_params; i++) {
		const char *name = kbtf_str(s->btf, proto->params[i].name_off);

		if (!proto->params[i].type) /* ... */
			break;
		p->params[i].name = (struct str){ name, strlen(name) };
		p->params[i].type = type_of_id(s->btf, proto->params[i].type);
		p->params[i].held = typed_argument(s->btf, proto->params[i].type);
		p->n_params = i + 1;
	}
	if (ret == 0)
		assign_registers(s, p);
	if (proto->varargs)
		p->n_regs = LIMIT_PARAMS;
	return ret;
}

/* same shape: pointers to pointers, equally named structs, equally wide integers */
bool sema_types_agree(const struct sema *s, struct type want, struct type have)
{
	if (want.kind == TYPE_PTR && have.kind == TYPE_PTR) {
		struct type a = type_target(s->btf, want), b = type_target(s->btf, have);

		return a.kind == TYPE_VOID || b.kind == TYPE_VOID || sema_types_agree(s, a, b);
	}
	if (want.kind == TYPE_INT && have.kind == TYPE_INT)
		return want.bytes == have.bytes;
	if ((want.kind == TYPE_RECORD || want.kind == TYPE_INCOMPLETE) &&
	    (have.kind == TYPE_RECORD || have.kind == TYPE_INCOMPLETE))
		return type_same_record(s->btf, want, have);
	return want.kind == have.kind;
}

static int mismatch(struct sema *s, const struct param *d, struct type want, struct type have)
{
	char a[TYPE_TEXT], b[TYPE_TEXT];

	err_set(s->err, -EINVAL, ERR_SIGNATURE, s->src, d->at,
		"parameter '%.*s' of %s() is '%s' in the kernel, declared '%s'", STR_FMT(d->name),
		func_text(s), type_text(s->btf, have, a), type_text(s->btf, want, b));
	note_declaration(s);
	return -EINVAL;
}

static int check_count(struct sema *s, const struct frame *f)
{
	if (f->n_params <= s->pred->n_params)
		return 0;
	err_set(s->err, -EINVAL, ERR_SIGNATURE, s->src, f->params_at,
		"%s() takes %u parameter%s, %u declared", func_text(s), s->pred->n_params,
		s->pred->n_params == 1 ? "" : "s", f->n_params);
	note_declaration(s);
	return -EINVAL;
}

/* of one record behind as many pointers: the kernel's own is the exact one */
static bool names_same(const struct sema *s, struct type a, struct type b)
{
	if (a.kind == TYPE_PTR && b.kind == TYPE_PTR)
		return names_same(s, type_target(s->btf, a), type_target(s->btf, b));
	return a.kind == TYPE_RECORD && b.kind == TYPE_RECORD && type_same_record(s->btf, a, b);
}

static int declared_type(struct sema *s, const struct param *d, struct type have, struct type *t)
{
	if (type_by_name(s->btf, &d->type, t) < 0 || !names_same(s, *t, have))
		return sema_type(s, &d->type, t);
	have.user = t->user;
	*t = have;
	return 0;
}

/* declared parameters over BTF's: names and, where they say more, types */
static int redeclare(struct sema *s, const struct frame *f)
{
	struct pred *p = s->pred;
	int ret = check_count(s, f);

	for (unsigned int i = 0; ret == 0 && i < f->n_params; i++) {
		const struct param *d = &f->params[i];
		struct type t;

		ret = declared_type(s, d, p->params[i].type, &t);
		if (ret < 0)
			return ret;
		if (!sema_types_agree(s, t, p->params[i].type))
			return mismatch(s, d, t, p->params[i].type);
		p->params[i].name = d->name;
		if (type_is_scalar(t) && !t.user)
			t.user = p->params[i].type.user;
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
		if (s->func->context && s->func->context->user && !p->params[i].type.user)
			p->params[i].type.user = 1;
		p->n_params = i + 1;
	}
	if (ret == 0)
		assign_registers(s, p);
	p->n_regs = LIMIT_PARAMS;
	return ret;
}

/*
 * SYSCALL_DEFINEn leaves the names and types to a function of its own, in BTF where it
 * was not inlined. Of SYSCALL_DEFINE0 it is the wrapper itself, and has a pt_regs.
 */
static bool syscall_proto(const struct kbtf *btf, const char *func, struct kbtf_proto *proto)
{
	char text[LIMIT_IDENT + 24];
	struct abi_syscall call;

	if (abi_syscall(func, &call) < 0)
		return false;
	snprintf(text, sizeof(text), "__do_compat_sys_%s", call.name);
	if (!call.compat || kbtf_func(btf, text, proto) < 0) {
		snprintf(text, sizeof(text), "__do_sys_%s", call.name);
		if (kbtf_func(btf, text, proto) < 0)
			return false;
	}
	if (proto->n_params == 1 && !strcmp(kbtf_str(btf, proto->params[0].name_off), "__unused"))
		proto->n_params = 0;
	return true;
}

/* what the kernel calls a type may be a name that its BTF does without */
static struct type known_type(const struct sema *s, const struct type_name *name)
{
	struct type t;

	if (type_by_name(s->btf, name, &t) == 0 && type_is_scalar(t))
		return t;
	return name->stars || name->is_array || name->is_funcptr ? type_pointer_to(type_void())
								 : type_int(8, false);
}

/* a system call's, declared by the kernel but not in its BTF */
static int params_elsewhere(struct sema *s, const struct frame *f)
{
	struct pred *p = s->pred;
	int ret = alloc_params(s, f->n_params);

	for (unsigned int i = 0; ret == 0 && i < f->n_params; i++) {
		p->params[i].name = f->params[i].name;
		p->params[i].type = known_type(s, &f->params[i].type);
		p->n_params = i + 1;
	}
	if (ret == 0)
		assign_registers(s, p);
	return ret;
}

/* what the function returned, where that is known; of a wrapper its own, not the call's */
static int add_retval(struct sema *s)
{
	const struct comp_func *f = s->func;
	struct kbtf_proto proto;
	struct tree_param *p;

	if (!f->returned)
		return 0;
	p = arena_alloc(s->arena, sizeof(*p));
	if (!p)
		return err_nomem(s->err);
	p->name = (struct str){ "retval", 6 };
	p->reg = ABI_RETVAL;
	p->type = type_int(8, true);
	if (f->func_id && kbtf_func_by_id(s->btf, f->func_id, &proto) == 0)
		p->type = type_of_id(s->btf, proto.ret);
	if (f->context && f->context->user)
		p->type.user = 1;
	if (type_is_scalar(p->type))
		s->pred->retval = p;
	return 0;
}

int sema_params(struct sema *s, const struct frame *frame)
{
	const struct comp_func *f = s->func;
	int ret = add_retval(s);

	if (ret)
		return ret;
	if (f->syscall && !f->context && !frame->pred && !frame->has_params)
		return 0;
	s->has_proto = f->syscall
			       ? syscall_proto(s->btf, f->name, &s->proto)
			       : f->func_id && kbtf_func_by_id(s->btf, f->func_id, &s->proto) == 0;
	if (!s->has_proto && !f->declared)
		return params_declared(s, frame);
	ret = s->has_proto ? params_of_btf(s) : params_elsewhere(s, f->declared);
	if (ret == 0 && frame->has_params)
		ret = redeclare(s, frame);
	return ret;
}
