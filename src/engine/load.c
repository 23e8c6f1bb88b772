// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loading one program: relocations become descriptors, and should the verifier
 * ever refuse, its message comes back as a caret in the rule's own text.
 */
#include "engine/load.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/sys.h"
#include "kern/why.h"
#include "util/cleanup.h"

#define LOG_SIZE (1U << 20)

/* What bpf(2) calls each kind; attach types of KPROBE programs are their engine's */
static const struct {
	uint32_t type;
	uint32_t attach_type;
	uint32_t flags;
} kinds[] = {
	[PROG_KPROBE] = { BPF_PROG_TYPE_KPROBE, 0, 0 },
	[PROG_KRETPROBE] = { BPF_PROG_TYPE_KPROBE, 0, 0 },
	[PROG_FMOD_RET] = { BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, 0 },
	[PROG_LSM] = { BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0 },
	[PROG_FENTRY] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 0 },
	[PROG_FEXIT] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, 0 },
	[PROG_TRACEPOINT] = { BPF_PROG_TYPE_TRACEPOINT, 0, 0 },
	[PROG_RAW_TP] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0 },
	[PROG_SYSCALL] = { BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE },
	[PROG_SYSCALL_WAITS] = { BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE },
};

static bool is_insn_line(const char *line, size_t len, uint32_t *insn)
{
	uint32_t n = 0;
	size_t i = 0;

	while (i < len && isdigit((unsigned char)line[i]) && n < 10000000)
		n = n * 10 + (uint32_t)(line[i++] - '0');
	if (i == 0 || i + 1 >= len || line[i] != ':' || line[i + 1] != ' ')
		return false;
	*insn = n;
	return true;
}

/*
 * The log holds one line an instruction ("12: (61) r1 = ..."), source lines
 * ("; text"), register states and, near the end, the complaint itself.
 */
struct verifier_complaint verifier_complaint(const char *log)
{
	struct verifier_complaint c = { .text = "no reason given", .len = 15 };

	for (const char *line = log; line && *line;) {
		const char *end = strchr(line, '\n');
		size_t len = end ? (size_t)(end - line) : strlen(line);
		bool insn = is_insn_line(line, len, &c.insn);
		bool ours = len && !insn && *line != ';' && strncmp(line, "processed ", 10) != 0 &&
			    strncmp(line, "from ", 5) != 0 && strncmp(line, "func#", 5) != 0 &&
			    strncmp(line, "verification time", 17) != 0 &&
			    strncmp(line, "stack depth", 11) != 0;

		c.began |= insn;
		if (ours) {
			c.found = true;
			c.text = line;
			c.len = len;
		}
		line = end ? end + 1 : NULL;
	}
	return c;
}

static struct span span_of(const struct prog *p, uint32_t insn)
{
	struct span at = SPAN_NONE;

	for (uint32_t i = 0; i < p->n_lines && p->lines[i].insn <= insn; i++)
		at = p->lines[i].at;
	return at;
}

static int refused(const struct prog *p, const char *log, struct err *err)
{
	struct verifier_complaint c = verifier_complaint(log);

	if (err && why_no_helper((struct str){ c.text, c.len }, err))
		return err_locate(err, p->src, span_of(p, c.insn));
	/* bpf_check_attach_target(): before it looks at the first instruction */
	if (!c.began)
		return err_plain(err, -EINVAL, ERR_ATTACH, "%s cannot have such a program: %.*s",
				 p->func, (int)(c.len < 160 ? c.len : 160), c.text);
	err_set(err, -EACCES, ERR_VERIFIER, p->src, span_of(p, c.insn),
		"the kernel's verifier refused the program for %s: %.*s",
		p->func[0] ? p->func : p->name, (int)(c.len < 160 ? c.len : 160), c.text);
	err_note(err, SPAN_NONE, "this is a bug in retcon: please report it with the output of -v");
	return -EACCES;
}

static struct bpf_insn *relocated(const struct prog *p, const int *map_fds)
{
	struct bpf_insn *insns = calloc(p->n_insns, sizeof(*insns));

	if (!insns)
		return NULL;
	memcpy(insns, p->insns, p->n_insns * sizeof(*insns));
	for (uint32_t i = 0; i < p->n_relocs; i++)
		insns[p->relocs[i].insn].imm = map_fds[p->relocs[i].map];
	return insns;
}

int prog_load(const struct prog *p, uint32_t attach_type, const struct prog_info *info,
	      const struct engine_world *world, int *fd, struct err *err)
{
	_cleanup_free_ struct bpf_insn *insns = relocated(p, world->map_fds);
	_cleanup_free_ char *log = NULL;
	struct sys_prog load = {
		.name = p->name,
		.type = kinds[p->kind].type,
		.attach_type = attach_type ? attach_type : kinds[p->kind].attach_type,
		.flags = kinds[p->kind].flags | (p->sleepable ? BPF_F_SLEEPABLE : 0),
		.insns = insns,
		.n_insns = p->n_insns,
		.attach_btf_id = p->attach_btf_id,
		.btf_obj_fd = p->attach_btf_fd,
		.btf_fd = info ? world->btf_fd : -1,
		.func_info = info ? info->func : NULL,
		.n_func_info = info ? info->n_func : 0,
		.line_info = info ? info->line : NULL,
		.n_line_info = info ? info->n_line : 0,
	};
	int ret;

	if (!insns)
		return err_nomem(err);
	ret = sys_prog_load(&load);
	if (ret >= 0) {
		*fd = ret;
		return 0;
	}
	/* only now is the log worth its price */
	log = calloc(1, LOG_SIZE);
	if (!log)
		return err_nomem(err);
	load.log = log;
	load.log_size = LOG_SIZE;
	load.log_level = 1;
	ret = sys_prog_load(&load);
	if (ret >= 0) {
		*fd = ret;
		return 0;
	}
	if (verifier_complaint(log).found)
		refused(p, log, err);
	else
		err_plain(err, ret, ret == -EPERM ? ERR_PERMISSION : ERR_ATTACH,
			  "cannot load the program for %s: %s", p->func[0] ? p->func : p->name,
			  strerror(-ret));
	return ret;
}
