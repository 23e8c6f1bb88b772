/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exe/usdt.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* what is left of an operand */
struct cursor {
	const char *p, *end;
};

#define IP 128

/* of struct pt_regs, which is user ABI (asm/ptrace.h) */
static const struct {
	const char *name[4]; /* of 64, 32, 16 and 8 bits */
	const char *high;    /* of the second 8 bits */
	uint16_t offset;
} registers[] = {
	{ { "rax", "eax", "ax", "al" }, "ah", 80 },
	{ { "rbx", "ebx", "bx", "bl" }, "bh", 40 },
	{ { "rcx", "ecx", "cx", "cl" }, "ch", 88 },
	{ { "rdx", "edx", "dx", "dl" }, "dh", 96 },
	{ { "rsi", "esi", "si", "sil" }, "", 104 },
	{ { "rdi", "edi", "di", "dil" }, "", 112 },
	{ { "rbp", "ebp", "bp", "bpl" }, "", 32 },
	{ { "rsp", "esp", "sp", "spl" }, "", 152 },
	{ { "r8", "r8d", "r8w", "r8b" }, "", 72 },
	{ { "r9", "r9d", "r9w", "r9b" }, "", 64 },
	{ { "r10", "r10d", "r10w", "r10b" }, "", 56 },
	{ { "r11", "r11d", "r11w", "r11b" }, "", 48 },
	{ { "r12", "r12d", "r12w", "r12b" }, "", 24 },
	{ { "r13", "r13d", "r13w", "r13b" }, "", 16 },
	{ { "r14", "r14d", "r14w", "r14b" }, "", 8 },
	{ { "r15", "r15d", "r15w", "r15b" }, "", 0 },
	{ { "rip", "eip", "", "" }, "", IP },
};

static bool same(const char *name, const char *p, unsigned int len)
{
	return len && strlen(name) == len && memcmp(name, p, len) == 0;
}

bool usdt_register(const char *name, unsigned int len, uint16_t *offset, uint8_t *bits,
		   uint8_t *shift)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		unsigned int w = 0;

		while (w < 4 && !same(registers[i].name[w], name, len))
			w++;
		if (w == 4 && !same(registers[i].high, name, len))
			continue;
		*offset = registers[i].offset;
		*shift = w == 4 ? 8 : 0;
		*bits = w == 4 ? 8 : (uint8_t)(64 >> w);
		return true;
	}
	return false;
}

static bool takes(struct cursor *c, char what)
{
	if (c->p == c->end || *c->p != what)
		return false;
	c->p++;
	return true;
}

/* decimal or 0x; one too large for 64 bits is none */
static bool number(struct cursor *c, uint64_t *out)
{
	const char *p = c->p;
	unsigned int base = 10, digits = 0;
	uint64_t n = 0;

	if (c->end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	for (;
	     p < c->end && (base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p));
	     p++, digits++) {
		int d = isdigit((unsigned char)*p) ? *p - '0'
						   : tolower((unsigned char)*p) - 'a' + 10;

		if (__builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)d, &n))
			return false;
	}
	if (!digits)
		return false;
	c->p = p;
	*out = n;
	return true;
}

/* "%rax"; narrow: parts of registers too */
static bool takes_register(struct cursor *c, bool narrow, uint16_t *offset, uint8_t *bits,
			   uint8_t *shift)
{
	const char *p = c->p;

	if (!takes(c, '%'))
		return false;
	p = c->p;
	while (c->p < c->end && isalnum((unsigned char)*c->p))
		c->p++;
	return usdt_register(p, (unsigned int)(c->p - p), offset, bits, shift) &&
	       (narrow || *bits >= 32);
}

static bool in_symbol(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

/* "-8", "counter", "counter+4", or nothing: what stands before the bracket */
static bool displacement(struct cursor *c, struct usdt_arg *a)
{
	uint64_t sum = 0, n;

	for (bool first = true; c->p < c->end && *c->p != '('; first = false) {
		bool minus = *c->p == '-';
		const char *from;

		if (!takes(c, '-') && !takes(c, '+') && !first)
			return false;
		from = c->p;
		if (number(c, &n)) {
			sum = minus ? sum - n : sum + n;
			continue;
		}
		while (c->p < c->end && in_symbol(*c->p))
			c->p++;
		if (c->p == from || minus || a->symbol.name || isdigit((unsigned char)*from))
			return false;
		a->symbol.name = from;
		a->symbol.len = (unsigned int)(c->p - from);
	}
	a->disp = (int64_t)sum;
	return true;
}

/* "(%rbp)", "(%rax,%rbx,8)", "(,%rbx,8)" */
static bool brackets(struct cursor *c, struct usdt_arg *a)
{
	uint64_t scale = 1;
	uint8_t bits, shift;

	if (!takes(c, '('))
		return false;
	if (c->p < c->end && *c->p == '%' && !takes_register(c, false, &a->base, &bits, &shift))
		return false;
	if (takes(c, ',')) {
		if (!takes_register(c, false, &a->index, &bits, &shift) || a->index == IP)
			return false;
		if (takes(c, ',') && !number(c, &scale))
			return false;
		if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
			return false;
	}
	a->scale = (uint8_t)scale;
	return takes(c, ')') && (a->base != USDT_NONE || a->index != USDT_NONE) &&
	       (a->base != IP || (a->symbol.name && a->index == USDT_NONE));
}

static enum usdt_kind memory(struct cursor *c, struct usdt_arg *a)
{
	if (!displacement(c, a))
		return USDT_UNSUPPORTED;
	if (c->p == c->end) /* a place by its name, in a program that is not moved */
		return a->symbol.name ? USDT_MEMORY : USDT_UNSUPPORTED;
	return brackets(c, a) ? USDT_MEMORY : USDT_UNSUPPORTED;
}

static enum usdt_kind operand(struct cursor *c, struct usdt_arg *a)
{
	uint64_t n;
	uint8_t bits;
	bool minus;

	if (takes(c, '$')) {
		minus = takes(c, '-');
		if (!number(c, &n))
			return USDT_UNSUPPORTED;
		a->disp = (int64_t)(minus ? -n : n);
		return USDT_CONSTANT;
	}
	if (c->end - c->p > 4 && strncmp(c->p, "%xmm", 4) == 0)
		return USDT_FLOAT;
	if (c->p == c->end || *c->p != '%')
		return memory(c, a);
	if (!takes_register(c, true, &a->reg, &bits, &a->shift))
		return USDT_UNSUPPORTED;
	if (a->size > bits / 8)
		a->size = bits / 8;
	return USDT_REGISTER;
}

/* "-4@", "8f@"; without it, an argument is a whole register's */
static bool size_of(struct cursor *c, struct usdt_arg *a, bool *is_float)
{
	struct cursor at = *c;
	uint64_t n;

	*is_float = false;
	a->size = 8;
	if (!memchr(at.p, '@', (size_t)(at.end - at.p)))
		return true;
	a->is_signed = takes(&at, '-');
	if (!number(&at, &n) || (n != 1 && n != 2 && n != 4 && n != 8))
		return false;
	*is_float = takes(&at, 'f');
	a->size = (uint8_t)n;
	if (!takes(&at, '@'))
		return false;
	*c = at;
	return true;
}

static void one(struct cursor c, struct usdt_arg *a)
{
	bool is_float;

	*a = (struct usdt_arg){ .reg = USDT_NONE,
				.base = USDT_NONE,
				.index = USDT_NONE,
				.scale = 1,
				.kind = USDT_UNSUPPORTED };
	a->written.text = c.p;
	a->written.len = (unsigned int)(c.end - c.p);
	if (!size_of(&c, a, &is_float))
		return;
	a->kind = is_float ? USDT_FLOAT : operand(&c, a);
	/* something behind it is something else */
	if (c.p != c.end && a->kind != USDT_FLOAT)
		a->kind = USDT_UNSUPPORTED;
}

int usdt_args(const char *text, struct usdt_arg args[LIMIT_USDT_ARGS], unsigned int *n)
{
	unsigned int found = 0;

	for (;;) {
		struct cursor c = { text + strspn(text, " "), NULL };
		unsigned int open = 0;

		if (!*c.p)
			break;
		/* a blank in brackets parts nothing */
		for (c.end = c.p; *c.end && (*c.end != ' ' || open); c.end++)
			open = *c.end == '(' ? 1 : *c.end == ')' ? 0 : open;
		if (found == LIMIT_USDT_ARGS)
			return -E2BIG;
		one(c, &args[found++]);
		text = c.end;
	}
	*n = found;
	return 0;
}
