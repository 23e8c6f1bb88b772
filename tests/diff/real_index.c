/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "real_index.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "comp/type.h"

/* named types of a kind, before equal names are thrown out */
struct list {
	struct real_type *at;
	unsigned int n;
};

static bool is_identifier(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 100 || isdigit((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct real_type *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = x->kind < y->kind ? -1 : x->kind > y->kind;
	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static int collect(const struct kbtf *btf, uint32_t kinds, struct list *out)
{
	uint32_t n = kbtf_count(btf);

	out->n = 0;
	out->at = malloc((n + 1) * sizeof(*out->at));
	if (!out->at)
		return -ENOMEM;
	for (uint32_t id = 1; id <= n; id++) {
		const struct btf_type *t = kbtf_type(btf, id);
		uint32_t kind = t ? BTF_INFO_KIND(t->info) : 0;
		const char *name = kbtf_name(btf, id);

		if (kinds >> kind & 1 && is_identifier(name))
			out->at[out->n++] = (struct real_type){ name, id, kind };
	}
	qsort(out->at, out->n, sizeof(*out->at), by_name);
	return 0;
}

static bool is_first(const struct list *l, unsigned int i)
{
	return i == 0 || l->at[i].kind != l->at[i - 1].kind ||
	       strcmp(l->at[i].name, l->at[i - 1].name) != 0;
}

/* a wrapper's parameters are not its own: a rule about a system call names those of the call */
static bool is_wrapper(const char *func)
{
	return !strncmp(func, "__x64_", 6) || !strncmp(func, "__ia32_", 7);
}

/* all its arguments in registers, one each and none before them, and names for them */
static bool func_is_plain(const struct kbtf *btf, const struct kbtf_proto *p)
{
	if (!p->n_params || p->varargs || type_of_id(btf, p->ret).kind == TYPE_RECORD)
		return false;
	for (unsigned int i = 0; i < p->n_params && i < LIMIT_PARAMS; i++)
		if (!type_is_scalar(type_of_id(btf, p->params[i].type)) ||
		    !is_identifier(kbtf_str(btf, p->params[i].name_off)))
			return false;
	return true;
}

static int index_funcs(struct real_index *x, const struct kbtf *btf,
		       bool (*wanted)(const void *arg, const char *func), const void *arg)
{
	struct list all;
	int ret = collect(btf, 1u << BTF_KIND_FUNC, &all);

	if (ret == 0)
		x->funcs = calloc(all.n + 1, sizeof(*x->funcs));
	for (unsigned int i = 0; x->funcs && i < all.n; i++) {
		struct real_func f = { .name = all.at[i].name, .id = all.at[i].id };

		if (!is_first(&all, i) || is_wrapper(f.name) || (wanted && !wanted(arg, f.name)))
			continue;
		if (kbtf_func_by_id(btf, f.id, &f.proto) == 0 && func_is_plain(btf, &f.proto))
			x->funcs[x->n_funcs++] = f;
	}
	free(all.at);
	if (ret == 0 && !x->funcs)
		ret = -ENOMEM;
	return ret == 0 && !x->n_funcs ? -ENOENT : ret;
}

/* one of several different ones of a name cannot be named */
static bool is_nameable(const struct kbtf *btf, const struct list *l, unsigned int i)
{
	bool alone = i + 1 == l->n || l->at[i + 1].kind != l->at[i].kind ||
		     strcmp(l->at[i + 1].name, l->at[i].name) != 0;

	return alone || !type_has_rivals(btf, l->at[i].id);
}

static int index_records(struct real_index *x, const struct kbtf *btf)
{
	struct list all;
	int ret = collect(btf, 1u << BTF_KIND_STRUCT | 1u << BTF_KIND_UNION, &all);

	x->records = all.at;
	for (unsigned int i = 0; ret == 0 && i < all.n; i++)
		if (is_first(&all, i) && is_nameable(btf, &all, i) &&
		    BTF_INFO_VLEN(kbtf_type(btf, all.at[i].id)->info))
			x->records[x->n_records++] = all.at[i];
	return ret;
}

/* in place: what is kept lies before what is still to be read */
static int index_scalars(struct real_index *x, const struct kbtf *btf)
{
	struct list all;
	int ret = collect(btf, 1u << BTF_KIND_TYPEDEF | 1u << BTF_KIND_ENUM, &all);

	x->scalars = all.at;
	for (unsigned int i = 0; ret == 0 && i < all.n; i++)
		if (is_first(&all, i) && type_of_id(btf, all.at[i].id).kind == TYPE_INT)
			x->scalars[x->n_scalars++] = all.at[i];
	return ret;
}

static int index_constants(struct real_index *x, const struct kbtf *btf)
{
	unsigned int room = 0;

	for (uint32_t id = 1; id <= kbtf_count(btf); id++) {
		const struct btf_type *t = kbtf_type(btf, id);

		if (BTF_INFO_KIND(t->info) == BTF_KIND_ENUM)
			room += BTF_INFO_VLEN(t->info);
	}
	x->constants = calloc(room + 1, sizeof(*x->constants));
	if (!x->constants)
		return -ENOMEM;
	for (uint32_t id = 1; id <= kbtf_count(btf); id++) {
		const struct btf_type *t = kbtf_type(btf, id);
		const struct btf_enum *e = (const void *)(t + 1);

		if (BTF_INFO_KIND(t->info) != BTF_KIND_ENUM)
			continue;
		for (unsigned int i = 0; i < BTF_INFO_VLEN(t->info); i++)
			if (is_identifier(kbtf_str(btf, e[i].name_off)))
				x->constants[x->n_constants++] = kbtf_str(btf, e[i].name_off);
	}
	return 0;
}

int real_index_make(struct real_index *x, const struct kbtf *btf,
		    bool (*wanted)(const void *arg, const char *func), const void *arg)
{
	int ret;

	*x = (struct real_index){ 0 };
	ret = index_funcs(x, btf, wanted, arg);
	if (ret == 0)
		ret = index_records(x, btf);
	if (ret == 0)
		ret = index_scalars(x, btf);
	if (ret == 0)
		ret = index_constants(x, btf);
	if (ret == 0 && (!x->n_records || !x->n_scalars || !x->n_constants))
		ret = -ENOENT;
	if (ret < 0)
		real_index_free(x);
	return ret;
}

void real_index_free(struct real_index *x)
{
	free(x->funcs);
	free(x->records);
	free(x->scalars);
	free(x->constants);
	*x = (struct real_index){ 0 };
}
