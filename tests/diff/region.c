/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/sys.h"
#include "run_prog.h"
#include "util/cleanup.h"

/* what a program is told its array's address is, and all it may tell us */
static int learn_base(struct region *r)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 2,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = r->map },
		{ 0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct prog p = { .insns = insns, .n_insns = 5 };
	uint32_t retval;
	uint64_t ctx = 0;
	int ret = run_prog(&p, NULL, &ctx, sizeof(ctx), &retval, NULL);

	memcpy(&r->base, r->mem, sizeof(r->base));
	return ret;
}

int region_make(struct region *r, size_t len)
{
	const struct sys_map def = {
		.name = "diff",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = (uint32_t)len,
		.max_entries = 1,
		.flags = BPF_F_MMAPABLE,
		.btf_fd = -1,
	};
	void *mem;
	int ret;

	*r = REGION_NONE;
	r->map = sys_map_create(&def);
	if (r->map < 0)
		return r->map;
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r->map, 0);
	if (mem == MAP_FAILED) {
		ret = -errno;
		region_free(r);
		return ret;
	}
	r->mem = mem;
	r->len = len;
	ret = learn_base(r);
	if (ret < 0)
		region_free(r);
	return ret;
}

void region_free(struct region *r)
{
	if (r->mem)
		munmap(r->mem, r->len);
	closep(&r->map);
	*r = REGION_NONE;
}

uint64_t region_address(const struct region *r, const void *p)
{
	return r->base + (uint64_t)((const uint8_t *)p - r->mem);
}
