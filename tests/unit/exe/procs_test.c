// SPDX-License-Identifier: LGPL-2.1-or-later
/* Addresses in processes: while they live, afterwards, and of more than are remembered. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "exe/exe_impl.h"
#include "exe/procs.h"
#include "programs.h"
#include "util/cleanup.h"
#include "util/limits.h"

#define PAGE 4096

__attribute__((noinline)) static long some_function(long n)
{
	__asm__ volatile("nop" : "+r"(n));
	return n + 1;
}

static struct exe_procs *procs_new(void)
{
	struct exe_procs *p = NULL;

	assert_int_equal(exe_procs_new(&p, NULL), 0);
	return p;
}

static struct exe_frame one(struct exe_procs *p, pid_t pid, uint64_t addr)
{
	struct exe_frame f;

	exe_procs_stack(p, pid, &addr, 1, &f);
	return f;
}

static void expect(struct exe_procs *p, pid_t pid, uint64_t addr, const char *symbol,
		   const char *file)
{
	struct exe_frame f = one(p, pid, addr);

	assert_string_equal(f.symbol, symbol);
	assert_string_equal(f.file, file);
}

static void own_functions(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();
	uint64_t here = (uintptr_t)some_function;
	/* a call that returns to the end of a function is of that function */
	uint64_t stack[] = { here + 1, here + 1, here };
	struct exe_frame f[3];

	(void)state;
	exe_procs_stack(p, getpid(), stack, 3, f);
	assert_string_equal(f[0].symbol, "some_function+0x1");
	assert_string_equal(f[0].file, "unit-exe_procs_test");
	assert_string_equal(f[1].symbol, "some_function+0x1");
	assert_null(strstr(f[2].symbol, "some_function"));
	expect(p, getpid(), (uintptr_t)&errno, "[unknown]", "");
	expect(p, getpid(), 0, "[unknown]", "");
	expect(p, getpid(), UINT64_MAX, "[unknown]", "");
	assert_string_equal(one(p, getpid(), (uintptr_t)abort).file, "libc.so.6");
}

static void nobodys_functions(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();

	(void)state;
	expect(p, INT32_MAX, (uintptr_t)some_function, "[unknown]", "");
	expect(p, 0, (uintptr_t)some_function, "[unknown]", "");
	expect(p, -1, (uintptr_t)some_function, "[unknown]", "");
}

/* a child that waits to be killed */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void process_that_is_gone(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new(), *late = procs_new();
	pid_t pid = child();

	(void)state;
	exe_procs_note(p, pid);
	end(pid);
	expect(p, pid, (uintptr_t)some_function, "some_function+0x0", "unit-exe_procs_test");
	expect(late, pid, (uintptr_t)some_function, "[unknown]", "");
}

static void a_while(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 150000000 }, NULL);
}

static void *map_program(const char *path, size_t *at)
{
	_cleanup_(exe_freep) struct exe *e = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct exe_func f;
	void *p;

	assert_int_equal(exe_open(&e, path, NULL), 0);
	assert_int_equal(exe_symbol(e, "alpha", 0, &f, NULL), 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
		 (off_t)(f.offset & ~(uint64_t)(PAGE - 1)));
	assert_true(p != MAP_FAILED);
	*at = f.offset & (PAGE - 1);
	return p;
}

/* what is mapped later is seen when it is asked about */
static void later_mappings(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();
	char path[PATH_MAX];
	char *map, *second;
	size_t at;

	(void)state;
	exe_procs_note(p, getpid());
	program_path("program-stripped.so", path, sizeof(path));
	map = map_program(path, &at);
	expect(p, getpid(), (uintptr_t)map + at + 2, "alpha+0x2", "program-stripped.so");
	assert_true(one(p, getpid(), (uintptr_t)map + at).offset >= at);
	expect(p, getpid(), 0, "[unknown]", "");
	second = map_program(path, &at);
	a_while(); /* there was nothing new, so it is asked again after a while only */
	expect(p, getpid(), (uintptr_t)second + at, "alpha+0x0", "program-stripped.so");
	munmap(map, PAGE);
	munmap(second, PAGE);
}

/* after exec, the maps of before are another program's */
static void another_program(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();
	char text[64];
	int pipes[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		if (read(pipes[0], text, 1) == 1)
			execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	expect(p, pid, (uintptr_t)some_function, "some_function+0x0", "unit-exe_procs_test");
	assert_int_equal(write(pipes[1], "x", 1), 1);
	snprintf(text, sizeof(text), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 200; i++) {
		char target[PATH_MAX] = "";

		if (readlink(text, target, sizeof(target) - 1) > 0 && !strstr(target, "procs_test"))
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	assert_string_not_equal(one(p, pid, (uintptr_t)some_function).file, "unit-exe_procs_test");
	end(pid);
	close(pipes[0]);
	close(pipes[1]);
}

static void processes_are_limited(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();
	pid_t pids[LIMIT_PROCS + 1];

	(void)state;
	for (unsigned int i = 0; i <= LIMIT_PROCS; i++) {
		pids[i] = child();
		exe_procs_note(p, pids[i]);
	}
	for (unsigned int i = 0; i <= LIMIT_PROCS; i++)
		end(pids[i]);
	/* the first has made room for the last */
	expect(p, pids[0], (uintptr_t)some_function, "[unknown]", "");
	for (unsigned int i = 1; i <= LIMIT_PROCS; i++)
		expect(p, pids[i], (uintptr_t)some_function, "some_function+0x0",
		       "unit-exe_procs_test");
}

/* copies of a library: one more than are kept, each asked about twice */
static void files_are_limited(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();
	char dir[] = "/tmp/retcon-procs-XXXXXX", from[PATH_MAX], name[64];
	char *maps[LIMIT_EXES + 1];
	_cleanup_free_ char *data = NULL;
	size_t len, at = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	program_path("program-stripped.so", from, sizeof(from));
	assert_int_equal(exe_read_file(from, 1 << 20, &data, &len), 0);
	for (unsigned int i = 0; i <= LIMIT_EXES; i++) {
		_cleanup_close_ int fd = -1;

		snprintf(name, sizeof(name), "%s/%u", dir, i);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, data, len), len);
		maps[i] = map_program(name, &at);
	}
	for (unsigned int i = 0; i <= 2 * LIMIT_EXES + 1; i++) {
		unsigned int which = i % (LIMIT_EXES + 1);

		snprintf(name, sizeof(name), "%u", which);
		expect(p, getpid(), (uintptr_t)maps[which] + at, "alpha+0x0", name);
	}
	for (unsigned int i = 0; i <= LIMIT_EXES; i++) {
		munmap(maps[i], PAGE);
		snprintf(name, sizeof(name), "%s/%u", dir, i);
		unlink(name);
	}
	rmdir(dir);
}

/* mappings beyond the limit are not known, those before it are */
static void mappings_are_limited(void **state)
{
	_cleanup_(exe_procs_freep) struct exe_procs *p = procs_new();
	size_t size = 2 * (size_t)PAGE * (LIMIT_PROC_MAPS + 64), at;
	const size_t part = 2 * (size_t)PAGE * 128;
	char path[PATH_MAX], *all, *before;
	_cleanup_close_ int fd = -1;

	(void)state;
	program_path("program-stripped.so", path, sizeof(path));
	before = map_program(path, &at);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	all = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(all != MAP_FAILED);
	for (size_t i = 0; i < size; i += 2 * (size_t)PAGE)
		assert_true(mmap(all + i, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
				 0) != MAP_FAILED);
	/* mappings grow downwards: what was there first is behind them all */
	assert_true(all < before);
	expect(p, getpid(), (uintptr_t)before + at, "[unknown]", "");
	munmap(all, part);
	a_while();
	expect(p, getpid(), (uintptr_t)before + at, "alpha+0x0", "program-stripped.so");
	munmap(all + part, size - part); /* what was freed may be somebody's again */
	munmap(before, PAGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_functions),	cmocka_unit_test(nobodys_functions),
		cmocka_unit_test(process_that_is_gone), cmocka_unit_test(later_mappings),
		cmocka_unit_test(another_program),	cmocka_unit_test(processes_are_limited),
		cmocka_unit_test(files_are_limited),	cmocka_unit_test(mappings_are_limited),
	};

	some_function(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
