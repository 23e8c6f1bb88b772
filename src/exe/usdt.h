/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a marker's arguments are: "8@%rax -4@$5 1@-12(%rbp,%rcx,4) 8@counter(%rip)", size
 * and operand in the assembler's words. Pure. x86-64.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/limits.h"

enum usdt_kind {
	USDT_CONSTANT,
	USDT_REGISTER,
	USDT_MEMORY,	  /* at base + index * scale + disp */
	USDT_FLOAT,	  /* a number with a point: not supported */
	USDT_UNSUPPORTED, /* any other operand: not supported */
};

#define USDT_NONE 0xffff /* no such register */

struct usdt_arg {
	enum usdt_kind kind;
	uint8_t size; /* 1, 2, 4 or 8 */
	bool is_signed;
	uint8_t shift; /* in bits: of ah and such */
	/* Registers by offset in struct pt_regs. */
	uint16_t reg, base, index;
	uint8_t scale;
	/* Of a constant its value. Base is rip where the operand said so: then, with the symbol's
	 * address added by who knows it, memory is as far away from the marker. */
	int64_t disp;
	struct {
		const char *name; /* in the text; NULL: none */
		unsigned int len;
	} symbol;
	struct {
		const char *text; /* all of it, "-4@$5" */
		unsigned int len;
	} written;
};

/*
 * Of a list, as it stands in a file, each argument. What is not understood is so in its
 * kind alone: others may be what is wanted. -E2BIG: more than LIMIT_USDT_ARGS
 */
int usdt_args(const char *text, struct usdt_arg args[LIMIT_USDT_ARGS], unsigned int *n);
/* the offset of "rax", "r8d", "ah", "rip"; bits of it, and shift; false: none of x86-64's */
bool usdt_register(const char *name, unsigned int len, uint16_t *offset, uint8_t *bits,
		   uint8_t *shift);
