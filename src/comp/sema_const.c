/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of constants: C's, errno's, allocation flags, what BTF's enums have, system calls'. */
#include "comp/sema_internal.h"
#include "comp/uapi_names.h"
#include "kern/gfp.h"
#include "util/errno_names.h"

/* int where it fits, as in C */
static struct node *enum_node(struct sema *s, const struct expr *e, int64_t v)
{
	struct type t = type_int(4, true);

	if (v > INT32_MAX || v < INT32_MIN)
		t = v >= 0 && v <= UINT32_MAX ? type_int(4, false) : type_int(8, true);
	return sema_const(s, e->at, t, (uint64_t)v);
}

struct node *sema_constant(struct sema *s, const struct expr *e, const char *name)
{
	struct type t = type_int(4, true);
	const char *why = "";
	uint32_t flags;
	int ret, fixed;
	int64_t v;

	if (!strcmp(name, "NULL"))
		return sema_const(s, e->at, type_pointer_to(type_void()), 0);
	if (!strcmp(name, "true") || !strcmp(name, "false"))
		return sema_const(s, e->at, t, name[0] == 't');
	if (errno_value(name))
		return sema_const(s, e->at, t, (uint64_t)-errno_value(name));
	ret = gfp_value(s->btf, name, &flags, &why);
	if (ret == 0)
		return sema_const(s, e->at, type_int(4, false), flags);
	if (ret == -EOPNOTSUPP)
		return sema_fail(s, ERR_KERNEL_LACKS, e->name_at, "%s has no known value here: %s",
				 name, why);
	ret = kbtf_enum_value(s->btf, name, &v);
	if (ret == -ENOTUNIQ)
		return sema_fail(s, ERR_UNSUPPORTED, e->name_at,
				 "'%s' has different values in this kernel's enums: write the one "
				 "that is meant",
				 name);
	if (ret == 0)
		return enum_node(s, e, v);
	return uapi_value(name, &fixed) ? sema_const(s, e->at, t, (uint64_t)fixed) : NULL;
}

/* errno's are 1 to 133, the kernel's own 512 to 531 */
static void offer_errnos(struct near *near)
{
	for (long v = 1; v < 600; v++)
		if (errno_name(v))
			near_offer(near, errno_name(v));
}

void sema_near_constants(struct sema *s, struct near *near)
{
	const char *of_btf[NEAREST];
	unsigned int n = kbtf_nearest_constant(s->btf, near->name, of_btf, NEAREST);

	near_offer(near, "NULL");
	offer_errnos(near);
	for (unsigned int i = 0; gfp_name(i); i++)
		near_offer(near, gfp_name(i));
	for (unsigned int i = 0; uapi_name(i); i++)
		near_offer(near, uapi_name(i));
	for (unsigned int i = 0; i < n; i++)
		near_offer(near, of_btf[i]);
}
