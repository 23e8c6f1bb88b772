// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From records to paths. An injection is open until its system call returns; a step
 * belongs to each open injection of its task whose `low` it is above (comp/path_prog.c
 * has what that means), and to one of the functions that are left of its stack.
 */
#include "feature/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* An injection whose system call has not returned. */
struct open {
	uint64_t number;
	uint32_t tid;
	uint64_t time;
	uint64_t low;
	uint64_t hurt;	   /* injections into the task that are known of, with later ones */
	unsigned int next; /* frames before this one have returned, or never will be seen to */
	struct path path;
};

/* An injection whose task has not ended. */
struct waiting {
	uint32_t tid;
	unsigned int path;
	uint64_t count;
};

#define GONE 64

struct gone {
	uint32_t tid; /* 0: none */
	int status;
};

struct path_log {
	struct path_func *funcs;
	unsigned int n_funcs;
	struct open **open; /* oldest first */
	unsigned int n_open;
	struct waiting *waiting;
	unsigned int n_waiting;
	struct path **paths;
	unsigned int n_paths;
	struct gone gone[GONE]; /* the last tasks that ended */
	unsigned int next_gone;
	uint64_t numbered; /* injections so far */
	uint64_t untold;
};

int path_log_new(struct path_log **out)
{
	struct path_log *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	*out = l;
	return 0;
}

void path_log_free(struct path_log *l)
{
	if (!l)
		return;
	for (unsigned int i = 0; i < l->n_funcs; i++)
		free((char *)l->funcs[i].name);
	for (unsigned int i = 0; i < l->n_open; i++)
		free(l->open[i]);
	for (unsigned int i = 0; i < l->n_paths; i++) {
		free(l->paths[i]->fate);
		free(l->paths[i]);
	}
	free(l->funcs);
	free(l->open);
	free(l->waiting);
	free(l->paths);
	free(l);
}

/* room for one more of `size` bytes behind n; false: none */
static bool grow(void *array, unsigned int n, size_t size)
{
	void *grown = reallocarray(*(void **)array, n + 1, size);

	if (grown)
		*(void **)array = grown;
	return grown != NULL;
}

int path_func_add(struct path_log *l, const struct path_func *f)
{
	_cleanup_free_ char *name = strdup(f->name);

	if (l->n_funcs == LIMIT_PATH_FUNCS)
		return -E2BIG;
	if (!name || !grow(&l->funcs, l->n_funcs, sizeof(*l->funcs)))
		return -ENOMEM;
	l->funcs[l->n_funcs] = *f;
	l->funcs[l->n_funcs].name = take_ptr(name);
	return (int)l->n_funcs++;
}

const struct path_func *path_func(const struct path_log *l, unsigned int func)
{
	return func < l->n_funcs ? &l->funcs[func] : NULL;
}

void path_func_seen(struct path_log *l, unsigned int func, bool can, uint64_t since)
{
	if (func >= l->n_funcs)
		return;
	l->funcs[func].can = can;
	l->funcs[func].since = since;
}

unsigned int path_count(const struct path_log *l)
{
	return l->n_paths;
}

const struct path *path_at(const struct path_log *l, unsigned int i)
{
	return l->paths[i];
}

uint64_t path_untold(const struct path_log *l)
{
	return l->untold;
}

/* a task of which the end has been told can still be on its way through do_exit() */
static const struct gone *find_gone(const struct path_log *l, uint32_t tid)
{
	for (unsigned int i = 0; i < GONE; i++)
		if (l->gone[i].tid == tid && tid)
			return &l->gone[i];
	return NULL;
}

static bool same_path(const struct path_log *l, const struct path *a, const struct path *b)
{
	if (a->rule != b->rule || a->target != b->target || a->value != b->value || a->n != b->n ||
	    a->in_call != b->in_call || a->end != b->end || a->result != b->result)
		return false;
	for (unsigned int i = 0; i < a->n; i++) {
		const struct path_frame *x = &a->frame[i], *y = &b->frame[i];
		char p[PATH_TEXT], q[PATH_TEXT];
		const struct path_func *f = &l->funcs[x->func];

		if (x->func != y->func || x->state != y->state)
			return false;
		/* pointers differ from call to call, and say nothing */
		if (x->state == PATH_SEEN && f->type != PATH_UNKNOWN && f->type != PATH_VOID &&
		    strcmp(path_value_text(f, x->value, p), path_value_text(f, y->value, q)) != 0)
			return false;
	}
	return true;
}

/* the path like this one, or this as a new one; -E2BIG, -ENOMEM */
static int find_path(struct path_log *l, const struct path *p)
{
	struct path *made;

	for (unsigned int i = 0; i < l->n_paths; i++)
		if (same_path(l, l->paths[i], p))
			return (int)i;
	if (l->n_paths == LIMIT_PATHS)
		return -E2BIG;
	made = grow(&l->paths, l->n_paths, sizeof(struct path *)) ? malloc(sizeof(*made)) : NULL;
	if (!made)
		return -ENOMEM;
	*made = *p;
	l->paths[l->n_paths] = made;
	return (int)l->n_paths++;
}

static void add_fate(struct path *p, const struct path_fate *f)
{
	for (unsigned int i = 0; i < p->n_fates; i++)
		if (p->fate[i].ended == f->ended && p->fate[i].status == f->status) {
			p->fate[i].count += f->count;
			return;
		}
	if (grow(&p->fate, p->n_fates, sizeof(*p->fate)))
		p->fate[p->n_fates++] = *f;
}

static void await(struct path_log *l, uint32_t tid, unsigned int path)
{
	const struct gone *gone = find_gone(l, tid);

	if (gone) {
		add_fate(l->paths[path], &(struct path_fate){ true, gone->status, 1 });
		return;
	}
	for (unsigned int i = 0; i < l->n_waiting; i++)
		if (l->waiting[i].tid == tid && l->waiting[i].path == path) {
			l->waiting[i].count++;
			return;
		}
	if (l->n_waiting < LIMIT_PATH_OPEN && grow(&l->waiting, l->n_waiting, sizeof(*l->waiting)))
		l->waiting[l->n_waiting++] = (struct waiting){ tid, path, 1 };
	else
		add_fate(l->paths[path], &(struct path_fate){ .count = 1 });
}

static void close_one(struct path_log *l, unsigned int i, enum path_end end)
{
	struct open *o = l->open[i];
	int path;

	o->path.end = o->path.in_call ? end : PATH_LOST;
	path = find_path(l, &o->path);

	if (path < 0) {
		l->untold++;
	} else {
		l->paths[path]->count++;
		await(l, o->tid, (unsigned int)path);
	}
	free(o);
	memmove(&l->open[i], &l->open[i + 1], (l->n_open - i - 1) * sizeof(struct open *));
	l->n_open--;
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(name, names) is_one_of(name, names, sizeof(names) / sizeof((names)[0]))

/* how system calls come in (arch/x86/entry, 6.1 to 6.12) */
static const char *const entries[] = { "x64_sys_call",	     "do_syscall_64",
				       "do_fast_syscall_32", "__do_fast_syscall_32",
				       "do_int80_emulation", "do_int80_syscall_32" };

/*
 * What is done between them and user space when the call has been told to return
 * (syscall_exit_to_user_mode_work(), kernel/entry/common.c, 6.1, 6.12): files are closed there.
 */
static const char *const ways_out[] = { "task_work_run",
					"exit_to_user_mode_loop",
					"exit_to_user_mode_prepare",
					"syscall_exit_to_user_mode",
					"syscall_exit_work",
					"arch_do_signal_or_restart" };

/*
 * How much of the stack is to be told: what is above the function that a system call starts
 * with is the same for all of them. And is it in one?
 */
static unsigned int stack_depth(const struct path_log *l, const struct path_start *s, bool *in_call)
{
	unsigned int n = s->n < LIMIT_STACK_DEPTH ? s->n : LIMIT_STACK_DEPTH;
	bool out = false;

	*in_call = true;
	if (path_syscall_name(l->funcs[s->target].name))
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		const char *name = l->funcs[s->stack[i]].name;

		out |= IS_ONE_OF(name, ways_out);
		*in_call = !out;
		if (path_syscall_name(name))
			return i + 1;
		if (IS_ONE_OF(name, entries)) /* what is before it was jumped to from such a one */
			return i;
	}
	*in_call = false;
	return n;
}

void path_refused(struct path_log *l)
{
	l->untold++;
}

/*
 * What will not be told the end of: the system call is over (low is 0, and a record was
 * dropped), or there is none, and the task has come further out than it has said.
 */
static void close_others(struct path_log *l, const struct path_start *s)
{
	for (unsigned int i = 0; i < l->n_open;) {
		const struct open *o = l->open[i];

		if (o->tid == s->tid && (!s->low || (!o->path.in_call && o->low < s->low)))
			close_one(l, i, PATH_LOST);
		else
			i++;
	}
}

/* an injection in the middle of another one's way, of which calls are gone up to there */
static void interrupt(struct open *o, const struct path_start *s)
{
	if (o->low < s->low)
		o->low = s->low;
	if (s->hurt != o->hurt + 1)
		o->low = UINT64_MAX; /* there was one more, and how far it came is not known */
	o->hurt = s->hurt;
}

uint64_t path_injected(struct path_log *l, const struct path_start *s)
{
	struct open *o;

	close_others(l, s);
	for (unsigned int i = 0; i < l->n_open; i++)
		if (l->open[i]->tid == s->tid)
			interrupt(l->open[i], s);
	if (s->target >= l->n_funcs)
		return 0;
	o = l->n_open < LIMIT_PATH_OPEN && grow(&l->open, l->n_open, sizeof(struct open *))
		    ? calloc(1, sizeof(*o))
		    : NULL;
	if (!o) {
		l->untold++;
		return 0;
	}
	o->number = ++l->numbered;
	o->tid = s->tid;
	o->time = s->time;
	o->hurt = s->hurt;
	o->path.rule = s->rule;
	o->path.target = s->target;
	o->path.value = s->value;
	o->path.n = stack_depth(l, s, &o->path.in_call);
	for (unsigned int i = 0; i < o->path.n; i++) {
		const struct path_func *f = &l->funcs[s->stack[i]];

		o->path.frame[i].func = s->stack[i];
		o->path.frame[i].state = !f->can	       ? PATH_CANNOT
					 : f->since <= s->time ? PATH_MISSED
							       : PATH_NEW;
	}
	l->open[l->n_open++] = o;
	return o->number;
}

static bool take_step(struct open *o, const struct path_func *f, unsigned int func, int64_t raw)
{
	for (unsigned int i = o->next; i < o->path.n; i++) {
		struct path_frame *at = &o->path.frame[i];

		if (at->func != func)
			continue;
		at->state = PATH_SEEN;
		at->value = path_value(f, raw);
		o->next = i + 1;
		return true;
	}
	return false;
}

uint64_t path_step(struct path_log *l, uint32_t tid, uint64_t hurt, uint64_t sp, unsigned int func,
		   int64_t raw)
{
	uint64_t number = 0;

	for (unsigned int i = 0; func < l->n_funcs && i < l->n_open; i++) {
		struct open *o = l->open[i];

		if (o->tid != tid || o->hurt != hurt || sp <= o->low)
			continue;
		o->low = sp;
		if (take_step(o, &l->funcs[func], func, raw))
			number = o->number;
	}
	return number;
}

uint64_t path_syscall(struct path_log *l, uint32_t tid, int64_t result)
{
	uint64_t number = 0;

	for (unsigned int i = 0; i < GONE; i++) /* another task of that number */
		if (l->gone[i].tid == tid)
			l->gone[i].tid = 0;
	for (unsigned int i = 0; i < l->n_open;) {
		struct open *o = l->open[i];

		if (o->tid != tid) {
			i++;
			continue;
		}
		if (o->path.in_call) {
			number = o->number;
			o->path.result = result;
		}
		close_one(l, i, PATH_RETURNED);
	}
	return number;
}

void path_exit(struct path_log *l, uint32_t tid, int status)
{
	unsigned int kept = 0;

	l->gone[l->next_gone++ % GONE] = (struct gone){ tid, status };
	for (unsigned int i = 0; i < l->n_open;)
		if (l->open[i]->tid == tid)
			close_one(l, i, PATH_NEVER);
		else
			i++;
	for (unsigned int i = 0; i < l->n_waiting; i++) {
		struct waiting *w = &l->waiting[i];

		if (w->tid == tid)
			add_fate(l->paths[w->path], &(struct path_fate){ true, status, w->count });
		else
			l->waiting[kept++] = *w;
	}
	l->n_waiting = kept;
}

void path_finish(struct path_log *l)
{
	while (l->n_open)
		close_one(l, 0, find_gone(l, l->open[0]->tid) ? PATH_NEVER : PATH_INSIDE);
	for (unsigned int i = 0; i < l->n_waiting; i++)
		add_fate(l->paths[l->waiting[i].path],
			 &(struct path_fate){ .count = l->waiting[i].count });
	l->n_waiting = 0;
}
