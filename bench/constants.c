/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * constants FILE: writes struct constants for the running kernel. By libbpf and
 * /proc/kallsyms, not by retcon's own code: what it costs is not measured, and
 * what it finds is a second opinion.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "hand.h"

#define TARGET		      "should_failslab"
#define FRAME		      "tcp_v4_connect"
#define HOOK		      "bpf_lsm_task_getpgid"
#define GFP_NOFAIL_BEFORE_610 0x8000u /* a macro then, unknown to BTF */

/* byte offset of a member, through anonymous ones; -1: none */
static long member_offset(const struct btf *btf, __u32 id, const char *name)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	if (!t || !btf_is_composite(t))
		return -1;
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *its = btf__name_by_offset(btf, m->name_off);
		long at = btf_member_bit_offset(t, i) / 8;
		long inner;

		if (*its && strcmp(its, name) == 0)
			return at;
		inner = *its ? -1 : member_offset(btf, m->type, name);
		if (inner >= 0)
			return at + inner;
	}
	return -1;
}

static int find_preempt_count(const struct btf *btf, struct constants *k)
{
	int var = btf__find_by_name_kind(btf, "pcpu_hot", BTF_KIND_VAR); /* 6.2 and later */
	long count;

	if (var > 0) {
		count = member_offset(btf, btf__type_by_id(btf, (__u32)var)->type, "preempt_count");
		if (count < 0)
			return -ENOENT;
		k->preempt_off = (__u32)count;
	} else {
		var = btf__find_by_name_kind(btf, "__preempt_count", BTF_KIND_VAR);
	}
	k->preempt_var = (__u32)var;
	return var > 0 ? 0 : -ENOENT;
}

static __u32 find_nofail(const struct btf *btf)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		for (unsigned int i = 0; btf_is_enum(t) && i < btf_vlen(t); i++) {
			const struct btf_enum *e = &btf_enum(t)[i];

			if (!strcmp(btf__name_by_offset(btf, e->name_off), "___GFP_NOFAIL_BIT"))
				return 1U << e->val;
		}
	}
	return GFP_NOFAIL_BEFORE_610;
}

static int find_types(struct constants *k)
{
	struct btf *btf = btf__load_vmlinux_btf();
	long flags, tgid;
	int task, frame, target, hook, ret;

	if (!btf)
		return -errno;
	task = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	frame = btf__find_by_name_kind(btf, FRAME, BTF_KIND_FUNC);
	target = btf__find_by_name_kind(btf, TARGET, BTF_KIND_FUNC);
	hook = btf__find_by_name_kind(btf, HOOK, BTF_KIND_FUNC);
	flags = task < 0 ? -1 : member_offset(btf, (__u32)task, "flags");
	tgid = task < 0 ? -1 : member_offset(btf, (__u32)task, "tgid");
	ret = frame < 0 || target < 0 || hook < 0 || flags < 0 || tgid < 0
		      ? -ENOENT
		      : find_preempt_count(btf, k);
	k->frame_btf_id = (__u32)frame;
	k->target_btf_id = (__u32)target;
	k->hook_btf_id = (__u32)hook;
	k->task_flags = (__u32)flags;
	k->task_tgid = (__u32)tgid;
	k->nofail = find_nofail(btf);
	btf__free(btf);
	return ret;
}

static int find_symbols(struct constants *k)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long addr, after = ~0ULL;
	char name[512], type;

	if (!f)
		return -errno;
	while (fscanf(f, "%llx %c %511s%*[^\n]", &addr, &type, name) == 3) {
		if (strcmp(name, TARGET) == 0)
			k->target = addr;
		if (strcmp(name, FRAME) == 0)
			k->frame = addr;
	}
	rewind(f);
	while (fscanf(f, "%llx %c %511s%*[^\n]", &addr, &type, name) == 3)
		if (addr > k->frame && addr < after)
			after = addr;
	fclose(f);
	k->frame_size = after - k->frame;
	return k->target && k->frame && k->frame_size < 1 << 20 ? 0 : -ENOENT;
}

int main(int argc, char **argv)
{
	struct constants k = { 0 };
	FILE *out;
	int ret;

	bench_need_guest("constants");
	if (argc != 2) {
		fprintf(stderr, "usage: constants FILE\n");
		return 2;
	}
	k.cpu_slots = 1;
	while ((long)k.cpu_slots < sysconf(_SC_NPROCESSORS_CONF))
		k.cpu_slots *= 2;
	ret = find_types(&k);
	if (!ret)
		ret = find_symbols(&k);
	if (ret) {
		fprintf(stderr, "constants: cannot look up what it takes: %s\n", strerror(-ret));
		return 1;
	}
	out = fopen(argv[1], "we");
	if (!out || fwrite(&k, sizeof(k), 1, out) != 1 || fclose(out)) {
		fprintf(stderr, "constants: cannot write %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return 0;
}
