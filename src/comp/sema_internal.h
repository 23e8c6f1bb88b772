/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of binding and typing share. Functions give NULL after err_set(). */
#pragma once

#include <errno.h>
#include <string.h>

#include "comp/abi.h"
#include "comp/sema.h"

/* locals of the blocks around an expression, innermost first */
struct scope {
	struct scope *outer;
	struct tree_local *locals;
};

struct sema {
	const struct kbtf *btf;
	const struct source *src;
	const struct comp_func *func;
	struct kbtf_proto proto; /* of func, or of what a system call's wrapper wraps */
	bool has_proto;
	struct arena *arena;
	struct err *err;
	struct pred *pred;
	struct scope *scope;
};

/* sema_params.c */
int sema_params(struct sema *s, const struct frame *frame);

/* sema.c */
struct node *sema_node(struct sema *s, enum node_kind kind, struct span at, struct type t);
struct node *sema_const(struct sema *s, struct span at, struct type t, uint64_t v);
struct node *sema_fail(struct sema *s, enum err_tag tag, struct span at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
char *sema_cstr(struct sema *s, struct str text);

/* sema_expr.c: an lvalue stays a PLACE */
struct node *sema_expr(struct sema *s, const struct expr *e);
/* value of a scalar: places are read, arrays become pointers */
struct node *sema_value(struct sema *s, const struct expr *e);
struct node *sema_rvalue(struct sema *s, struct node *n);
/* a place becomes its address, as a pointer to t */
struct node *sema_address(struct node *n, struct type t);

/* sema_note.c */
#define NEAREST 3

/* The nearest of the names offered: several only if equally near. */
struct near {
	const char *name;
	const char *best[NEAREST];
	unsigned int distance, n;
};

void near_init(struct near *n, const char *name);
void near_offer(struct near *n, const char *candidate);
/* note: did you mean 'a', 'b' or 'c'? */
void note_near(struct sema *s, const struct near *n);
void note_names(struct sema *s, const char *prefix, const char *const *names, unsigned int n);
void note_declaration(struct sema *s); /* of the function, as BTF has it */
void note_members(struct sema *s, struct type record, const char *name);
const char *func_text(const struct sema *s); /* the function, or the system call */

/* sema_const.c, sema_task.c: NULL without an error: it is none */
struct node *sema_constant(struct sema *s, const struct expr *e, const char *name);
void sema_near_constants(struct sema *s, struct near *near);
struct node *sema_task(struct sema *s, const struct expr *e, const char *name);
struct node *sema_task_alias(struct sema *s, const struct expr *e, const char *name);
struct node *sema_arg(struct sema *s, const struct expr *e, const char *name);
struct node *sema_syscall_arg(struct sema *s, const struct expr *e, unsigned int n, struct type t);
const char *sema_task_name(unsigned int i); /* NULL after the last */

/* sema_name.c: names and members */
struct node *sema_name(struct sema *s, const struct expr *e);
struct node *sema_member(struct sema *s, const struct expr *e);

/* the member m of what base points to; e is what to point at if it cannot be read */
struct node *sema_place(struct sema *s, const struct expr *e, struct node *base,
			const struct kbtf_member *m);

/* sema_type.c */
int sema_type(struct sema *s, const struct type_name *name, struct type *out);

/* sema_op.c */
struct node *sema_binary(struct sema *s, const struct expr *e);
struct node *sema_promote(struct sema *s, struct node *n);
struct node *sema_convert(struct sema *s, struct node *n, struct type t);
struct node *sema_arith(struct sema *s, enum expr_op op, struct span at, struct span op_at,
			struct node *a, struct node *b);
struct node *sema_offset(struct sema *s, struct span at, struct node *pointer, struct node *index,
			 bool subtract);
struct node *sema_not(struct sema *s, struct span at, struct node *a);

struct node *sema_unknown_member(struct sema *s, const struct expr *e, struct type record,
				 const char *name);

/* sema_macro.c: NULL without an error: it is none */
struct node *sema_macro(struct sema *s, const struct expr *e);
const char *sema_macro_name(unsigned int i); /* NULL after the last */

/* sema_params.c: same shape */
bool sema_types_agree(const struct sema *s, struct type want, struct type have);

/* sema_probe.c: what a probe has beside parameters. NULL without an error: it is none */
struct node *sema_context_name(struct sema *s, const struct expr *e, const char *name);
struct node *sema_context_member(struct sema *s, const struct expr *e, const char *name);
/* the number or pointer n, as a char * of the process's */
struct node *sema_user_string(struct sema *s, struct node *n);

/* sema_call.c */
struct node *sema_call(struct sema *s, const struct expr *e);

/* sema_string.c */
#define SEMA_STRING_ALONE "a string can only be compared: with ==, !=, STRCMP, STRPREFIX or GLOB"
/* where a string that is printed is, and the room of its array, 0: none */
struct node *sema_string_value(struct sema *s, const struct expr *e, uint32_t *room);
bool sema_is_string_call(struct str name);   /* of ours */
bool sema_is_c_string_call(struct str name); /* of C's, which we do not have */
struct node *sema_string_call(struct sema *s, const struct expr *e);
/* a or b is a string */
struct node *sema_string_binary(struct sema *s, const struct expr *e);
/* e->b, compared with other, failed: a note if it looks like a string without its quotes */
void sema_string_hint(struct sema *s, const struct expr *e, const struct node *other);

/* fold.c: the value of an operator on constants; false: it has none */
bool fold_binary(enum expr_op op, struct type t, uint64_t a, uint64_t b, uint64_t *out);
bool fold_compare(enum expr_op op, struct type t, uint64_t a, uint64_t b);
