/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/* What tests and the test module agree on: the functions there are to call, and how. */
#pragma once

#include <linux/ioctl.h>
#include <linux/types.h>

/* X(what it returns, name) */
#define RT_FUNCS(X)                                                                                \
	X(int, rt_nothing)                                                                         \
	X(int, rt_mixed)                                                                           \
	X(long, rt_wide)                                                                           \
	X(int, rt_object)                                                                          \
	X(long, rt_inner)                                                                          \
	X(int, rt_name)                                                                            \
	X(int, rt_table)                                                                           \
	X(int, rt_by_value)                                                                        \
	X(int, rt_recurse)                                                                         \
	X(int, rt_tail)                                                                            \
	X(int, rt_tailed)                                                                          \
	X(int, rt_ping)                                                                            \
	X(int, rt_pong)                                                                            \
	X(int, rt_interrupts)                                                                      \
	X(int, rt_gate)

#define RT_NUMBER(ret, name) RT_##name,
enum rt_func {
	RT_FUNCS(RT_NUMBER) RT_FUNC_COUNT
};

#define RT_ARGS 7

/* registers as the function finds them, whole; what it returns comes back */
struct rt_call {
	__u32 func;  /* enum rt_func */
	__u32 under; /* called by rt_outer(), which is called by nobody else */
	__u64 arg[RT_ARGS];
	__s64 ret;
};

#define RT_DEVICE "/dev/retcon_test"
#define RT_CALL	  _IOWR('R', 1, struct rt_call)
/* what rt_gate() waits at: 0 opens it, 1 shuts it, 2 asks how many wait */
#define RT_GATE _IO('R', 2)
