/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings against patterns. A helper copies the string into the buffer and says how
 * long it is; what is at its start is compared there, in words; what has to be at its
 * end is read once more, so that every load has a fixed offset. Between two stars the
 * leftmost place will do (what follows then has most room), and is looked for at one
 * offset after the other: loops are not to be had, so LIMIT_GLOB offsets are written out.
 */
#include "comp/lower_internal.h"

#include <string.h>

#define LEN_MASK 0xff

_Static_assert(LIMIT_GLOB + 1 <= LEN_MASK, "a length fits");

struct match {
	struct lower *l;
	const struct node *n;
	const struct pattern *p;
	ir_slot slot; /* where it is read to; 0: the buffer */
	ir_label differs;
	ir_reg string;	  /* its address */
	ir_reg len;	  /* and length, or cap if it is longer */
	unsigned int cap; /* what len can be at most */
	unsigned int
		most; /* longer strings have not been read to their end; below cap, or none is */
};

static const struct part *last_part(const struct pattern *p)
{
	return &p->part[p->n_parts - 1];
}

/* Bytes stored, the NUL among them; for none but the NUL, 6.1 says 0 if it is user memory. */
static ir_reg read_string(struct match *m, unsigned int room)
{
	return lower_read(m->l, m->n->string->user ? READ_USER_STRING : READ_KERNEL_STRING,
			  ir_k(room), m->string, 0);
}

static void read_bytes(struct match *m, struct ir_val bytes, ir_reg at)
{
	lower_read(m->l, m->n->string->user ? READ_USER : READ_KERNEL, bytes, at, 0);
}

static ir_reg load(struct match *m, unsigned int bytes, unsigned int at)
{
	return ir_slot_load(m->l->ir, bytes, m->slot ? m->slot : lower_buffer(m->l), (int32_t)at);
}

/* unless byte is in the set goto no; runs of members ascend, so the first that ends above decides
 */
static void need_member(struct ir *ir, ir_reg byte, const struct piece *p, ir_label no)
{
	ir_label yes = ir_label_new(ir);
	unsigned int from = 0, to;

	for (;; from = to + 1) {
		while (from < 256 && !piece_has(p, from))
			from++;
		if (from == 256)
			break;
		for (to = from; to < 255 && piece_has(p, to + 1);)
			to++;
		if (from == to) {
			ir_branch(ir, BPF_JEQ, IR_32, byte, ir_k(from), yes);
			continue;
		}
		if (from > 0)
			ir_branch(ir, BPF_JLT, IR_32, byte, ir_k(from), no);
		if (to < 255)
			ir_branch(ir, BPF_JLE, IR_32, byte, ir_k(to), yes);
		else
			ir_jump(ir, yes);
	}
	ir_jump(ir, no);
	ir_place(ir, yes);
}

/* unless the byte at this offset of the buffer is one that the piece allows goto no */
static void need_piece(struct match *m, unsigned int at, const struct piece *p, ir_label no)
{
	if (p->kind == PIECE_BYTE)
		ir_branch(m->l->ir, BPF_JNE, IR_32, load(m, 1, at), ir_k(p->byte), no);
	else if (p->kind == PIECE_SET)
		need_member(m->l->ir, load(m, 1, at), p, no);
}

/* the same for several bytes at once; what is no PIECE_BYTE is masked out */
static void need_word(struct match *m, unsigned int at, unsigned int bytes, const struct part *part,
		      ir_label no)
{
	enum ir_width w = bytes == 8 ? IR_64 : IR_32;
	uint64_t all = bytes == 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1, want = 0, mask = 0;
	ir_reg have;

	for (unsigned int i = 0; i < bytes; i++) {
		const struct piece *p = at + i < part->n ? &part->piece[at + i] : NULL;

		if (p && p->kind != PIECE_BYTE)
			continue;
		mask |= 255ull << 8 * i;
		want |= (uint64_t)(p ? p->byte : 0) << 8 * i; /* the NUL behind the part */
	}
	if (!mask)
		return;
	have = load(m, bytes, at);
	if (mask != all)
		have = ir_alu(m->l->ir, BPF_AND, w, have,
			      ir_k(w == IR_64 ? (int64_t)mask : (int32_t)mask));
	ir_branch(m->l->ir, BPF_JNE, w, have, ir_k(w == IR_64 ? (int64_t)want : (int32_t)want), no);
}

/* the part is at the start of the buffer, perhaps with a NUL behind it */
static void need_part(struct match *m, const struct part *part, bool with_nul)
{
	unsigned int n = part->n + with_nul, step;

	for (unsigned int at = 0; at < n; at += step) {
		for (step = 8; step > n - at; step /= 2)
			;
		need_word(m, at, step, part, m->differs);
	}
	for (unsigned int i = 0; i < part->n; i++)
		if (part->piece[i].kind == PIECE_SET)
			need_piece(m, i, &part->piece[i], m->differs);
}

/* of `bytes` that may be stored, as many are as the first part has; no more if that is the whole */
static void need_stored(struct match *m, ir_reg stored, unsigned int bytes, bool whole)
{
	unsigned int n = m->p->part[0].n;
	uint8_t unless = n ? BPF_JNE : BPF_JGT; /* stored may be 0 for none */

	if (!n && !whole)
		return;
	if (!whole && bytes > n + 1)
		unless = BPF_JLT;
	ir_branch(m->l->ir, unless, IR_64, stored, ir_k(n + 1), m->differs);
}

/* The part before the first star, or all there is. `room`: of the array, 0: it ends with a NUL. */
static void match_start(struct match *m, bool whole)
{
	const struct part *part = &m->p->part[0];
	unsigned int room = m->n->string->room, n = part->n, bytes = lower_string_bytes(m->n);
	const struct shared *shared = lower_shared(m->l, m->n);

	if (shared) {
		m->slot = shared->slot;
		need_stored(m, lower_shared_read(m->l, m->n, shared), shared->bytes, whole);
		need_part(m, part, false);
		return;
	}
	m->string = lower_base(m->l, m->n->a, 0);
	if (room && m->p->literal) { /* no byte of it can be a NUL: no need to know the length */
		whole = whole && n < room;
		n += whole;
		read_bytes(m, ir_k(n ? n : 1), m->string);
		need_part(m, part, whole);
		return;
	}
	need_stored(m, read_string(m, bytes), bytes, whole);
	need_part(m, part, false);
}

/* The part at offset i, tried where `entry` comes to, and at all that follow while it may fit. */
static void search_part(struct match *m, const struct part *part, unsigned int from,
			unsigned int rest, ir_label *entry, ir_label *next_entry, ir_label miss)
{
	struct ir *ir = m->l->ir;

	for (unsigned int i = from; i + rest <= m->cap; i++) {
		ir_label next = ir_label_new(ir);

		if (i > from)
			ir_branch(ir, BPF_JLT, IR_64, m->len, ir_k(i + rest), miss);
		if (entry[i])
			ir_place(ir, entry[i]);
		for (unsigned int k = 0; k < part->n; k++)
			need_piece(m, i + k, &part->piece[k], next);
		if (!next_entry[i + part->n])
			next_entry[i + part->n] = ir_label_new(ir);
		ir_jump(ir, next_entry[i + part->n]);
		ir_place(ir, next);
	}
	ir_jump(ir, miss);
}

/* The parts between two stars; what they leave is long enough for the last part. */
static void search(struct match *m)
{
	ir_label entry[2][LIMIT_GLOB + 2] = { 0 }, miss = ir_label_new(m->l->ir);
	unsigned int from = m->p->part[0].n, rest = m->p->n_pieces - from, now = 0;
	struct ir *ir = m->l->ir;

	for (unsigned int j = 1; j + 1 < m->p->n_parts; j++, now = !now) {
		const struct part *part = &m->p->part[j];

		memset(entry[!now], 0, sizeof(entry[0]));
		search_part(m, part, from, rest, entry[now], entry[!now], miss);
		from += part->n;
		rest -= part->n;
	}
	ir_place(ir, miss);
	if (m->cap > m->most)
		ir_branch(ir, BPF_JGT, IR_64, m->len, ir_k(m->most), m->l->on_fault);
	ir_jump(ir, m->differs);
	for (unsigned int i = 0; i < LIMIT_GLOB + 2; i++)
		if (entry[now][i])
			ir_place(ir, entry[now][i]);
}

/* nothing is said about a string of which not all is known */
static void need_known_end(struct match *m)
{
	if (m->cap <= m->most || !last_part(m->p)->n)
		return;
	ir_branch(m->l->ir, BPF_JGT, IR_64, m->len, ir_k(m->most), m->l->on_fault);
	m->cap = m->most;
}

static void match_rest(struct match *m)
{
	const struct part *last = last_part(m->p);
	struct ir *ir = m->l->ir;
	ir_reg at;

	need_known_end(m);
	if (m->p->n_parts > 2)
		search(m);
	if (!last->n)
		return;
	at = ir_alu(ir, BPF_ADD, IR_64, m->string, ir_r(m->len));
	read_bytes(m, ir_k(last->n), ir_alu(ir, BPF_SUB, IR_64, at, ir_k(last->n)));
	need_part(m, last, false);
}

/* a string that ends with a NUL, or with its array */
static void match_terminated(struct match *m)
{
	unsigned int room = m->n->string->room;
	struct ir *ir = m->l->ir;
	ir_reg stored;

	if (m->p->n_parts == 1 || (m->p->n_parts == 2 && !m->p->part[1].n)) {
		match_start(m, m->p->n_parts == 1);
		return;
	}
	m->string = lower_value(m->l, m->n->a);
	m->most = m->p->n_parts > 2 ? LIMIT_GLOB : LIMIT_STRING;
	m->cap = room && room <= m->most ? room : m->most + 1;
	stored = read_string(m, m->cap + 1);
	ir_branch(ir, BPF_JLT, IR_64, stored, ir_k(m->p->n_pieces + 1), m->differs);
	m->len = ir_alu(ir, BPF_SUB, IR_64, stored, ir_k(1));
	need_part(m, &m->p->part[0], false);
	match_rest(m);
}

/* as much of the string as the buffer holds; behind it there are NULs, as the verifier wants */
static void read_counted(struct match *m)
{
	struct ir *ir = m->l->ir;
	ir_label longer = ir_label_new(ir), ok = ir_label_new(ir);
	ir_reg len = ir_new_reg(ir);

	m->most = LIMIT_GLOB;
	m->cap = m->most + 1;
	ir_branch(ir, BPF_JGT, IR_64, m->len, ir_k(m->cap), longer);
	/*
	 * No plain copy: the verifier would learn of the original what a search finds out of it,
	 * and follow each place where one ended on its own through the next search that asks for
	 * the same length (find_equal_scalars(), 6.1).
	 */
	ir_mov(ir, len, ir_r(ir_alu(ir, BPF_AND, IR_64, m->len, ir_k(LEN_MASK))));
	ir_jump(ir, ok);
	ir_place(ir, longer);
	ir_mov(ir, len, ir_k(m->cap));
	ir_place(ir, ok);
	m->len = len;
	for (int32_t at = 0; at < LIMIT_GLOB + 2; at += 8)
		ir_slot_store(ir, 8, lower_buffer(m->l), at, ir_k(0));
	read_bytes(m, ir_r(len), m->string);
}

/* a string whose length stands beside it; returns what lowering has seen on every way out */
static unsigned int match_counted(struct match *m)
{
	bool whole = m->p->n_parts == 1;
	unsigned int seen;

	m->len = lower_value(m->l, m->n->b);
	seen = m->l->n_seen;
	if (whole || m->p->n_pieces)
		ir_branch(m->l->ir, whole ? BPF_JNE : BPF_JLT, IR_64, m->len, ir_k(m->p->n_pieces),
			  m->differs);
	if (!m->p->n_pieces)
		return seen;
	m->string = lower_value(m->l, m->n->a);
	if (m->p->n_parts > 2)
		read_counted(m);
	else if (m->p->part[0].n)
		read_bytes(m, ir_k(m->p->part[0].n), m->string);
	need_part(m, &m->p->part[0], false);
	if (!whole)
		match_rest(m);
	return seen;
}

unsigned int lower_string(struct lower *l, const struct node *n, ir_label to, bool when)
{
	struct match m = {
		.l = l,
		.n = n,
		.p = n->string->pattern,
		.differs = when ? ir_label_new(l->ir) : to,
	};
	unsigned int seen;

	ir_at(l->ir, n->at);
	if (n->b) {
		seen = match_counted(&m);
	} else {
		match_terminated(&m);
		seen = l->n_seen;
	}
	if (!when)
		return seen;
	ir_jump(l->ir, to);
	ir_place(l->ir, m.differs);
	l->n_seen = seen;
	return seen;
}
