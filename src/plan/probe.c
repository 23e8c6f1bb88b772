// SPDX-License-Identifier: LGPL-2.1-or-later
/* Probes of kernel functions: one by its name, or all that a pattern names. */
#include "plan/probe.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"
#include "plan/probe_internal.h"
#include "util/cleanup.h"

void plan_probe_free(struct plan_probe *p)
{
	for (unsigned int i = 0; i < p->n_places; i++)
		rule_free(p->places[i].declared);
	free(p->places);
	arena_freep(&p->arena);
	buf_free(&p->notes);
	*p = (struct plan_probe){ 0 };
}

struct plan_place *plan_place_add(struct plan_probe *p, const char *name, struct err *err)
{
	struct plan_place *grown, *place;

	if (p->n_places == LIMIT_SITES) {
		err_set(err, -E2BIG, ERR_LIMIT, p->probe->rule->src, p->probe->func_at,
			"'%.64s' stands for more than %d functions", p->probe->func, LIMIT_SITES);
		return NULL;
	}
	grown = realloc(p->places, (p->n_places + 1) * sizeof(*grown));
	if (!grown) {
		err_nomem(err);
		return NULL;
	}
	p->places = grown;
	place = &grown[p->n_places];
	*place = (struct plan_place){ .func.name = arena_strndup(p->arena, name, strlen(name)),
				      .returned = { .kind = TYPE_OTHER } };
	if (!place->func.name) {
		err_nomem(err);
		return NULL;
	}
	place->func.returned = p->probe->kind == PROBE_RETURN;
	place->context.timed = place->func.returned;
	p->n_places++;
	return place;
}

static int unknown_kernel_function(const struct plan_probe *p, const char *name,
				   const struct kbtf *btf, struct err *err)
{
	const struct probe *q = p->probe;
	const char *near[3];
	unsigned int n;

	err_set(err, -ENOENT, ERR_UNKNOWN_FUNCTION, q->rule->src, q->func_at,
		q->is_pattern ? "this kernel has no function that matches '%s'"
			      : "this kernel has no function '%s'",
		name);
	if (q->is_pattern)
		return -ENOENT;
	n = kbtf_nearest(btf, BTF_KIND_FUNC, name, near, 3);
	for (unsigned int i = 0; i < n; i++)
		err_note(err, SPAN_NONE, "did you mean %s?", near[i]);
	if (n == 0)
		err_note(err, SPAN_NONE, "it may be inlined or in a module that is not loaded");
	return -ENOENT;
}

static int add_named(struct plan_probe *p, const struct kbtf *btf, struct err *err)
{
	char name[LIMIT_IDENT + 1];
	struct plan_place *place;
	bool is_syscall;

	if (plan_kernel_name(btf, p->probe->func, name, sizeof(name), &is_syscall))
		return err_set(err, -E2BIG, ERR_LIMIT, p->probe->rule->src, p->probe->func_at,
			       "a function's name has at most %d characters", LIMIT_IDENT);
	if (strcmp(name, p->probe->func) != 0)
		buf_printf(&p->notes, "%s is %s on this kernel\n", p->probe->func, name);
	place = plan_place_add(p, name, err);
	if (!place)
		return err->code;
	place->func.syscall = is_syscall;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* what BTF has of functions: what is left of a name that the compiler split has no types anyway */
static int add_matching(struct plan_probe *p, const struct kbtf *btf, struct err *err)
{
	_cleanup_free_ const char **names = NULL;
	uint32_t cursor = 0, id, n = 0, room = 0;
	char prefix[LIMIT_IDENT + 1];

	str_copy(prefix, sizeof(prefix), p->probe->func);
	prefix[strcspn(prefix, "*?[\\")] = '\0';
	while (kbtf_next_func(btf, prefix, &cursor, &id)) {
		const char *name = kbtf_name(btf, id);

		if (fnmatch(p->probe->func, name, 0) != 0)
			continue;
		if (n == room) {
			const char **grown =
				realloc(names, (room = room ? 2 * room : 64) * sizeof(*names));
			if (!grown)
				return err_nomem(err);
			names = grown;
		}
		names[n++] = name;
	}
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	for (uint32_t i = 0; i < n; i++) {
		struct plan_place *place;

		if (i && strcmp(names[i], names[i - 1]) == 0)
			continue;
		place = plan_place_add(p, names[i], err);
		if (!place)
			return err->code;
		place->func.syscall = plan_syscall_of(names[i]) != NULL;
	}
	return 0;
}

static int describe(struct plan_probe *p, struct plan_place *place, const struct ksym *sym,
		    struct kern *kern, const struct kbtf *btf)
{
	struct kbtf_proto proto = { 0 };
	const struct kbtf *types = btf;

	place->addr = sym->addr + p->probe->offset;
	place->context.regs = true;
	if (sym->module[0] && kern_module_btf(kern, sym->module, &types, NULL) == 0)
		place->func.btf = types;
	if (plan_proto(types, place->func.name, &proto) == 0) {
		place->func.func_id = proto.func_id;
		place->returned = type_of_id(types, proto.ret);
	}
	if (p->probe->offset) { /* registers have moved on */
		place->func.func_id = 0;
		place->func.syscall = false;
	}
	place->func.context = &place->context;
	return 0;
}

/* a probe of no parameter's name needs no file that has them */
static bool may_name_param(const struct probe *q)
{
	struct frame f = q->rule->on_target;
	bool may = plan_may_name_param(&f);

	for (unsigned int i = 0; i < q->n_values && !may; i++) {
		f.pred = q->values[i].value;
		may = plan_may_name_param(&f);
	}
	return may;
}

static int look_up(struct plan_probe *p, struct kern *kern, const struct kbtf *btf, struct err *err)
{
	_cleanup_free_ const char **names = calloc(p->n_places + 1, sizeof(*names));
	_cleanup_free_ struct ksym *found = calloc(p->n_places + 1, sizeof(*found));
	unsigned int kept = 0;
	int ret;

	if (!names || !found)
		return err_nomem(err);
	for (unsigned int i = 0; i < p->n_places; i++)
		names[i] = p->places[i].func.name;
	ret = kern_lookup(kern, names, p->n_places, found, err);
	for (unsigned int i = 0; ret == 0 && i < p->n_places; i++) {
		if (!found[i].addr)
			continue;
		p->places[kept] = p->places[i];
		ret = describe(p, &p->places[kept++], &found[i], kern, btf);
	}
	if (ret == 0 && !kept)
		ret = unknown_kernel_function(p, names[0] ? names[0] : p->probe->func, btf, err);
	p->left_out = p->n_places - kept;
	p->n_places = kept;
	return ret;
}

static int plan_kernel(struct plan_probe *p, struct kern *kern, struct err *err)
{
	const struct kbtf *btf;
	int ret = kern_btf(kern, &btf, err);

	if (ret == 0)
		ret = p->probe->is_pattern ? add_matching(p, btf, err) : add_named(p, btf, err);
	if (ret == 0 && !p->n_places)
		ret = unknown_kernel_function(p, p->probe->func, btf, err);
	if (ret == 0)
		ret = look_up(p, kern, btf, err);
	for (unsigned int i = 0; ret == 0 && i < p->n_places; i++) {
		struct plan_place *place = &p->places[i];

		place->func.context = &place->context; /* they have moved while they were added */
		if (place->func.syscall && may_name_param(p->probe)) {
			static const struct expr any_name = { .kind = EXPR_NAME,
							      .name = { "x", 1 } };
			const struct frame named = { .pred = (struct expr *)&any_name };

			plan_declaration(&place->func, &place->declared, kern, btf, &named);
		}
	}
	return ret;
}

int plan_probe(struct plan_probe *out, const struct probe *probe, struct kern *kern, pid_t pid,
	       struct err *err)
{
	int ret;

	*out = (struct plan_probe){ .probe = probe };
	if (arena_new(&out->arena) < 0)
		return err_nomem(err);
	for (unsigned int i = 0; i < probe->rule->n_notes; i++)
		buf_printf(&out->notes, "%s\n", probe->rule->notes[i].text);
	if (probe->kind == PROBE_TRACEPOINT)
		ret = plan_tracepoint(out, kern, err);
	else if (probe->kind == PROBE_USDT || probe->library)
		ret = plan_user(out, pid, err);
	else
		ret = plan_kernel(out, kern, err);
	return ret || !buf_err(&out->notes) ? ret : err_nomem(err);
}
