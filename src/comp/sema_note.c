/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said beside an error: who may be meant instead, and what BTF has declared. */
#include <stdio.h>

#include "comp/sema_internal.h"
#include "util/buf.h"

/* longer than this, and a note would be cut in the middle of a word */
#define NOTE_BYTES (sizeof(((struct err *)0)->note[0].msg) - 40)

void near_init(struct near *n, const char *name)
{
	*n = (struct near){ .name = name };
}

/* further away than a third of its letters, a name is another name */
void near_offer(struct near *n, const char *candidate)
{
	size_t len = strlen(n->name);
	unsigned int most = len <= 3 ? 1 : (unsigned int)len / 3 + 1, d;

	d = str_distance(candidate, n->name, most);
	if (d > most || d >= len)
		return;
	for (unsigned int i = 0; i < n->n; i++)
		if (!strcmp(n->best[i], candidate))
			return;
	if (n->n && n->distance > d)
		n->n = 0;
	if (n->n == NEAREST || (n->n && n->distance < d))
		return;
	n->distance = d;
	n->best[n->n++] = candidate;
}

void note_names(struct sema *s, const char *prefix, const char *const *names, unsigned int n)
{
	char list[200] = "";
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

void note_near(struct sema *s, const struct near *n)
{
	note_names(s, "", n->best, n->n);
}

const char *func_text(const struct sema *s)
{
	struct abi_syscall call;

	return s->func->syscall && abi_syscall(s->func->name, &call) == 0 ? call.name
									  : s->func->name;
}

/* one parameter as the kernel declares it; "...": more of them */
static void declared_param(const struct sema *s, unsigned int i, struct buf *out)
{
	const struct btf_param *p;
	char text[256];

	if (!s->has_proto) {
		const struct param *d = &s->func->declared->params[i];

		type_name_print(&d->type, out);
		buf_printf(out, "%s%.*s", d->type.stars ? "" : " ", STR_FMT(d->name));
		return;
	}
	p = &s->proto.params[i];
	snprintf(text, sizeof(text), "...");
	if (p->type)
		kbtf_declare(s->btf, p->type, kbtf_str(s->btf, p->name_off), text, sizeof(text));
	buf_puts(out, text);
}

void note_declaration(struct sema *s)
{
	_cleanup_buf_ struct buf b = { 0 };
	unsigned int n;

	if (!s->has_proto && !s->func->declared)
		return;
	n = s->has_proto ? s->proto.n_params : s->func->declared->n_params;
	buf_printf(&b, "%s(", func_text(s));
	for (unsigned int i = 0; i < n; i++) {
		_cleanup_buf_ struct buf one = { 0 };

		declared_param(s, i, &one);
		if (b.len + one.len > NOTE_BYTES) {
			buf_puts(&b, ", ...");
			break;
		}
		buf_printf(&b, "%s%s", i ? ", " : "", buf_str(&one));
	}
	buf_puts(&b, n ? ")" : "void)");
	err_note(s->err, SPAN_NONE, "the kernel has %s", buf_str(&b));
}

/* "u16 sk_protocol", "u32 x : 3" */
static void declare_member(const struct sema *s, uint32_t type, const char *name, uint32_t bits,
			   char *text, size_t size)
{
	size_t len;

	kbtf_declare(s->btf, type, name, text, size);
	len = strlen(text);
	if (bits)
		snprintf(text + len, size - len, " : %u", bits);
}

/* all members of a small struct; false if they are too many */
static bool all_members(const struct sema *s, uint32_t id, struct buf *b)
{
	const struct btf_type *t = kbtf_type(s->btf, kbtf_strip(s->btf, id));
	const struct btf_member *m = (const void *)(t + 1);
	bool bit_fields = BTF_INFO_KFLAG(t->info);
	char text[256];

	for (unsigned int i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		declare_member(s, m->type, kbtf_str(s->btf, m->name_off),
			       bit_fields ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0, text,
			       sizeof(text));
		if (b->len + strlen(text) > NOTE_BYTES)
			return false;
		buf_printf(b, "%s%s", i ? "; " : "", text);
	}
	return true;
}

/* the declarations of what is near, or of all there is, or where it is instead */
void note_members(struct sema *s, struct type record, const char *name)
{
	_cleanup_buf_ struct buf b = { 0 };
	const char *near[NEAREST], *path;
	char text[256], of[TYPE_TEXT];
	struct kbtf_member m;
	unsigned int n;

	if (kbtf_member_inside(s->btf, record.id, name, text, sizeof(text))) {
		path = text;
		note_names(s, "", &path, 1);
		return;
	}
	n = kbtf_nearest_member(s->btf, record.id, name, near, NEAREST);
	note_names(s, "", near, n);
	type_text(s->btf, record, of);
	for (unsigned int i = 0; i < n; i++) {
		if (kbtf_member(s->btf, record.id, near[i], &m) < 0)
			continue;
		declare_member(s, m.type, near[i], m.bit_size, text, sizeof(text));
		if (b.len + strlen(of) + strlen(text) > NOTE_BYTES)
			break;
		buf_printf(&b, "%s%s", b.len ? "; " : "", text);
	}
	if (n ? b.len > 0 : all_members(s, record.id, &b))
		err_note(s->err, SPAN_NONE, "%s has %s", of, b.len ? buf_str(&b) : "no members");
}
