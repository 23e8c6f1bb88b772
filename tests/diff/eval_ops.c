/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eval_ops.h"

uint64_t eval_fit(struct type t, uint64_t v)
{
	if (t.is_bool)
		return v ? 1 : 0;
	switch (t.bytes) {
	case 1:
		return t.is_signed ? (uint64_t)(int64_t)(int8_t)v : (uint8_t)v;
	case 2:
		return t.is_signed ? (uint64_t)(int64_t)(int16_t)v : (uint16_t)v;
	case 4:
		return t.is_signed ? (uint64_t)(int64_t)(int32_t)v : (uint32_t)v;
	default:
		return v;
	}
}

struct type eval_promoted(struct type t)
{
	return t.bytes < 4 ? type_int(4, true) : t;
}

struct type eval_common(struct type a, struct type b)
{
	a = eval_promoted(a);
	b = eval_promoted(b);
	if (a.bytes == b.bytes)
		return a.is_signed ? type_int(b.bytes, b.is_signed)
				   : type_int(a.bytes, a.is_signed);
	return a.bytes > b.bytes ? type_int(a.bytes, a.is_signed) : type_int(b.bytes, b.is_signed);
}

uint64_t eval_divide(enum expr_op op, struct type t, uint64_t a, uint64_t b)
{
	__int128 x = t.is_signed ? (__int128)(int64_t)a : (__int128)a;
	__int128 y = t.is_signed ? (__int128)(int64_t)b : (__int128)b;

	if (!y) /* as BPF defines it */
		return op == OP_DIV ? 0 : a;
	return (uint64_t)(op == OP_DIV ? x / y : x % y);
}

bool eval_ordered(enum expr_op op, bool less, bool equal)
{
	switch (op) {
	case OP_LT:
		return less;
	case OP_LE:
		return less || equal;
	case OP_GT:
		return !less && !equal;
	case OP_GE:
		return !less;
	case OP_EQ:
		return equal;
	default:
		return !equal;
	}
}
