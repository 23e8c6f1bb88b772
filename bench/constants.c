/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bench/floor has to know about this kernel, as its arguments: everything that retcon
 * finds out by itself while it arms. Reads /proc/kallsyms and BTF, and takes its time.
 */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

static unsigned long long addr_of(const char *name, unsigned long long *size)
{
	unsigned long long found = 0;
	unsigned long long next = ~0ULL;
	unsigned long long addr;
	char sym[512];
	char type;

	for (int pass = 0; pass < 2; pass++) {
		FILE *f = fopen("/proc/kallsyms", "re");
		char line[1024];

		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%llx %c %511s", &addr, &type, sym) != 3)
				continue;
			if (pass == 0 && strcmp(sym, name) == 0)
				found = addr;
			if (pass == 1 && addr > found && addr < next)
				next = addr;
		}
		if (f)
			fclose(f);
	}
	*size = next - found;
	return found;
}

/* byte offset of a member, through anonymous ones not needed here; 0 if there is none */
static unsigned int offset_of(const struct btf *btf, int id, const char *name)
{
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

	for (unsigned int i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		unsigned int inner;

		if (strcmp(btf__name_by_offset(btf, m->name_off), name) == 0)
			return btf_member_bit_offset(t, i) / 8;
		if (m->name_off || !btf_is_composite(btf__type_by_id(btf, m->type)))
			continue;
		inner = offset_of(btf, (int)m->type, name);
		if (inner)
			return btf_member_bit_offset(t, i) / 8 + inner;
	}
	return 0;
}

int main(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	unsigned long long target;
	unsigned long long caller;
	unsigned long long size;
	unsigned int off = 0;
	unsigned int cpu = 0;
	int preempt;

	if (!btf) {
		fprintf(stderr, "constants: this kernel has no BTF\n");
		return 1;
	}
	target = addr_of("should_failslab", &size);
	caller = addr_of("tcp_v4_connect", &size);
	preempt = btf__find_by_name_kind(btf, "__preempt_count", BTF_KIND_VAR);
	if (preempt < 0) {
		int hot;

		preempt = btf__find_by_name_kind(btf, "pcpu_hot", BTF_KIND_VAR);
		hot = btf__find_by_name_kind(btf, "pcpu_hot", BTF_KIND_STRUCT);
		off = offset_of(btf, hot, "preempt_count");
		cpu = offset_of(btf, hot, "cpu_number");
	}
	if (!target || !caller || preempt < 0) {
		fprintf(stderr, "constants: not all of them can be found\n");
		return 1;
	}
	printf("%llu %llu %llu %d %d %u %u %u %u\n", target, caller, size,
	       btf__find_by_name_kind(btf, "tcp_v4_connect", BTF_KIND_FUNC), preempt, off, cpu,
	       offset_of(btf, btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT), "flags"),
	       offset_of(btf, btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT), "tgid"));
	btf__free(btf);
	return 0;
}
