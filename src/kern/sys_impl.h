/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf(2), for the files that fill its attributes. */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#define SIZE_UPTO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))
#define ATTR_UPTO(field)       SIZE_UPTO(union bpf_attr, field)

static inline uint64_t ptr_u64(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int sys_bpf(int cmd, union bpf_attr *attr, size_t size);
/* BPF_OBJ_GET_INFO_BY_FD */
int sys_info(int fd, void *info, uint32_t len);
