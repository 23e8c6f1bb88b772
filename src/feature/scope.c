// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/scope.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/proc.h"

/* getpwnam_r()'s; a user with more to say is not found */
#define PASSWD_BYTES 65536

/* -p means a process; a thread's own id would match nothing */
static int take_pids(struct comp_scope *s, const struct scope_opts *o, struct err *err)
{
	for (size_t i = 0; i < o->n_pids; i++) {
		pid_t pid = o->pids[i], of = proc_process_of(pid);

		if (!of)
			return err_plain(err, -ESRCH, ERR_NO_PROCESS, "there is no process %d",
					 (int)pid);
		if (of != pid)
			return err_plain(
				err, -EINVAL, ERR_NO_PROCESS,
				"%d is a thread: its process is %d (-p takes a process, -t "
				"a thread)",
				(int)pid, (int)of);
		s->pids[s->n_pids++] = (uint32_t)pid;
	}
	return 0;
}

static bool has(const uint32_t *ids, unsigned int n, uint32_t id)
{
	for (unsigned int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/*
 * A thread is asked for together with its process: should it end, whoever gets its id
 * next is of another, most likely, and not touched.
 */
static int take_tids(struct comp_scope *s, const struct scope_opts *o, struct err *err)
{
	uint32_t owners[LIMIT_SCOPE];
	unsigned int n = 0;

	if (!o->n_tids)
		return 0;
	for (size_t i = 0; i < o->n_tids; i++) {
		pid_t tid = o->tids[i], of = proc_process_of(tid);

		if (!of)
			return err_plain(err, -ESRCH, ERR_NO_PROCESS, "there is no thread %d",
					 (int)tid);
		if (s->n_pids && !has(s->pids, s->n_pids, (uint32_t)of))
			continue;
		s->tids[s->n_tids++] = (uint32_t)tid;
		if (!has(owners, n, (uint32_t)of))
			owners[n++] = (uint32_t)of;
	}
	if (!n)
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "no thread that -t names is of a process that -p names: there is "
				 "nobody whose calls could count");
	memcpy(s->pids, owners, sizeof(owners));
	s->n_pids = n;
	return 0;
}

static int take_comms(struct comp_scope *s, const struct scope_opts *o, struct err *err)
{
	for (size_t i = 0; i < o->n_comms; i++) {
		if (!o->comms[i][0])
			return err_plain(err, -EINVAL, ERR_USAGE, "--comm takes a name, not ''");
		/* all that the kernel keeps of one: see scope_notes() */
		str_copy(s->comms[s->n_comms++], SCOPE_COMM, o->comms[i]);
	}
	return 0;
}

static int user_id(const char *name, uint32_t *out, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct passwd user, *found = NULL;
	uint64_t id;
	int ret;

	if (scope_is_number(name, UINT32_MAX - 1, &id)) { /* -1 is nobody's */
		*out = (uint32_t)id;
		return 0;
	}
	text = malloc(PASSWD_BYTES);
	if (!text)
		return err_nomem(err);
	ret = getpwnam_r(name, &user, text, PASSWD_BYTES, &found);
	if (!found && ret && ret != ENOENT && ret != ESRCH)
		return err_plain(err, -ret, ERR_SYSTEM, "cannot look up the user %s: %s", name,
				 strerror(ret));
	if (!found)
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "there is no user %s: --uid takes a name of getent passwd, or an "
				 "id",
				 name);
	*out = found->pw_uid;
	return 0;
}

static int take_users(struct comp_scope *s, const struct scope_opts *o, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < o->n_users; i++)
		ret = user_id(o->users[i], &s->uids[s->n_uids++], err);
	return ret;
}

/* those of a level together: the programs ask once for them */
static void add_cgroup(struct comp_scope *s, const struct comp_cgroup *c)
{
	unsigned int i = s->n_cgroups++;

	for (; i > 0 && s->cgroups[i - 1].level > c->level; i--)
		s->cgroups[i] = s->cgroups[i - 1];
	s->cgroups[i] = *c;
}

static int take_places(struct scope *s, const struct scope_opts *o, struct err *err)
{
	struct comp_cgroup c;
	int ret, fd;

	for (size_t i = 0; i < o->n_cgroups; i++) {
		if (!o->cgroups[i][0]) /* the root, if anything */
			return err_plain(err, -EINVAL, ERR_USAGE, "--cgroup takes a path, not ''");
		ret = scope_cgroup(o->cgroups[i], &c, &fd, err);
		if (ret)
			return ret;
		s->fds[s->n_fds++] = fd;
		add_cgroup(&s->who, &c);
	}
	for (size_t i = 0; i < o->n_netns; i++) {
		if (!o->netns[i][0])
			return err_plain(err, -EINVAL, ERR_USAGE,
					 "--netns takes a path, a process or a name, not ''");
		ret = scope_netns(o->netns[i], &s->who.netns[s->who.n_netns], &fd, err);
		if (ret)
			return ret;
		s->fds[s->n_fds++] = fd;
		s->who.n_netns++;
	}
	return 0;
}

/* the root's cgroup is everybody's, init's network namespace nearly */
static bool narrows(const struct comp_scope *s, const struct scope_opts *o)
{
	bool some = o->command || s->n_pids || s->n_tids || s->n_comms || s->n_uids;
	struct stat init;

	if (s->n_cgroups)
		some |= s->cgroups[0].level > 0;
	if (s->n_netns && stat("/proc/1/ns/net", &init) == 0)
		some |= !has(s->netns, s->n_netns, (uint32_t)init.st_ino);
	return some;
}

static int check_numbers(const struct scope_opts *o, struct err *err)
{
	const struct {
		const char *option;
		size_t n;
	} kinds[] = {
		{ "-p", o->n_pids },	 { "-t", o->n_tids },	       { "--comm", o->n_comms },
		{ "--uid", o->n_users }, { "--cgroup", o->n_cgroups }, { "--netns", o->n_netns },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].n > LIMIT_SCOPE)
			return err_plain(err, -E2BIG, ERR_LIMIT, "more than %d of %s", LIMIT_SCOPE,
					 kinds[i].option);
	if (o->command && (o->n_pids || o->n_tids))
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "%s and a command exclude each other: both say whose calls count",
				 o->n_pids ? "-p" : "-t");
	return 0;
}

int scope_open(struct scope *out, const struct scope_opts *o, struct err *err)
{
	struct comp_scope *who = &out->who;
	int ret = check_numbers(o, err);

	memset(out, 0, sizeof(*out));
	who->kthreads = o->kthreads;
	who->marked = o->command > 0;
	if (!ret)
		ret = take_pids(who, o, err);
	if (!ret)
		ret = take_tids(who, o, err);
	if (!ret)
		ret = take_comms(who, o, err);
	if (!ret)
		ret = take_users(who, o, err);
	if (!ret)
		ret = take_places(out, o, err);
	if (ret)
		scope_close(out);
	else
		out->narrows = narrows(who, o);
	return ret;
}

void scope_close(struct scope *s)
{
	for (unsigned int i = 0; i < s->n_fds; i++)
		close(s->fds[i]);
	s->n_fds = 0;
}

void scope_notes(const struct scope_opts *o, struct buf *notes)
{
	for (size_t i = 0; i < o->n_comms; i++)
		if (strlen(o->comms[i]) >= SCOPE_COMM)
			buf_printf(notes,
				   "the kernel keeps %d bytes of a name: --comm %s is whoever is "
				   "called '%.*s'\n",
				   SCOPE_COMM - 1, o->comms[i], SCOPE_COMM - 1, o->comms[i]);
}

/* Failing every allocation of a machine ends it: nobody gets that by leaving words out. */
int scope_check_rule(const struct scope *s, bool system_wide, const struct plan *p,
		     struct kern *kern, const char *what, struct err *err)
{
	const struct kbtf *btf;
	bool varies = false;
	int ret;

	if (plan_has_caller(p) || s->narrows || system_wide)
		return 0;
	ret = kern_btf(kern, &btf, err);
	if (!ret)
		ret = comp_varies(btf, p->rule->src, &p->sites->comp.func, &p->rule->on_target,
				  &varies, err);
	if (ret || varies)
		return ret;
	err_plain(err, -EINVAL, ERR_USAGE, "this rule would fail every %s of the whole system",
		  what);
	err_note(err, SPAN_NONE,
		 "name a caller (%s), a process (-p PID), a command (-- CMD), or another scope "
		 "(--comm, --uid, --cgroup, --netns)",
		 p->rule->is_spec ? "'tcp_v4_connect()'" : "'under tcp_v4_connect'");
	err_note(err, SPAN_NONE, "if you mean it: --system-wide with --for TIME or %s",
		 p->rule->is_spec ? "-c N" : "'times N'");
	return -EINVAL;
}
