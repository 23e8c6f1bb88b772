// SPDX-License-Identifier: LGPL-2.1-or-later
/* Steps to paths, and paths as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "feature/path.h"

/* functions by number, as every test has them */
enum {
	FAILSLAB,
	ALLOC,
	DST_ALLOC,
	ROUTE,
	HOLD,
	CONNECT,
	SYS_CONNECT,
	ENTRY,
	HIDDEN,
	IS_FULL,
	SIZE,
	CLONE,
	N_FUNCS
};

static const struct path_func funcs[N_FUNCS] = {
	[FAILSLAB] = { "should_failslab", PATH_INT, 4, false, UINT64_MAX },
	[ALLOC] = { "kmem_cache_alloc", PATH_PTR, 8, true, 10 },
	[DST_ALLOC] = { "dst_alloc", PATH_PTR, 8, true, 10 },
	[ROUTE] = { "ip_route_output", PATH_PTR, 8, true, 10 },
	[HOLD] = { "hold", PATH_VOID, 0, true, 10 },
	[CONNECT] = { "tcp_v4_connect", PATH_INT, 4, true, 10 },
	[SYS_CONNECT] = { "__x64_sys_connect", PATH_INT, 8, true, 10 },
	[ENTRY] = { "do_syscall_64", PATH_BOOL, 1, false, UINT64_MAX },
	[HIDDEN] = { "hidden", PATH_INT, 4, false, UINT64_MAX },
	[IS_FULL] = { "is_full", PATH_BOOL, 1, true, 10 },
	[SIZE] = { "size", PATH_NUMBER, 4, true, 10 },
	[CLONE] = { "clone.isra.0", PATH_UNKNOWN, 0, true, 10 },
};

static const char rule[] = "kmalloc = -ENOMEM";

/* injections into each task so far */
static uint64_t hurt[8];

static struct path_log *log_new(void)
{
	struct path_log *l = NULL;

	memset(hurt, 0, sizeof(hurt));

	assert_int_equal(path_log_new(&l), 0);
	for (unsigned int i = 0; i < N_FUNCS; i++)
		assert_int_equal(path_func_add(l, &funcs[i]), i);
	return l;
}

static uint64_t inject(struct path_log *l, uint32_t tid, uint64_t time, uint64_t low,
		       const unsigned int *stack, unsigned int n)
{
	const struct path_start s = {
		rule, tid, time, low, ++hurt[tid % 8], FAILSLAB, -12, stack, n
	};

	return path_injected(l, &s);
}

static uint64_t step(struct path_log *l, uint32_t tid, uint64_t sp, unsigned int func, int64_t raw)
{
	return path_step(l, tid, hurt[tid % 8], sp, func, raw);
}

static void expect(struct path_log *l, const char *text)
{
	struct buf b = { 0 };

	path_finish(l);
	path_print(l, 100, &b);
	assert_string_equal(buf_str(&b), text);
	buf_free(&b);
	path_log_free(l);
}

static void expect_json(struct path_log *l, const char *text)
{
	struct buf b = { 0 };

	path_finish(l);
	path_json(l, &b);
	assert_string_equal(buf_str(&b), text);
	buf_free(&b);
	path_log_free(l);
}

static const unsigned int connect_stack[] = { ALLOC,   DST_ALLOC,   ROUTE, HOLD,
					      CONNECT, SYS_CONNECT, ENTRY };
#define CONNECT_N 7

/* the target was called at 100, each caller 100 further out; 0xfffffff4 is -12 in a register */
static void connect_fails(struct path_log *l, uint32_t tid)
{
	step(l, tid, 200, ALLOC, 0);
	step(l, tid, 300, DST_ALLOC, 0);
	step(l, tid, 400, ROUTE, -105);
	step(l, tid, 500, HOLD, 77);
	step(l, tid, 600, CONNECT, 0xffffff97);
	step(l, tid, 700, SYS_CONNECT, -105);
	path_syscall(l, tid, -105);
}

static void error_is_followed_to_user_space(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(inject(l, 5 + i, 20, 0, connect_stack, CONNECT_N), i + 1);
		connect_fails(l, 5 + i);
	}
	path_exit(l, 5, 7 << 8);
	path_exit(l, 6, 11);
	expect(l, "followed: 3 injections, 1 path\n"
		  "\n"
		  "3 times:\n"
		  "    should_failslab    -ENOMEM            <- injected\n"
		  "    kmem_cache_alloc   NULL               <- -ENOMEM became NULL\n"
		  "    dst_alloc          NULL\n"
		  "    ip_route_output    ERR_PTR(-ENOBUFS)  <- NULL became -ENOBUFS\n"
		  "    hold               void\n"
		  "    tcp_v4_connect     -ENOBUFS\n"
		  "    __x64_sys_connect  -ENOBUFS\n"
		  "  connect returned -ENOBUFS\n"
		  "  the task exited with status 7 (1 time)\n"
		  "  the task was killed by signal 11 SIGSEGV (1 time)\n"
		  "  the task was still running (1 time)\n");
}

static void what_was_not_seen_is_not_guessed(void **state)
{
	static const unsigned int stack[] = { ALLOC, HIDDEN, DST_ALLOC, CONNECT, SYS_CONNECT };
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 20, 0, stack, 5);
	step(l, 5, 200, ALLOC, 0x1000);
	step(l, 5, 600, CONNECT, 0xfffffff4); /* DST_ALLOC was missed */
	path_syscall(l, 5, -512);
	expect(l, "followed: 1 injection, 1 path\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    kmem_cache_alloc   pointer  <- -ENOMEM was swallowed\n"
		  "    hidden             ?        cannot be followed\n"
		  "    dst_alloc          ?        its return was missed\n"
		  "    tcp_v4_connect     -ENOMEM  <- failed anew\n"
		  "    __x64_sys_connect  ?        its return was missed\n"
		  "  connect returned -ERESTARTSYS  <- -ENOMEM became -ERESTARTSYS\n"
		  "  the task was still running\n");
}

/* flags, numbers and clones say nothing; what the error became is between the lines */
static void words_without_a_meaning(void **state)
{
	static const unsigned int stack[] = { IS_FULL, SIZE, CLONE, CONNECT, ENTRY };
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 20, 0, stack, 5);
	step(l, 5, 200, IS_FULL, 0xff01);
	step(l, 5, 300, SIZE, -12);
	step(l, 5, 400, CLONE, 0xfffffff4);
	step(l, 5, 500, CONNECT, 0x100000000);
	expect(l, "followed: 1 injection, 1 path\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab  -ENOMEM     <- injected\n"
		  "    is_full          true\n"
		  "    size             4294967284\n"
		  "    clone.isra.0     0xfffffff4\n"
		  "    tcp_v4_connect   0           <- -ENOMEM was swallowed, here or before\n"
		  "  the system call had not returned at the end\n"
		  "  the task was still running\n");
}

static void first_of_a_path_is_counted_with_the_others(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 9, 0, connect_stack, CONNECT_N); /* they are followed from 10 on */
	path_syscall(l, 5, -105);
	inject(l, 5, 20, 0, connect_stack, CONNECT_N);
	connect_fails(l, 5);
	path_exit(l, 5, 0);
	expect(l, "followed: 2 injections, 1 path\n"
		  "\n"
		  "1 time, and 1 before its callers were known:\n"
		  "    should_failslab    -ENOMEM            <- injected\n"
		  "    kmem_cache_alloc   NULL               <- -ENOMEM became NULL\n"
		  "    dst_alloc          NULL\n"
		  "    ip_route_output    ERR_PTR(-ENOBUFS)  <- NULL became -ENOBUFS\n"
		  "    hold               void\n"
		  "    tcp_v4_connect     -ENOBUFS\n"
		  "    __x64_sys_connect  -ENOBUFS\n"
		  "  connect returned -ENOBUFS\n"
		  "  the task exited with status 0\n");
}

static void first_of_a_path_alone(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 9, 0, &connect_stack[4], 3);
	path_syscall(l, 5, -105);
	expect(l, "followed: 1 injection, 1 path\n"
		  "\n"
		  "1 time, not followed: its callers were not known yet:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    tcp_v4_connect     ?        not followed yet\n"
		  "    __x64_sys_connect  ?        not followed yet\n"
		  "  connect returned -ENOBUFS  <- -ENOMEM became -ENOBUFS\n"
		  "  the task was still running\n");
}

/*
 * A second injection while the first is on its way: calls further out than both are told of
 * both, others of one; and a function called once more is not its earlier call.
 */
static void injections_one_after_the_other(void **state)
{
	static const unsigned int first[] = { ALLOC, DST_ALLOC, CONNECT, SYS_CONNECT };
	static const unsigned int second[] = { ALLOC, CONNECT, SYS_CONNECT };
	struct path_log *l = log_new();

	(void)state;
	assert_int_equal(inject(l, 5, 20, 0, first, 4), 1);
	assert_int_equal(step(l, 5, 200, ALLOC, 0), 1);
	/* DST_ALLOC was lost; ALLOC at 300 came and went since, and ALLOC at 250 is there */
	assert_int_equal(inject(l, 5, 30, 300, second, 3), 2);
	assert_int_equal(step(l, 5, 250, ALLOC, 0), 2);
	assert_int_equal(step(l, 5, 400, CONNECT, 0), 2);
	assert_int_equal(step(l, 6, 500, SYS_CONNECT, 3), 0);
	assert_int_equal(step(l, 5, 500, SYS_CONNECT, 0), 2);
	assert_int_equal(path_syscall(l, 5, 0), 2);
	expect(l, "followed: 2 injections, 2 paths\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    kmem_cache_alloc   NULL     <- -ENOMEM became NULL\n"
		  "    dst_alloc          ?        its return was missed\n"
		  "    tcp_v4_connect     0        <- NULL was swallowed, here or before\n"
		  "    __x64_sys_connect  0\n"
		  "  connect returned 0\n"
		  "  the task was still running\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    kmem_cache_alloc   NULL     <- -ENOMEM became NULL\n"
		  "    tcp_v4_connect     0        <- NULL was swallowed\n"
		  "    __x64_sys_connect  0\n"
		  "  connect returned 0\n"
		  "  the task was still running\n");
}

static void system_call_failed_itself(void **state)
{
	static const unsigned int stack[] = { ENTRY };
	struct path_log *l = log_new();
	const struct path_start s = { rule, 5, 20, 0, 1, SYS_CONNECT, -13, stack, 1 };

	(void)state;
	path_injected(l, &s);
	path_syscall(l, 5, -13);
	expect(l, "followed: 1 injection, 1 path\n"
		  "\n"
		  "1 time:\n"
		  "    __x64_sys_connect  -EACCES  <- injected\n"
		  "  connect returned -EACCES\n"
		  "  the task was still running\n");
}

/* closing what a system call has opened: it has been told to return by then */
static void after_the_system_call(void **state)
{
	struct path_log *l = log_new();
	const struct path_func work = { "task_work_run", PATH_VOID, 0, true, 10 };
	const unsigned int stack[] = { ALLOC, (unsigned int)path_func_add(l, &work), ENTRY };

	(void)state;
	inject(l, 5, 20, 0, stack, 3);
	step(l, 5, 200, ALLOC, 0);
	assert_int_equal(path_syscall(l, 5, 3), 0); /* of the next one */
	expect(l, "followed: 1 injection, 1 path\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab   -ENOMEM  <- injected\n"
		  "    kmem_cache_alloc  NULL     <- -ENOMEM became NULL\n"
		  "    task_work_run     ?        its return was missed\n"
		  "  not in a system call\n"
		  "  the task was still running\n");
}

/* do_exit() tells of the task's end before it closes its files */
static void after_the_end(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	path_exit(l, 5, 3 << 8);
	inject(l, 5, 20, 0, &connect_stack[4], 2);
	step(l, 5, 200, CONNECT, 0);
	expect(l, "followed: 1 injection, 1 path\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    tcp_v4_connect     0        <- -ENOMEM was swallowed\n"
		  "    __x64_sys_connect  ?        its return was missed\n"
		  "  connect did not return\n"
		  "  the task exited with status 3\n");
}

/* kernel threads have no system call whose end would be one's own */
static void without_a_system_call(void **state)
{
	static const unsigned int stack[] = { ALLOC, CONNECT };
	struct path_log *l = log_new();

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		inject(l, 5, 20, i ? 900 : 0, stack, 2);
		step(l, 5, 200, ALLOC, 0);
		step(l, 5, 300, CONNECT, 0);
	}
	expect(l, "followed: 2 injections, 1 path\n"
		  "\n"
		  "2 times:\n"
		  "    should_failslab   -ENOMEM  <- injected\n"
		  "    kmem_cache_alloc  NULL     <- -ENOMEM became NULL\n"
		  "    tcp_v4_connect    0        <- NULL was swallowed\n"
		  "  not in a system call\n"
		  "  the task was still running\n");
}

/* the record of a second injection was dropped: how far the stack came then is not known */
static void what_is_not_known_of_blocks_the_others(void **state)
{
	static const unsigned int stack[] = { ALLOC, CONNECT };
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 20, 0, stack, 2);
	step(l, 5, 200, ALLOC, 0);
	hurt[5]++;
	assert_int_equal(step(l, 5, 300, CONNECT, -1), 0);
	inject(l, 5, 20, 250, stack, 2);
	assert_int_equal(step(l, 5, 400, CONNECT, -2), 2);
	inject(l, 5, 20, 0, stack, 2); /* its system call is over, and that was not told */
	path_exit(l, 5, 0);
	assert_int_equal(path_count(l), 3);
	assert_int_equal(path_at(l, 0)->frame[1].state, PATH_MISSED);
	assert_int_equal(path_at(l, 0)->end, PATH_LOST);
	assert_int_equal(path_at(l, 1)->frame[0].state, PATH_MISSED);
	assert_int_equal(path_at(l, 1)->frame[1].value, -2);
	path_log_free(l);
}

/* whoever is still in it when all ends, and whoever ends in it */
static void system_calls_that_do_not_return(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 20, 0, &connect_stack[5], 2);
	inject(l, 6, 20, 0, &connect_stack[5], 2);
	inject(l, 7, 20, 0, &connect_stack[5], 2);
	inject(l, 7, 20, 0, &connect_stack[5], 2); /* the first one's end was missed */
	path_syscall(l, 7, 0);
	path_exit(l, 6, 9);
	expect(l, "followed: 4 injections, 4 paths\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    __x64_sys_connect  ?        its return was missed\n"
		  "  connect returned, and its result was missed\n"
		  "  the task was still running\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    __x64_sys_connect  ?        its return was missed\n"
		  "  connect returned 0  <- -ENOMEM was swallowed\n"
		  "  the task was still running\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    __x64_sys_connect  ?        its return was missed\n"
		  "  connect did not return\n"
		  "  the task was killed by signal 9 SIGKILL\n"
		  "\n"
		  "1 time:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    __x64_sys_connect  ?        its return was missed\n"
		  "  connect had not returned at the end\n"
		  "  the task was still running\n");
}

static void rules_are_told_apart(void **state)
{
	static const char other[] = "bio = -EIO";
	struct path_log *l = log_new();
	const struct path_start s = { other, 5, 20, 0, 2, FAILSLAB, -12, &connect_stack[5], 2 };

	(void)state;
	inject(l, 5, 20, 0, &connect_stack[5], 2);
	step(l, 5, 200, SYS_CONNECT, -12);
	path_syscall(l, 5, -12);
	hurt[5] = s.hurt;
	path_injected(l, &s);
	step(l, 5, 200, SYS_CONNECT, -12);
	path_syscall(l, 5, -12);
	expect(l, "followed: 2 injections, 2 paths\n"
		  "\n"
		  "1 time by kmalloc = -ENOMEM:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    __x64_sys_connect  -ENOMEM\n"
		  "  connect returned -ENOMEM\n"
		  "  the task was still running\n"
		  "\n"
		  "1 time by bio = -EIO:\n"
		  "    should_failslab    -ENOMEM  <- injected\n"
		  "    __x64_sys_connect  -ENOMEM\n"
		  "  connect returned -ENOMEM\n"
		  "  the task was still running\n");
}

static void long_names_give_way(void **state)
{
	const struct path_func f = { "a_function_with_a_name_that_takes_the_whole_of_a_terminal_up_"
				     "to_its_very_last_column_and_more",
				     PATH_INT, 4, true, 10 };
	struct path_log *l = log_new();
	unsigned int stack = (unsigned int)path_func_add(l, &f);
	struct buf b = { 0 };
	size_t longest = 0;

	(void)state;
	inject(l, 5, 20, 0, &stack, 1);
	step(l, 5, 200, stack, 0);
	path_finish(l);
	path_print(l, 80, &b);
	for (const char *at = buf_str(&b); *at; at += strcspn(at, "\n") + 1)
		longest = strcspn(at, "\n") > longest ? strcspn(at, "\n") : longest;
	assert_in_range(longest, 1, 80);
	assert_non_null(strstr(buf_str(&b), "a_function_with_a"));
	assert_non_null(strstr(buf_str(&b), "~  0        <- -ENOMEM was swallowed\n"));
	buf_free(&b);
	path_print(l, 0, &b);
	assert_non_null(strstr(buf_str(&b), f.name));
	buf_free(&b);
	path_log_free(l);
}

static void as_json(void **state)
{
	static const unsigned int stack[] = { IS_FULL, CONNECT, SYS_CONNECT };
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 9, 0, stack, 3);
	path_syscall(l, 5, -12);
	inject(l, 5, 20, 0, stack, 3);
	step(l, 5, 200, IS_FULL, 1);
	step(l, 5, 600, CONNECT, 0xffffff97);
	step(l, 5, 700, SYS_CONNECT, -105);
	path_syscall(l, 5, -12);
	path_exit(l, 5, 11);
	expect_json(
		l,
		"{\"type\":\"path\",\"count\":1,\"before\":1,\"rule\":\"kmalloc = -ENOMEM\","
		"\"function\":\"should_failslab\",\"value\":-12,\"text\":\"-ENOMEM\",\"callers\":["
		"{\"function\":\"is_full\",\"sight\":\"seen\",\"value\":1,\"text\":\"true\","
		"\"verdict\":\"unknown\"},"
		"{\"function\":\"tcp_v4_connect\",\"sight\":\"seen\",\"value\":-105,"
		"\"text\":\"-ENOBUFS\",\"verdict\":\"changed\",\"from\":\"-ENOMEM\","
		"\"or_before\":true},"
		"{\"function\":\"__x64_sys_connect\",\"sight\":\"seen\",\"value\":-105,"
		"\"text\":\"-ENOBUFS\",\"verdict\":\"carried\"}],"
		"\"syscall\":{\"name\":\"connect\",\"end\":\"returned\",\"value\":-12,"
		"\"text\":\"-ENOMEM\",\"verdict\":\"changed\",\"from\":\"-ENOBUFS\","
		"\"or_before\":false},\"tasks\":[{\"status\":139,\"count\":1}]}\n");
}

static void as_json_what_was_not_seen(void **state)
{
	static const unsigned int stack[] = { ALLOC, HIDDEN, HOLD, SIZE, CONNECT, SYS_CONNECT };
	struct path_log *l = log_new();

	(void)state;
	inject(l, 5, 20, 0, stack, 6);
	step(l, 5, 200, ALLOC, 0x1000);
	step(l, 5, 400, HOLD, 77);
	step(l, 5, 500, SIZE, -12);
	step(l, 5, 600, CONNECT, 0xfffffff4);
	path_refused(l);
	expect_json(
		l,
		"{\"type\":\"path\",\"count\":1,\"before\":0,\"rule\":\"kmalloc = -ENOMEM\","
		"\"function\":\"should_failslab\",\"value\":-12,\"text\":\"-ENOMEM\",\"callers\":["
		"{\"function\":\"kmem_cache_alloc\",\"sight\":\"seen\",\"value\":4096,"
		"\"text\":\"pointer\",\"verdict\":\"swallowed\",\"from\":\"-ENOMEM\","
		"\"or_before\":false},"
		"{\"function\":\"hidden\",\"sight\":\"cannot\"},"
		"{\"function\":\"hold\",\"sight\":\"seen\",\"value\":null,\"text\":\"void\","
		"\"verdict\":\"unknown\"},"
		"{\"function\":\"size\",\"sight\":\"seen\",\"value\":4294967284,"
		"\"text\":\"4294967284\",\"verdict\":\"unknown\"},"
		"{\"function\":\"tcp_v4_connect\",\"sight\":\"seen\",\"value\":-12,"
		"\"text\":\"-ENOMEM\",\"verdict\":\"failed anew\"},"
		"{\"function\":\"__x64_sys_connect\",\"sight\":\"missed\"}],"
		"\"syscall\":{\"name\":\"connect\",\"end\":\"inside\"},"
		"\"tasks\":[{\"status\":null,\"count\":1}]}\n"
		"{\"type\":\"not followed\",\"count\":1}\n");
}

static void functions_have_a_limit(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	for (unsigned int i = N_FUNCS; i < LIMIT_PATH_FUNCS; i++)
		assert_int_equal(path_func_add(l, &funcs[ALLOC]), i);
	assert_int_equal(path_func_add(l, &funcs[ALLOC]), -E2BIG);
	assert_null(path_func(l, LIMIT_PATH_FUNCS));
	path_log_free(l);
}

static void open_injections_have_a_limit(void **state)
{
	struct path_log *l = log_new();
	struct buf b = { 0 };

	(void)state;
	for (unsigned int i = 0; i < LIMIT_PATH_OPEN; i++)
		assert_int_equal(inject(l, i, 20, 0, connect_stack, CONNECT_N), i + 1);
	assert_int_equal(inject(l, LIMIT_PATH_OPEN, 20, 0, connect_stack, CONNECT_N), 0);
	assert_int_equal(path_untold(l), 1);
	path_syscall(l, 7, -1);
	assert_int_equal(inject(l, LIMIT_PATH_OPEN, 20, 0, connect_stack, CONNECT_N),
			 LIMIT_PATH_OPEN + 1);
	path_finish(l);
	path_print(l, 100, &b);
	assert_non_null(strstr(buf_str(&b), "\nand 1 that could not be followed\n"));
	buf_free(&b);
	path_log_free(l);
}

static void paths_have_a_limit(void **state)
{
	struct path_log *l = log_new();

	(void)state;
	for (unsigned int i = 0; i <= LIMIT_PATHS; i++) {
		inject(l, 5, 20, 0, connect_stack, CONNECT_N);
		path_syscall(l, 5, i);
	}
	assert_int_equal(path_count(l), LIMIT_PATHS);
	assert_int_equal(path_untold(l), 1);
	inject(l, 5, 20, 0, connect_stack, CONNECT_N);
	path_syscall(l, 5, 3);
	assert_int_equal(path_untold(l), 1);
	assert_int_equal(path_at(l, 3)->count, 2);
	path_log_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_is_followed_to_user_space),
		cmocka_unit_test(what_was_not_seen_is_not_guessed),
		cmocka_unit_test(words_without_a_meaning),
		cmocka_unit_test(first_of_a_path_is_counted_with_the_others),
		cmocka_unit_test(first_of_a_path_alone),
		cmocka_unit_test(injections_one_after_the_other),
		cmocka_unit_test(system_call_failed_itself),
		cmocka_unit_test(after_the_system_call),
		cmocka_unit_test(after_the_end),
		cmocka_unit_test(without_a_system_call),
		cmocka_unit_test(what_is_not_known_of_blocks_the_others),
		cmocka_unit_test(system_calls_that_do_not_return),
		cmocka_unit_test(rules_are_told_apart),
		cmocka_unit_test(long_names_give_way),
		cmocka_unit_test(as_json),
		cmocka_unit_test(as_json_what_was_not_seen),
		cmocka_unit_test(functions_have_a_limit),
		cmocka_unit_test(open_injections_have_a_limit),
		cmocka_unit_test(paths_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
