/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor CONSTANTS: the least that arming this rule can cost. No C library, no
 * look-ups: it reads what bench/constants wrote, makes the bpf() calls that
 * retcon makes, says "armed" and waits to be killed.
 */
#include <fcntl.h>

#include "hand.h"
#include "sys.h"

/* the compiler calls them, and there is no library to have them */
void *memset(void *to, int byte, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void start(const long *stack);

void *memset(void *to, int byte, size_t n)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

static _Noreturn void die(const char *text, size_t len)
{
	sys3(__NR_write, 2, (long)text, (long)len);
	for (;;)
		sys3(__NR_exit_group, 3, 0, 0);
}

#define DIE(text) die(text, sizeof(text) - 1)

/* reads a file whole, but for what does not fit; its length */
static long slurp(const char *path, void *to, size_t size)
{
	long fd = sys6(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n;

	if (fd < 0)
		return fd;
	n = sys3(__NR_read, fd, (long)to, (long)size);
	sys3(__NR_close, fd, 0, 0);
	return n;
}

static int in_guest(void)
{
	static const char token[] = "retcon.guest=1";
	char text[2048];
	long n = slurp("/proc/cmdline", text, sizeof(text));
	long len = sizeof(token) - 1;

	for (long i = 0; i + len <= n; i++) {
		long j = 0;

		while (j < len && text[i + j] == token[j])
			j++;
		if (j == len && (i == 0 || text[i - 1] == ' ') &&
		    (i + len == n || text[i + len] == ' ' || text[i + len] == '\n'))
			return 1;
	}
	return 0;
}

__attribute__((used)) void start(const long *stack)
{
	struct constants k;
	struct hand h;

	if (!in_guest())
		DIE("floor: this changes what the kernel returns and is for a guest only\n");
	if (stack[0] != 2 || slurp((const char *)stack[2], &k, sizeof(k)) != sizeof(k))
		DIE("usage: floor CONSTANTS, a file that bench/constants has written\n");
	if (hand_arm(&h, &k, (__u32)sys3(__NR_getpid, 0, 0, 0), (__u32)sys3(__NR_getppid, 0, 0, 0),
		     true))
		DIE("floor: the kernel refused\n");
	sys3(__NR_write, 2, (long)"armed\n", 6);
	for (;;)
		sys3(__NR_pause, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start\n");
