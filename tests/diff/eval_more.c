/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eval_more.h"

#include <errno.h>
#include <string.h>

static uint64_t flag(const struct kbtf *btf, const char *bit)
{
	int64_t n = 0;

	kbtf_enum_value(btf, bit, &n);
	return 1ull << n;
}

bool eval_named(const struct kbtf *btf, const char *name, struct type *t, uint64_t *v)
{
	static const struct {
		const char *name;
		int value;
	} errnos[] = { { "ENOMEM", ENOMEM }, { "EINVAL", EINVAL }, { "ERESTARTSYS", 512 } };

	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (!strcmp(name, errnos[i].name)) {
			*t = type_int(4, true);
			*v = (uint64_t)errnos[i].value;
			return true;
		}
	*t = type_int(4, false);
	if (!strcmp(name, "GFP_KERNEL"))
		*v = flag(btf, "___GFP_IO_BIT") | flag(btf, "___GFP_FS_BIT") |
		     flag(btf, "___GFP_DIRECT_RECLAIM_BIT") |
		     flag(btf, "___GFP_KSWAPD_RECLAIM_BIT");
	else if (!strcmp(name, "__GFP_NOFAIL"))
		*v = flag(btf, "___GFP_NOFAIL_BIT");
	else
		return false;
	return true;
}

/* the low bytes of v, the last first */
static uint64_t reversed(uint64_t v, unsigned int bytes)
{
	uint64_t r = 0;

	for (unsigned int i = 0; i < bytes; i++)
		r = r << 8 | (v >> 8 * i & 0xff);
	return r;
}

static bool is_error(uint64_t v)
{
	return (int64_t)v < 0 && (int64_t)v >= -4095;
}

bool eval_macro(struct str name, struct type *t, uint64_t *v)
{
	static const struct {
		const char *name;
		unsigned int bytes;
	} swaps[] = {
		{ "htons", 2 },	      { "ntohs", 2 },	    { "htonl", 4 },
		{ "ntohl", 4 },	      { "cpu_to_be16", 2 }, { "cpu_to_be32", 4 },
		{ "cpu_to_be64", 8 }, { "be16_to_cpu", 2 }, { "be32_to_cpu", 4 },
		{ "be64_to_cpu", 8 },
	};

	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++)
		if (str_eq(name, swaps[i].name)) {
			*v = reversed(*v, swaps[i].bytes);
			*t = type_int(swaps[i].bytes, false);
			return true;
		}
	if (str_eq(name, "MAJOR") || str_eq(name, "MINOR")) {
		*v = str_eq(name, "MAJOR") ? (uint32_t)*v >> 20 : *v & 0xfffff;
		*t = type_int(4, false);
	} else if (str_eq(name, "BIT") || str_eq(name, "BIT_ULL")) {
		*v = 1ull << (*v & 63);
		*t = type_int(8, false);
	} else if (str_eq(name, "PTR_ERR")) {
		*t = type_int(8, true);
	} else if (str_eq(name, "ERR_PTR")) {
		*t = type_pointer_to(type_void());
	} else if (str_eq(name, "IS_ERR") || str_eq(name, "IS_ERR_VALUE")) {
		*v = is_error(*v);
		*t = type_int(4, true);
	} else if (str_eq(name, "IS_ERR_OR_NULL")) {
		*v = *v == 0 || is_error(*v);
		*t = type_int(4, true);
	} else {
		return false;
	}
	return true;
}

bool eval_member(const struct kbtf *btf, const struct expr *m, struct type *t, uint64_t *off)
{
	struct kbtf_member found;
	char name[64] = "";
	uint64_t size;

	if (m->kind == EXPR_INDEX) {
		if (!eval_member(btf, m->a, t, off))
			return false;
		*t = type_target(btf, *t);
		if (type_size(btf, *t, &size) < 0)
			return false;
		*off += size * m->b->value;
		return true;
	}
	if (m->kind == EXPR_MEMBER && !eval_member(btf, m->a, t, off))
		return false;
	if (m->name.len < sizeof(name))
		memcpy(name, m->name.p, m->name.len);
	if (kbtf_member(btf, t->id, name, &found) < 0)
		return false;
	*t = type_of_id(btf, found.type);
	*off += found.bit_off / 8;
	return true;
}
