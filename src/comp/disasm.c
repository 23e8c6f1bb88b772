/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions as text, in the verifier's own style so that its log and our
 * output can be read side by side. Above each piece the C it stands for.
 */
#include "comp/ir_internal.h"

#include <string.h>

#include "util/buf.h"

/* the helpers we use; numbers come from the UAPI header */
#define HELPERS(X)                                                                                 \
	X(map_lookup_elem)                                                                         \
	X(map_update_elem)                                                                         \
	X(map_delete_elem)                                                                         \
	X(probe_read)                                                                              \
	X(ktime_get_ns)                                                                            \
	X(get_prandom_u32)                                                                         \
	X(get_smp_processor_id)                                                                    \
	X(get_current_pid_tgid)                                                                    \
	X(get_current_uid_gid)                                                                     \
	X(get_current_comm)                                                                        \
	X(get_current_task)                                                                        \
	X(get_stack)                                                                               \
	X(override_return)                                                                         \
	X(get_current_ancestor_cgroup_id)                                                          \
	X(get_current_cgroup_id)                                                                   \
	X(probe_read_user)                                                                         \
	X(probe_read_kernel)                                                                       \
	X(probe_read_user_str)                                                                     \
	X(probe_read_kernel_str)                                                                   \
	X(jiffies64)                                                                               \
	X(get_ns_current_pid_tgid)                                                                 \
	X(ringbuf_output)                                                                          \
	X(ringbuf_reserve)                                                                         \
	X(ringbuf_submit)                                                                          \
	X(ringbuf_discard)                                                                         \
	X(get_task_stack)                                                                          \
	X(copy_from_user)                                                                          \
	X(per_cpu_ptr)                                                                             \
	X(this_cpu_ptr)                                                                            \
	X(task_storage_get)                                                                        \
	X(task_storage_delete)                                                                     \
	X(get_current_task_btf)                                                                    \
	X(ktime_get_coarse_ns)                                                                     \
	X(get_func_ip)                                                                             \
	X(get_attach_cookie)                                                                       \
	X(task_pt_regs)                                                                            \
	X(get_func_arg)                                                                            \
	X(get_func_ret)                                                                            \
	X(get_func_arg_cnt)                                                                        \
	X(strncmp)                                                                                 \
	X(loop)

const char *helper_name(uint32_t id)
{
	switch (id) {
#define X(name)                                                                                    \
	case BPF_FUNC_##name:                                                                      \
		return "bpf_" #name;
		HELPERS(X)
#undef X
	default:
		return "helper";
	}
}

const char *map_name(uint32_t map)
{
	static const char *const names[PROG_MAP_COUNT] = {
		[PROG_MAP_CONTROL] = "control",
		[PROG_MAP_TASKS] = "tasks",
		[PROG_MAP_EVENTS] = "events",
		[PROG_MAP_SCRATCH] = "scratch",
	};

	return map < PROG_MAP_COUNT ? names[map] : "?";
}

const char *alu_sign(uint8_t code)
{
	switch (code) {
	case BPF_ADD:
		return "+";
	case BPF_SUB:
		return "-";
	case BPF_MUL:
		return "*";
	case BPF_DIV:
		return "/";
	case BPF_MOD:
		return "%";
	case BPF_OR:
		return "|";
	case BPF_AND:
		return "&";
	case BPF_XOR:
		return "^";
	case BPF_LSH:
		return "<<";
	case BPF_RSH:
		return ">>";
	case BPF_ARSH:
		return "s>>";
	case BPF_MOV:
		return "";
	default:
		return "?";
	}
}

const char *jump_sign(uint8_t code)
{
	switch (code) {
	case BPF_JEQ:
		return "==";
	case BPF_JNE:
		return "!=";
	case BPF_JGT:
		return ">";
	case BPF_JGE:
		return ">=";
	case BPF_JLT:
		return "<";
	case BPF_JLE:
		return "<=";
	case BPF_JSGT:
		return "s>";
	case BPF_JSGE:
		return "s>=";
	case BPF_JSLT:
		return "s<";
	case BPF_JSLE:
		return "s<=";
	case BPF_JSET:
		return "&";
	default:
		return "?";
	}
}

static const char *size_name(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return "u8";
	case BPF_H:
		return "u16";
	case BPF_W:
		return "u32";
	default:
		return "u64";
	}
}

static void print_alu(struct buf *out, const struct bpf_insn *i)
{
	char r = BPF_CLASS(i->code) == BPF_ALU ? 'w' : 'r';
	uint8_t op = BPF_OP(i->code);

	if (op == BPF_END)
		buf_printf(out, "r%u = %s%d r%u", i->dst_reg, i->code & BPF_TO_BE ? "be" : "le",
			   i->imm, i->dst_reg);
	else if (op == BPF_NEG)
		buf_printf(out, "%c%u = -%c%u", r, i->dst_reg, r, i->dst_reg);
	else if (BPF_SRC(i->code) == BPF_X)
		buf_printf(out, "%c%u %s= %c%u", r, i->dst_reg, alu_sign(op), r, i->src_reg);
	else
		buf_printf(out, "%c%u %s= %d", r, i->dst_reg, alu_sign(op), i->imm);
}

static void print_memory(struct buf *out, const struct bpf_insn *i)
{
	const char *size = size_name(i->code);

	if (BPF_CLASS(i->code) == BPF_LDX)
		buf_printf(out, "r%u = *(%s *)(r%u %+d)", i->dst_reg, size, i->src_reg, i->off);
	else if (BPF_CLASS(i->code) == BPF_ST)
		buf_printf(out, "*(%s *)(r%u %+d) = %d", size, i->dst_reg, i->off, i->imm);
	else if (BPF_MODE(i->code) == BPF_MEM)
		buf_printf(out, "*(%s *)(r%u %+d) = r%u", size, i->dst_reg, i->off, i->src_reg);
	else if (i->imm & BPF_FETCH)
		buf_printf(out, "r%u = atomic_fetch_add((%s *)(r%u %+d), r%u)", i->src_reg, size,
			   i->dst_reg, i->off, i->src_reg);
	else
		buf_printf(out, "lock *(%s *)(r%u %+d) += r%u", size, i->dst_reg, i->off,
			   i->src_reg);
}

static const struct prog_reloc *reloc_at(const struct prog *p, uint32_t at)
{
	for (uint32_t i = 0; i < p->n_relocs; i++) {
		if (p->relocs[i].insn == at)
			return &p->relocs[i];
	}
	return NULL;
}

static void print_imm64(struct buf *out, const struct prog *p, uint32_t at)
{
	const struct bpf_insn *i = &p->insns[at];
	const struct prog_reloc *reloc = reloc_at(p, at);
	uint64_t k = (uint32_t)i->imm;

	if (at + 1 < p->n_insns)
		k |= (uint64_t)(uint32_t)i[1].imm << 32;
	buf_printf(out, "r%u = ", i->dst_reg);
	if (reloc && reloc->kind == RELOC_MAP_FD)
		buf_printf(out, "map[%s]", map_name(reloc->map));
	else if (reloc)
		buf_printf(out, "map[%s]+%u", map_name(reloc->map), reloc->offset);
	else if (i->src_reg == BPF_PSEUDO_BTF_ID)
		buf_printf(out, "ksym[%d]", i->imm);
	else if (i->src_reg == BPF_PSEUDO_FUNC)
		buf_printf(out, "callback (insn %u)", at + (uint32_t)i->imm + 1);
	else
		buf_printf(out, "0x%llx", (unsigned long long)k);
}

static void print_jump(struct buf *out, const struct bpf_insn *i)
{
	char r = BPF_CLASS(i->code) == BPF_JMP32 ? 'w' : 'r';
	uint8_t op = BPF_OP(i->code);

	if (op == BPF_CALL)
		buf_printf(out, "call %s#%d", helper_name((uint32_t)i->imm), i->imm);
	else if (op == BPF_EXIT)
		buf_puts(out, "exit");
	else if (op == BPF_JA)
		buf_printf(out, "goto pc%+d", i->off);
	else if (BPF_SRC(i->code) == BPF_X)
		buf_printf(out, "if %c%u %s %c%u goto pc%+d", r, i->dst_reg, jump_sign(op), r,
			   i->src_reg, i->off);
	else
		buf_printf(out, "if %c%u %s 0x%x goto pc%+d", r, i->dst_reg, jump_sign(op),
			   (unsigned int)i->imm, i->off);
}

void insn_print(const struct prog *p, uint32_t at, struct buf *out)
{
	const struct bpf_insn *i = &p->insns[at];

	buf_printf(out, "%u: (%02x) ", at, i->code);
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		print_alu(out, i);
		break;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		print_memory(out, i);
		break;
	case BPF_LD:
		print_imm64(out, p, at);
		break;
	default:
		print_jump(out, i);
		break;
	}
}

/* a comment a line */
static void print_note(struct buf *out, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\n");

		buf_puts(out, "; ");
		buf_add(out, text, len);
		buf_putc(out, '\n');
		if (!text[len])
			break;
		text += len + 1;
	}
}

void prog_print(const struct prog *p, struct buf *out)
{
	uint32_t note = 0, callback = 0;

	for (uint32_t i = 0; i < p->n_insns; i++) {
		if (callback < p->n_subprogs && i == p->subprog[callback]) {
			buf_printf(out, callback ? "callback %u:\n" : "callback:\n", callback);
			callback++;
		}
		for (; note < p->n_notes && p->notes[note].insn <= i; note++)
			print_note(out, p->notes[note].text);
		insn_print(p, i, out);
		buf_putc(out, '\n');
		if (p->insns[i].code == (BPF_LD | BPF_DW | BPF_IMM))
			i++;
	}
}
