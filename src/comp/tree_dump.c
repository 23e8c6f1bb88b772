/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A typed tree as text, one node a line, for golden files and -v. */
#include "comp/tree.h"

static const char *kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_CONST] = "const",	    [NODE_PARAM] = "param", [NODE_LOCAL] = "local",
		[NODE_PLACE] = "place",	    [NODE_LOAD] = "load",   [NODE_ADDR] = "address",
		[NODE_CONV] = "convert",    [NODE_NEG] = "-",	    [NODE_BINARY] = "binary",
		[NODE_COMPARE] = "compare", [NODE_NOT] = "!",	    [NODE_AND] = "&&",
		[NODE_OR] = "||",	    [NODE_COND] = "?:",	    [NODE_STRCMP] = "strcmp",
		[NODE_BSWAP] = "bswap",	    [NODE_BLOCK] = "block", [NODE_TASK] = "task",
	};

	return names[kind];
}

static const char *task_name(enum task_value which)
{
	static const char *const names[] = {
		[TASK_PID] = "pid",	    [TASK_TID] = "tid", [TASK_UID] = "uid",
		[TASK_GID] = "gid",	    [TASK_CPU] = "cpu", [TASK_CGROUP] = "cgroup",
		[TASK_CURRENT] = "current",
	};

	return names[which];
}

static void dump_string(const struct tree_string *s, struct buf *out)
{
	static const char *const tests[] = {
		[STRING_EQUAL] = "",
		[STRING_PREFIX] = " prefix",
		[STRING_GLOB] = " glob",
	};

	buf_puts(out, s->user ? " user" : "");
	if (s->room)
		buf_printf(out, " of at most %u", s->room);
	buf_printf(out, "%s \"%.*s\"", tests[s->test], STR_FMT(s->lit));
}

static void dump_detail(const struct node *n, struct buf *out)
{
	switch (n->kind) {
	case NODE_CONST:
		if (n->type.is_signed)
			buf_printf(out, " %lld", (long long)n->value);
		else
			buf_printf(out, " %llu", (unsigned long long)n->value);
		break;
	case NODE_PARAM:
		buf_printf(out, " %.*s in register %u", STR_FMT(n->param->name), n->param->reg);
		break;
	case NODE_TASK:
		buf_printf(out, " %s", task_name(n->task));
		break;
	case NODE_LOCAL:
		buf_printf(out, " %.*s", STR_FMT(n->local->name));
		break;
	case NODE_PLACE:
	case NODE_LOAD:
	case NODE_ADDR:
		buf_printf(out, "%s at %+lld", n->user ? " user" : "", (long long)n->off);
		if (n->bits)
			buf_printf(out, " bits %u:%u", n->bit_off, n->bits);
		break;
	case NODE_BINARY:
	case NODE_COMPARE:
		buf_printf(out, " %s", expr_op_text(n->op));
		break;
	case NODE_STRCMP:
		dump_string(n->string, out);
		break;
	default:
		break;
	}
}

static void dump_locals(const struct node *n, const struct kbtf *btf, unsigned int depth,
			struct buf *out);

static void dump(const struct node *n, const struct kbtf *btf, unsigned int depth, struct buf *out)
{
	char text[TYPE_TEXT];

	if (!n)
		return;
	buf_printf(out, "%*s%s", (int)(2 * depth), "", kind_name(n->kind));
	dump_detail(n, out);
	buf_printf(out, " : %s\n", type_text(btf, n->type, text));
	if (n->kind == NODE_CONST)
		return;
	if (n->kind == NODE_BLOCK)
		dump_locals(n, btf, depth + 1, out);
	dump(n->a, btf, depth + 1, out);
	dump(n->b, btf, depth + 1, out);
	dump(n->c, btf, depth + 1, out);
}

static void dump_locals(const struct node *n, const struct kbtf *btf, unsigned int depth,
			struct buf *out)
{
	char text[TYPE_TEXT];

	for (const struct tree_local *v = n->local; v; v = v->next) {
		buf_printf(out, "%*s%.*s : %s\n", (int)(2 * depth), "", STR_FMT(v->name),
			   type_text(btf, v->type, text));
		dump(v->init, btf, depth + 1, out);
	}
}

void tree_dump(const struct node *n, const struct kbtf *btf, struct buf *out)
{
	if (n)
		dump(n, btf, 1, out);
	else
		buf_puts(out, "  always\n");
}
