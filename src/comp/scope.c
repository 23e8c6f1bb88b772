/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "Is the current task in scope?", cheapest question first: what the task itself holds,
 * what is a pointer or two away, what takes a helper, the task's storage.
 *
 * Nothing here looks at the context, so every kind of program can ask.
 */
#include "comp/scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "comp/program.h"

static int member(const struct kbtf *btf, const char *record, const char *name, int32_t *off)
{
	struct kbtf_member m;
	uint32_t id;
	int ret = kbtf_find(btf, BTF_KIND_STRUCT, record, &id);

	if (ret == 0)
		ret = kbtf_member(btf, id, name, &m);
	if (ret == 0)
		*off = (int32_t)(m.bit_off / 8);
	return ret;
}

static int find_netns(const struct kbtf *btf, struct scope_offsets *o)
{
	int32_t ns = 0, inum = 0;

	if (member(btf, "task_struct", "nsproxy", &o->task_nsproxy) < 0 ||
	    member(btf, "nsproxy", "net_ns", &o->nsproxy_net) < 0 ||
	    member(btf, "net", "ns", &ns) < 0 || member(btf, "ns_common", "inum", &inum) < 0)
		return -ENOENT;
	o->net_inum = ns + inum;
	return 0;
}

int scope_find(const struct kbtf *btf, const struct comp_scope *s, struct scope_offsets *out,
	       struct err *err)
{
	const char *lacks = NULL;
	uint32_t id;

	if (s->n_tids && member(btf, "task_struct", "pid", &out->task_pid) < 0)
		lacks = "task_struct.pid to tell threads";
	else if (s->n_comms && member(btf, "task_struct", "comm", &out->task_comm) < 0)
		lacks = "task_struct.comm to tell names";
	else if (s->n_uids && (member(btf, "task_struct", "cred", &out->task_cred) < 0 ||
			       member(btf, "cred", "uid", &out->cred_uid) < 0))
		lacks = "task_struct.cred and cred.uid to tell users";
	else if (s->n_netns && find_netns(btf, out) < 0)
		lacks = "nsproxy.net_ns and net.ns to tell network namespaces";
	else if (s->n_cgroups &&
		 kbtf_find(btf, BTF_KIND_FUNC, "bpf_get_current_ancestor_cgroup_id", &id) < 0)
		lacks = "bpf_get_current_ancestor_cgroup_id() to tell cgroups";
	return lacks ? err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
				 "the kernel's BTF has no %s by", lacks)
		     : 0;
}

bool scope_admits(const struct comp_scope *s, uint32_t pid)
{
	bool admits = !s->n_pids;

	for (unsigned int i = 0; i < s->n_pids; i++)
		admits |= s->pids[i] == pid;
	return admits;
}

/* The C of a test of several values, a line for each; goes before what it is about. */
static void note_test(struct ir *ir, unsigned int i, unsigned int n, const char *what, bool quote,
		      const char *value)
{
	const char *q = quote ? "\"" : "";

	ir_note(ir, "%s%s != %s%s%s%s", i ? "    " : "if (", what, q, value, q,
		i + 1 < n ? " &&" : ") return 0;");
}

/* one value of several: on to `in` if it is the one, and nowhere else to go after the last */
static void test_value(struct pgm *p, enum ir_width width, ir_reg have, int64_t want, bool last,
		       ir_label in)
{
	ir_branch(p->ir, last ? BPF_JNE : BPF_JEQ, width, have, ir_k(want), last ? p->leave : in);
}

static void note_id(struct ir *ir, unsigned int i, unsigned int n, const char *what, uint64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	note_test(ir, i, n, what, false, text);
}

/* where a 32-bit number is: so many pointers from the task */
struct path {
	const char *text;
	int32_t off[3];
	unsigned int n;
};

/*
 * The task's pointers are its own to change, so what they lead to is there. But
 * task->nsproxy is NULL once an exiting task has left its namespaces, and to the verifier
 * task->cred may be, where BTF says __rcu.
 */
static ir_reg load_path(struct pgm *p, const struct path *path)
{
	ir_reg r = p->task;

	for (unsigned int i = 0; i + 1 < path->n; i++) {
		r = ir_load(p->ir, 8, r, path->off[i]);
		ir_branch(p->ir, BPF_JEQ, IR_64, r, ir_k(0), p->leave);
	}
	return ir_load(p->ir, 4, r, path->off[path->n - 1]);
}

static void need_number(struct pgm *p, const struct path *path, const uint32_t *want,
			unsigned int n)
{
	ir_label in = n > 1 ? ir_label_new(p->ir) : 0;
	ir_reg have = 0;

	if (!n)
		return;
	pgm_need_task(p);
	for (unsigned int i = 0; i < n; i++) {
		note_id(p->ir, i, n, path->text, want[i]);
		if (!i)
			have = load_path(p, path);
		test_value(p, IR_32, have, (int32_t)want[i], i + 1 == n, in);
	}
	if (in)
		ir_place(p->ir, in);
}

/*
 * task->comm is padded with NUL (strscpy_pad() in __set_task_comm(), 6.1 and 6.12; the
 * logic that replaced it in 6.14 promises the same), so names compare as numbers, and
 * one that ends in the first word is told by it. A change of name under way may show
 * half of each, to this as to any reader.
 */
static void need_comm(struct pgm *p)
{
	const struct comp_scope *s = &p->env->job->scope;
	int32_t off = p->env->kern.scope.task_comm;
	struct ir *ir = p->ir;
	ir_label in = s->n_comms > 1 ? ir_label_new(ir) : 0;
	ir_reg head = 0, tail;

	if (!s->n_comms)
		return;
	pgm_need_task(p);
	for (unsigned int i = 0; i < s->n_comms; i++) {
		bool last = i + 1 == s->n_comms, whole = !memchr(s->comms[i], 0, 8);
		ir_label next = last || !whole ? p->leave : ir_label_new(ir);
		int64_t word[2];

		memcpy(word, s->comms[i], sizeof(word));
		note_test(ir, i, s->n_comms, "task->comm", true, s->comms[i]);
		if (!head)
			head = ir_load(ir, 8, p->task, off);
		if (!whole) {
			test_value(p, IR_64, head, word[0], last, in);
			continue;
		}
		ir_branch(ir, BPF_JNE, IR_64, head, ir_k(word[0]), next);
		tail = ir_load(ir, 8, p->task, off + 8);
		test_value(p, IR_64, tail, word[1], last, in);
		if (!last)
			ir_place(ir, next);
	}
	if (in)
		ir_place(ir, in);
}

/* bpf_get_current_ancestor_cgroup_id() gives 0, which is nobody's, where there is none so deep */
static void need_cgroup(struct pgm *p)
{
	const struct comp_scope *s = &p->env->job->scope;
	ir_label in = s->n_cgroups > 1 ? ir_label_new(p->ir) : 0;
	ir_reg at = 0;

	for (unsigned int i = 0; i < s->n_cgroups; i++) {
		const struct comp_cgroup *c = &s->cgroups[i];
		char what[64];

		snprintf(what, sizeof(what), "bpf_get_current_ancestor_cgroup_id(%u)", c->level);
		note_id(p->ir, i, s->n_cgroups, what, c->id);
		if (!i || c->level != c[-1].level)
			at = ir_call(p->ir, BPF_FUNC_get_current_ancestor_cgroup_id,
				     (struct ir_val[]){ ir_k(c->level) }, 1);
		test_value(p, IR_64, at, (int64_t)c->id, i + 1 == s->n_cgroups, in);
	}
	if (in)
		ir_place(p->ir, in);
}

static void need_mark(struct pgm *p)
{
	struct ir *ir = p->ir;

	if (!p->env->job->scope.marked)
		return;
	pgm_state(p);
	pgm_need_state(p);
	ir_note(ir, "if (!state->in_scope) return 0;");
	ir_branch(ir, BPF_JEQ, IR_64, ir_load(ir, 4, p->state, STATE_OFF(in_scope)), ir_k(0),
		  p->leave);
}

void pgm_need_scope(struct pgm *p)
{
	const struct comp_scope *s = &p->env->job->scope;
	const struct comp_kernel *k = &p->env->kern;
	const struct path tgid = { "task->tgid", { k->task_tgid }, 1 };
	const struct path pid = { "task->pid", { k->scope.task_pid }, 1 };
	const struct path uid = { "task->cred->uid", { k->scope.task_cred, k->scope.cred_uid }, 2 };
	const struct path net = {
		"task->nsproxy->net_ns->ns.inum",
		{ k->scope.task_nsproxy, k->scope.nsproxy_net, k->scope.net_inum },
		3,
	};

	need_number(p, &tgid, s->pids, s->n_pids);
	need_number(p, &pid, s->tids, s->n_tids);
	need_comm(p);
	need_number(p, &uid, s->uids, s->n_uids);
	need_number(p, &net, s->netns, s->n_netns);
	need_cgroup(p);
	need_mark(p);
}
