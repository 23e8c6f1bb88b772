/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators on constants, with the machine's wrap-around. */
#include "comp/sema_internal.h"

static bool fold_division(enum expr_op op, struct type t, uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t sa = t.is_signed && (int64_t)a < 0, sb = t.is_signed && (int64_t)b < 0;
	uint64_t x = sa ? -a : a, y = sb ? -b : b;

	if (!b)
		return false;
	if (op == OP_DIV)
		*out = sa != sb ? -(x / y) : x / y;
	else
		*out = sa ? -(x % y) : x % y;
	return true;
}

bool fold_binary(enum expr_op op, struct type t, uint64_t a, uint64_t b, uint64_t *out)
{
	unsigned int mask = 8 * t.bytes - 1;

	switch (op) {
	case OP_MUL:
		*out = a * b;
		break;
	case OP_DIV:
	case OP_MOD:
		if (!fold_division(op, t, a, b, out))
			return false;
		break;
	case OP_ADD:
		*out = a + b;
		break;
	case OP_SUB:
		*out = a - b;
		break;
	case OP_SHL:
		*out = a << (b & mask);
		break;
	case OP_SHR:
		*out = t.is_signed ? (uint64_t)((int64_t)a >> (b & mask)) : a >> (b & mask);
		break;
	case OP_BITAND:
		*out = a & b;
		break;
	case OP_BITXOR:
		*out = a ^ b;
		break;
	case OP_BITOR:
		*out = a | b;
		break;
	default:
		return false;
	}
	*out = type_canonical(t, *out);
	return true;
}

bool fold_compare(enum expr_op op, struct type t, uint64_t a, uint64_t b)
{
	bool is_signed = t.kind == TYPE_INT && t.is_signed;
	bool less = is_signed ? (int64_t)a < (int64_t)b : a < b;

	switch (op) {
	case OP_LT:
		return less;
	case OP_GT:
		return !less && a != b;
	case OP_LE:
		return less || a == b;
	case OP_GE:
		return !less;
	case OP_EQ:
		return a == b;
	default:
		return a != b;
	}
}
