/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names for what every call has, whatever its parameters are called: who calls
 * ($pid, $comm, ...), and the values in the argument registers (arg1, ...).
 */
#include <stdio.h>

#include "comp/sema_internal.h"

static const struct task_name {
	const char *name;
	enum task_value which;
	unsigned int bytes;
	bool is_signed;
} names[] = {
	{ "pid", TASK_PID, 4, true },	    { "tid", TASK_TID, 4, true },
	{ "uid", TASK_UID, 4, false },	    { "gid", TASK_GID, 4, false },
	{ "cpu", TASK_CPU, 4, false },	    { "cgroup", TASK_CGROUP, 8, false },
	{ "comm", TASK_CURRENT, 8, false },
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

const char *sema_task_name(unsigned int i)
{
	return i < N_NAMES ? names[i].name : NULL;
}

static const struct task_name *find_task_name(const char *name)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (!strcmp(name, names[i].name))
			return &names[i];
	return NULL;
}

/* "arg" and a number */
static bool arg_number(const char *name, unsigned int *n)
{
	if (strncmp(name, "arg", 3) != 0 || !name[3] || strlen(name) > 5 ||
	    name[3 + strspn(name + 3, "0123456789")])
		return false;
	*n = 0;
	for (name += 3; *name; name++)
		*n = *n * 10 + (unsigned int)(*name - '0');
	return true;
}

bool comp_name_varies(struct str name)
{
	char text[16] = "";
	unsigned int n;

	if (!name.len || name.len >= sizeof(text))
		return name.len && *name.p == '$';
	memcpy(text, name.p, name.len);
	return *text == '$' || find_task_name(text) || arg_number(text, &n);
}

/* an ordinary array of the task's: strings are read and compared as any others */
static struct node *comm_place(struct sema *s, const struct expr *e)
{
	struct node *n, *current;
	struct kbtf_member m;
	uint32_t id;

	if (kbtf_find(s->btf, BTF_KIND_STRUCT, "task_struct", &id) < 0 ||
	    kbtf_member(s->btf, id, "comm", &m) < 0)
		return sema_fail(s, ERR_KERNEL_LACKS, e->name_at,
				 "the kernel's BTF has no struct task_struct with comm");
	current = sema_node(s, NODE_TASK, e->at, type_pointer_to(type_of_id(s->btf, id)));
	n = sema_node(s, NODE_PLACE, e->at, type_of_id(s->btf, m.type));
	if (!current || !n)
		return NULL;
	current->task = TASK_CURRENT;
	n->a = current;
	n->off = m.bit_off / 8;
	return n;
}

/* bcc's names: the process's id, and the task itself */
struct node *sema_task_alias(struct sema *s, const struct expr *e, const char *name)
{
	bool is_task = !strcmp(name, "task");
	struct node *n = sema_node(s, NODE_TASK, e->at, type_int(4, true));
	uint32_t id;

	if (!n)
		return NULL;
	n->task = is_task ? TASK_CURRENT : TASK_PID;
	if (!is_task)
		return n;
	if (kbtf_find(s->btf, BTF_KIND_STRUCT, "task_struct", &id) < 0)
		return sema_fail(s, ERR_KERNEL_LACKS, e->name_at,
				 "the kernel's BTF has no struct task_struct");
	n->type = type_pointer_to(type_of_id(s->btf, id));
	return n;
}

struct node *sema_task(struct sema *s, const struct expr *e, const char *name)
{
	const struct task_name *t = find_task_name(name);
	struct node *n;
	uint32_t id;

	if (!t)
		return NULL;
	if (t->which == TASK_CURRENT)
		return comm_place(s, e);
	/* the helper is there if the kernel has control groups at all */
	if (t->which == TASK_CGROUP &&
	    kbtf_find(s->btf, BTF_KIND_FUNC, "bpf_get_current_cgroup_id", &id) < 0)
		return sema_fail(s, ERR_KERNEL_LACKS, e->name_at,
				 "this kernel has no control groups to ask for");
	n = sema_node(s, NODE_TASK, e->at, type_int(t->bytes, t->is_signed));
	if (n)
		n->task = t->which;
	return n;
}

/* what BTF calls it does not matter: it is read as the register it is in */
static struct tree_param *unnamed_param(struct sema *s, const char *name, struct type t,
					unsigned int reg, struct typed held)
{
	struct tree_param *p = arena_alloc(s->arena, sizeof(*p));

	if (!p) {
		err_nomem(s->err);
		return NULL;
	}
	p->name = (struct str){ name, strlen(name) };
	p->type = t;
	p->reg = reg;
	p->held = held;
	return p;
}

/* a 32-bit caller's argument, as its wrapper passes it on: zero-extended */
static struct node *widened(struct sema *s, struct node *load, struct type t)
{
	struct node *n = sema_node(s, NODE_CONV, load->at, t);

	if (!n)
		return NULL;
	n->type.user = 1;
	load->type = type_int(4, false);
	n->a = load;
	return n;
}

struct node *sema_syscall_arg(struct sema *s, const struct expr *e, unsigned int n, struct type t)
{
	struct node *load = sema_node(s, NODE_LOAD, e->at, t), *base;
	struct typed held = { .opaque = true };
	struct type regs = type_void();
	struct kbtf_proto wrapper;
	struct tree_param *p;
	struct abi_syscall call;
	uint32_t id;

	if (abi_syscall(s->func->name, &call) < 0)
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "%s() is no system call whose arguments are known", s->func->name);
	if (kbtf_find(s->btf, BTF_KIND_STRUCT, "pt_regs", &id) == 0)
		regs = type_of_id(s->btf, id);
	if (s->func->func_id && kbtf_func_by_id(s->btf, s->func->func_id, &wrapper) == 0 &&
	    wrapper.n_params)
		held = typed_argument(s->btf, wrapper.params[0].type);
	p = unnamed_param(s, "regs", type_pointer_to(regs), 0, held);
	base = p ? sema_node(s, NODE_PARAM, e->at, p->type) : NULL;
	if (!load || !base)
		return NULL;
	load->type.user = 1; /* pointers are the process's; so is what a number is cast to */
	base->param = p;
	load->a = base;
	load->off = abi_syscall_arg(&call, n);
	return call.narrow && t.bytes > 4 ? widened(s, load, t) : load;
}

/* of the parameter whose (first) register it is */
static struct typed held_in(const struct pred *p, unsigned int reg)
{
	for (unsigned int i = 0; i < p->n_params; i++)
		if (p->params[i].reg == reg)
			return p->params[i].held;
	return (struct typed){ 0 };
}

struct node *sema_arg(struct sema *s, const struct expr *e, const char *name)
{
	struct type t = type_int(8, false);
	struct tree_param *p;
	struct node *n;
	unsigned int i;
	char count[8];

	if (!*s->func->name || !arg_number(name, &i))
		return NULL;
	if (i < 1 || i > LIMIT_PARAMS)
		return sema_fail(s, ERR_UNKNOWN_NAME, e->name_at,
				 "no '%s': arguments are arg1 to arg%d, those in registers", name,
				 LIMIT_PARAMS);
	if (i > s->pred->n_regs) {
		snprintf(count, sizeof(count), s->pred->n_regs ? "%u" : "no", s->pred->n_regs);
		sema_fail(s, ERR_UNKNOWN_NAME, e->name_at, "no '%s': %s() takes %s argument%s",
			  name, func_text(s), count, s->pred->n_regs == 1 ? "" : "s");
		note_declaration(s);
		return NULL;
	}
	if (s->func->syscall)
		return sema_syscall_arg(s, e, i - 1, t);
	if (s->func->context && s->func->context->user)
		t.user = 1;
	p = unnamed_param(s, name, t, i - 1, held_in(s->pred, i - 1));
	n = p ? sema_node(s, NODE_PARAM, e->at, t) : NULL;
	if (n)
		n->param = p;
	return n;
}
