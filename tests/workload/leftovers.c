/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What BPF objects this kernel holds, by asking it: "programs N links N maps N", and how many
 * of them are retcon's, by name. Exits 1 while one of those is there. Attaches nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static const struct kind {
	const char *name;
	int next, by_id;
} KINDS[] = {
	{ "programs", BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID },
	{ "links", BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID },
	{ "maps", BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID },
};

static bool is_ours(const struct kind *kind, int fd)
{
	union {
		struct bpf_prog_info prog;
		struct bpf_map_info map;
		struct bpf_link_info link;
	} info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uint64_t)(uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	if (kind->next == BPF_LINK_GET_NEXT_ID)
		return false; /* links have no names; their programs do */
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		return false;
	return strncmp(kind->next == BPF_PROG_GET_NEXT_ID ? info.prog.name : info.map.name, "rc_",
		       3) == 0;
}

static int count(const struct kind *kind, int *ours)
{
	uint32_t id = 0;
	int n = 0;

	for (;;) {
		union bpf_attr attr;
		int fd;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (bpf(kind->next, &attr) < 0)
			return errno == ENOENT ? n : -1;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.prog_id = id;
		fd = (int)bpf(kind->by_id, &attr);
		if (fd < 0)
			continue; /* gone meanwhile */
		n++;
		*ours += is_ours(kind, fd);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	/* objects die a little after their last descriptor: leave them up to 5 s */
	bool patient = argc > 1 && strcmp(argv[1], "--wait") == 0;
	struct timespec nap = { .tv_nsec = 50 * 1000 * 1000 };
	int n[3];
	int ours;

	for (int tries = 0;; tries++) {
		ours = 0;
		for (int i = 0; i < 3; i++) {
			n[i] = count(&KINDS[i], &ours);
			if (n[i] < 0) {
				perror("leftovers: bpf");
				return 2;
			}
		}
		if (!patient || tries == 100 || (ours == 0 && n[1] == 0))
			break;
		nanosleep(&nap, NULL);
	}
	for (int i = 0; i < 3; i++)
		printf("%s %d ", KINDS[i].name, n[i]);
	printf("ours %d\n", ours);
	return ours ? 1 : 0;
}
