// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which file a name means: the loader's cache, what a process has mapped, $PATH. */
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "exe/exe_impl.h"
#include "programs.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

static void names_of_libraries(void **state)
{
	static const struct {
		const char *base, *written;
		int fits;
	} rows[] = {
		{ "libc.so.6", "c", 1 },
		{ "libc.so.6", "libc.so.6", 2 },
		{ "libc.so", "c", 1 },
		{ "libcap.so.2", "c", 0 },
		{ "libc-2.31.so", "c", 1 },
		{ "libc-client.so.1", "c", 0 },
		{ "libstdc++.so.6", "stdc++", 1 },
		{ "libpthread.so.0", "pthread", 1 },
		{ "bash", "bash", 2 },
		{ "libbash.so.1", "bash", 1 },
		{ "bashful", "bash", 0 },
		{ "libc.sox", "c", 0 },
		{ "lib.so", "", 0 },
		{ "libm-2.so", "m", 1 },
		{ "libm-.so", "m", 0 },
		{ "", "c", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (exe_fits(rows[i].base, rows[i].written) != rows[i].fits)
			fail_msg("%s for %s", rows[i].base, rows[i].written);
}

struct library {
	uint32_t flags;
	uint64_t hwcap;
	const char *name, *path;
};

/* a cache as ldconfig writes it, behind one of old if there is to be one */
static void cache(struct buf *out, const struct library *libs, uint32_t n, bool old)
{
	struct buf text = { 0 };
	uint32_t head[7] = { n, 0, 0, 0, 0, 0, 0 }, at = 48 + 24 * n;

	if (old) {
		buf_add(out, "ld.so-1.7.0", 12);
		buf_add(out, (const char *)&(uint32_t){ 1 }, 4);
		buf_add(out, "............", 12);
		buf_add(out, "....", 4); /* to a multiple of 8 */
	}
	buf_add(out, "glibc-ld.so.cache1.1", 20);
	buf_add(out, (const char *)head, sizeof(head));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t key = at + (uint32_t)text.len;
		uint32_t value = key + (uint32_t)strlen(libs[i].name) + 1;
		uint32_t entry[4] = { libs[i].flags, key, value, 0 };

		buf_add(out, (const char *)entry, sizeof(entry));
		buf_add(out, (const char *)&libs[i].hwcap, sizeof(libs[i].hwcap));
		buf_add(&text, libs[i].name, strlen(libs[i].name) + 1);
		buf_add(&text, libs[i].path, strlen(libs[i].path) + 1);
	}
	buf_add(out, text.data, text.len);
	buf_free(&text);
}

static void cache_of_the_loader(void **state)
{
	static const struct library libs[] = {
		{ 3, 0, "libx.so.2", "/lib32/libx.so.2" },
		{ 0x303, 1ULL << 62, "libx.so.2", "/lib/fast/libx.so.2" },
		{ 0x303, 0, "libx.so.2", "/lib/libx.so.2" },
		{ 0x303, 0, "libx.so.1", "/lib/libx.so.1" },
		{ 3, 0, "liby.so.1", "/lib32/liby.so.1" },
	};

	(void)state;
	for (int old = 0; old < 2; old++) {
		struct buf b = { 0 };

		cache(&b, libs, 5, old);
		assert_string_equal(ld_cache_find(b.data, b.len, "x"), "/lib/libx.so.2");
		assert_string_equal(ld_cache_find(b.data, b.len, "libx.so.1"), "/lib/libx.so.1");
		assert_string_equal(ld_cache_find(b.data, b.len, "y"), "/lib32/liby.so.1");
		assert_null(ld_cache_find(b.data, b.len, "z"));
		/* cut anywhere: nothing is read behind the end */
		for (size_t len = 0; len < b.len; len++) {
			char *copy = malloc(len ? len : 1);

			memcpy(copy, b.data, len);
			ld_cache_find(copy, len, "x");
			free(copy);
		}
		buf_free(&b);
	}
	assert_null(ld_cache_find("", 0, "x"));
}

static void lines_of_maps(void **state)
{
	static const char text[] =
		"00400000-00401000 r-xp 00002000 fd:01 1234                       /usr/bin/a b\n"
		"odd\n"
		"00500000-00400000 r-xp 00000000 00:00 0\n"
		"7f00-7f10 rw-p 00000000 00:00 0 \n"
		"7fffffff0000-ffffffffffffffff --xp 00000000 00:00 0                  [vsyscall]\n"
		"10-20 r-xs 0 0:1 5 /tmp/x (deleted)\n"
		"10-20 r-xp\n"
		"10-20 r-x";
	const char *at = text;
	struct exe_map m;

	(void)state;
	assert_true(exe_map_next(&at, &m));
	assert_true(m.start == 0x400000 && m.end == 0x401000 && m.offset == 0x2000 && m.runs);
	assert_true(m.dev == (0xfdULL << 32 | 1) && m.inode == 1234 && m.path_len == 12);
	assert_memory_equal(m.path, "/usr/bin/a b", 12);
	assert_true(exe_map_next(&at, &m));
	assert_true(m.start == 0x7f00 && !m.runs && m.path_len == 0);
	assert_true(exe_map_next(&at, &m));
	assert_true(m.end == UINT64_MAX && m.runs);
	assert_true(exe_map_next(&at, &m));
	assert_true(m.deleted && m.path_len == 6);
	assert_false(exe_map_next(&at, &m));
}

static void texts_are_limited(void **state)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t len = 0;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(ftruncate(fd, LIMIT_MAPS_BYTES + 1), 0);
	assert_int_equal(exe_read_file(path, LIMIT_MAPS_BYTES, &text, &len), 0);
	assert_int_equal(len, LIMIT_MAPS_BYTES);
	assert_int_equal(text[len], '\0');
	close(fd);
}

static void is_found_as(const char *written, pid_t pid, const char *end)
{
	char path[PATH_MAX] = "";
	struct err err = { 0 };
	size_t len;

	if (exe_find(written, pid, path, &err))
		fail_msg("%s of %d: %s", written, (int)pid, err.msg);
	len = strlen(path);
	if (len < strlen(end) || strcmp(path + len - strlen(end), end) != 0 || access(path, R_OK))
		fail_msg("%s of %d is %s", written, (int)pid, path);
}

/* of a process: by way of what it sees */
static void is_found(const char *written, pid_t pid, const char *end)
{
	char path[PATH_MAX] = "";

	is_found_as(written, pid, end);
	if (pid && (exe_find(written, pid, path, NULL) || strncmp(path, "/proc/", 6) != 0))
		fail_msg("%s of %d is %s", written, (int)pid, path);
}

static void files_of_this_machine(void **state)
{
	char own[PATH_MAX];

	(void)state;
	program_path("program", own, sizeof(own));
	for (pid_t pid = 0; pid <= getpid(); pid += getpid()) {
		is_found("c", pid, "/libc.so.6");
		is_found("libc.so.6", pid, "/libc.so.6");
		is_found("sh", pid, "sh");
		is_found(own, pid, "/program");
	}
	assert_int_equal(chdir("/etc"), 0);
	is_found("./passwd", 0, "./passwd");
}

static void is_not_found(const char *written, pid_t pid, int code, const char *words)
{
	char path[PATH_MAX] = "as it was";
	struct err err = { 0 };

	assert_int_equal(exe_find(written, pid, path, &err), code);
	assert_string_equal(path, "as it was");
	if (!strstr(err.msg, words))
		fail_msg("%s: '%s'", written, err.msg);
}

static void files_that_are_not_there(void **state)
{
	char mapped[64];

	(void)state;
	snprintf(mapped, sizeof(mapped), "process %d has mapped, /etc/ld.so.cache", (int)getpid());
	is_not_found("nothing_like_it", 0, -ENOENT,
		     "neither a library libnothing_like_it.so nor a program 'nothing_like_it' in "
		     "what /etc/ld.so.cache names, the loader's directories and $PATH");
	is_not_found("nothing_like_it", getpid(), -ENOENT, mapped);
	is_not_found("", 0, -ENOENT, "neither a library");
	is_not_found("/no/such/file", 0, -ENOENT, "there is no file /no/such/file");
	is_not_found("/no/such/file", getpid(), -ENOENT, "where the process looks");
	is_not_found("/etc", 0, -ENOENT, "there is no file /etc");
	is_not_found("c", INT32_MAX, -ESRCH, "there is no process 2147483647");
}

/* what this process has mapped is preferred, even if nobody could find it again */
static void what_a_process_has_mapped(void **state)
{
	char dir[] = "/tmp/retcon-find-XXXXXX", file[64], from[PATH_MAX], path[PATH_MAX];
	_cleanup_free_ char *data = NULL;
	struct stat there, found;
	size_t len = 0;
	int fd;
	void *p;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/libonlyhere.so.1", dir);
	program_path("program-stripped.so", from, sizeof(from));
	assert_int_equal(exe_read_file(from, 1 << 20, &data, &len), 0);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fstat(fd, &there), 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) { /* a /tmp that nothing may run from */
		unlink(file);
		rmdir(dir);
		skip();
	}
	is_found("onlyhere", getpid(), "/libonlyhere.so.1");
	unlink(file);
	rmdir(dir);
	assert_int_equal(exe_find("onlyhere", getpid(), path, NULL), 0);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_ino, there.st_ino);
	munmap(p, 4096);
	close(fd);
	is_not_found("onlyhere", getpid(), -ENOENT, "neither a library");
}

/* its links lead to where it sees them lead, and not to our files */
static void process_with_another_root(void **state)
{
	char dir[] = "/tmp/retcon-root-XXXXXX", link[64], real[64], from[PATH_MAX], path[PATH_MAX];
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int said[2];
	pid_t pid;
	char ok = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(link, sizeof(link), "%s/lib", dir);
	mkdir(link, 0700);
	snprintf(link, sizeof(link), "%s/lib/libelsewhere.so.1", dir);
	snprintf(real, sizeof(real), "%s/elsewhere", dir);
	assert_int_equal(symlink("/elsewhere", link), 0);
	program_path("program-stripped.so", from, sizeof(from));
	assert_int_equal(exe_read_file(from, 1 << 20, &data, &len), 0);
	fd = open(real, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		ok = chroot(dir) == 0;
		if (write(said[1], &ok, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(said[0], &ok, 1), 1);
	for (int i = 0; ok && i < 2; i++) {
		assert_int_equal(
			exe_find(i ? "elsewhere" : "/lib/libelsewhere.so.1", pid, path, NULL), 0);
		assert_string_equal(path, real);
	}
	if (ok)
		assert_int_equal(exe_find("/etc/passwd", pid, path, NULL), -ENOENT);
	/* what it runs is not below its root */
	if (ok)
		is_found_as("unit-exe_find_test", pid, "/unit-exe_find_test");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(said[0]);
	close(said[1]);
	unlink(link);
	unlink(real);
	snprintf(link, sizeof(link), "%s/lib", dir);
	rmdir(link);
	rmdir(dir);
	if (!ok)
		skip();
}

static void is_looked_up(const char *written, const char *func, const char *end)
{
	struct exe_want want = { .func = func };
	_cleanup_(exe_freep) struct exe *e = NULL;
	struct err err = { 0 };
	const char *path;

	if (exe_lookup(written, 0, &want, &e, &err))
		fail_msg("%s of %s: %s", func, written, err.msg);
	path = exe_path(e);
	if (strlen(path) < strlen(end) || strcmp(path + strlen(path) - strlen(end), end) != 0)
		fail_msg("%s of %s is in %s", func, written, path);
}

/* libpthread is part of libc since glibc 2.34, and an empty file may be left of it */
static void libraries_that_were_merged(void **state)
{
	struct exe_want want = { .func = "pthread_create" };
	struct exe *e = NULL;
	struct err err = { 0 };

	(void)state;
	is_looked_up("pthread", "pthread_create", "/libc.so.6");
	is_looked_up("c", "malloc", "/libc.so.6");
	is_looked_up("c", "no_such_function", "/libc.so.6"); /* exe_symbol() says so */
	assert_int_equal(exe_lookup("nothing_like_it", 0, &want, &e, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "nothing_like_it"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_libraries),
		cmocka_unit_test(cache_of_the_loader),
		cmocka_unit_test(lines_of_maps),
		cmocka_unit_test(texts_are_limited),
		cmocka_unit_test(files_of_this_machine),
		cmocka_unit_test(files_that_are_not_there),
		cmocka_unit_test(what_a_process_has_mapped),
		cmocka_unit_test(process_with_another_root),
		cmocka_unit_test(libraries_that_were_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
