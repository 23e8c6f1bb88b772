// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is read of a program's file: functions and markers, and files that are odd. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asm/ptrace.h>
#include <cmocka.h>

#include "exe/exe_impl.h"
#include "programs.h"
#include "util/cleanup.h"
#include "util/limits.h"

static const char *const all[] = { "program", "program-static", "program-stripped.so",
				   "program-32" };

static struct exe *opened(const char *name)
{
	char path[PATH_MAX];
	struct err err = { 0 };
	struct exe *e = NULL;

	program_path(name, path, sizeof(path));
	if (exe_open(&e, path, &err))
		fail_msg("%s: %s", name, err.msg);
	assert_string_equal(exe_path(e), path);
	return e;
}

static struct exe_func func(struct exe *e, const char *name, uint64_t plus)
{
	struct exe_func f = { 0 };
	struct err err = { 0 };

	if (exe_symbol(e, name, plus, &f, &err))
		fail_msg("%s of %s: %s", name, exe_path(e), err.msg);
	return f;
}

static unsigned char byte_at(const struct exe *e, uint64_t offset)
{
	_cleanup_close_ int fd = open(exe_path(e), O_RDONLY | O_CLOEXEC);
	unsigned char byte = 0;

	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	return byte;
}

static void functions_of_all_kinds_of_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		_cleanup_(exe_freep) struct exe *e = opened(all[i]);
		struct exe_func alpha = func(e, "alpha", 0), beta = func(e, "beta", 0);
		uint64_t plus = 0;
		struct exe_func at;

		assert_true(alpha.size > 0 && alpha.addr != beta.addr);
		assert_int_equal(alpha.others, 0);
		assert_int_equal(func(e, "same_as_beta", 0).offset, beta.offset);
		assert_int_equal(func(e, "alpha", 1).offset, alpha.offset + 1);
		/* the last byte of it is a ret */
		assert_int_equal(byte_at(e, alpha.offset + alpha.size - 1), 0xc3);
		assert_int_equal(exe_at(e, alpha.addr + 1, &at, &plus), 0);
		assert_string_equal(at.name, "alpha");
		assert_int_equal(plus, 1);
		assert_int_equal(exe_at(e, 1, &at, &plus), -ENOENT);
		assert_int_equal(exe_at(e, UINT64_MAX, &at, &plus), -ENOENT);
	}
}

static void refused(struct exe *e, const char *name, uint64_t plus, int code, const char *msg,
		    const char *note)
{
	struct exe_func f = { .offset = 7 };
	struct err err = { 0 };

	assert_int_equal(exe_symbol(e, name, plus, &f, &err), code);
	assert_int_equal(f.offset, 7);
	if (!strstr(err.msg, msg) || (note && !strstr(err.note[0].msg, note)))
		fail_msg("'%s' '%s'", err.msg, err.note[0].msg);
}

static void functions_that_are_not_there(void **state)
{
	_cleanup_(exe_freep) struct exe *e = opened("program"),
					*bare = opened("program-stripped.so");
	char name[LIMIT_IDENT + 2];

	(void)state;
	refused(e, "alfa", 0, -ENOENT, "has no function 'alfa'", "did you mean 'alpha'?");
	refused(e, "", 0, -ENOENT, "has no function ''", NULL);
	refused(e, "nothing_like_it", 0, -ENOENT, "has no function", "inlined, or static");
	/* data has a symbol too, and is no function */
	refused(e, "counter", 0, -ENOENT, "has no function 'counter'", NULL);
	refused(bare, "helper", 0, -ENOENT, "has no function 'helper'", "symbol stripped");
	memset(name, 'a', sizeof(name));
	name[LIMIT_IDENT + 1] = '\0';
	refused(e, name, 0, -ENOENT, "has no function", NULL);
	name[LIMIT_IDENT] = '\0';
	refused(e, name, 0, -ENOENT, "has no function", NULL);
}

static void offsets_end_with_the_function(void **state)
{
	_cleanup_(exe_freep) struct exe *e = opened("program");
	struct exe_func f = func(e, "beta", 0);

	(void)state;
	func(e, "beta", f.size - 1);
	refused(e, "beta", f.size, -ERANGE, "is behind the end of beta", NULL);
	refused(e, "beta", UINT64_MAX, -ERANGE, "behind the end", NULL);
}

static void static_functions_of_one_name(void **state)
{
	_cleanup_(exe_freep) struct exe *e = opened("program");
	struct exe_func *found = NULL;
	unsigned int n = 0;

	(void)state;
	assert_int_equal(func(e, "helper", 0).others, 1);
	assert_int_equal(exe_match(e, "helper", &found, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_true(found[0].offset != found[1].offset);
	free(found);
}

static void functions_that_choose(void **state)
{
	_cleanup_(exe_freep) struct exe *e = opened("program"), *libc = NULL;
	struct exe_func f;
	char path[PATH_MAX];

	(void)state;
	refused(e, "chosen", 0, -EOPNOTSUPP, "only chooses a function", "symbols for debugging");
	/* what this process has loaded is known */
	assert_int_equal(exe_find("c", 0, path, NULL), 0);
	assert_int_equal(exe_open(&libc, path, NULL), 0);
	f = func(libc, "strlen", 0);
	assert_true(f.offset != 0);
	/* there is an old version of it, which chooses nothing, and a new one, which does */
	assert_true(func(libc, "memcpy", 0).offset != 0);
	/* of two versions the default one */
	assert_int_equal(func(libc, "pthread_cond_wait", 0).others, 0);
}

/* "DIR/ab/cdef....debug" for a program's build id; made, with what from has in it */
static void keep_debug_file(const char *dir, const char *program, const char *from)
{
	char path[PATH_MAX], id[41] = "";
	_cleanup_(elf_close) struct elf elf = { .fd = -1 };
	_cleanup_free_ char *note = NULL, *data = NULL;
	_cleanup_close_ int fd = -1;
	size_t len = 0;

	program_path(program, path, sizeof(path));
	assert_int_equal(elf_open(&elf, open(path, O_RDONLY | O_CLOEXEC), path, NULL), 0);
	assert_int_equal(elf_read(&elf, elf_section(&elf, ".note.gnu.build-id"), &note), 0);
	for (int i = 0; i < 20; i++)
		snprintf(id + 2 * i, 3, "%02x", (unsigned char)note[16 + i]);
	snprintf(path, sizeof(path), "%s/%.2s", dir, id);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%.2s/%s.debug", dir, id, id + 2);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	program_path(from, path, sizeof(path));
	assert_int_equal(exe_read_file(path, 1 << 20, &data, &len), 0);
	assert_int_equal(write(fd, data, len), len);
}

static void remove_all(const char *dir)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void symbols_kept_apart(void **state)
{
	_cleanup_(exe_freep) struct exe *whole = opened("program"), *bare = opened("program-bare"),
					*wrong = opened("program-bare");
	char dir[] = "/tmp/retcon-debug-XXXXXX";
	struct exe_func f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	keep_debug_file(dir, "program", "program-static"); /* of another build */
	assert_int_equal(exe_read_symbols_with(wrong, dir, NULL), 0);
	assert_int_equal(exe_symbol(wrong, "helper", 0, &f, NULL), -ENOENT);
	keep_debug_file(dir, "program", "program");
	assert_int_equal(exe_read_symbols_with(bare, dir, NULL), 0);
	assert_int_equal(func(bare, "helper", 0).offset, func(whole, "helper", 0).offset);
	assert_int_equal(func(bare, "alpha", 0).offset, func(whole, "alpha", 0).offset);
	remove_all(dir);
}

static void patterns(void **state)
{
	_cleanup_(exe_freep) struct exe *e = opened("program-stripped.so");
	struct exe_func *found = NULL;
	struct err err = { 0 };
	unsigned int n = 0;

	(void)state;
	/* beta and same_as_beta are one place; chosen is none */
	assert_int_equal(exe_match(e, "*", &found, &n, &err), 0);
	assert_int_equal(n, 4);
	assert_string_equal(found[0].name, "_start");
	assert_string_equal(found[1].name, "alpha");
	assert_string_equal(found[2].name, "beta");
	assert_string_equal(found[3].name, "other");
	free(found);
	assert_int_equal(exe_match(e, "*pha", &found, &n, &err), 0);
	assert_int_equal(n, 1);
	free(found);
	assert_int_equal(exe_match(e, "z*", &found, &n, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "matches 'z*'"));
}

static void markers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		_cleanup_(exe_freep) struct exe *e = opened(all[i]);
		struct exe_marker *m = NULL;
		struct exe_func alpha = func(e, "alpha", 0), beta = func(e, "beta", 0);
		unsigned int n = 0;

		assert_int_equal(exe_markers(e, "fixture", "begin", &m, &n, NULL), 0);
		assert_int_equal(n, 1);
		assert_true(m->offset >= alpha.offset && m->offset < alpha.offset + alpha.size);
		assert_int_equal(byte_at(e, m->offset), 0x90); /* nop */
		assert_true(m->semaphore != 0);
		assert_int_equal(byte_at(e, m->semaphore), 0);
		assert_int_equal(m->n_args, 3);
		assert_int_equal(m->arg[0].kind, USDT_REGISTER);
		assert_int_equal(m->arg[1].disp, 7);
		assert_int_equal(m->arg[2].kind, USDT_MEMORY);
		assert_int_equal(m->arg[2].base, offsetof(struct pt_regs, rip));
		/* counter is 1: as far from the marker in memory as it says */
		if (!strcmp(all[i], "program"))
			assert_int_equal(byte_at(e, m->offset + (uint64_t)m->arg[2].disp - 0x1000),
					 1);
		free(m);
		assert_int_equal(exe_markers(e, NULL, "end", &m, &n, NULL), 0);
		assert_int_equal(n, 2);
		assert_int_equal(m[0].semaphore, 0);
		assert_int_equal(m[0].arg[0].kind, USDT_FLOAT);
		assert_int_equal(m[0].arg[1].kind, USDT_MEMORY);
		assert_int_equal(m[1].n_args, 1);
		assert_true(m[1].offset > m[0].offset && m[1].offset < beta.offset + beta.size);
		free(m);
	}
}

static void no_marker(const char *path, const char *provider, const char *name, const char *note)
{
	_cleanup_(exe_freep) struct exe *e = NULL;
	struct exe_marker *m = NULL;
	struct err err = { 0 };
	unsigned int n = 0;

	assert_int_equal(exe_open(&e, path, NULL), 0);
	assert_int_equal(exe_markers(e, provider, name, &m, &n, &err), -ENOENT);
	assert_null(m);
	if (!err.n_notes || strcmp(err.note[0].msg, note) != 0)
		fail_msg("'%s' '%s'", err.msg, err.note[0].msg);
}

static void markers_that_are_not_there(void **state)
{
	char path[PATH_MAX];

	(void)state;
	program_path("program", path, sizeof(path));
	no_marker(path, "fixture", "begun", "did you mean 'begin'?");
	no_marker(path, "libpthread", "begin", "did you mean 'fixture:begin'?");
	no_marker("/proc/self/exe", NULL, "begin",
		  "it has none at all: they come from building it with <sys/sdt.h>");
}

/* A copy of a program, to be changed. */
struct copy {
	unsigned char *data;
	size_t len;
	char path[64];
	int fd;
};

static void copy_program(struct copy *c, const char *name)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;

	program_path(name, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	c->len = (size_t)lseek(fd, 0, SEEK_END);
	c->data = malloc(c->len);
	assert_int_equal(pread(fd, c->data, c->len, 0), c->len);
	c->fd = memfd_create("program", MFD_CLOEXEC);
	snprintf(c->path, sizeof(c->path), "/proc/self/fd/%d", c->fd);
}

static void write_copy(struct copy *c, size_t len)
{
	assert_int_equal(ftruncate(c->fd, 0), 0);
	assert_int_equal(pwrite(c->fd, c->data, len, 0), len);
}

static void free_copy(struct copy *c)
{
	free(c->data);
	close(c->fd);
}

/* prelink moves everything, and leaves notes as they are */
static void what_was_moved_is_found(void **state)
{
	_cleanup_(exe_freep) struct exe *before = opened("program"), *after = NULL;
	struct exe_marker *was = NULL, *is = NULL;
	static const char head[] = "stapsdt";
	unsigned char *note;
	unsigned int n = 0;
	struct copy c;
	uint64_t base;

	(void)state;
	copy_program(&c, "program");
	for (size_t left = c.len;; left = c.len - (size_t)(note + 8 - c.data)) {
		note = memmem(c.data + c.len - left, left, head, sizeof(head));
		if (!note)
			break;
		memcpy(&base, note + 16, sizeof(base));
		base += 2;
		memcpy(note + 16, &base, sizeof(base));
	}
	write_copy(&c, c.len);
	assert_int_equal(exe_open(&after, c.path, NULL), 0);
	assert_int_equal(exe_markers(before, NULL, "begin", &was, &n, NULL), 0);
	assert_int_equal(exe_markers(after, NULL, "begin", &is, &n, NULL), 0);
	assert_int_equal(is->offset, was->offset - 2);
	assert_int_equal(is->semaphore, was->semaphore - 2);
	free(was);
	free(is);
	free_copy(&c);
}

/* all of it is asked: nothing crashes */
static void use(const char *path)
{
	_cleanup_(exe_freep) struct exe *e = NULL;
	struct exe_marker *m = NULL;
	struct exe_func *f = NULL, one;
	struct err err = { 0 };
	unsigned int n = 0;
	uint64_t plus;

	if (exe_open(&e, path, &err)) {
		assert_true(err.msg[0] != '\0');
		return;
	}
	if (exe_match(e, "*", &f, &n, &err) == 0)
		free(f);
	if (exe_markers(e, NULL, "begin", &m, &n, &err) == 0)
		free(m);
	exe_symbol(e, "alpha", 1, &one, NULL);
	exe_at(e, 0x1000, &one, &plus);
}

static void files_that_are_cut(void **state)
{
	struct copy c;

	(void)state;
	copy_program(&c, "program");
	for (size_t len = 0; len < c.len; len += len < 1024 ? 1 : 97) {
		write_copy(&c, len);
		use(c.path);
	}
	free_copy(&c);
}

static void files_with_a_wrong_byte(void **state)
{
	struct copy c;

	(void)state;
	copy_program(&c, "program-32");
	for (size_t at = 0; at < c.len; at++) {
		unsigned char was = c.data[at];

		/* code is not looked at */
		if (at == 1024 && c.len > 4096)
			at = 4096;
		c.data[at] ^= 0xff;
		assert_int_equal(pwrite(c.fd, c.data, c.len, 0), c.len);
		use(c.path);
		c.data[at] = was;
	}
	free_copy(&c);
}

static void not_opened(const char *path, const char *msg)
{
	struct exe *e = NULL;
	struct err err = { 0 };

	assert_true(exe_open(&e, path, &err) < 0);
	assert_null(e);
	if (!strstr(err.msg, msg))
		fail_msg("%s: '%s'", path, err.msg);
}

static void files_that_are_no_programs(void **state)
{
	struct copy c;

	(void)state;
	not_opened("/no/such/file", "cannot open /no/such/file: No such file");
	not_opened("/dev/null", "it is no file");
	not_opened("/", "it is no file");
	not_opened(__FILE__[0] == '/' ? __FILE__ : "/etc/passwd", "not an ELF file");
	copy_program(&c, "program");
	c.data[EI_DATA] = ELFDATA2MSB;
	write_copy(&c, c.len);
	not_opened(c.path, "for another kind of machine");
	c.data[EI_DATA] = ELFDATA2LSB;
	c.data[18] = EM_AARCH64;
	write_copy(&c, c.len);
	not_opened(c.path, "for another kind of machine");
	c.data[18] = EM_X86_64;
	c.data[16] = ET_CORE;
	write_copy(&c, c.len);
	not_opened(c.path, "an object file or a core");
	free_copy(&c);
}

static void tables_are_limited(void **state)
{
	int fd = memfd_create("large", MFD_CLOEXEC);
	struct elf e = { .fd = fd, .size = LIMIT_ELF_TABLE + 1 };
	struct elf_section s = { .type = SHT_PROGBITS, .size = LIMIT_ELF_TABLE };
	char *data = NULL;

	(void)state;
	assert_int_equal(ftruncate(fd, LIMIT_ELF_TABLE + 1), 0);
	assert_int_equal(elf_read(&e, &s, &data), 0);
	assert_int_equal(data[LIMIT_ELF_TABLE], 0);
	free(data);
	s.size++;
	assert_int_equal(elf_read(&e, &s, &data), -ENODATA);
	close(fd);
}

/* a copy of the program whose alpha() begins with an EVEX prefix */
static void evex_is_refused(void **state)
{
	char path[] = "/tmp/retcon-evex.XXXXXX", text[65536];
	_cleanup_(exe_freep) struct exe *e = opened("program"), *patched = NULL;
	_cleanup_close_ int from = open(exe_path(e), O_RDONLY | O_CLOEXEC), to = mkstemp(path);
	const struct exe_func alpha = func(e, "alpha", 0);
	_cleanup_free_ struct exe_func *all_of = NULL;
	struct exe_func f;
	struct err err = { 0 };
	unsigned int n = 0;
	ssize_t len;

	(void)state;
	while ((len = read(from, text, sizeof(text))) > 0)
		assert_int_equal(write(to, text, (size_t)len), len);
	assert_int_equal(pwrite(to, "\x62", 1, (off_t)alpha.offset), 1);
	assert_int_equal(exe_open(&patched, path, &err), 0);
	assert_int_equal(exe_symbol(patched, "alpha", 0, &f, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "AVX-512"));
	assert_int_equal(exe_symbol(patched, "beta", 0, &f, NULL), 0);
	assert_int_equal(exe_match(patched, "*a*", &all_of, &n, NULL), 0);
	for (unsigned int i = 0; i < n; i++)
		assert_string_not_equal(all_of[i].name, "alpha");
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(evex_is_refused),
		cmocka_unit_test(functions_of_all_kinds_of_files),
		cmocka_unit_test(functions_that_are_not_there),
		cmocka_unit_test(offsets_end_with_the_function),
		cmocka_unit_test(static_functions_of_one_name),
		cmocka_unit_test(functions_that_choose),
		cmocka_unit_test(symbols_kept_apart),
		cmocka_unit_test(patterns),
		cmocka_unit_test(markers),
		cmocka_unit_test(markers_that_are_not_there),
		cmocka_unit_test(what_was_moved_is_found),
		cmocka_unit_test(files_that_are_cut),
		cmocka_unit_test(files_with_a_wrong_byte),
		cmocka_unit_test(files_that_are_no_programs),
		cmocka_unit_test(tables_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
