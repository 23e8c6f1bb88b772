/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * C types over BTF. A type is a value: a BTF id, or an integer of ours, below a
 * number of stars (BTF need not hold `struct sock ***`). `kind`, `bytes` and
 * `is_signed` describe the type itself, stars included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/kbtf.h"
#include "lang/ast.h"
#include "util/limits.h"

enum type_kind {
	TYPE_VOID,
	TYPE_INT, /* and enums and _Bool */
	TYPE_PTR,
	TYPE_RECORD, /* struct or union */
	TYPE_ARRAY,
	TYPE_FUNC,
	TYPE_INCOMPLETE, /* struct or union of which BTF has only the name */
	TYPE_OTHER,	 /* floating point, 128-bit integers */
};

struct type {
	enum type_kind kind;
	unsigned int bytes; /* INT, PTR */
	bool is_signed, is_bool;
	uint32_t id;	    /* BTF type under the stars; 0: void, or `own` */
	unsigned int stars; /* above id */
	/*
	 * PTR: how many steps it takes to user memory; 1: it points there. What is reached
	 * through user memory is user memory too. 0: the kernel's
	 */
	uint8_t user;
	struct {
		uint8_t bytes; /* integer under the stars; 0: void */
		bool is_signed, is_bool;
	} own;
};

struct type type_of_id(const struct kbtf *k, uint32_t id);
struct type type_int(unsigned int bytes, bool is_signed);
struct type type_void(void);
struct type type_bool(void);
struct type type_pointer_to(struct type t);
/* of a pointer or array; TYPE_VOID for void pointers */
struct type type_target(const struct kbtf *k, struct type t);
/* elements of an array; 0 also for a flexible one */
uint32_t type_array_len(const struct kbtf *k, struct type t);
/* -EINVAL: it has none */
int type_size(const struct kbtf *k, struct type t, uint64_t *size);

bool type_is_scalar(struct type t); /* integer or pointer */
bool type_is_char(struct type t);
bool type_same_record(const struct kbtf *k, struct type a, struct type b);

struct type type_promoted(struct type t);	      /* integer promotions */
struct type type_arith(struct type a, struct type b); /* usual arithmetic conversions */
/* v as a value of t: cut to its width, then zero- or sign-extended to 64 bits */
uint64_t type_canonical(struct type t, uint64_t v);

#define TYPE_TEXT 128
/* "unsigned int", "struct sock *": C spelling */
const char *type_text(const struct kbtf *k, struct type t, char buf[static TYPE_TEXT]);

/* a type as written; -ENOENT: no such type, -EINVAL: words that are no type */
int type_by_name(const struct kbtf *k, const struct type_name *name, struct type *out);
/* BTF has another struct or union of id's name, which looks different */
bool type_has_rivals(const struct kbtf *k, uint32_t id);
