/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One BTF object for a session: functions and line information that make the
 * verifier speak about the rule's text, and the types of the task storage map.
 */
#pragma once

#include "util/err.h"
#include "util/prog.h"

struct prog_info {
	struct bpf_func_info func[1 + LIMIT_CALLBACKS];
	uint32_t n_func;
	struct bpf_line_info *line;
	uint32_t n_line;
};

struct lineinfo {
	void *btf; /* raw blob for BPF_BTF_LOAD */
	uint32_t btf_len;
	uint32_t key_id, value_id; /* int, struct task_state */
	struct prog_info *progs;   /* one for each program given */
	uint32_t n_progs;
};

/* state_bytes: of a task's state, a struct task_state and what follows it */
int lineinfo_build(struct lineinfo *out, const struct prog *progs, uint32_t n_progs,
		   uint32_t state_bytes, struct err *err);
void lineinfo_free(struct lineinfo *li);
