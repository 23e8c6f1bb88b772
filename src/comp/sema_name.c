/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names: locals, parameters, constants, members; and who is meant instead. */
#include <stdio.h>

#include "comp/sema_internal.h"

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
	if (s->func->syscall)
		return sema_syscall_arg(s, e, p->reg, p->type);
	n = sema_node(s, NODE_PARAM, e->at, p->type);
	if (n)
		n->param = p;
	return n;
}

static struct node *retval_node(struct sema *s, const struct expr *e)
{
	struct node *n = sema_node(s, NODE_PARAM, e->at, s->pred->retval->type);

	if (n)
		n->param = s->pred->retval;
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

static bool is_upper(const char *name)
{
	return strcspn(name, "abcdefghijklmnopqrstuvwxyz") == strlen(name);
}

static struct node *unknown_task_value(struct sema *s, const struct expr *e, const char *name)
{
	struct str near_name = { name + 1, strlen(name + 1) };
	const char *arg = name + 1;
	struct near near;

	near_init(&near, name + 1);
	for (unsigned int i = 0; sema_task_name(i); i++)
		near_offer(&near, sema_task_name(i));
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "there is no '%s'", name);
	if (comp_name_varies(near_name) && !near.n)
		note_names(s, "", &arg, 1);
	note_names(s, "$", near.best, near.n);
	err_note(s->err, SPAN_NONE, "there are $pid, $tid, $uid, $gid, $comm, $cpu, $cgroup");
	return NULL;
}

static struct node *unknown_constant(struct sema *s, const struct expr *e, const char *name)
{
	struct near near;

	near_init(&near, name);
	sema_near_constants(s, &near);
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "unknown constant '%s'", name);
	note_near(s, &near);
	/* O_CREAT is no slip of the pen, though an OP_CREATE may be near */
	if (!near.n || near.distance > 1)
		err_note(s->err, SPAN_NONE,
			 "BTF has the constants of enums, not macros: write its value");
	return NULL;
}

static void offer_names(struct sema *s, struct near *near)
{
	for (const struct scope *c = s->scope; c; c = c->outer)
		for (const struct tree_local *v = c->locals; v; v = v->next) {
			const char *text = sema_cstr(s, v->name);

			if (text)
				near_offer(near, text);
		}
	for (unsigned int i = 0; i < s->pred->n_params; i++) {
		const char *text = sema_cstr(s, s->pred->params[i].name);

		if (text && *text)
			near_offer(near, text);
	}
	for (unsigned int i = 0; sema_task_name(i); i++)
		near_offer(near, sema_task_name(i));
}

/* neither BTF nor the rule names any */
static struct node *unknown_params(struct sema *s, const struct expr *e, const char *name)
{
	const struct str *written = &s->pred->frame->func;

	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at,
		  "no '%s': the kernel's BTF does not have the parameters of %s()", name,
		  func_text(s));
	if (written->len)
		err_note(s->err, SPAN_NONE,
			 "declare them, as in %.*s(int a, char *b)(...), or use arg1 to arg6",
			 STR_FMT(*written));
	else
		err_note(s->err, SPAN_NONE, "use arg1 to arg6");
	return NULL;
}

static struct node *unknown_name(struct sema *s, const struct expr *e, const char *name)
{
	struct near near;

	if (!*s->func->name && is_upper(name))
		return unknown_constant(s, e, name);
	if (!*s->func->name)
		return sema_fail(s, ERR_UNKNOWN_NAME, e->name_at,
				 "'%s' is no constant: a value is known before anything is called",
				 name);
	if (*name == '$')
		return unknown_task_value(s, e, name);
	if (!strcmp(name, "retval"))
		return sema_fail(s, ERR_UNKNOWN_NAME, e->name_at,
				 "'retval' is what %s() returned, which its call does not know "
				 "yet: a rule then has 'after', a probe is 'r:...'",
				 func_text(s));
	near_init(&near, name);
	offer_names(s, &near);
	if (is_upper(name) && !near.n)
		return unknown_constant(s, e, name);
	if (!s->has_proto && !s->func->declared && !s->pred->n_params)
		return unknown_params(s, e, name);
	sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "%s() has no parameter '%s'", func_text(s),
		  name);
	note_near(s, &near);
	note_declaration(s);
	return NULL;
}

/* what has a name everywhere, unless something nearer has it */
static struct node *global_name(struct sema *s, const struct expr *e, const char *name)
{
	struct node *n = sema_constant(s, e, name);

	if (!n && !s->err->code)
		n = sema_task(s, e, name);
	if (!n && !s->err->code)
		n = sema_arg(s, e, name);
	return n;
}

static struct node *bind_name(struct sema *s, const struct expr *e)
{
	char *name = sema_cstr(s, e->name);
	struct node *n = local_node(s, e);

	if (n || !name || s->err->code)
		return n;
	n = sema_context_name(s, e, name);
	if (n || s->err->code)
		return n;
	for (unsigned int i = 0; i < s->pred->n_params; i++)
		if (str_same(s->pred->params[i].name, e->name))
			return param_node(s, e, &s->pred->params[i]);
	if (s->pred->retval && !strcmp(name + (*name == '$'), "retval"))
		return retval_node(s, e);
	n = *name == '$' ? sema_task(s, e, name + 1) : global_name(s, e, name);
	return n || s->err->code ? n : unknown_name(s, e, name);
}

/* bcc's arg2@user: a string of the process's, whatever type it has */
struct node *sema_name(struct sema *s, const struct expr *e)
{
	struct node *n = bind_name(s, e);
	char text[TYPE_TEXT];

	if (!n || !e->user)
		return n;
	n = sema_rvalue(s, n);
	if (!type_is_scalar(n->type))
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at,
				 "'@user' on a '%s', which is no pointer",
				 type_text(s->btf, n->type, text));
	return sema_user_string(s, n);
}

struct node *sema_unknown_member(struct sema *s, const struct expr *e, struct type record,
				 const char *name)
{
	char text[TYPE_TEXT];

	sema_fail(s, ERR_UNKNOWN_MEMBER, e->name_at, "'%s' has no member '%s'",
		  type_text(s->btf, record, text), name);
	note_members(s, record, name);
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
		n->type.user = base->user;
	}
	return n;
}

struct node *sema_place(struct sema *s, const struct expr *e, struct node *base,
			const struct kbtf_member *m)
{
	struct node *n = sema_node(s, NODE_PLACE, e->at, type_of_id(s->btf, m->type));

	if (!n)
		return NULL;
	n->a = base;
	n->user = base->type.user == 1;
	if (n->user && n->type.kind == TYPE_PTR)
		n->type.user = 1;
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

/* the member at "a.b.c" in record */
static bool find_path(const struct sema *s, uint32_t record, const char *path,
		      struct kbtf_member *out)
{
	struct kbtf_member m = { .type = record };
	char name[LIMIT_IDENT + 1];

	for (size_t len; *path; path += len + (path[len] == '.')) {
		uint32_t off = m.bit_off;

		len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (kbtf_member(s->btf, m.type, name, &m) < 0)
			return false;
		m.bit_off += off;
	}
	*out = m;
	return true;
}

/*
 * include/net has macros in place of members: sk_state is __sk_common.skc_state, inet_dport
 * sk.__sk_common.skc_dport. Nothing that is a member is looked for here.
 */
static bool find_macro(const struct sema *s, uint32_t record, const char *name,
		       struct kbtf_member *out)
{
	static const char *const prefixes[] = { "sk_", "inet_", "ir_", "rsk_", "tw_" };
	char member[LIMIT_IDENT + 8], path[256];

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], len) != 0)
			continue;
		snprintf(member, sizeof(member), "skc_%s", name + len);
		return kbtf_member_inside(s->btf, record, member, path, sizeof(path)) &&
		       find_path(s, record, path, out);
	}
	return false;
}

struct node *sema_member(struct sema *s, const struct expr *e)
{
	struct kbtf_member m;
	struct type record = type_void();
	char *name = sema_cstr(s, e->name);
	struct node *base;
	char text[TYPE_TEXT];
	int ret;

	base = name ? sema_context_member(s, e, name) : NULL;
	if (base || !name || s->err->code)
		return base;
	base = member_base(s, e, &record);
	if (!base)
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
	if (ret < 0 && !find_macro(s, record.id, name, &m))
		return sema_unknown_member(s, e, record, name);
	return sema_place(s, e, base, &m);
}
