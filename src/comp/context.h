/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a probe has to name beside a kernel function's parameters: a tracepoint's fields,
 * the operands of a USDT probe, registers. As data, found by whoever knows the place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum comp_field_kind {
	FIELD_NUMBER,
	FIELD_ARRAY, /* bytes in the record itself */
	FIELD_TEXT,  /* a number that says where in the record they are: __data_loc */
	FIELD_NEAR,  /* the same, counted from behind that number: __rel_loc */
};

struct comp_field {
	const char *name;
	uint32_t off; /* in the record, which is the program's context */
	uint32_t bytes;
	enum comp_field_kind kind;
	bool is_signed;
};

enum comp_operand_kind {
	OPERAND_CONST,	    /* value */
	OPERAND_REGISTER,   /* at offset base in struct pt_regs */
	OPERAND_MEMORY,	    /* the process's, at base + index * scale + value */
	OPERAND_UNREADABLE, /* floating point, and what is not understood */
};

struct comp_operand {
	enum comp_operand_kind kind;
	unsigned int bytes;
	bool is_signed;
	int64_t value;
	int base, index; /* offsets in struct pt_regs; -1: none */
	unsigned int scale;
};

struct comp_context {
	const struct comp_field *fields;
	unsigned int n_fields;
	bool has_fields; /* a tracepoint: `args->NAME` */
	const struct comp_operand *operands;
	unsigned int n_operands;
	bool has_operands; /* USDT: arg1 ... are these */
	bool user;	   /* it is a process that is probed: pointers lead to its memory */
	bool regs;	   /* `ctx->NAME` is a register */
	bool timed;	   /* `$latency` can be known: it is a return */
};
