/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings: `p == "text"`, STRCMP, STRPREFIX and GLOB. A string is what a pointer to
 * characters leads to, an array of characters, or a struct like qstr that has a
 * pointer `name` and an integer `len`, or a pointer to one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "comp/sema_internal.h"

#define MEMBERS 3

/* where a string is, once bound */
struct string {
	struct node *p;	    /* its address */
	struct node *len;   /* its length; NULL: it ends with a NUL */
	uint32_t room;	    /* of its array; 0: it is in none */
	struct node *block; /* holds the address of the struct, for p and len; NULL: no need */
};

static bool member_of(struct sema *s, struct type record, const char *name, struct kbtf_member *m,
		      struct type *t)
{
	if (record.kind != TYPE_RECORD || kbtf_member(s->btf, record.id, name, m) < 0)
		return false;
	*t = type_of_id(s->btf, m->type);
	return true;
}

/* told by its shape: kernels and modules have more of them than struct qstr */
static bool is_counted(struct sema *s, struct type record, struct kbtf_member *name,
		       struct kbtf_member *len)
{
	struct type t;

	if (!member_of(s, record, "name", name, &t) || t.kind != TYPE_PTR ||
	    !type_is_char(type_target(s->btf, t)))
		return false;
	return member_of(s, record, "len", len, &t) && t.kind == TYPE_INT && !t.is_bool;
}

/* a char array or pointer to char, a counted string or pointer to one */
static bool is_string(struct sema *s, struct type t)
{
	struct kbtf_member name, len;

	if (t.kind == TYPE_ARRAY)
		return type_is_char(type_target(s->btf, t));
	if (t.kind != TYPE_PTR)
		return is_counted(s, t, &name, &len);
	t = type_target(s->btf, t);
	return type_is_char(t) || is_counted(s, t, &name, &len);
}

/* base, kept in a local: two members are read through it */
static struct node *kept(struct sema *s, struct node *base, struct string *out)
{
	struct tree_local *v = arena_alloc(s->arena, sizeof(*v));
	struct node *ref = sema_node(s, NODE_LOCAL, base->at, base->type);

	out->block = sema_node(s, NODE_BLOCK, base->at, type_int(4, true));
	if (!v || !ref || !out->block) {
		err_nomem(s->err);
		return NULL;
	}
	v->init = base->kind == NODE_ADDR ? base->a : base;
	v->name = (struct str){ "string", 6 };
	v->type = base->type;
	ref->local = out->block->local = v;
	if (base->kind != NODE_ADDR)
		return ref;
	base->a = ref;
	return base;
}

static bool bind_counted(struct sema *s, const struct expr *e, struct node *base,
			 const struct kbtf_member *name, const struct kbtf_member *len,
			 struct string *out)
{
	base = kept(s, base, out);
	if (!base)
		return false;
	out->len = sema_rvalue(s, sema_place(s, e, base, len));
	out->p = sema_rvalue(s, sema_place(s, e, base, name));
	out->len = sema_convert(s, sema_promote(s, out->len), type_int(8, false));
	return out->p && out->len;
}

/* note: did you mean 'dentry->d_name'? */
static void note_strings(struct sema *s, const struct expr *e, struct type record, bool arrow)
{
	const struct btf_type *b = kbtf_type(s->btf, kbtf_strip(s->btf, record.id));
	const struct btf_member *m = b ? (const void *)(b + 1) : NULL;
	const char *list[MEMBERS];
	unsigned int n = 0;
	char prefix[64] = "";

	if (e->at.len < sizeof(prefix) - 3)
		snprintf(prefix, sizeof(prefix), "%.*s%s", (int)e->at.len, s->src->text + e->at.off,
			 arrow ? "->" : ".");
	for (unsigned int i = 0; m && i < BTF_INFO_VLEN(b->info) && n < MEMBERS; i++)
		if (*kbtf_str(s->btf, m[i].name_off) && is_string(s, type_of_id(s->btf, m[i].type)))
			list[n++] = kbtf_str(s->btf, m[i].name_off);
	note_names(s, prefix, list, n);
}

/* what an integer was probably meant to be compared with */
static void note_number(struct sema *s, struct type t, struct str lit)
{
	char *text = sema_cstr(s, lit), *end;
	int64_t v;

	if (!text || !*text)
		return;
	strtoull(text, &end, 0);
	if (!*end || kbtf_enum_value(s->btf, text, &v) == 0)
		err_note(s->err, SPAN_NONE, "did you mean %s, without the quotes?", text);
	else if (type_is_char(t) && lit.len == 1)
		err_note(s->err, SPAN_NONE, "did you mean '%s', in single quotes?", text);
}

static bool no_string(struct sema *s, const struct expr *e, struct type t, struct str lit,
		      bool call)
{
	struct type to = t.kind == TYPE_PTR ? type_target(s->btf, t) : t;
	char text[TYPE_TEXT];

	type_text(s->btf, t, text);
	if (t.kind == TYPE_PTR && to.kind == TYPE_VOID) {
		sema_fail(s, ERR_TYPE_MISMATCH, e->at,
			  "what a '%s' points to is not known: use (char *)p == \"...\", or STRCMP",
			  text);
		return false;
	}
	sema_fail(s, ERR_TYPE_MISMATCH, e->at,
		  call ? "'%s' is no string" : "cannot compare '%s' with a string", text);
	if (to.kind == TYPE_RECORD)
		note_strings(s, e, to, t.kind == TYPE_PTR);
	else if (t.kind == TYPE_INT)
		note_number(s, t, lit);
	return false;
}

/* a probe's arg1: no type is known, and the conversion or the test says that it is a string */
static struct node *number_as_string(struct sema *s, struct node *n)
{
	unsigned int user = n->type.user;

	n = sema_convert(s, n, type_pointer_to(type_int(1, true)));
	if (n)
		n->type.user = user == 1;
	return n;
}

static bool bind_string(struct sema *s, const struct expr *e, struct str lit, bool call,
			struct string *out)
{
	struct node *n = sema_expr(s, e);
	struct kbtf_member name, len;
	struct type t;

	if (!n)
		return false;
	t = n->type;
	if (n->kind == NODE_PLACE && is_counted(s, t, &name, &len))
		return bind_counted(s, e, sema_address(n, t), &name, &len, out);
	if (n->kind == NODE_PLACE && t.kind == TYPE_ARRAY && is_string(s, t))
		out->room = type_array_len(s->btf, t);
	n = sema_rvalue(s, n);
	if (s->func->context && n->type.kind == TYPE_INT && n->type.bytes == 8)
		n = number_as_string(s, n);
	if (!n)
		return false;
	if (n->type.kind != TYPE_PTR)
		return no_string(s, e, t, lit, call);
	out->p = n;
	t = type_target(s->btf, n->type);
	if (type_is_char(t) || (t.kind == TYPE_VOID && call))
		return true;
	if (!is_counted(s, t, &name, &len))
		return no_string(s, e, n->type, lit, call);
	return bind_counted(s, e, n, &name, &len, out);
}

static const struct pattern *bind_pattern(struct sema *s, const struct expr *text,
					  enum string_test test, uint32_t room)
{
	struct pattern *p = NULL;
	const char *why = NULL;
	int ret = pattern_parse(s->arena, text->str, test, &p, &why);

	if (ret == -ENOMEM)
		err_nomem(s->err);
	else if (ret < 0)
		sema_fail(s, ERR_SYNTAX, text->at, "%s", why);
	else if (room && p->n_pieces > room)
		sema_fail(s, ERR_TYPE_MISMATCH, text->at,
			  "this never matches: the array has room for %u bytes, not %u", room,
			  p->n_pieces);
	else if (p->n_parts > 2 && p->n_pieces > LIMIT_GLOB)
		sema_fail(s, ERR_LIMIT, text->at,
			  "a pattern with several stars matches at most %d bytes, this is %u",
			  LIMIT_GLOB, p->n_pieces);
	else
		return p;
	return NULL;
}

/* what reading it takes of the stack */
static unsigned int buffer_for(const struct pattern *p, const struct string *at)
{
	if (p->n_parts > 2)
		return LIMIT_GLOB + 2;
	if (p->n_parts == 2 && p->part[1].n && !at->len)
		return at->room && at->room <= LIMIT_STRING ? at->room + 1 : LIMIT_STRING + 2;
	return p->n_pieces + 2;
}

static struct node *string_test(struct sema *s, const struct expr *e, const struct expr *subject,
				const struct expr *text, enum string_test test)
{
	struct tree_string *t = arena_alloc(s->arena, sizeof(*t));
	struct node *n = sema_node(s, NODE_STRCMP, e->at, type_int(4, true));
	struct string at = { 0 };
	unsigned int need;

	if (!t || !n) {
		err_nomem(s->err);
		return NULL;
	}
	if (!bind_string(s, subject, text->str, e->kind == EXPR_CALL, &at))
		return NULL;
	t->test = test;
	t->lit = text->str;
	t->room = at.room;
	t->user = at.p->type.user == 1;
	t->pattern = bind_pattern(s, text, test, at.room);
	if (!t->pattern)
		return NULL;
	n->string = t;
	n->a = at.p;
	n->b = at.len;
	need = buffer_for(t->pattern, &at);
	if (need > s->pred->buf_bytes)
		s->pred->buf_bytes = need;
	if (!at.block)
		return n;
	at.block->a = n;
	at.block->at = n->at;
	return at.block;
}

/* a word that nothing has the name of, where a string was meant */
static void note_quotes(struct sema *s, const struct expr *word)
{
	err_note(s->err, SPAN_NONE, "a string is written in double quotes: \"%.*s\"",
		 STR_FMT(word->name));
}

struct node *sema_string_call(struct sema *s, const struct expr *e)
{
	static const struct {
		const char *name;
		enum string_test test;
	} calls[] = {
		{ "STRCMP", STRING_EQUAL },
		{ "STRPREFIX", STRING_PREFIX },
		{ "GLOB", STRING_GLOB },
	};
	unsigned int i = 0;

	while (!str_eq(e->name, calls[i].name))
		i++;
	if (e->n_args != 2)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->at,
				 "%s(pointer, \"text\") takes 2 arguments, %u given", calls[i].name,
				 e->n_args);
	if (e->args[0]->kind == EXPR_STRING && s->func->context)
		return string_test(s, e, e->args[1], e->args[0], calls[i].test);
	if (e->args[0]->kind == EXPR_STRING)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->args[0]->at,
				 "what %s looks at comes first, then the text", calls[i].name);
	if (e->args[1]->kind == EXPR_STRING)
		return string_test(s, e, e->args[0], e->args[1], calls[i].test);
	sema_fail(s, ERR_TYPE_MISMATCH, e->args[1]->at, "%s needs a string literal here",
		  calls[i].name);
	if (e->args[1]->kind == EXPR_NAME)
		note_quotes(s, e->args[1]);
	return NULL;
}

bool sema_is_string_call(struct str name)
{
	return str_eq(name, "STRCMP") || str_eq(name, "STRPREFIX") || str_eq(name, "GLOB");
}

bool sema_is_c_string_call(struct str name)
{
	static const char *const names[] = { "strcmp", "strncmp", "strcasecmp", "strstr", "strlen",
					     "memcmp", "fnmatch", "glob_match", "strchr" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

struct node *sema_string_binary(struct sema *s, const struct expr *e)
{
	bool left = e->a->kind == EXPR_STRING;
	const struct expr *text = left ? e->a : e->b, *subject = left ? e->b : e->a;
	struct node *n;

	if (e->op == OP_LT || e->op == OP_GT || e->op == OP_LE || e->op == OP_GE)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "'%s' does not compare strings: there are ==, !=, STRPREFIX and "
				 "GLOB",
				 expr_op_text(e->op));
	if (e->op != OP_EQ && e->op != OP_NE)
		return sema_fail(s, ERR_TYPE_MISMATCH, text->at, SEMA_STRING_ALONE);
	if (subject->kind == EXPR_STRING)
		return sema_fail(s, ERR_TYPE_MISMATCH, e->op_at,
				 "two strings: one of them has to be in memory");
	n = string_test(s, e, subject, text, STRING_EQUAL);
	return n && e->op == OP_NE ? sema_not(s, e->at, n) : n;
}

void sema_string_hint(struct sema *s, const struct expr *e, const struct node *other)
{
	if ((e->op == OP_EQ || e->op == OP_NE) && e->b->kind == EXPR_NAME &&
	    s->err->tag == ERR_UNKNOWN_NAME && is_string(s, other->type))
		note_quotes(s, e->b);
}

struct node *sema_string_value(struct sema *s, const struct expr *e, uint32_t *room)
{
	static const struct str nothing = { "", 0 };
	struct string at = { 0 };

	if (!bind_string(s, e, nothing, true, &at))
		return NULL;
	*room = at.room;
	if (!at.block)
		return at.p;
	at.block->a = at.p;
	at.block->type = at.p->type;
	return at.block;
}
