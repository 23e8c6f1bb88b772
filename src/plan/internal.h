/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this layer ask of each other. */
#pragma once

#include "plan/plan.h"

/* what follows a system call's wrapper's prefix; NULL: it is none */
const char *plan_syscall_of(const char *func);
/* a note of what plan_kernel_name() made of a name */
int plan_note_name(struct plan *p, const char *written, const char *name);
/* SYSCALL_DEFINE0 wrappers are in BTF under another name: __do_sys_x */
int plan_proto(const struct kbtf *btf, const char *name, struct kbtf_proto *proto);
/* could a name in it be a parameter? */
bool plan_may_name_param(const struct frame *f);
/*
 * A system call's parameters where BTF lacks the function that has them. Only for a frame
 * that may name one: it takes a file. What cannot be read is as good as not there.
 */
void plan_declaration(struct comp_func *cf, struct rule **declared, struct kern *kern,
		      const struct kbtf *btf, const struct frame *f);

/* target.c: the rule's target as names, before symbols are looked up */
int target_name_sites(struct plan *p, struct kern *kern, const struct kbtf *btf, struct err *err);
/* then, with their symbols: types, and what is no function drops out */
int target_describe(struct plan *p, struct kern *kern, const struct kbtf *btf);
/* takes out all that were left out */
void target_sweep(struct plan *p);

/* unknown.c: -ENOENT and what may be meant */
int unknown_function(const struct plan *p, const char *name, struct span at, const struct kbtf *btf,
		     struct err *err);
int unknown_target(const struct plan *p, struct kern *kern, const struct kbtf *btf,
		   struct err *err);

/* value.c: VALUE, which has to be constant; then whether a site's callers can take it */
struct plan_value {
	const struct expr *e;
	int64_t v;
	bool is_unsigned, is_pointer;
};
int value_evaluate(const struct plan *p, const struct kbtf *btf, struct plan_value *out,
		   struct err *err);
int value_check(struct plan *p, struct plan_site *site, struct kern *kern, const struct kbtf *btf,
		const struct plan_value *v, struct err *err);

/* choose.c: the engines a site may have; none is an error that says why not each */
int choose_engines(const struct plan *p, struct plan_site *site, struct kern *kern,
		   const struct kbtf *btf, struct err *err);
/* one whose program can wait for user memory goes first, if nobody has a kprobe there */
void choose_sleeping(struct plan_site *site, struct kern *kern);

/* guard.c: what is not done though the kernel would, and what is left alone */
int guard_site(struct plan *p, struct plan_site *site, struct kern *kern, const struct kbtf *btf,
	       struct err *err);
