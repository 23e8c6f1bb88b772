/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A string that is tested more than once is read once, as much of it as the test that
 * needs most: into a place of its own, for the buffer belongs to whatever is read next.
 * Only tests that look at the start alone take part, and only short ones: the place
 * is on the stack.
 */
#include "comp/lower_internal.h"

/* stack given away to this by one program */
#define SHARED_BYTES 64

/* from the same registers by the same steps */
static bool same_tree(const struct node *a, const struct node *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->op != b->op || a->off != b->off || a->bit_off != b->bit_off ||
	    a->bits != b->bits || a->user != b->user || a->type.kind != b->type.kind ||
	    a->type.bytes != b->type.bytes || a->type.is_signed != b->type.is_signed ||
	    a->type.is_bool != b->type.is_bool)
		return false;
	switch (a->kind) {
	case NODE_CONST:
		return a->value == b->value;
	case NODE_PARAM:
		return a->param->reg == b->param->reg;
	case NODE_TASK:
		return a->task == b->task;
	case NODE_LOCAL:
		return a->local == b->local;
	case NODE_STRCMP:
	case NODE_BLOCK:
		return false;
	default:
		return same_tree(a->a, b->a) && same_tree(a->b, b->b) && same_tree(a->c, b->c);
	}
}

static bool looks_at_start(const struct node *n)
{
	const struct pattern *p = n->string->pattern;

	return !n->b && (p->n_parts == 1 || (p->n_parts == 2 && !p->part[1].n));
}

unsigned int lower_string_bytes(const struct node *n)
{
	unsigned int room = n->string->room, len = n->string->pattern->part[0].n;
	bool whole = n->string->pattern->n_parts == 1;

	/* room for one byte more than it may have tells a longer string from an equal one */
	return whole && (!room || len < room) ? len + 2 : len + 1;
}

static struct shared *find(struct lower *l, const struct node *n)
{
	for (unsigned int i = 0; i < l->n_shared; i++)
		if (l->shared[i].user == n->string->user && l->shared[i].room == n->string->room &&
		    same_tree(l->shared[i].at, n->a))
			return &l->shared[i];
	return NULL;
}

static void add(struct lower *l, const struct node *n)
{
	unsigned int bytes = lower_string_bytes(n);
	struct shared *s = find(l, n);

	if (bytes > SHARED_BYTES)
		return;
	if (!s && l->n_shared < LOWER_SHARED) {
		s = &l->shared[l->n_shared++];
		*s = (struct shared){ .at = n->a,
				      .room = n->string->room,
				      .user = n->string->user };
	}
	if (!s || s->slot)
		return;
	s->tests++;
	s->bytes = bytes > s->bytes ? bytes : s->bytes;
}

void lower_find_shared(struct lower *l, const struct node *n)
{
	if (!n)
		return;
	if (n->kind == NODE_STRCMP && looks_at_start(n))
		add(l, n);
	for (const struct tree_local *v = n->kind == NODE_BLOCK ? n->local : NULL; v; v = v->next)
		lower_find_shared(l, v->init);
	lower_find_shared(l, n->a);
	lower_find_shared(l, n->b);
	lower_find_shared(l, n->c);
}

struct shared *lower_shared(struct lower *l, const struct node *n)
{
	struct shared *s = find(l, n);
	unsigned int bytes;

	if (!s || s->tests < 2 || lower_string_bytes(n) > s->bytes)
		return NULL;
	bytes = (s->bytes + 7) / 8 * 8;
	if (!s->slot && l->shared_bytes + bytes > SHARED_BYTES)
		return NULL;
	if (!s->slot) {
		s->slot = ir_slot_new(l->ir, bytes);
		l->shared_bytes += bytes;
	}
	return s;
}

ir_reg lower_shared_read(struct lower *l, const struct node *n, const struct shared *s)
{
	struct seen key = { .state = SEEN_STRING, .off = s - l->shared };
	ir_reg stored = lower_seen(l, &key);

	if (stored)
		return stored;
	stored = lower_read_to(l, s->slot, n->string->user ? READ_USER_STRING : READ_KERNEL_STRING,
			       ir_k(s->bytes), lower_base(l, n->a, 0), 0);
	lower_remember(l, key, stored);
	return stored;
}
