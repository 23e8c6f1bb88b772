// SPDX-License-Identifier: LGPL-2.1-or-later
/* Gathers the list: which functions there are, under which names a rule has them. */
#include "feature/list.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature/list_internal.h"
#include "kern/config.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/str.h"

/*
 * One system call has a function for each way in: of these, the first that there is stands
 * for all. SYSCALL_DEFINE0 makes aliases of one whose own name comes first
 * (arch/x86/include/asm/syscall_wrapper.h, 6.12).
 */
static const char *const ways_in[] = {
	"__x64_sys_",	      "__do_sys_",	  "__ia32_sys_",
	"__ia32_compat_sys_", "__do_compat_sys_", "__x64_compat_sys_"
};

#define N_WAYS	     (sizeof(ways_in) / sizeof(ways_in[0]))
#define WAYS_64_BIT  2 /* the first two are those of 64-bit programs */
#define SECURITY     "security_"
#define LSM	     "bpf_lsm_"
#define NOT_A_TARGET "ni_syscall" /* shared by all numbers without a call */

void list_free(struct list *l)
{
	arena_free(l->arena);
	free(l->entry);
	buf_free(&l->notes);
	*l = (struct list){ 0 };
}

const char *list_dup(struct list *l, const char *text)
{
	return arena_strndup(l->arena, text, strlen(text));
}

static const char *join(struct list *l, const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	char *p = arena_alloc(l->arena, m + n + 1);

	if (p) {
		memcpy(p, a, m);
		memcpy(p + m, b, n);
	}
	return p;
}

/* "openat" of "__x64_sys_openat", and which way in; NULL: no system call */
static const char *syscall_of(const char *function, unsigned int *way)
{
	for (*way = 0; *way < N_WAYS; ++*way) {
		size_t len = strlen(ways_in[*way]);

		if (strncmp(function, ways_in[*way], len) == 0)
			return function + len;
	}
	return NULL;
}

static bool matches(const struct list_opts *o, const struct list_entry *e)
{
	const char *bare = strchr(e->target, ':');

	if (!o->glob)
		return o->all || e->kind < LIST_SECURITY;
	return fnmatch(o->glob, e->target, 0) == 0 || fnmatch(o->glob, e->function, 0) == 0 ||
	       (bare && fnmatch(o->glob, bare + 1, 0) == 0);
}

static int add(struct list *l, const struct list_entry *e)
{
	if (!e->target)
		return -ENOMEM;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 512;
		struct list_entry *p = reallocarray(l->entry, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		l->entry = p;
		l->cap = cap;
	}
	l->entry[l->n++] = *e;
	return 0;
}

static int add_injectable(struct list *l, const struct injectable *i)
{
	struct list_entry e = { .kind = LIST_FUNCTION,
				.target = i->name,
				.function = i->name,
				.module = i->module,
				.type = i->type };
	unsigned int way = 0;
	const char *call = i->module ? NULL : syscall_of(i->name, &way);

	if (call && strcmp(call, NOT_A_TARGET) != 0)
		e.kind = LIST_SYSCALL;
	if (e.kind == LIST_SYSCALL)
		e.target = join(l, "syscall:", call);
	else if (i->module)
		e.target = join(l, join(l, i->module, ":"), i->name);
	return add(l, &e);
}

/* the functions that are hooks, by their names: values are for the taking, but for void */
static int add_hook(struct list *l, const struct kbtf *btf, uint32_t id)
{
	const char *name = kbtf_name(btf, id);
	struct list_entry e = { .target = name, .function = name };
	struct kbtf_proto proto;

	if (kbtf_func_by_id(btf, id, &proto) < 0 || !proto.ret)
		return 0;
	e.kind = strncmp(name, LSM, strlen(LSM)) == 0 ? LIST_LSM : LIST_SECURITY;
	if (e.kind == LIST_LSM)
		e.target = join(l, "lsm:", name + strlen(LSM));
	return add(l, &e);
}

static int add_hooks(struct list *l, const struct kbtf *btf)
{
	static const char *const prefixes[] = { SECURITY, LSM };
	int r = 0;

	for (unsigned int i = 0; i < 2 && r == 0; i++) {
		uint32_t cursor = 0, id;

		while (r == 0 && kbtf_next_func(btf, prefixes[i], &cursor, &id))
			r = add_hook(l, btf, id);
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct list_entry *x = a, *y = b;
	unsigned int i, j;
	int r;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	/* the kernel's own before its modules' */
	if (!x->module != !y->module)
		return x->module ? 1 : -1;
	r = strcmp(x->target, y->target);
	if (r || x->kind != LIST_SYSCALL)
		return r;
	syscall_of(x->function, &i);
	syscall_of(y->function, &j);
	return (int)i - (int)j;
}

/* the ways into one system call become one; a call of 32-bit programs alone keeps its name */
static void fold_syscalls(struct list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct list_entry *e = &l->entry[i];
		unsigned int way;

		if (e->kind == LIST_SYSCALL && n && l->entry[n - 1].kind == LIST_SYSCALL &&
		    strcmp(l->entry[n - 1].target, e->target) == 0)
			continue;
		l->entry[n++] = *e;
		if (e->kind == LIST_SYSCALL && syscall_of(e->function, &way) && way >= WAYS_64_BIT)
			l->entry[n - 1].target = e->function;
	}
	l->n = n;
}

/* stars are left out of what is looked for, so that '*fail_slap*' has a nearest name too */
static const char *nearest(const struct list *l, const char *glob)
{
	unsigned int best = UINT32_MAX;
	const char *found = NULL;
	char name[LIMIT_IDENT + 1];
	size_t len = 0;

	for (; *glob && len < LIMIT_IDENT; glob++)
		if (!strchr("*?[]", *glob))
			name[len++] = *glob;
	name[len] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		const char *bare = strchr(l->entry[i].target, ':');
		const char *of = bare && !strchr(name, ':') ? bare + 1 : l->entry[i].target;
		unsigned int most = (unsigned int)len / 3 + 1, d = str_distance(of, name, most);

		if (d > most || d >= best || d >= len)
			continue;
		best = d;
		found = l->entry[i].target;
	}
	return found;
}

/* without the list, nobody knows whether something does: then that is the answer */
static int nothing_matches(const struct list *l, const struct list_opts *o, const struct err *why,
			   struct err *err)
{
	const char *near = o->glob ? nearest(l, o->glob) : NULL;

	if (why->code) {
		if (err)
			*err = *why;
		if (l->n)
			err_note(err, SPAN_NONE,
				 "'retcon list --all' has the hooks that need no such list");
		return why->code;
	}
	err_plain(err, -ENOENT, ERR_UNKNOWN_FUNCTION,
		  "nothing that can be overridden matches '%.100s'", o->glob ? o->glob : "*");
	if (near)
		err_note(err, SPAN_NONE, "did you mean '%.200s'?", near);
	return -ENOENT;
}

/* what matches stays */
static int filter(struct list *l, const struct list_opts *o, const struct err *why, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += matches(o, &l->entry[i]);
	if (!n)
		return nothing_matches(l, o, why, err);
	n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (matches(o, &l->entry[i]))
			l->entry[n++] = l->entry[i];
	l->n = n;
	if (why->code)
		buf_printf(&l->notes, "only hooks are shown: %s\n", why->msg);
	return 0;
}

static bool has_kind(const struct list *l, unsigned int from, unsigned int to)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->entry[i].kind >= from && l->entry[i].kind <= to)
			return true;
	return false;
}

static void note_lsms(struct list *l, const struct host *host)
{
	if (has_kind(l, LIST_LSM, LIST_LSM) && host->lsms[0] && !host_list_has(host->lsms, "bpf"))
		buf_printf(&l->notes,
			   "lsm: hooks are not run: bpf is not among the active security modules "
			   "(boot with lsm=%s,bpf)\n",
			   host->lsms);
}

static unsigned int built_in(struct list *l, const struct kconfig *c)
{
	unsigned int may = LIST_KPROBE_MULTI | LIST_KPROBE | LIST_FMOD_RET | LIST_BY_LSM;

	if (c && kconfig_get(c, "BPF_KPROBE_OVERRIDE") == KCONFIG_NO) {
		may &= ~(unsigned int)(LIST_KPROBE_MULTI | LIST_KPROBE);
		if (has_kind(l, LIST_FUNCTION, LIST_SYSCALL))
			buf_puts(&l->notes,
				 "this kernel was built without CONFIG_BPF_KPROBE_OVERRIDE: "
				 "probes cannot override here\n");
	}
	if (c && kconfig_get(c, "FPROBE") == KCONFIG_NO)
		may &= ~(unsigned int)LIST_KPROBE_MULTI;
	if (c && kconfig_get(c, "BPF_LSM") == KCONFIG_NO)
		may &= ~(unsigned int)LIST_BY_LSM;
	return may;
}

/* without them, nobody tells what most system calls take */
static void note_tracepoints(struct list_ask *a)
{
	_cleanup_free_ char *format = NULL;

	if (!has_kind(a->l, LIST_SYSCALL, LIST_SYSCALL))
		return;
	a->tracepoints =
		kern_event_format(a->k, "syscalls", "sys_enter_openat", &format, NULL) == 0;
	if (!a->tracepoints)
		buf_puts(&a->l->notes,
			 "parameters of most system calls are not known: their tracepoints cannot "
			 "be read (root, tracefs, CONFIG_FTRACE_SYSCALLS)\n");
}

static int describe(struct list *l, const struct list_ask *a)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		r = list_describe(a, &l->entry[i]);
		if (r == 0)
			r = list_warn(a, &l->entry[i]);
	}
	return r;
}

/* 0, with *why the reason why there are no injectable functions, or -ENOMEM */
static int gather(struct list *l, struct kern *k, const struct kbtf *btf, struct err *why)
{
	const struct injectable *list;
	size_t n;
	int r = 0;

	if (kern_injectables(k, true, &list, &n, why) < 0)
		n = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_injectable(l, &list[i]);
	return r == 0 && btf ? add_hooks(l, btf) : r;
}

int list_collect(struct list *out, struct kern *k, const struct host *host,
		 const struct list_opts *o, struct err *err)
{
	struct list_ask a = { .l = out, .k = k, .host = host };
	struct err why = { 0 };
	int r;

	*out = (struct list){ 0 };
	r = arena_new(&out->arena);
	if (r == 0 && kern_btf(k, &a.btf, NULL) < 0)
		a.btf = NULL;
	if (r == 0)
		r = gather(out, k, a.btf, &why);
	if (r < 0)
		return err_nomem(err);
	if (out->n)
		qsort(out->entry, out->n, sizeof(*out->entry), compare);
	fold_syscalls(out);
	r = filter(out, o, &why, err);
	if (r < 0)
		return r;
	a.may = built_in(out, host->config);
	note_lsms(out, host);
	note_tracepoints(&a);
	r = describe(out, &a);
	return r < 0 || buf_err(&out->notes) < 0 ? err_nomem(err) : 0;
}

int list_live(const struct list_opts *o, struct buf *text, struct buf *notes, struct err *err)
{
	_cleanup_(kern_freep) struct kern *k = NULL;
	struct host host;
	struct list l = { 0 };
	int r = kern_live(&k, err);

	if (r < 0)
		return r;
	host_read(&host);
	r = list_collect(&l, k, &host, o, err);
	if (r == 0) {
		list_print(&l, o, text);
		buf_puts(notes, buf_str(&l.notes));
		if (buf_err(text) || buf_err(notes))
			r = err_nomem(err);
	}
	list_free(&l);
	host_free(&host);
	return r;
}
