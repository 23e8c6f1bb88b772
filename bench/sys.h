/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls with nothing around them, so that the floor needs no C library
 * and the rest measures nothing but the call. All return -errno or a result.
 */
#pragma once

#include <asm/unistd.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long sys3(long n, long a, long b, long c)
{
	return sys6(n, a, b, c, 0, 0, 0);
}

static inline __u64 ptr_u64(const void *p)
{
	return (__u64)(uintptr_t)p;
}

#define ATTR_UPTO(field) (offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)NULL)->field))

static inline int sys_bpf(int cmd, union bpf_attr *attr, size_t size)
{
	return (int)sys3(__NR_bpf, cmd, (long)(uintptr_t)attr, (long)size);
}
