/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "real_gen.h"

#define TEXT 256

void piece_free(struct piece *p)
{
	buf_free(&p->text);
}

void piece_wrap(struct piece *p, const char *before, const char *behind)
{
	struct buf inner = p->text;

	p->text = (struct buf){ 0 };
	buf_printf(&p->text, "%s%s%s", before, buf_str(&inner), behind);
	buf_free(&inner);
}

static struct type target(const struct real *r, const struct piece *p)
{
	return type_target(r->btf, p->t);
}

static uint64_t size_of(const struct real *r, struct type t)
{
	uint64_t size;

	return type_size(r->btf, t, &size) < 0 ? 0 : size;
}

/* what can be read here: a place of this type lies within an object's reach */
static bool is_readable(const struct real *r, struct type t)
{
	uint64_t size = size_of(r, t);

	if (t.kind == TYPE_ARRAY) /* may be flexible */
		return size < REAL_REACH;
	return size && size < REAL_REACH && t.kind != TYPE_OTHER;
}

/* a parameter, more likely a pointer, or a local */
static void start(struct real *r, struct piece *p)
{
	unsigned int n = r->func->proto.n_params, i = 0;

	*p = (struct piece){ 0 };
	if (r->n_locals && !gen_below(r->g, 3)) {
		i = gen_below(r->g, r->n_locals);
		p->t = r->local[i];
		buf_printf(&p->text, "v%u", i);
		return;
	}
	n = n < LIMIT_PARAMS ? n : LIMIT_PARAMS;
	for (unsigned int tries = 0; tries < 3 && p->t.kind != TYPE_PTR; tries++) {
		i = gen_below(r->g, n);
		p->t = type_of_id(r->btf, r->func->proto.params[i].type);
	}
	buf_puts(&p->text, kbtf_str(r->btf, r->func->proto.params[i].name_off));
}

/* a name among the members, those of anonymous ones included; NULL: bad luck */
static const char *random_member(struct real *r, uint32_t id)
{
	for (unsigned int depth = 0; depth < 8; depth++) {
		const struct btf_type *t = kbtf_type(r->btf, kbtf_strip(r->btf, id));
		const struct btf_member *m = (const void *)(t + 1);
		const char *name;

		if (!t || !BTF_INFO_VLEN(t->info))
			return NULL;
		m += gen_below(r->g, BTF_INFO_VLEN(t->info));
		name = kbtf_str(r->btf, m->name_off);
		if (*name)
			return strlen(name) < 100 ? name : NULL;
		id = m->type;
		t = kbtf_type(r->btf, kbtf_strip(r->btf, id));
		if (!t || (BTF_INFO_KIND(t->info) != BTF_KIND_STRUCT &&
			   BTF_INFO_KIND(t->info) != BTF_KIND_UNION))
			return NULL; /* an anonymous bit-field */
	}
	return NULL;
}

static bool leads_on(const struct real *r, struct type t)
{
	return t.kind == TYPE_RECORD || t.kind == TYPE_ARRAY ||
	       (t.kind == TYPE_PTR && type_target(r->btf, t).kind == TYPE_RECORD);
}

/* `.name` or `->name` of the record; rather one that leads on */
static bool step_member(struct real *r, struct piece *p, struct type record, const char *how)
{
	const char *name = NULL;
	struct kbtf_member m;
	struct type t;

	for (unsigned int tries = 0; tries < 4; tries++) {
		const char *other = random_member(r, record.id);
		struct kbtf_member mm;
		struct type tt;

		if (!other || kbtf_member(r->btf, record.id, other, &mm) < 0)
			continue;
		tt = type_of_id(r->btf, mm.type);
		if (mm.bit_off / 8 > REAL_REACH || !is_readable(r, tt) ||
		    (mm.bit_size && mm.bit_off % 8 + mm.bit_size > 64))
			continue;
		name = other;
		m = mm;
		t = tt;
		if (leads_on(r, t) || !gen_below(r->g, 2))
			break;
	}
	if (!name)
		return false;
	buf_printf(&p->text, "%s%s", how, name);
	p->t = t;
	p->place = true;
	p->bits = m.bit_size;
	return true;
}

/* an index below n, a constant or anything masked */
static void index_text(struct real *r, unsigned int n, struct buf *out)
{
	unsigned int mask = 1;

	if (n < 2 || gen_below(r->g, 3)) {
		buf_printf(out, "[%u]", n ? gen_below(r->g, n) : 0);
		return;
	}
	while (2 * mask + 1 < n && mask < 15)
		mask = 2 * mask + 1;
	buf_puts(out, "[(");
	real_number(r, 1, out);
	buf_printf(out, ") & %u]", mask);
}

static bool step_index(struct real *r, struct piece *p, unsigned int n)
{
	struct type t = target(r, p);
	uint64_t size = size_of(r, t);

	if (!is_readable(r, t) && t.kind != TYPE_ARRAY)
		return false;
	if (size > 64) /* not out of reach */
		n = n && n < 4096 / size ? n : (unsigned int)(4096 / size);
	if (n > 256)
		n = 256;
	if (!gen_below(r->g, 4))
		piece_wrap(p, "(*", ")");
	else
		index_text(r, n, &p->text);
	p->t = t;
	p->place = true;
	p->bits = false;
	return true;
}

/* the structure around it, were it a member of that */
static bool step_out(struct real *r, struct piece *p, const struct real_type *to)
{
	const char *name = random_member(r, to->id);
	struct kbtf_member m;
	char behind[TEXT];

	if (!name || to->kind != BTF_KIND_STRUCT || kbtf_member(r->btf, to->id, name, &m) < 0 ||
	    m.bit_size || m.bit_off / 8 > REAL_REACH)
		return false;
	snprintf(behind, sizeof(behind), ", struct %s, %s)", to->name, name);
	piece_wrap(p, "container_of((void *)", behind);
	p->t = type_pointer_to(type_of_id(r->btf, to->id));
	p->place = p->bits = false;
	return true;
}

/* of what is there something else is made: a pointer to any structure, perhaps around this one */
static bool step_cast(struct real *r, struct piece *p)
{
	const struct real_type *to = &r->index->records[gen_below(r->g, r->index->n_records)];
	const char *tag = to->kind == BTF_KIND_STRUCT ? "struct" : "union";
	char before[TEXT], behind[32] = ")";

	switch (gen_below(r->g, 4)) {
	case 0:
		snprintf(before, sizeof(before), "((%s %s *)((char *)", tag, to->name);
		snprintf(behind, sizeof(behind), " - %u))", gen_below(r->g, 64) * 8);
		break;
	case 1:
		snprintf(before, sizeof(before), "((%s %s *)((void *)", tag, to->name);
		snprintf(behind, sizeof(behind), " + %u))", gen_below(r->g, 256));
		break;
	case 2:
		if (step_out(r, p, to))
			return true;
		__attribute__((fallthrough));
	default:
		snprintf(before, sizeof(before), "((%s %s *)", tag, to->name);
		break;
	}
	piece_wrap(p, before, behind);
	p->t = type_pointer_to(type_of_id(r->btf, to->id));
	p->place = p->bits = false;
	return true;
}

static bool step_pointer(struct real *r, struct piece *p)
{
	struct type t = target(r, p);
	char text[32];

	switch (gen_below(r->g, 16)) {
	case 0:
		return step_cast(r, p);
	case 1:
		if (!size_of(r, t) || size_of(r, t) > 1024)
			break;
		snprintf(text, sizeof(text), " %c %u)", gen_below(r->g, 2) ? '+' : '-',
			 gen_below(r->g, 4));
		piece_wrap(p, "(", text);
		p->place = false;
		return true;
	case 2:
		if (t.kind != TYPE_RECORD || !is_readable(r, t))
			break;
		piece_wrap(p, "(*", ")");
		p->t = t;
		p->place = true;
		return true;
	case 3:
		if (size_of(r, t) > 1024)
			break;
		return t.kind == TYPE_RECORD && step_index(r, p, 4);
	default:
		break;
	}
	if (t.kind == TYPE_RECORD)
		return step_member(r, p, t, "->");
	if (t.kind == TYPE_INT || t.kind == TYPE_PTR || t.kind == TYPE_ARRAY)
		return step_index(r, p, 4);
	return step_cast(r, p); /* void, a function, an incomplete type */
}

/* one step on; false: here it ends */
static bool step(struct real *r, struct piece *p)
{
	if (p->place && !p->bits && p->t.kind == TYPE_RECORD && !gen_below(r->g, 8)) {
		piece_wrap(p, "(&", ")");
		p->t = type_pointer_to(p->t);
		p->place = false;
		return true;
	}
	switch (p->t.kind) {
	case TYPE_RECORD:
		return step_member(r, p, p->t, ".");
	case TYPE_PTR:
		return step_pointer(r, p);
	case TYPE_ARRAY:
		return step_index(r, p, type_array_len(r->btf, p->t));
	case TYPE_INT: /* a pointer in a number's clothes */
		return p->t.bytes == 8 && !gen_below(r->g, 8) && step_cast(r, p);
	default:
		return false;
	}
}

void real_path(struct real *r, unsigned int steps, struct piece *out)
{
	start(r, out);
	while (steps-- && out->text.len < 500 && step(r, out))
		;
	/* a record alone is of little use */
	for (unsigned int i = 0; i < 3 && out->t.kind == TYPE_RECORD && step(r, out); i++)
		;
}
