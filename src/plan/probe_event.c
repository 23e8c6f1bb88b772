// SPDX-License-Identifier: LGPL-2.1-or-later
/* Probes of tracepoints: fields by their format. */
#include <errno.h>
#include <string.h>

#include "kern/tracepoint.h"
#include "plan/probe_internal.h"
#include "util/cleanup.h"

static enum comp_field_kind kind_of(const struct tracepoint_field *f)
{
	if (f->where == TRACEPOINT_DATA_LOC)
		return FIELD_TEXT;
	if (f->where == TRACEPOINT_REL_LOC)
		return FIELD_NEAR;
	return f->is_array ? FIELD_ARRAY : FIELD_NUMBER;
}

/* what no load takes at once is left to be looked at by its bytes */
static bool is_word(const struct tracepoint_field *f)
{
	return f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8;
}

static int add_fields(struct plan_probe *p, struct plan_place *place, const struct tracepoint *t,
		      struct err *err)
{
	struct comp_field *fields = arena_alloc(p->arena, (t->n_fields + 1) * sizeof(*fields));
	unsigned int n = 0;

	for (unsigned int i = 0; fields && i < t->n_fields; i++) {
		const struct tracepoint_field *f = &t->fields[i];

		if (f->is_common || f->offset > UINT16_MAX)
			continue;
		fields[n] = (struct comp_field){
			.name = arena_strndup(p->arena, f->name, strlen(f->name)),
			.off = f->offset,
			.bytes = f->size,
			.kind = kind_of(f),
			.is_signed = f->is_signed,
		};
		if (fields[n].kind == FIELD_NUMBER && !is_word(f))
			fields[n].kind = FIELD_ARRAY;
		if (!fields[n].name)
			return err_nomem(err);
		n++;
	}
	if (!fields)
		return err_nomem(err);
	place->context = (struct comp_context){
		.fields = fields,
		.n_fields = n,
		.has_fields = true,
	};
	place->func.context = &place->context;
	return 0;
}

int plan_tracepoint(struct plan_probe *p, struct kern *kern, struct err *err)
{
	_cleanup_(tracepoint_free) struct tracepoint t = { 0 };
	const struct probe *q = p->probe;
	struct plan_place *place;
	int ret;

	if (q->is_pattern)
		return err_set(err, -EOPNOTSUPP, ERR_UNSUPPORTED, q->rule->src, q->func_at,
			       "patterns are for functions: each tracepoint has fields of its own");
	ret = kern_tracepoint(kern, q->library, q->func, &t, err);
	if (ret)
		return err ? err_locate(err, q->rule->src, q->at) : ret;
	place = plan_place_add(p, q->func, err);
	if (!place)
		return err->code;
	place->event = t.id;
	return add_fields(p, place, &t, err);
}
