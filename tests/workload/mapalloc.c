/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Allocations in the middle of map updates, one in each: mapalloc N. A map of devices allocates
 * an entry at every update, while the kernel keeps probes' programs from running on that CPU
 * (bpf_disable_instrumentation(), bpf_map_update_value(), kernel/bpf/syscall.c). Says
 * "calls N failed F last E", and the last's errno.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, failed = 0, last = 0, fd;
	__u32 key = 0, loopback = 1;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_DEVMAP;
	attr.key_size = attr.value_size = sizeof(key);
	attr.max_entries = 1;
	fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0) {
		perror("mapalloc");
		return 2;
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (__u32)fd;
	attr.key = (__u64)(unsigned long)&key;
	attr.value = (__u64)(unsigned long)&loopback;
	for (int i = 0; i < n; i++) {
		int e = bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0 ? errno : 0;

		failed += e != 0;
		last = e;
	}
	printf("calls %d failed %d last %d\n", n, failed, last);
	return 0;
}
