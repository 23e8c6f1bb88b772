// SPDX-License-Identifier: LGPL-2.1-or-later
/* Probes of programs and libraries: functions by the file's symbols, markers by its notes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exe/exe.h"
#include "plan/probe_internal.h"
#include "util/cleanup.h"

static struct plan_place *add_place(struct plan_probe *p, const struct exe *exe, const char *name,
				    uint64_t offset, struct err *err)
{
	const char *path = exe_path(exe);
	struct plan_place *place = plan_place_add(p, name, err);

	if (!place)
		return NULL;
	place->path = arena_strndup(p->arena, path, strlen(path));
	place->file_offset = offset;
	place->context.user = true;
	place->context.regs = true;
	if (place->path)
		return place;
	err_nomem(err);
	return NULL;
}

static int add_function(struct plan_probe *p, struct exe *exe, struct err *err)
{
	const struct probe *q = p->probe;
	struct exe_func f;
	int ret = exe_symbol(exe, q->func, q->offset, &f, err);

	if (ret)
		return ret;
	if (f.others)
		buf_printf(&p->notes, "%s has %u more functions called %s: the first is meant\n",
			   exe_path(exe), f.others, q->func);
	return add_place(p, exe, q->func, f.offset, err) ? 0 : err->code;
}

static int add_matching(struct plan_probe *p, struct exe *exe, struct err *err)
{
	_cleanup_free_ struct exe_func *f = NULL;
	unsigned int n = 0;
	int ret = exe_match(exe, p->probe->func, &f, &n, err);

	for (unsigned int i = 0; ret == 0 && i < n; i++)
		if (!add_place(p, exe, f[i].name, f[i].offset, err))
			ret = err->code;
	if (ret == 0 && !n)
		ret = err_plain(err, -ENOENT, ERR_UNKNOWN_FUNCTION,
				"%s has no function that matches '%s'", exe_path(exe),
				p->probe->func);
	return ret;
}

/* what cannot be read from where it is is left out: then the numbers of the others stay right */
static struct comp_operand operand_of(const struct usdt_arg *a)
{
	struct comp_operand o = {
		.bytes = a->size,
		.is_signed = a->is_signed,
		.value = a->disp,
		.base = a->base == USDT_NONE ? -1 : a->base,
		.index = a->index == USDT_NONE ? -1 : a->index,
		.scale = a->scale,
	};

	switch (a->kind) {
	case USDT_CONSTANT:
		o.kind = OPERAND_CONST;
		break;
	case USDT_REGISTER:
		o.kind = OPERAND_REGISTER;
		o.base = a->reg + a->shift / 8;
		break;
	case USDT_MEMORY:
		o.kind = OPERAND_MEMORY;
		break;
	default:
		o.kind = OPERAND_UNREADABLE;
	}
	return o;
}

static int add_marker(struct plan_probe *p, const struct exe *exe, const struct exe_marker *m,
		      struct err *err)
{
	struct comp_operand *operands = arena_alloc(p->arena, (m->n_args + 1) * sizeof(*operands));
	struct plan_place *place = add_place(p, exe, m->name, m->offset, err);

	if (!place || !operands)
		return err->code ? err->code : err_nomem(err);
	for (unsigned int i = 0; i < m->n_args; i++)
		operands[i] = operand_of(&m->arg[i]);
	place->semaphore = m->semaphore;
	place->context.has_operands = true;
	place->context.operands = operands;
	place->context.n_operands = m->n_args;
	return 0;
}

static int add_markers(struct plan_probe *p, struct exe *exe, struct err *err)
{
	_cleanup_free_ struct exe_marker *m = NULL;
	unsigned int n = 0;
	int ret;

	if (p->probe->is_pattern)
		return err_plain(err, -EOPNOTSUPP, ERR_UNSUPPORTED,
				 "patterns are for functions: each USDT probe has arguments of its "
				 "own");
	ret = exe_markers(exe, p->probe->provider, p->probe->func, &m, &n, err);
	for (unsigned int i = 0; ret == 0 && i < n; i++)
		ret = add_marker(p, exe, &m[i], err);
	return ret;
}

static int add_places(struct plan_probe *p, pid_t pid, struct err *err)
{
	const struct probe *q = p->probe;
	const struct exe_want want = {
		.func = q->kind == PROBE_USDT || q->is_pattern ? NULL : q->func,
		.provider = q->provider,
		.marker = q->kind == PROBE_USDT ? q->func : NULL,
	};
	_cleanup_(exe_freep) struct exe *exe = NULL;
	int ret = exe_lookup(q->library, pid, &want, &exe, err);

	if (ret)
		return ret;
	if (q->kind == PROBE_USDT)
		return add_markers(p, exe, err);
	return q->is_pattern ? add_matching(p, exe, err) : add_function(p, exe, err);
}

int plan_user(struct plan_probe *p, pid_t pid, struct err *err)
{
	int ret = add_places(p, pid, err);

	if (ret)
		return err ? err_locate(err, p->probe->rule->src, p->probe->at) : ret;
	for (unsigned int i = 0; i < p->n_places; i++)
		p->places[i].func.context = &p->places[i].context;
	return 0;
}
