/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BTF object, written by hand: a header, types in the order of enum type_id,
 * then a prototype's worth of functions, then strings. On the way to an armed
 * rule, so one pass and two buffers.
 */
#include "comp/lineinfo.h"

#include <errno.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/control.h"

#define LINE_TEXT 240 /* bytes of one line of a rule; the verifier has room for 1024 in all */
#define LINE_MAX  ((1U << 22) - 1)
#define COL_MAX	  ((1U << 10) - 1)

enum type_id {
	TYPE_VOID,
	TYPE_INT,
	TYPE_U32,
	TYPE_U64,
	TYPE_PTR,
	TYPE_REST,
	TYPE_TASK_STATE,
	TYPE_MAIN,     /* int (void *ctx) */
	TYPE_CALLBACK, /* int (u64 index, void *ctx) */
	TYPE_FUNCS,    /* first of them */
};

/* a line of a text whose string is there already */
struct known_line {
	const struct source *src;
	unsigned int line;
	uint32_t off;
};

struct builder {
	struct buf types, strings;
	uint32_t n_types;
	struct known_line *known;
	uint32_t n_known, cap_known;
	bool failed;
};

static uint32_t add_string(struct builder *b, const char *text, size_t len)
{
	uint32_t off = (uint32_t)b->strings.len;

	buf_add(&b->strings, text, strnlen(text, len));
	buf_putc(&b->strings, '\0');
	return off;
}

static uint32_t add_name(struct builder *b, const char *name)
{
	return add_string(b, name, strlen(name));
}

static uint32_t add_type(struct builder *b, uint32_t name, uint32_t kind, uint32_t vlen,
			 uint32_t size_or_type)
{
	struct btf_type t = {
		.name_off = name,
		.info = kind << 24 | vlen,
		.size = size_or_type,
	};

	buf_add(&b->types, (const char *)&t, sizeof(t));
	return ++b->n_types;
}

static void add_int(struct builder *b, const char *name, uint32_t bytes, uint32_t encoding)
{
	uint32_t data = encoding << 24 | bytes * 8;

	add_type(b, add_name(b, name), BTF_KIND_INT, 0, bytes);
	buf_add(&b->types, (const char *)&data, sizeof(data));
}

static void add_member(struct builder *b, const char *name, uint32_t type, size_t bytes)
{
	struct btf_member m = { add_name(b, name), type, (uint32_t)bytes * 8 };

	buf_add(&b->types, (const char *)&m, sizeof(m));
}

static void add_param(struct builder *b, const char *name, uint32_t type)
{
	struct btf_param p = { add_name(b, name), type };

	buf_add(&b->types, (const char *)&p, sizeof(p));
}

static void add_fixed_types(struct builder *b, uint32_t state_bytes)
{
	struct btf_array rest = { TYPE_U64, TYPE_U32,
				  (state_bytes - (uint32_t)sizeof(struct task_state)) / 8 };

	add_int(b, "int", 4, BTF_INT_SIGNED);
	add_int(b, "unsigned int", 4, 0);
	add_int(b, "unsigned long long", 8, 0);
	add_type(b, 0, BTF_KIND_PTR, 0, TYPE_VOID);
	add_type(b, 0, BTF_KIND_ARRAY, 0, 0);
	buf_add(&b->types, (const char *)&rest, sizeof(rest));

	add_type(b, add_name(b, "task_state"), BTF_KIND_STRUCT, 3, state_bytes);
	add_member(b, "in_scope", TYPE_U32, offsetof(struct task_state, in_scope));
	add_member(b, "pad", TYPE_U32, offsetof(struct task_state, pad));
	add_member(b, "rest", TYPE_REST, sizeof(struct task_state));

	add_type(b, 0, BTF_KIND_FUNC_PROTO, 1, TYPE_INT);
	add_param(b, "ctx", TYPE_PTR);
	add_type(b, 0, BTF_KIND_FUNC_PROTO, 2, TYPE_INT);
	add_param(b, "index", TYPE_U64);
	add_param(b, "ctx", TYPE_PTR);
}

/* a function's name has to be an identifier */
static uint32_t add_func(struct builder *b, const char *name, enum btf_func_linkage linkage,
			 uint32_t proto)
{
	char id[sizeof(((struct prog *)NULL)->name)] = "rule";

	for (size_t i = 0; i + 1 < sizeof(id) && name[i]; i++) {
		char c = name[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		id[i] = letter || (i && c >= '0' && c <= '9') ? c : '_';
		id[i + 1] = '\0';
	}
	return add_type(b, add_name(b, id), BTF_KIND_FUNC, linkage, proto);
}

/* the text of a line, once for all that point at it */
static uint32_t line_string(struct builder *b, const struct source *src, unsigned int line,
			    const char *text, size_t len)
{
	struct known_line *grown;

	for (uint32_t i = b->n_known; i-- > 0;) {
		if (b->known[i].src == src && b->known[i].line == line)
			return b->known[i].off;
	}
	if (b->n_known == b->cap_known) {
		uint32_t cap = b->cap_known ? b->cap_known * 2 : 16;

		grown = realloc(b->known, cap * sizeof(*grown));
		if (!grown) {
			b->failed = true;
			return 0;
		}
		b->known = grown;
		b->cap_known = cap;
	}
	b->known[b->n_known] = (struct known_line){ src, line, (uint32_t)b->strings.len };
	buf_add(&b->strings, text, strnlen(text, len < LINE_TEXT ? len : LINE_TEXT));
	if (len > LINE_TEXT)
		buf_puts(&b->strings, "...");
	buf_putc(&b->strings, '\0');
	return b->known[b->n_known++].off;
}

static struct bpf_line_info line_info(struct builder *b, const struct prog *p, uint32_t file,
				      uint32_t insn, struct span at)
{
	static const struct source no_source = { "", "", 0 };
	const struct source *src = p->src ? p->src : &no_source;
	unsigned int line, col;
	const char *text;
	size_t len;

	source_locate(src, span_is_none(at) ? 0 : at.off, &line, &col, &text, &len);
	return (struct bpf_line_info){
		.insn_off = insn,
		.file_name_off = file,
		.line_off = line_string(b, src, line, text, len),
		.line_col =
			(line < LINE_MAX ? line : LINE_MAX) << 10 | (col < COL_MAX ? col : COL_MAX),
	};
}

static int add_lines(struct builder *b, struct prog_info *info, const struct prog *p)
{
	uint32_t file = add_name(b, p->src && p->src->name ? p->src->name : "rule");
	uint32_t next = 0; /* function that has to begin with a line */

	/* one more for each function, should the program have none there */
	info->line = calloc(p->n_lines + p->n_subprogs + 1, sizeof(*info->line));
	if (!info->line)
		return -ENOMEM;
	for (uint32_t i = 0; i <= p->n_lines; i++) {
		const struct prog_line *l = i < p->n_lines ? &p->lines[i] : NULL;

		for (; next <= p->n_subprogs; next++) {
			uint32_t start = next ? p->subprog[next - 1] : 0;

			if (l && l->insn < start)
				break;
			if (!l || l->insn > start)
				info->line[info->n_line++] =
					line_info(b, p, file, start, l && next ? l->at : SPAN_NONE);
		}
		if (l)
			info->line[info->n_line++] = line_info(b, p, file, l->insn, l->at);
	}
	return 0;
}

static int add_prog(struct builder *b, struct prog_info *info, const struct prog *p)
{
	info->func[info->n_func++].type_id = add_func(b, p->name, BTF_FUNC_GLOBAL, TYPE_MAIN);
	for (uint32_t i = 0; i < p->n_subprogs; i++)
		/* the verifier wants callbacks to be static */
		info->func[info->n_func++] = (struct bpf_func_info){
			.insn_off = p->subprog[i],
			.type_id = add_func(b, "cb", BTF_FUNC_STATIC, TYPE_CALLBACK),
		};
	return add_lines(b, info, p);
}

static void builder_close(struct builder *b)
{
	buf_free(&b->types);
	buf_free(&b->strings);
	free(b->known);
}

/* header, types and strings in one piece */
static int join(const struct builder *b, struct lineinfo *out)
{
	_cleanup_buf_ struct buf blob = { 0 };
	struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = (uint32_t)b->types.len,
		.str_off = (uint32_t)b->types.len,
		.str_len = (uint32_t)b->strings.len,
	};

	buf_add(&blob, (const char *)&h, sizeof(h));
	buf_add(&blob, b->types.data, b->types.len);
	buf_add(&blob, b->strings.data, b->strings.len);
	if (b->failed || buf_err(&b->types) || buf_err(&b->strings) || buf_err(&blob))
		return -ENOMEM;
	out->btf_len = (uint32_t)blob.len;
	out->btf = take_ptr(blob.data);
	return 0;
}

int lineinfo_build(struct lineinfo *out, const struct prog *progs, uint32_t n_progs,
		   uint32_t state_bytes, struct err *err)
{
	_cleanup_(builder_close) struct builder b = { 0 };
	_cleanup_(lineinfo_free) struct lineinfo li = {
		.key_id = TYPE_INT,
		.value_id = TYPE_TASK_STATE,
	};

	buf_putc(&b.strings, '\0');
	add_fixed_types(&b, state_bytes);
	li.progs = calloc(n_progs ? n_progs : 1, sizeof(*li.progs));
	if (!li.progs)
		return err_nomem(err);
	li.n_progs = n_progs;
	for (uint32_t i = 0; i < n_progs; i++) {
		if (add_prog(&b, &li.progs[i], &progs[i]))
			return err_nomem(err);
	}
	if (join(&b, &li))
		return err_nomem(err);
	*out = li;
	li = (struct lineinfo){ 0 };
	return 0;
}

void lineinfo_free(struct lineinfo *li)
{
	if (!li)
		return;
	for (uint32_t i = 0; li->progs && i < li->n_progs; i++)
		free(li->progs[i].line);
	free(li->progs);
	free(li->btf);
	*li = (struct lineinfo){ 0 };
}
