/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/sys.h"
#include "util/prog.h"

/* a program that says where the map's value is, in the value itself */
static int learn_base(struct objects *o)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 2,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = o->map },
		{ 0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct sys_prog load = { .name = "base",
				       .type = BPF_PROG_TYPE_SYSCALL,
				       .insns = insns,
				       .n_insns = 5,
				       .flags = BPF_F_SLEEPABLE,
				       .btf_fd = -1 };
	int fd = sys_prog_load(&load), ret;
	uint32_t retval;
	uint64_t ctx = 0;

	if (fd < 0)
		return fd;
	ret = sys_prog_run(fd, &ctx, sizeof(ctx), &retval);
	memcpy(&o->base, o->mem, sizeof(o->base));
	return ret;
}

int objects_open(struct objects *o, const struct kbtf *btf)
{
	const struct sys_map def = { .name = "objects",
				     .type = BPF_MAP_TYPE_ARRAY,
				     .key_size = 4,
				     .value_size = OBJECTS_BYTES,
				     .max_entries = 1,
				     .flags = BPF_F_MMAPABLE,
				     .btf_fd = -1 };
	void *mem;

	*o = (struct objects){ .btf = btf, .map = sys_map_create(&def) };
	if (o->map < 0)
		return o->map;
	mem = mmap(NULL, OBJECTS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, o->map, 0);
	if (mem == MAP_FAILED)
		return -errno;
	o->mem = mem;
	return learn_base(o);
}

void objects_clear(struct objects *o)
{
	memset(o->mem, 0, OBJECTS_BYTES);
	o->used = 0;
}

uint64_t objects_new(struct objects *o, uint32_t bytes)
{
	uint32_t at = o->used;

	if (bytes > OBJECTS_BYTES || at > OBJECTS_BYTES - bytes)
		return 0;
	o->used += (bytes + 63) & ~63U;
	return o->base + at;
}

/* id of what a pointer points to, or of an array's elements; 0: neither */
static uint32_t target_of(const struct kbtf *btf, uint32_t id)
{
	const struct btf_type *t = kbtf_type(btf, kbtf_strip(btf, id));

	if (t && BTF_INFO_KIND(t->info) == BTF_KIND_PTR)
		return kbtf_strip(btf, t->type);
	if (t && BTF_INFO_KIND(t->info) == BTF_KIND_ARRAY)
		return kbtf_strip(btf, ((const struct btf_array *)(t + 1))->type);
	return 0;
}

/* the object a pointer leads to, made if it leads nowhere yet */
static uint8_t *follow(struct objects *o, uint8_t *pointer, uint32_t id)
{
	uint64_t to, size;

	memcpy(&to, pointer, sizeof(to));
	if (!to) {
		if (kbtf_size(o->btf, id, &size) < 0)
			return NULL;
		to = objects_new(o, (uint32_t)size);
		memcpy(pointer, &to, sizeof(to));
	}
	return to ? o->mem + (to - o->base) : NULL;
}

static int put_text(struct objects *o, uint8_t *at, const char *text)
{
	uint64_t to = objects_new(o, (uint32_t)strlen(text) + 1);

	if (!to)
		return -ENOMEM;
	memcpy(o->mem + (to - o->base), text, strlen(text) + 1);
	memcpy(at, &to, sizeof(to));
	return 0;
}

static int put_bits(uint8_t *at, const struct kbtf_member *m, uint64_t value)
{
	for (uint32_t i = 0; i < m->bit_size; i++) {
		uint32_t bit = m->bit_off % 8 + i;

		at[bit / 8] &= (uint8_t) ~(1U << bit % 8);
		at[bit / 8] |= (uint8_t)((value >> i & 1) << bit % 8);
	}
	return 0;
}

int objects_set(struct objects *o, uint64_t address, uint32_t id, const char *path, uint64_t value,
		const char *text)
{
	uint8_t *at = o->mem + (address - o->base);
	struct kbtf_member m = { .type = id };
	uint64_t size;

	for (bool first = true; *path; first = false) {
		char name[64] = "";
		size_t len;

		if (*path == '[') {
			m.type = target_of(o->btf, m.type);
			if (kbtf_size(o->btf, m.type, &size) < 0)
				return -EINVAL;
			at += size * (uint64_t)(path[1] - '0');
			path += 3;
			continue;
		}
		if (*path == '-' && !first) {
			m.type = target_of(o->btf, m.type);
			at = follow(o, at, m.type);
			if (!at)
				return -ENOMEM;
		}
		path += *path == '-' ? 2 : 1;
		len = strcspn(path, ".-[");
		if (len >= sizeof(name))
			return -EINVAL;
		memcpy(name, path, len);
		path += len;
		if (kbtf_member(o->btf, m.type, name, &m) < 0)
			return -ENOENT;
		at += m.bit_off / 8;
	}
	if (text)
		return put_text(o, at, text);
	if (m.bit_size)
		return put_bits(at, &m, value);
	if (kbtf_size(o->btf, kbtf_strip(o->btf, m.type), &size) < 0 || size > sizeof(value))
		return -EINVAL;
	memcpy(at, &value, size);
	return 0;
}
