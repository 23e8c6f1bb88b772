/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

struct cpu {
	struct machine *m;
	const struct prog *p;
	uint64_t r[11];
	uint64_t frame[64]; /* 512 bytes, r10 at the end */
};

/* where the fixture has them */
#define TASK_FLAGS 44
#define TASK_TGID  104

uint32_t machine_control(unsigned int n)
{
	size_t one = sizeof(struct rule_control) +
		     MACHINE_CPUS * sizeof(((struct rule_control *)NULL)->cpu[0]);

	return (uint32_t)(sizeof(struct control) + n * one);
}

uint32_t machine_state(unsigned int n)
{
	return (uint32_t)(sizeof(struct task_state) + n * sizeof(struct chain_state));
}

uint32_t machine_path(void)
{
	return machine_state(MACHINE_RULES);
}

uint32_t machine_after(void)
{
	return machine_path() + (uint32_t)sizeof(struct path_state);
}

struct rule_control *machine_rule(const struct machine *m, unsigned int n)
{
	return (void *)((char *)m->control + machine_control(n));
}

struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->control = calloc(1, machine_control(MACHINE_RULES));
	if (!m->control) {
		free(m);
		return NULL;
	}
	m->control->armed = 1;
	m->rule = machine_rule(m, 0);
	return m;
}

void machine_free(struct machine *m)
{
	if (m)
		free(m->control);
	free(m);
}

void machine_task(struct machine_task *t, uint32_t tgid, uint32_t flags)
{
	memset(t, 0, sizeof(*t));
	memcpy(t->bytes + TASK_TGID, &tgid, sizeof(tgid));
	memcpy(t->bytes + TASK_FLAGS, &flags, sizeof(flags));
}

static void *at(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static bool faults(uint64_t from)
{
	return from < 65536 || from >> 56;
}

static uint64_t read_string(uint64_t to, uint64_t room, uint64_t from)
{
	uint64_t n = 0;
	char c = 1;

	if (faults(from))
		return (uint64_t)-EFAULT;
	while (c && n < room) {
		memcpy(&c, at(from + n), 1);
		memcpy(at(to + n), &c, 1);
		n++;
	}
	memset(at(to + n - 1), 0, 1);
	return n;
}

/* as 6.1 has it: the NUL counts, but not alone */
static uint64_t read_user_string(uint64_t to, uint64_t room, uint64_t from)
{
	uint64_t n = read_string(to, room, from);

	return n == 1 && room > 1 ? 0 : n;
}

static uint64_t storage_get(struct machine *m, uint64_t task, uint64_t flags)
{
	struct machine_task *t = at(task);

	if (!t->has_state && (!(flags & BPF_LOCAL_STORAGE_GET_F_CREATE) || m->storage_fails))
		return 0;
	t->has_state = true;
	return address(&t->state);
}

static uint64_t get_stack(struct machine *m, uint64_t to, uint64_t room)
{
	if (m->trace_bytes < 0)
		return (uint64_t)(int64_t)m->trace_bytes;
	if ((uint64_t)m->trace_bytes > room)
		m->broken = "stack longer than its room";
	else
		memcpy(at(to), m->trace, (size_t)m->trace_bytes);
	return (uint64_t)m->trace_bytes;
}

static uint64_t ring_output(struct machine *m, uint64_t from, uint64_t bytes)
{
	if (m->ring_full)
		return (uint64_t)-EAGAIN;
	if (m->n_sent == 16 || bytes > sizeof(m->sent[0])) {
		m->broken = "too much sent";
		return 0;
	}
	memcpy(&m->sent[m->n_sent], at(from), bytes);
	m->sent_bytes[m->n_sent++] = (unsigned int)bytes;
	return 0;
}

static uint64_t run_from(struct cpu *c, uint32_t pc);

static uint64_t loop(struct cpu *c)
{
	uint64_t n = c->r[1], callback = c->r[2], arg = c->r[3], i;

	for (i = 0; i < n; i++) {
		struct cpu inner = { .m = c->m, .p = c->p };

		inner.r[1] = i;
		inner.r[2] = arg;
		inner.r[10] = address(inner.frame + 64);
		if (run_from(&inner, (uint32_t)callback))
			return i + 1;
	}
	return i;
}

static uint64_t get_arg(const uint64_t *r)
{
	memcpy(at(r[3]), at(r[1] + 8 * r[2]), 8);
	return 0;
}

static uint64_t read_kernel(const uint64_t *r)
{
	if (faults(r[3]))
		return (uint64_t)-EFAULT;
	memcpy(at(r[1]), at(r[3]), r[2]);
	return 0;
}

static uint64_t override(struct machine *m, uint64_t value)
{
	m->overrides++;
	m->override_value = value;
	return 0;
}

static uint64_t helper(struct cpu *c, int32_t id)
{
	struct machine *m = c->m;
	const uint64_t *r = c->r;

	switch (id) {
	case BPF_FUNC_this_cpu_ptr:
		memcpy(m->percpu + 8, &m->preempt_count, 4);
		return address(m->percpu);
	case BPF_FUNC_get_current_task_btf:
		return address(m->current);
	case BPF_FUNC_task_storage_get:
		return storage_get(m, r[2], r[4]);
	case BPF_FUNC_get_smp_processor_id:
		return m->cpu;
	case BPF_FUNC_get_prandom_u32:
		return m->random;
	case BPF_FUNC_ktime_get_ns:
		return 1234567;
	case BPF_FUNC_get_current_pid_tgid:
		return 77ull << 32 | 78;
	case BPF_FUNC_get_current_uid_gid:
		return 79ull << 32 | 80;
	case BPF_FUNC_get_current_cgroup_id:
		return 1ull << 40 | 81;
	case BPF_FUNC_get_current_ancestor_cgroup_id:
		return r[1] < MACHINE_LEVELS ? m->cgroup[r[1]] : 0;
	case BPF_FUNC_get_current_task:
		return address(m->current);
	case BPF_FUNC_get_current_comm:
		memcpy(at(r[1]), "simulated\0\0\0\0\0\0", r[2]);
		return 0;
	case BPF_FUNC_map_lookup_elem:
		return address(&m->scratch);
	case BPF_FUNC_get_stack:
		return get_stack(m, r[2], r[3]);
	case BPF_FUNC_loop:
		return loop(c);
	case BPF_FUNC_override_return:
		return override(m, r[2]);
	case BPF_FUNC_ringbuf_output:
		return ring_output(m, r[2], r[3]);
	case BPF_FUNC_probe_read_kernel:
	case BPF_FUNC_probe_read_user:
		return read_kernel(r);
	case BPF_FUNC_probe_read_kernel_str:
		return read_string(r[1], r[2], r[3]);
	case BPF_FUNC_probe_read_user_str:
		return read_user_string(r[1], r[2], r[3]);
	case BPF_FUNC_get_attach_cookie:
		return m->cookie;
	case BPF_FUNC_get_func_arg:
		return get_arg(r);
	case BPF_FUNC_get_func_ret:
		memcpy(at(r[2]), &m->func_ret, 8);
		return 0;
	default:
		m->broken = "a helper it does not know";
		return 0;
	}
}

static uint64_t load_wide(struct cpu *c, uint32_t pc)
{
	const struct bpf_insn *i = &c->p->insns[pc];

	for (uint32_t n = 0; n < c->p->n_relocs; n++) {
		const struct prog_reloc *r = &c->p->relocs[n];

		if (r->insn != pc)
			continue;
		if (r->kind == RELOC_MAP_VALUE)
			return address(c->m->control) + r->offset;
		return r->map;
	}
	if (i->src_reg == BPF_PSEUDO_FUNC)
		return pc + 1 + (uint32_t)i->imm;
	return (uint32_t)i->imm | (uint64_t)(uint32_t)i[1].imm << 32;
}

static uint64_t alu(struct cpu *c, uint8_t op, uint64_t a, uint64_t b, unsigned int bits)
{
	uint64_t mask = bits == 64 ? UINT64_MAX : UINT32_MAX;

	a &= mask;
	b &= mask;
	switch (op) {
	case BPF_ADD:
		return (a + b) & mask;
	case BPF_SUB:
		return (a - b) & mask;
	case BPF_MUL:
		return (a * b) & mask;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : a;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return (a << (b & (bits - 1))) & mask;
	case BPF_RSH:
		return a >> (b & (bits - 1));
	case BPF_ARSH:
		return (uint64_t)((int64_t)(a << (64 - bits)) >> (64 - bits) >> (b & (bits - 1))) &
		       mask;
	case BPF_MOV:
		return b;
	default:
		c->m->broken = "arithmetic it does not know";
		return 0;
	}
}

static bool taken(uint8_t op, uint64_t a, uint64_t b, unsigned int bits)
{
	int64_t sa, sb;

	if (bits == 32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	sa = bits == 32 ? (int32_t)a : (int64_t)a;
	sb = bits == 32 ? (int32_t)b : (int64_t)b;
	switch (op) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return a & b;
	}
}

static unsigned int size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* through a typed pointer of a trampoline's program, a load that faults gives 0 */
static uint64_t load(struct cpu *c, const struct bpf_insn *i)
{
	uint64_t from = c->r[i->src_reg] + (uint64_t)(int64_t)i->off, v = 0;

	if (c->p->kind != PROG_FENTRY || !faults(from))
		memcpy(&v, at(from), size_of(i->code));
	return v;
}

static void store(struct cpu *c, const struct bpf_insn *i, uint64_t v)
{
	void *to = at(c->r[i->dst_reg] + (uint64_t)(int64_t)i->off);
	uint64_t old = 0;

	if (BPF_MODE(i->code) == BPF_ATOMIC) {
		memcpy(&old, to, size_of(i->code));
		v += old;
		if (i->imm & BPF_FETCH)
			c->r[i->src_reg] = old;
	}
	memcpy(to, &v, size_of(i->code));
}

static uint64_t swapped(uint64_t v, int32_t bits)
{
	return bits == 16   ? __builtin_bswap16((uint16_t)v)
	       : bits == 32 ? __builtin_bswap32((uint32_t)v)
			    : __builtin_bswap64(v);
}

/* all but jumps, calls and exits; returns whether it takes two slots */
static bool step(struct cpu *c, uint32_t pc)
{
	const struct bpf_insn *i = &c->p->insns[pc];
	uint64_t src = BPF_SRC(i->code) == BPF_X ? c->r[i->src_reg] : (uint64_t)(int64_t)i->imm;

	if (BPF_CLASS(i->code) == BPF_ALU && BPF_OP(i->code) == BPF_END) {
		c->r[i->dst_reg] = swapped(c->r[i->dst_reg], i->imm);
		return false;
	}
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU64:
		c->r[i->dst_reg] = alu(c, BPF_OP(i->code), c->r[i->dst_reg], src, 64);
		return false;
	case BPF_ALU:
		c->r[i->dst_reg] = alu(c, BPF_OP(i->code), c->r[i->dst_reg], src, 32);
		return false;
	case BPF_LDX:
		c->r[i->dst_reg] = load(c, i);
		return false;
	case BPF_STX:
		store(c, i, c->r[i->src_reg]);
		return false;
	case BPF_ST:
		store(c, i, (uint64_t)(int64_t)i->imm);
		return false;
	default:
		c->r[i->dst_reg] = load_wide(c, pc);
		return true;
	}
}

static uint64_t run_from(struct cpu *c, uint32_t pc)
{
	for (; pc < c->p->n_insns && !c->m->broken; pc++) {
		const struct bpf_insn *i = &c->p->insns[pc];
		uint64_t src =
			BPF_SRC(i->code) == BPF_X ? c->r[i->src_reg] : (uint64_t)(int64_t)i->imm;
		uint8_t class = BPF_CLASS(i->code);

		if (class != BPF_JMP && class != BPF_JMP32) {
			pc += step(c, pc);
			continue;
		}
		if (BPF_OP(i->code) == BPF_EXIT)
			return c->r[0];
		if (BPF_OP(i->code) == BPF_CALL) {
			c->r[0] = helper(c, i->imm);
			for (unsigned int k = 1; k <= 5; k++)
				c->r[k] = 0x5a5a5a5a5a5a5a5aull;
		} else if (taken(BPF_OP(i->code), c->r[i->dst_reg], src,
				 class == BPF_JMP ? 64 : 32)) {
			pc += (uint32_t)i->off;
		}
	}
	if (!c->m->broken)
		c->m->broken = "ran off the end";
	return 0;
}

uint64_t machine_run(struct machine *m, const struct prog *p, void *ctx)
{
	struct cpu c = { .m = m, .p = p };

	c.r[1] = address(ctx);
	c.r[10] = address(c.frame + 64);
	return run_from(&c, 0);
}
