/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Read-only view of a kernel's BTF. Our own reader because it is read on the way
 * to armed (millions of instructions matter), lazily, and because the blob is
 * input: every offset and id is checked, nothing is trusted.
 */
#pragma once

#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

struct kbtf;

/* takes the malloc'ed or mmapped blob; `unmap` says which (munmap or free) */
int kbtf_open(struct kbtf **out, void *data, size_t len, bool unmap, struct err *err);
/*
 * Same for a module's, which continues `base` (borrowed): all that follows looks into the
 * module first, then into the base.
 */
int kbtf_open_split(struct kbtf **out, const struct kbtf *base, void *data, size_t len, bool unmap,
		    struct err *err);
const struct kbtf *kbtf_base(const struct kbtf *k); /* NULL if it continues none */
void kbtf_free(struct kbtf *k);
void kbtf_freep(struct kbtf **k);

/* KBTF_RELEASE() of the kernel it is of; 0: nobody said */
#define KBTF_RELEASE(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
void kbtf_set_release(struct kbtf *k, uint32_t release);
uint32_t kbtf_release(const struct kbtf *k);

/* ids are 1 .. count, a module's own ones above its base's; 0 is void */
uint32_t kbtf_count(const struct kbtf *k);
/* NULL if the id is 0 or out of range; the type and its trailing data are in bounds */
const struct btf_type *kbtf_type(const struct kbtf *k, uint32_t id);
const char *kbtf_str(const struct kbtf *k, uint32_t off); /* "" if out of range */
const char *kbtf_name(const struct kbtf *k, uint32_t id);

/* -ENOENT if there is none. kind: BTF_KIND_FUNC, _STRUCT, _TYPEDEF, _VAR, ... */
int kbtf_find(const struct kbtf *k, unsigned int kind, const char *name, uint32_t *id);
/* the FUNCs whose names begin so, one after the other: *cursor is 0 at first. Of the own part */
bool kbtf_next_func(const struct kbtf *k, const char *prefix, uint32_t *cursor, uint32_t *id);
/* the next one found behind type `after`, 0: the first */
int kbtf_find_next(const struct kbtf *k, unsigned int kind, const char *name, uint32_t after,
		   uint32_t *id);
/* 1 unless several FUNCs bear the name */
unsigned int kbtf_count_named(const struct kbtf *k, unsigned int kind, const char *name);

struct kbtf_proto {
	uint32_t func_id; /* BTF_KIND_FUNC */
	uint32_t ret;	  /* type id, 0: void */
	unsigned int n_params;
	const struct btf_param *params;
	bool varargs;
};
int kbtf_func(const struct kbtf *k, const char *name, struct kbtf_proto *out);
/* not of the base: what it has by that name is another function */
int kbtf_own_func(const struct kbtf *k, const char *name, struct kbtf_proto *out);
/* the same for n names in one pass, for many: ids, of none 0. -ENOMEM */
int kbtf_own_funcs(const struct kbtf *k, const char *const *names, unsigned int n, uint32_t *ids);
int kbtf_func_by_id(const struct kbtf *k, uint32_t func_id, struct kbtf_proto *out);

/* skip typedefs, const, volatile, restrict, type tags; 0 for void or a broken loop */
uint32_t kbtf_strip(const struct kbtf *k, uint32_t id);
/*
 * How many pointers from this one on lead to user memory: 1: it points there. 0: none
 * does, or the kernel's compiler did not write it down (clang does, gcc from 16 on).
 */
unsigned int kbtf_user_level(const struct kbtf *k, uint32_t id);
int kbtf_size(const struct kbtf *k, uint32_t id, uint64_t *size); /* -EINVAL: has none */

struct kbtf_member {
	uint32_t type;
	uint32_t bit_off;  /* from the start of the outer struct */
	uint32_t bit_size; /* 0 unless a bit-field */
};
/* through anonymous structs and unions; id is stripped first; -ENOENT, -EINVAL not a struct */
int kbtf_member(const struct kbtf *k, uint32_t id, const char *name, struct kbtf_member *out);
/* "struct sock *": C spelling of a type, for messages */
void kbtf_type_name(const struct kbtf *k, uint32_t id, char *buf, size_t size);
/* "int (*name)(...)", "char name[16]": something of that type, declared */
void kbtf_declare(const struct kbtf *k, uint32_t id, const char *name, char *buf, size_t size);

/* of any enum; -ENOTUNIQ: files of their own give the name different values, as Opt_err */
int kbtf_enum_value(const struct kbtf *k, const char *name, int64_t *value);

/* up to max names nearest to `name` among kind; for "did you mean" */
unsigned int kbtf_nearest(const struct kbtf *k, unsigned int kind, const char *name,
			  const char **out, unsigned int max);
/* same among the constants of all enums */
unsigned int kbtf_nearest_constant(const struct kbtf *k, const char *name, const char **out,
				   unsigned int max);
unsigned int kbtf_nearest_member(const struct kbtf *k, uint32_t id, const char *name,
				 const char **out, unsigned int max);
/*
 * "a.b" or "p->b" for a member `name` that is not of struct `id` but of one inside it
 * or a pointer away; false: none.
 */
bool kbtf_member_inside(const struct kbtf *k, uint32_t id, const char *name, char *buf,
			size_t size);
