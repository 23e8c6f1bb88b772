// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Types of modules: read when first asked for, and kept as long as the kernel's, which
 * they continue.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern_impl.h"
#include "util/cleanup.h"
#include "util/str.h"

struct module {
	struct module *next;
	char name[KSYM_MODULE];
	struct kbtf *btf; /* NULL: not asked for yet */
	int btf_fd;	  /* -1: same */
};

/* it becomes part of a path */
static bool is_name(const char *s)
{
	size_t len = strlen(s);

	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_' && *s != '-')
			return false;
	return len && len < KSYM_MODULE;
}

static int module_get(struct kern *k, const char *name, struct module **out, struct err *err)
{
	struct module *m;

	if (!is_name(name))
		return err_plain(err, -ENOENT, ERR_UNKNOWN_NAME, "no module is called '%.64s'",
				 name);
	for (m = k->modules; m; m = m->next) {
		if (strcmp(m->name, name) != 0)
			continue;
		*out = m;
		return 0;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_nomem(err);
	str_copy(m->name, sizeof(m->name), name);
	m->btf_fd = -1;
	m->next = k->modules;
	k->modules = m;
	*out = m;
	return 0;
}

void modules_free(struct module *m)
{
	while (m) {
		struct module *next = m->next;

		kbtf_free(m->btf);
		closep(&m->btf_fd);
		free(m);
		m = next;
	}
}

static int cannot(const char *name, struct err *err)
{
	return err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "nothing is known of modules here: %.63s",
			 name);
}

int kern_module_btf(struct kern *k, const char *name, const struct kbtf **out, struct err *err)
{
	const struct kbtf *base;
	bool unmap = false;
	void *data = NULL;
	struct module *m;
	size_t len = 0;
	int r = kern_btf(k, &base, err);

	if (r == 0)
		r = module_get(k, name, &m, err);
	if (r < 0)
		return r;
	if (!m->btf) {
		if (!k->ops->read_module_btf)
			return cannot(name, err);
		r = k->ops->read_module_btf(k->ctx, name, &data, &len, &unmap, err);
		if (r < 0)
			return r;
		r = kbtf_open_split(&m->btf, base, data, len, unmap, err);
		if (r < 0)
			return err ? err_wrap(err, "module %s", name) : r;
	}
	*out = m->btf;
	return 0;
}

int kern_module_btf_fd(struct kern *k, const char *name, int *fd, struct err *err)
{
	struct module *m;
	int r = module_get(k, name, &m, err);

	if (r < 0)
		return r;
	if (m->btf_fd < 0) {
		if (!k->ops->module_btf_fd)
			return cannot(name, err);
		r = k->ops->module_btf_fd(k->ctx, name, err);
		if (r < 0)
			return r;
		m->btf_fd = r;
	}
	*fd = m->btf_fd;
	return 0;
}
