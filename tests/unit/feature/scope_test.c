/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options say of a scope, as the kernel's numbers; and what they cannot mean. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "feature/scope.h"
#include "util/buf.h"

struct bench {
	struct scope_opts o;
	struct scope s;
	struct err err;
	pid_t id[2 * LIMIT_SCOPE];
	const char *text[2 * LIMIT_SCOPE];
};

static struct bench begin(void)
{
	return (struct bench){ 0 };
}

static void opens(struct bench *b)
{
	if (scope_open(&b->s, &b->o, &b->err))
		fail_msg("%s", b->err.msg);
	assert_true(b->s.narrows);
}

static void refuses(struct bench *b, int code, const char *words)
{
	int ret = scope_open(&b->s, &b->o, &b->err);

	assert_int_equal(ret, code);
	if (!strstr(b->err.msg, words))
		fail_msg("'%s' has not '%s'", b->err.msg, words);
	assert_int_equal(b->s.n_fds, 0);
}

/* a thread beside us */
struct side {
	pthread_t thread;
	pthread_barrier_t known, end;
	pid_t tid;
};

static void *live(void *arg)
{
	struct side *s = arg;

	s->tid = gettid();
	pthread_barrier_wait(&s->known);
	pthread_barrier_wait(&s->end);
	return NULL;
}

static void side_start(struct side *s)
{
	pthread_barrier_init(&s->known, NULL, 2);
	pthread_barrier_init(&s->end, NULL, 2);
	assert_int_equal(pthread_create(&s->thread, NULL, live, s), 0);
	pthread_barrier_wait(&s->known);
}

static void side_end(struct side *s)
{
	pthread_barrier_wait(&s->end);
	pthread_join(s->thread, NULL);
}

static void nothing_said_is_everybody(void **state)
{
	struct bench b = begin();

	(void)state;
	b.o.kthreads = true;
	assert_int_equal(scope_open(&b.s, &b.o, &b.err), 0);
	assert_false(b.s.narrows);
	assert_true(b.s.who.kthreads);
	assert_false(b.s.who.marked);
	b.o.command = 5;
	opens(&b);
	assert_true(b.s.who.marked);
}

static void processes(void **state)
{
	struct bench b = begin();
	struct side side;

	(void)state;
	b.id[0] = getpid();
	b.id[1] = getppid();
	b.o.pids = b.id;
	b.o.n_pids = 2;
	opens(&b);
	assert_int_equal(b.s.who.n_pids, 2);
	assert_int_equal(b.s.who.pids[0], getpid());
	assert_int_equal(b.s.who.pids[1], getppid());
	b.id[1] = INT32_MAX;
	refuses(&b, -ESRCH, "there is no process 2147483647");
	b = begin();
	b.id[0] = 0;
	b.o.pids = b.id;
	b.o.n_pids = 1;
	refuses(&b, -ESRCH, "there is no process 0");

	b = begin();
	side_start(&side);
	b.o.pids = b.id;
	b.o.n_pids = 1;
	b.id[0] = side.tid;
	refuses(&b, -EINVAL, "-t a thread");
	side_end(&side);
	b = begin();
	b.id[0] = getpid();
	b.o.pids = b.id;
	b.o.n_pids = 1;
	b.o.command = 5;
	refuses(&b, -EINVAL, "-p and a command exclude each other");
}

/* a thread stands for its process too, and has to be of one that is named */
static void threads(void **state)
{
	pid_t parent = getppid();
	struct bench b = begin();
	struct side side;

	(void)state;
	side_start(&side);
	b.o.tids = b.id;
	b.o.n_tids = 2;
	b.id[0] = side.tid;
	b.id[1] = getpid();
	opens(&b);
	assert_int_equal(b.s.who.n_tids, 2);
	assert_int_equal(b.s.who.tids[0], side.tid);
	assert_int_equal(b.s.who.n_pids, 1);
	assert_int_equal(b.s.who.pids[0], getpid());

	b.id[1] = parent;
	opens(&b);
	assert_int_equal(b.s.who.n_pids, 2);
	b.o.pids = &parent;
	b.o.n_pids = 1;
	opens(&b);
	assert_int_equal(b.s.who.n_tids, 1);
	assert_int_equal(b.s.who.tids[0], parent);
	assert_int_equal(b.s.who.n_pids, 1);
	b.o.n_tids = 1;
	refuses(&b, -EINVAL, "nobody whose calls could count");
	side_end(&side);

	b = begin();
	b.id[0] = INT32_MAX;
	b.o.tids = b.id;
	b.o.n_tids = 1;
	refuses(&b, -ESRCH, "there is no thread 2147483647");
	b = begin();
	b.id[0] = getpid();
	b.o.tids = b.id;
	b.o.n_tids = 1;
	b.o.command = 5;
	refuses(&b, -EINVAL, "-t and a command exclude each other");
}

static void names(void **state)
{
	struct buf notes = { 0 };
	struct bench b = begin();

	(void)state;
	b.text[0] = "curl";
	b.text[1] = "exactly-fifteen";
	b.o.comms = b.text;
	b.o.n_comms = 2;
	opens(&b);
	assert_memory_equal(b.s.who.comms[0], "curl\0\0\0\0\0\0\0\0\0\0\0", SCOPE_COMM);
	assert_memory_equal(b.s.who.comms[1], "exactly-fifteen", SCOPE_COMM);
	scope_notes(&b.o, &notes);
	assert_string_equal(buf_str(&notes), "");

	b.text[1] = "systemd-journald";
	opens(&b);
	assert_memory_equal(b.s.who.comms[1], "systemd-journal", SCOPE_COMM);
	scope_notes(&b.o, &notes);
	assert_string_equal(buf_str(&notes),
			    "the kernel keeps 15 bytes of a name: --comm systemd-journald is "
			    "whoever is called 'systemd-journal'\n");
	buf_free(&notes);
	b.text[0] = "";
	refuses(&b, -EINVAL, "--comm takes a name");
}

static void users(void **state)
{
	static const char *const wrong[] = { "no-such-user-here", "4294967295", "-1", "0x10", "" };
	struct bench b = begin();

	(void)state;
	b.text[0] = "root";
	b.text[1] = "4294967294";
	b.text[2] = "010";
	b.o.users = b.text;
	b.o.n_users = 3;
	opens(&b);
	assert_int_equal(b.s.who.n_uids, 3);
	assert_int_equal(b.s.who.uids[0], 0);
	assert_int_equal(b.s.who.uids[1], 4294967294u);
	assert_int_equal(b.s.who.uids[2], 10);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		b = begin();
		b.text[0] = wrong[i];
		b.o.users = b.text;
		b.o.n_users = 1;
		refuses(&b, -EINVAL, "there is no user");
	}
}

/* init's network namespace may be another, in a container, or nothing that we may see */
static bool init_shares(void)
{
	struct stat own, init;

	return stat("/proc/self/ns/net", &own) || stat("/proc/1/ns/net", &init) ||
	       own.st_ino == init.st_ino;
}

static void network_namespaces(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{ "2147483647", "there is no process 2147483647" },
		{ "no-such-namespace", "/run/netns/no-such-namespace is not there" },
		{ "/proc/self/ns/no", "cannot look at" },
		{ "/proc/self/ns/mnt", "is no network namespace" },
		{ "/proc/self/status", "is no network namespace" },
		{ "/", "is no network namespace" },
		{ "", "--netns takes" },
	};
	struct bench b = begin();
	char pid[16];
	struct stat st;

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	b.text[0] = "/proc/self/ns/net";
	b.text[1] = pid;
	b.o.netns = b.text;
	b.o.n_netns = 2;
	assert_int_equal(scope_open(&b.s, &b.o, &b.err), 0);
	assert_int_equal(b.s.narrows, !init_shares());
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(b.s.who.netns[0], st.st_ino);
	assert_int_equal(b.s.who.netns[1], st.st_ino);
	assert_int_equal(b.s.n_fds, 2);
	assert_int_equal(fcntl(b.s.fds[0], F_GETFD), FD_CLOEXEC);
	scope_close(&b.s);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		b = begin();
		b.text[0] = wrong[i].text;
		b.o.netns = b.text;
		b.o.n_netns = 1;
		refuses(&b, -EINVAL, wrong[i].words);
	}
}

static void no_cgroups(void **state)
{
	static const char *const wrong[] = { "no/such", "/proc", "/dev/null" };
	struct bench b;
	int ret;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		b = begin();
		b.text[0] = wrong[i];
		b.o.cgroups = b.text;
		b.o.n_cgroups = 1;
		ret = scope_open(&b.s, &b.o, &b.err);
		if (ret == -EOPNOTSUPP) /* the hierarchy is mounted nowhere: a container */
			assert_non_null(strstr(b.err.msg, "mount -t cgroup2"));
		else
			refuses(&b, -EINVAL, "there is no cgroup");
		scope_close(&b.s);
	}
}

static void as_many_as_there_can_be(void **state)
{
	struct bench b = begin();

	(void)state;
	for (unsigned int i = 0; i <= LIMIT_SCOPE; i++) {
		b.id[i] = getpid();
		b.text[i] = "0";
	}
	b.o.pids = b.o.tids = b.id;
	b.o.comms = b.o.users = b.text;
	b.o.n_pids = b.o.n_tids = b.o.n_comms = b.o.n_users = LIMIT_SCOPE;
	opens(&b);
	assert_int_equal(b.s.who.n_tids, LIMIT_SCOPE);
	assert_int_equal(b.s.who.n_uids, LIMIT_SCOPE);
	b.o.n_users++;
	refuses(&b, -E2BIG, "more than 16 of --uid");
	assert_int_equal(b.err.tag, ERR_LIMIT);
	b = begin();
	b.o.pids = b.id;
	b.o.n_pids = LIMIT_SCOPE + 1;
	refuses(&b, -E2BIG, "more than 16 of -p");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_everybody),
		cmocka_unit_test(processes),
		cmocka_unit_test(threads),
		cmocka_unit_test(names),
		cmocka_unit_test(users),
		cmocka_unit_test(network_namespaces),
		cmocka_unit_test(no_cgroups),
		cmocka_unit_test(as_many_as_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
