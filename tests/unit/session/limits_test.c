/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session can hold, at its edges: ancestors to leave alone, counters of CPUs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "session/exempt.h"
#include "session/maps.h"

static void slots_are_a_power_of_two(void **state)
{
	static const struct {
		long cpus;
		uint32_t slots;
	} rows[] = {
		{ -1, 1 },
		{ 0, 1 },
		{ 1, 1 },
		{ 2, 2 },
		{ 3, 4 },
		{ LIMIT_CPUS / 2 + 1, LIMIT_CPUS },
		{ LIMIT_CPUS, LIMIT_CPUS },
		{ LIMIT_CPUS + 1, LIMIT_CPUS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(maps_slots_for(rows[i].cpus), rows[i].slots);
}

struct found {
	struct exempt exempt;
	struct err err;
	int ret;
};

/* what the last of so many processes finds, each started by the one before */
static void collect_below(unsigned int generations, struct found *out)
{
	struct found *f =
		mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int depth = 0;
	pid_t child;

	assert_ptr_not_equal(f, MAP_FAILED);
	while (depth < generations && (child = fork()) == 0)
		depth++;
	if (depth == generations)
		f->ret = exempt_collect(&f->exempt, NULL, 0, &f->err);
	else
		waitpid(child, NULL, 0);
	if (depth)
		_exit(0);
	*out = *f;
	munmap(f, sizeof(*f));
}

static void ancestors_to_the_limit(void **state)
{
	struct found own, found;
	unsigned int more;

	(void)state;
	collect_below(0, &own);
	if (own.ret == -EOPNOTSUPP) /* a container */
		return;
	assert_int_equal(own.ret, 0);
	/* init is the last of them and no part of the limit */
	assert_int_equal(own.exempt.pid[own.exempt.n - 1], 1);
	more = LIMIT_EXEMPT + 1 - own.exempt.n;
	collect_below(more, &found);
	assert_int_equal(found.ret, 0);
	assert_int_equal(found.exempt.n, LIMIT_EXEMPT + 1);
	assert_int_equal(found.exempt.pid[LIMIT_EXEMPT], 1);
	assert_int_equal(found.exempt.pid[more - 1], getpid());
	collect_below(more + 1, &found);
	assert_int_equal(found.ret, -E2BIG);
	assert_int_equal(found.err.tag, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_a_power_of_two),
		cmocka_unit_test(ancestors_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
