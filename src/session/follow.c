// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs on callers, which are followed, and on the birth of a command's children. */
#include <errno.h>
#include <string.h>

#include "kern/why.h"
#include "session/internal.h"
#include "util/cleanup.h"

static const struct ksym *symbol_of(const struct session *s, const char *func)
{
	for (unsigned int r = 0; r < s->opts.n_rules; r++) {
		const struct plan *p = s->rules[r].plan;

		for (unsigned int i = 0; i < p->n_funcs; i++)
			if (strcmp(p->func[i].name, func) == 0)
				return &p->func[i].sym;
	}
	return NULL;
}

static int attach_entry_probe(struct session *s, const struct prog *p, const struct prog_info *info,
			      const struct engine_site *site, const struct engine_world *world,
			      struct err *err)
{
	static const enum engine probes[] = { ENGINE_KPROBE_MULTI, ENGINE_KPROBE };
	int ret = -EINVAL;

	for (unsigned int i = 0; ret && i < 2; i++) {
		struct engine_link link = ENGINE_LINK_NONE;
		int fd = -1;

		if (err)
			err_clear(err);
		ret = engine_load(probes[i], p, info, world, &fd, err);
		if (ret == 0)
			ret = engine_attach(probes[i], fd, site, 1, &link);
		if (ret == 0)
			ret = session_keep(s, probes[i], fd, link);
		if (ret) {
			engine_release(&link);
			closep(&fd);
		}
		if (err && err->tag == ERR_VERIFIER)
			break;
	}
	return ret;
}

static int attach_trampoline(struct session *s, const struct prog *p, const struct prog_info *info,
			     const struct engine_world *world, struct err *err)
{
	enum engine e = p->kind == PROG_FENTRY	? ENGINE_FENTRY
			: p->kind == PROG_FEXIT ? ENGINE_FEXIT
						: ENGINE_TP_BTF;
	struct engine_link link = ENGINE_LINK_NONE;
	int fd = -1, ret;

	ret = engine_load(e, p, info, world, &fd, err);
	if (ret == 0)
		ret = engine_attach(e, fd, NULL, 1, &link);
	if (ret == 0)
		ret = session_keep(s, e, fd, link);
	if (ret) {
		engine_release(&link);
		closep(&fd);
	}
	return ret;
}

int attach_follower(struct session *s, const struct prog *p, const struct prog_info *info,
		    struct err *err)
{
	const struct engine_world world = { s->maps.btf_fd, s->maps.fd };
	const struct ksym *sym = symbol_of(s, p->func);
	const struct engine_site site = { .func = p->func, .addr = sym ? sym->addr : 0 };
	int ret;

	if (p->kind == PROG_KPROBE)
		ret = attach_entry_probe(s, p, info, &site, &world, err);
	else
		ret = attach_trampoline(s, p, info, &world, err);
	if (!ret || (err && err->tag == ERR_VERIFIER))
		return ret;
	if (p->kind != PROG_RAW_TP)
		why_not_traceable(s->kern, p->func, ret, err);
	else if (err && !err->code)
		err_plain(err, ret, ERR_ATTACH, "cannot follow the command's children: %s",
			  strerror(-ret));
	return err && err->code ? err->code : ret;
}
