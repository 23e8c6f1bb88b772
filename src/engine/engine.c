// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attaching, one mechanism a table entry. Everything is held by descriptors
 * that are closed on exec and pinned nowhere: when retcon dies, however it
 * dies, the kernel takes all of it down.
 */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>

#include "engine/load.h"
#include "kern/sys.h"
#include "util/cleanup.h"

struct engine_ops {
	const char *name;
	enum prog_kind kind;
	uint32_t attach_type; /* expected at load; 0: the kind's own */
	int (*attach)(struct engine_link *l, const struct engine_site *site);
};

/* one ftrace location, found by address: a fifth of what looking up the name costs */
static int attach_kprobe_multi(struct engine_link *l, const struct engine_site *site)
{
	return site->addr ? sys_link_kprobe_multi(l->prog_fd, &site->addr, 1)
			  : sys_link_kprobe_multi_syms(l->prog_fd, &site->func, 1);
}

static int attach_perf_kprobe(struct engine_link *l, const struct engine_site *site)
{
	return sys_link_perf_kprobe(l->prog_fd, site->addr ? NULL : site->func, site->addr,
				    &l->perf_fd);
}

static int attach_trampoline(struct engine_link *l, const struct engine_site *site)
{
	(void)site; /* fixed at load by attach_btf_id */
	return sys_link_tracing(l->prog_fd);
}

static int attach_raw_tp(struct engine_link *l, const struct engine_site *site)
{
	(void)site;
	return sys_raw_tp_open(l->prog_fd, NULL);
}

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

/* tried in this order; kprobe.multi costs 247 instructions a call, perf kprobes 335 */
static const struct engine_ops engines[] = {
	{ "kprobe.multi", PROG_KPROBE, BPF_TRACE_KPROBE_MULTI, attach_kprobe_multi },
	{ "kprobe", PROG_KPROBE, 0, attach_perf_kprobe },
	{ "fentry", PROG_FENTRY, 0, attach_trampoline },
	{ "fexit", PROG_FEXIT, 0, attach_trampoline },
	{ "tp_btf", PROG_RAW_TP, 0, attach_raw_tp },
};

void engine_release(struct engine_link *l)
{
	closep(&l->link_fd);
	closep(&l->perf_fd);
	closep(&l->prog_fd);
	*l = ENGINE_LINK_NONE;
}

static int try_engine(const struct engine_ops *e, const struct prog *p,
		      const struct prog_info *info, const struct engine_world *world,
		      const struct engine_site *site, struct engine_link *out, struct err *err)
{
	struct engine_link l = ENGINE_LINK_NONE;
	int ret = engine_load(p, e->attach_type, info, world, &l.prog_fd, err);

	if (ret)
		return ret;
	ret = e->attach(&l, site);
	if (ret < 0) {
		engine_release(&l);
		return err_plain(err, ret, ERR_ATTACH, "cannot attach to %s by %s: %s", site->func,
				 e->name, strerror(-ret));
	}
	l.link_fd = ret;
	l.engine = e->name;
	*out = l;
	return 0;
}

int engine_arm(const struct prog *p, const struct prog_info *info, const struct engine_world *world,
	       const struct engine_site *site, struct engine_link *out, struct err *err)
{
	struct err first = { 0 };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct err e = { 0 };

		if (engines[i].kind != p->kind)
			continue;
		if (try_engine(&engines[i], p, info, world, site, out, &e) == 0)
			return 0;
		if (!first.code)
			first = e;
		if (e.tag == ERR_VERIFIER || e.code == -EPERM)
			break; /* another mechanism meets the same refusal */
	}
	if (err && !err->code)
		*err = first;
	return first.code;
}
