/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of the fixture's types: laid out by the C compiler, full of edges. */
#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "subject.h"

#define OBJECTS 6
#define INNERS	6
#define TEXTS	8
#define TAGS	4

struct shared {
	uint64_t unused; /* the region's first word */
	struct object object[OBJECTS];
	struct inner inner[INNERS];
	uint64_t table[4][2];
	char text[TEXTS][264];
	struct tag tag[TAGS];
	uint8_t slack[1024]; /* casts and offsets may run over */
};

static struct shared *shared(const struct subject *s)
{
	return (struct shared *)s->region.mem;
}

/* mostly a good pointer */
static uint64_t pointer(struct subject *s, const void *array, size_t size, unsigned int n)
{
	switch (gen_below(&s->gen, 12)) {
	case 0:
		return 0;
	case 1:
		return 0xdead000000000000ull + gen_below(&s->gen, 4096);
	default:
		return region_address(&s->region, array) + size * gen_below(&s->gen, n);
	}
}

static void fill_values(struct subject *s, void *p, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint64_t v = gen_value(&s->gen);

		memcpy((char *)p + i, &v, 8);
	}
}

static void fill_inner(struct subject *s, struct inner *in)
{
	fill_values(s, in, offsetof(struct inner, flag));
	in->flag = gen_below(&s->gen, 2);
	gen_text(&s->gen, in->name, sizeof(in->name));
	gen_text(&s->gen, (char *)in->label, sizeof(in->label));
}

static void set_pointer(void *field, uint64_t v)
{
	memcpy(field, &v, sizeof(v));
}

/* mostly as long as it says */
static void fill_tag(struct subject *s, struct tag *t)
{
	struct shared *m = shared(s);
	unsigned int i = gen_below(&s->gen, TEXTS);
	size_t len = strnlen(m->text[i], sizeof(m->text[i]));

	t->hash = (u32)gen_random(&s->gen);
	t->len = (u32)(gen_below(&s->gen, 8) ? len : gen_below(&s->gen, 300));
	set_pointer(&t->name, region_address(&s->region, m->text[i]));
	if (!gen_below(&s->gen, 8))
		set_pointer(&t->name, pointer(s, m->text, sizeof(m->text[0]), 1));
}

/* where this process has it */
static uint64_t user_pointer(struct subject *s, const void *array, size_t size, unsigned int n)
{
	switch (gen_below(&s->gen, 12)) {
	case 0:
		return 0;
	case 1:
		return region_address(&s->region, array);
	default:
		return (uint64_t)(uintptr_t)array + size * gen_below(&s->gen, n);
	}
}

static void fill_object(struct subject *s, struct object *o)
{
	struct shared *m = shared(s);

	fill_values(s, o, sizeof(*o));
	fill_inner(s, &o->in);
	fill_inner(s, &o->many[0]);
	fill_inner(s, &o->many[1]);
	o->color = gen_below(&s->gen, 3) ? GREEN : BLUE;
	set_pointer(&o->ptr, pointer(s, m->inner, sizeof(m->inner[0]), INNERS));
	set_pointer(&o->next, pointer(s, m->object, sizeof(m->object[0]), OBJECTS));
	set_pointer(&o->text, pointer(s, m->text, sizeof(m->text[0]), TEXTS));
	set_pointer(&o->raw, pointer(s, m->object, sizeof(m->object[0]), OBJECTS));
	fill_tag(s, &o->tag);
	set_pointer(&o->tag_ptr, pointer(s, m->tag, sizeof(m->tag[0]), TAGS));
	set_pointer(&o->path, user_pointer(s, m->text, sizeof(m->text[0]), TEXTS));
	set_pointer(&o->there, user_pointer(s, m->inner, sizeof(m->inner[0]), INNERS));
	set_pointer(&o->table, pointer(s, m->table, sizeof(m->table[0]), 4));
}

static void fill_memory(struct subject *s)
{
	struct shared *m = shared(s);

	for (unsigned int i = 0; i < TEXTS; i++)
		gen_text(&s->gen, m->text[i], sizeof(m->text[i]));
	for (unsigned int i = 0; i < TAGS; i++)
		fill_tag(s, &m->tag[i]);
	for (unsigned int i = 0; i < OBJECTS; i++)
		fill_object(s, &m->object[i]);
	for (unsigned int i = 0; i < INNERS; i++)
		fill_inner(s, &m->inner[i]);
	for (unsigned int i = 0; i < 8; i++)
		m->table[i / 2][i % 2] = pointer(s, m->inner, sizeof(m->inner[0]), INNERS);
}

static void values(struct subject *s, unsigned int run, uint64_t args[6])
{
	bool wide = s->gen.func[0] == 'w';
	struct shared *m = shared(s);

	if (run % 4 == 0)
		fill_memory(s);
	for (unsigned int i = 0; i < 6; i++)
		args[i] = gen_value(&s->gen);
	if (wide) /* a caller passes 0 or 1; what is above is anything */
		args[3] = (args[3] & ~255ull) | gen_below(&s->gen, 2);
	args[wide ? 4 : 5] = pointer(s, m->object, sizeof(m->object[0]), OBJECTS);
	if (wide)
		args[5] = gen_below(&s->gen, 3)
				  ? pointer(s, m->text, sizeof(m->text[0]), TEXTS)
				  : user_pointer(s, m->text, sizeof(m->text[0]), TEXTS);
}

static void predicate(struct subject *s, struct buf *out)
{
	gen_predicate(&s->gen, 1 + gen_below(&s->gen, 6), out);
}

static const struct subject_ops ops = { .predicate = predicate, .values = values };

int subject_fixture(struct subject *s)
{
	int ret = fixture_btf(&s->btf);

	s->ops = &ops;
	return ret < 0 ? ret : region_make(&s->region, sizeof(struct shared));
}

void subject_free(struct subject *s)
{
	region_free(&s->region);
	real_index_free(&s->index);
	kbtf_free(s->btf);
	s->btf = NULL;
}
