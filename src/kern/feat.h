/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this kernel can do, asked of the kernel itself: each answer is the smallest real
 * program loaded and, where only that proves it, attached for a moment. Version numbers
 * are not looked at. Nothing behaves otherwise for it: programs that are attached return
 * 0 and do nothing, on functions made for tests or hardly ever called.
 */
#pragma once

#include "kern/kern.h"

/* options, without CONFIG_, that every override by a probe takes, and every trampoline */
#define FEAT_NEEDS_OVERRIDE                                                                        \
	"BPF_SYSCALL", "BPF_EVENTS", "KPROBES", "FUNCTION_ERROR_INJECTION", "BPF_KPROBE_OVERRIDE"
#define FEAT_NEEDS_TRAMPOLINE                                                                      \
	"BPF_SYSCALL", "BPF_EVENTS", "BPF_JIT", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "DEBUG_INFO_BTF"

enum feat {
	/* engines */
	FEAT_KPROBE_MULTI,
	FEAT_KPROBE,
	FEAT_FMOD_RET,		/* on functions of the injection list */
	FEAT_FMOD_RET_SECURITY, /* on security_* functions, listed or not */
	FEAT_FMOD_RET_SYSCALL,	/* on system calls, listed or not */
	FEAT_LSM,		/* loads: whether it is run, the active modules say */
	FEAT_KRETPROBE_MULTI,
	FEAT_KRETPROBE,
	/* what chains, scopes and conditions take */
	FEAT_FENTRY, /* and fexit */
	FEAT_TASK_STORAGE,
	FEAT_TASK_NEWTASK, /* tp_btf on task_newtask */
	FEAT_RINGBUF,
	FEAT_READ_KERNEL,
	FEAT_READ_USER,
	FEAT_COUNT,
};

enum feat_answer {
	FEAT_UNASKED,
	FEAT_YES,
	FEAT_NO,
};

struct feat_result {
	enum feat_answer answer;
	/* FEAT_NO: what the kernel said; -ENOENT: nothing to try it on; -EHOSTDOWN: ftrace is off
	 */
	int code;
	bool attaching; /* and it said so when the program, loaded, was to be attached */
};

/* Answers, remembered; zeroed at first. The owner's, who may keep it as long as the kernel runs. */
struct feats {
	struct feat_result of[FEAT_COUNT];
};

const struct feat_result *feat_ask(struct feats *f, struct kern *k, enum feat what);
bool feat_has(struct feats *f, struct kern *k, enum feat what);
/* the options it takes, without CONFIG_; NULL at the end */
const char *const *feat_needs(enum feat what);
