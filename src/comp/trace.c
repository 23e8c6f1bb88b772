/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bind a probe's condition and values, lay its record out, write and assemble its programs. */
#include "comp/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/trace_internal.h"
#include "util/cleanup.h"

/* what the compiler of rules wants to have around one site */
struct binding {
	struct comp_job job;
	struct comp_site site;
	struct comp_env env;
	struct value value[LIMIT_VALUES + 1];
	unsigned int n_values;
};

static void binding_close(struct binding *b)
{
	arena_freep(&b->env.arena);
}

/* a return without a format tells what was returned */
static int add_returned(struct binding *b, struct err *err)
{
	const struct tree_param *p = b->env.target.retval;
	struct node *n;

	if (!p || b->n_values)
		return 0;
	n = arena_alloc(b->env.arena, sizeof(*n));
	if (!n)
		return err_nomem(err);
	*n = (struct node){ .kind = NODE_PARAM, .type = p->type, .param = p };
	b->value[b->n_values++] = (struct value){ .root = n, .type = p->type };
	return 0;
}

static int bind(struct binding *b, const struct trace_job *job, struct err *err)
{
	const struct trace_opts *o = job->opts;
	const struct probe *p = job->probe;
	const struct kbtf *btf = job->func->btf ? job->func->btf : o->btf;
	int ret;

	b->job = (struct comp_job){
		.rule = p->rule,
		.number = job->number,
		.btf = o->btf,
		.scope = o->scope,
		.schedule = { .probability = PROBABILITY_ALWAYS },
		.cpu_slots = o->cpu_slots,
		.control = job->control,
	};
	b->site = (struct comp_site){
		.func = *job->func,
		.kind = PROG_KPROBE,
		.number = job->place,
		.many = job->many,
		.after = job->after,
	};
	if (job->func->context && job->func->context->has_fields)
		b->site.kind = PROG_TRACEPOINT;
	b->env = (struct comp_env){ .job = &b->job, .site = &b->site, .err = err };
	if (arena_new(&b->env.arena) < 0)
		return err_nomem(err);
	ret = comp_find_kernel(&b->job, &b->env.kern, err);
	if (ret == 0)
		ret = sema_probe(btf, p, job->func, b->env.arena, &b->env.target, b->value, err);
	b->n_values = p->n_values;
	if (ret == 0 && p->kind == PROBE_RETURN && !p->has_format)
		ret = add_returned(b, err);
	return ret;
}

typedef bool node_fn(const struct node *n);

static bool any(const struct node *n, node_fn *is)
{
	if (!n)
		return false;
	if (is(n))
		return true;
	for (const struct tree_local *l = n->kind == NODE_BLOCK ? n->local : NULL; l; l = l->next)
		if (any(l->init, is))
			return true;
	return any(n->a, is) || any(n->b, is) || any(n->c, is);
}

static bool any_bound(const struct binding *b, node_fn *is)
{
	bool found = any(b->env.target.root, is);

	for (unsigned int i = 0; i < b->n_values; i++)
		found |= any(b->value[i].root, is);
	return found;
}

static bool of_entry(const struct node *n)
{
	return n->kind == NODE_PARAM &&
	       (n->param->reg < LIMIT_PARAMS || n->param->reg == ABI_LATENCY);
}

static bool of_return_regs(const struct node *n)
{
	return n->kind == NODE_PARAM && n->param->reg >= ABI_FIELD;
}

/* arguments are gone when a function returns, and bcc printed what is there instead (peers T3) */
static int choose_kind(struct binding *b, const struct trace_job *job, bool *paired,
		       struct err *err)
{
	*paired = job->probe->kind == PROBE_RETURN && any_bound(b, of_entry);
	if (!*paired)
		return 0;
	b->site.kind = PROG_KRETPROBE;
	if (!any_bound(b, of_return_regs))
		return 0;
	return err_set(err, -EOPNOTSUPP, ERR_UNSUPPORTED, job->probe->rule->src,
		       job->probe->rule->on_target.at,
		       "registers at the return and arguments of the call, in one probe");
}

static void lay_out(const struct binding *b, const struct trace_opts *o, struct trace_layout *l)
{
	uint32_t at = RECORD_OFF(stack) + sizeof(struct trace_tail);

	*l = (struct trace_layout){ .n_values = b->n_values };
	/* numbers first: an instruction reaches no further than 32 KiB, and strings are long */
	for (unsigned int k = 0; k < 2 * b->n_values; k++) {
		unsigned int i = k % b->n_values;
		const struct value *v = &b->value[i];

		if (v->string != (k >= b->n_values))
			continue;

		l->value[i] = (struct trace_value){
			.conv = v->conv,
			.string = v->string,
			.off = at,
			.bytes = v->string ? o->string_bytes : v->type.bytes,
			.is_signed = v->type.is_signed,
			.is_pointer = v->type.kind == TYPE_PTR,
			.typed = v->root->kind != NODE_PARAM || v->type.bytes < 8 ||
				 b->site.func.func_id,
		};
		at += v->string ? (o->string_bytes + 7) / 8 * 8 : 8;
	}
	if (o->kernel_stack) {
		l->kernel_stack = at;
		at += TRACE_STACK_BYTES;
	}
	if (o->user_stack) {
		l->user_stack = at;
		at += TRACE_STACK_BYTES;
	}
	l->size = at;
}

static int name_unit(struct comp_unit *u, const char *kind, const struct trace_job *job,
		     struct err *err)
{
	snprintf(u->meta.name, sizeof(u->meta.name), "%.11s_%u", kind, job->number & 0xff);
	if (str_copy(u->meta.func, sizeof(u->meta.func), job->func->name))
		return 0;
	return err_plain(err, -E2BIG, ERR_LIMIT, "a name of more than %d bytes", LIMIT_IDENT);
}

static int write_programs(struct binding *b, const struct trace_job *job,
			  struct trace_programs *out, struct comp_units *u, struct err *err)
{
	int ret = comp_units_alloc(u, 2, err);

	if (ret == 0)
		ret = trace_prog(&b->env, job, b->value, &out->layout, &u->unit[u->n++]);
	if (ret == 0)
		ret = name_unit(&u->unit[0], "rc_trace", job, err);
	if (ret < 0 || !out->paired)
		return ret;
	ret = after_entry_prog(&b->env, &u->unit[u->n++]);
	return ret < 0 ? ret : name_unit(&u->unit[1], "rc_call", job, err);
}

int comp_trace(const struct trace_job *job, struct trace_programs *out, struct err *err)
{
	_cleanup_(binding_close) struct binding b = { 0 };
	_cleanup_(comp_units_free) struct comp_units units = { 0 };
	struct trace_programs t = { 0 };
	int ret = bind(&b, job, err);

	if (ret == 0)
		ret = choose_kind(&b, job, &t.paired, err);
	if (ret == 0) {
		lay_out(&b, job->opts, &t.layout);
		ret = write_programs(&b, job, &t, &units, err);
	}
	if (ret == 0)
		ret = comp_units_assemble(&units, &t.progs, err);
	if (ret < 0) {
		prog_set_free(&t.progs);
		return err ? err_locate(err, job->probe->rule->src, job->probe->at) : ret;
	}
	*out = t;
	return 0;
}

void trace_programs_free(struct trace_programs *t)
{
	prog_set_free(&t->progs);
	*t = (struct trace_programs){ 0 };
}

/* a parameter by its name, or what is returned: its type is each function's own */
static bool of_function(const struct node *n)
{
	if (n->kind != NODE_PARAM)
		return false;
	return n->param->reg == ABI_RETVAL ||
	       (n->param->reg < LIMIT_PARAMS && strncmp(n->param->name.p, "arg", 3) != 0);
}

int comp_trace_names(const struct trace_job *job, bool *named, struct err *err)
{
	_cleanup_(binding_close) struct binding b = { 0 };
	int ret = bind(&b, job, err);

	if (b.n_values > job->probe->n_values)
		b.n_values = job->probe->n_values; /* what nobody asked for is told by its place */
	if (ret == 0)
		*named = job->probe->rule->on_target.has_params || any_bound(&b, of_function);
	return ret;
}

int comp_trace_children(const struct trace_job *job, struct prog_set *out, struct err *err)
{
	const struct comp_job children = {
		.rule = job->probe->rule,
		.btf = job->opts->btf,
		.scope = job->opts->scope,
		.cpu_slots = job->opts->cpu_slots,
		.control = job->control,
	};

	return comp_children(&children, out, err);
}
