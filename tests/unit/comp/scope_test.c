/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose calls a rule's programs take for calls in scope, on a simulated kernel. */
#include "bench.h"

/* where the fixture has them in struct task_struct */
enum {
	TASK_PID = 100,
	TASK_COMM = 120,
	TASK_CRED = 136,
	TASK_NSPROXY = 144
};

static void task_has(struct bench *b, size_t off, const void *value, size_t len)
{
	memcpy(b->task.bytes + off, value, len);
}

static void task_points(struct bench *b, size_t off, const void *to)
{
	task_has(b, off, &to, sizeof(to));
}

/* is a call of the current task in scope? */
static bool counts(struct bench *b)
{
	uint64_t before = b->m->rule->cpu[0].hits;

	hit(b, 8, 0);
	return b->m->rule->cpu[0].hits != before;
}

static bool counts_tid(struct bench *b, uint32_t tid)
{
	task_has(b, TASK_PID, &tid, sizeof(tid));
	return counts(b);
}

static void by_thread(void **unused)
{
	struct comp_scope *s;
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	s = &b.t.job.scope;
	for (uint32_t i = 0; i < LIMIT_SCOPE; i++) { /* as many as there can be */
		s->pids[s->n_pids++] = 70 + i;
		s->tids[s->n_tids++] = 1000 + i;
	}
	compile(&b);
	assert_true(counts_tid(&b, 1000));
	assert_true(counts_tid(&b, 1000 + LIMIT_SCOPE - 1));
	assert_false(counts_tid(&b, 1000 + LIMIT_SCOPE));
	assert_false(counts_tid(&b, 77));
	machine_task(&b.task, 70 + LIMIT_SCOPE, 0); /* the thread, but not of these processes */
	assert_false(counts_tid(&b, 1000));
	close_bench(&b);
}

static bool counts_comm(struct bench *b, const char *comm)
{
	char padded[SCOPE_COMM] = { 0 };

	memcpy(padded, comm, strlen(comm));
	task_has(b, TASK_COMM, padded, sizeof(padded));
	return counts(b);
}

static void by_name(void **unused)
{
	static const char *const names[] = { "systemd-journal", "sh", "seven77", "eight888" };
	struct bench b;

	(void)unused;
	for (unsigned int n = 1; n <= 4; n++) {
		open_bench(&b, "(true)", true);
		for (unsigned int i = 0; i < n; i++)
			memcpy(b.t.job.scope.comms[i], names[i], strlen(names[i]));
		b.t.job.scope.n_comms = n;
		compile(&b);
		for (unsigned int i = 0; i < 4; i++)
			assert_int_equal(counts_comm(&b, names[i]), i < n);
		assert_false(counts_comm(&b, "systemd-"));
		assert_false(counts_comm(&b, "systemd-journa"));
		assert_false(counts_comm(&b, "eight8889"));
		assert_false(counts_comm(&b, "seven778"));
		assert_false(counts_comm(&b, "s"));
		assert_false(counts_comm(&b, "shh"));
		assert_false(counts_comm(&b, ""));
		close_bench(&b);
	}
}

static bool counts_uid(struct bench *b, uint32_t uid)
{
	uint32_t cred[8] = { 0, 0, uid };
	bool in;

	task_points(b, TASK_CRED, cred);
	in = counts(b);
	task_points(b, TASK_CRED, NULL);
	return in;
}

static void by_user(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	b.t.job.scope.uids[0] = 0;
	b.t.job.scope.uids[1] = 4294967294u;
	b.t.job.scope.n_uids = 2;
	compile(&b);
	assert_true(counts_uid(&b, 0));
	assert_true(counts_uid(&b, 4294967294u));
	assert_false(counts_uid(&b, 1));
	assert_false(counts_uid(&b, 0x7ffffffe));
	assert_false(counts(&b)); /* no cred */
	close_bench(&b);
}

static bool counts_netns(struct bench *b, uint32_t inum)
{
	uint32_t net[16] = { 0 };
	const void *nsproxy[6] = { NULL, NULL, NULL, NULL, NULL, net };
	bool in;

	net[12] = inum;
	task_points(b, TASK_NSPROXY, nsproxy);
	in = counts(b);
	task_points(b, TASK_NSPROXY, NULL);
	return in;
}

static void by_network_namespace(void **unused)
{
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	b.t.job.scope.netns[b.t.job.scope.n_netns++] = 4026531840u;
	compile(&b);
	assert_true(counts_netns(&b, 4026531840u));
	assert_false(counts_netns(&b, 4026531841u));
	assert_false(counts_netns(&b, 0));
	assert_false(counts(&b)); /* exiting: no nsproxy any more */
	close_bench(&b);
}

static bool counts_cgroup(struct bench *b, uint64_t first, uint64_t second, uint64_t third)
{
	const uint64_t path[MACHINE_LEVELS] = { 1, first, second, third };

	memcpy(b->m->cgroup, path, sizeof(path));
	return counts(b);
}

static void by_cgroup(void **unused)
{
	struct comp_scope *s;
	struct bench b;

	(void)unused;
	open_bench(&b, "(true)", true);
	s = &b.t.job.scope;
	s->cgroups[s->n_cgroups++] = (struct comp_cgroup){ 1ull << 32 | 40, 1 };
	s->cgroups[s->n_cgroups++] = (struct comp_cgroup){ 50, 2 };
	compile(&b);
	assert_true(counts_cgroup(&b, 1ull << 32 | 40, 0, 0));
	assert_true(counts_cgroup(&b, 1ull << 32 | 40, 60, 70)); /* below it */
	assert_false(counts_cgroup(&b, 40, 0, 0));
	assert_true(counts_cgroup(&b, 41, 50, 0));
	assert_false(counts_cgroup(&b, 41, 51, 50));
	assert_false(counts_cgroup(&b, 50, 0, 0));
	assert_false(counts_cgroup(&b, 0, 0, 0));
	close_bench(&b);
}

static void kinds_intersect(void **unused)
{
	struct bench b;
	uint32_t uid[8] = { 0, 0, 5 };

	(void)unused;
	open_bench(&b, "(true)", true);
	b.t.job.scope.pids[b.t.job.scope.n_pids++] = 77;
	b.t.job.scope.uids[b.t.job.scope.n_uids++] = 5;
	memcpy(b.t.job.scope.comms[b.t.job.scope.n_comms++], "sh", 3);
	compile(&b);
	task_points(&b, TASK_CRED, uid);
	assert_true(counts_comm(&b, "sh"));
	assert_false(counts_comm(&b, "sed"));
	uid[2] = 6;
	assert_false(counts_comm(&b, "sh"));
	uid[2] = 5;
	machine_task(&b.task, 78, 0);
	task_points(&b, TASK_CRED, uid);
	assert_false(counts_comm(&b, "sh"));
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_thread), cmocka_unit_test(by_name),
		cmocka_unit_test(by_user),   cmocka_unit_test(by_network_namespace),
		cmocka_unit_test(by_cgroup), cmocka_unit_test(kinds_intersect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
