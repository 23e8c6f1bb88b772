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
#include "util/buf.h"
#include "util/cleanup.h"

#ifndef BPF_TRACE_KPROBE_MULTI
#define BPF_TRACE_KPROBE_MULTI 42
#endif

struct engine_ops {
	const char *name;
	enum prog_kind kind;
	uint32_t attach_type; /* expected at load; 0: the kind's own */
	bool many;
	bool replaces;
	int (*attach)(int prog_fd, const struct engine_site *sites, unsigned int n,
		      struct engine_link *l);
};

/* addresses: a fifth of what looking up a name costs, and no name stands for two functions */
static int attach_multi(int prog_fd, const struct engine_site *sites, unsigned int n,
			uint32_t flags)
{
	_cleanup_free_ uint64_t *numbers = calloc(2 * (size_t)n, sizeof(*numbers));

	if (!numbers)
		return -ENOMEM;
	if (!sites->addr)
		return n == 1 ? sys_link_kprobe_multi_syms(prog_fd, &sites->func, 1, flags)
			      : -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		numbers[i] = sites[i].addr;
		numbers[n + i] = sites[i].cookie;
	}
	return sys_link_kprobe_multi(prog_fd, numbers, n > 1 || sites->cookie ? numbers + n : NULL,
				     n, flags);
}

static int attach_kprobe_multi(int prog_fd, const struct engine_site *sites, unsigned int n,
			       struct engine_link *l)
{
	l->link_fd = attach_multi(prog_fd, sites, n, 0);
	return l->link_fd;
}

static int attach_kretprobe_multi(int prog_fd, const struct engine_site *sites, unsigned int n,
				  struct engine_link *l)
{
	l->link_fd = attach_multi(prog_fd, sites, n, BPF_F_KPROBE_MULTI_RETURN);
	return l->link_fd;
}

static int attach_kprobe(int prog_fd, const struct engine_site *site, unsigned int n,
			 struct engine_link *l)
{
	(void)n;
	l->link_fd = sys_link_perf_kprobe(prog_fd, site->addr ? NULL : site->func, site->addr,
					  false, site->cookie, &l->perf_fd);
	return l->link_fd;
}

static int attach_kretprobe(int prog_fd, const struct engine_site *site, unsigned int n,
			    struct engine_link *l)
{
	(void)n;
	l->link_fd = sys_link_perf_kprobe(prog_fd, site->addr ? NULL : site->func, site->addr, true,
					  site->cookie, &l->perf_fd);
	return l->link_fd;
}

/* where to was fixed at load, by attach_btf_id */
static int attach_trampoline(int prog_fd, const struct engine_site *site, unsigned int n,
			     struct engine_link *l)
{
	(void)site;
	(void)n;
	l->link_fd = sys_link_tracing(prog_fd);
	return l->link_fd;
}

static int attach_file(int prog_fd, const struct engine_site *site, bool at_return,
		       struct engine_link *l)
{
	const struct sys_uprobe u = {
		.path = site->file.path,
		.offset = site->file.offset,
		.semaphore = site->file.semaphore,
		.pid = site->file.pid,
		.at_return = at_return,
	};

	l->link_fd = sys_link_perf_uprobe(prog_fd, &u, site->cookie, &l->perf_fd);
	return l->link_fd;
}

static int attach_uprobe(int prog_fd, const struct engine_site *site, unsigned int n,
			 struct engine_link *l)
{
	(void)n;
	return attach_file(prog_fd, site, false, l);
}

static int attach_uretprobe(int prog_fd, const struct engine_site *site, unsigned int n,
			    struct engine_link *l)
{
	(void)n;
	return attach_file(prog_fd, site, true, l);
}

static int attach_tracepoint(int prog_fd, const struct engine_site *site, unsigned int n,
			     struct engine_link *l)
{
	(void)n;
	l->link_fd = sys_link_perf_tracepoint(prog_fd, site->tracepoint, site->cookie, &l->perf_fd);
	return l->link_fd;
}

static const struct engine_ops engines[] = {
	[ENGINE_KPROBE_MULTI] = { "kprobe.multi", PROG_KPROBE, BPF_TRACE_KPROBE_MULTI, true, true,
				  attach_kprobe_multi },
	[ENGINE_KPROBE] = { "kprobe", PROG_KPROBE, 0, false, true, attach_kprobe },
	[ENGINE_FMOD_RET] = { "fmod_ret", PROG_FMOD_RET, 0, false, true, attach_trampoline },
	[ENGINE_LSM] = { "lsm", PROG_LSM, 0, false, true, attach_trampoline },
	[ENGINE_KRETPROBE_MULTI] = { "kretprobe.multi", PROG_KRETPROBE, BPF_TRACE_KPROBE_MULTI,
				     true, true, attach_kretprobe_multi },
	[ENGINE_KRETPROBE] = { "kretprobe", PROG_KRETPROBE, 0, false, true, attach_kretprobe },
	[ENGINE_FENTRY] = { "fentry", PROG_FENTRY, 0, false, false, attach_trampoline },
	[ENGINE_FEXIT] = { "fexit", PROG_FEXIT, 0, false, false, attach_trampoline },
	[ENGINE_TP_BTF] = { "tp_btf", PROG_RAW_TP, 0, false, false, attach_trampoline },
	[ENGINE_UPROBE] = { "uprobe", PROG_KPROBE, 0, false, false, attach_uprobe },
	[ENGINE_URETPROBE] = { "uretprobe", PROG_KRETPROBE, 0, false, false, attach_uretprobe },
	[ENGINE_TRACEPOINT] = { "tracepoint", PROG_TRACEPOINT, 0, false, false, attach_tracepoint },
};

_Static_assert(sizeof(engines) / sizeof(engines[0]) == ENGINE_COUNT, "one entry each");

const char *engine_name(enum engine e)
{
	return engines[e].name;
}

enum prog_kind engine_kind(enum engine e)
{
	return engines[e].kind;
}

bool engine_is_after(enum engine e)
{
	return engines[e].kind == PROG_KRETPROBE;
}

enum engine engine_entry(enum engine e)
{
	switch (e) {
	case ENGINE_KRETPROBE_MULTI:
		return ENGINE_KPROBE_MULTI;
	case ENGINE_URETPROBE:
		return ENGINE_UPROBE;
	default:
		return ENGINE_KPROBE;
	}
}

bool engine_takes_many(enum engine e)
{
	return engines[e].many;
}

bool engine_is_trampoline(enum engine e)
{
	return engines[e].attach == attach_trampoline;
}

int engine_by_name(const char *name, enum engine *out, struct err *err)
{
	_cleanup_buf_ struct buf names = { 0 };

	for (unsigned int i = 0; i < ENGINE_COUNT; i++) {
		if (!engines[i].replaces)
			continue;
		buf_printf(&names, "%s%s", names.len ? ", " : "", engines[i].name);
		if (strcmp(engines[i].name, name) == 0) {
			*out = (enum engine)i;
			return 0;
		}
	}
	return err_plain(err, -ENOENT, ERR_USAGE, "there is no engine '%.64s': they are %s", name,
			 buf_str(&names));
}

int engine_load(enum engine e, const struct prog *p, const struct prog_info *info,
		const struct engine_world *world, int *fd, struct err *err)
{
	return prog_load(p, engines[e].attach_type, info, world, fd, err);
}

int engine_attach(enum engine e, int prog_fd, const struct engine_site *sites, unsigned int n,
		  struct engine_link *out)
{
	struct engine_link l = ENGINE_LINK_NONE;
	int ret = n == 1 || engines[e].many ? engines[e].attach(prog_fd, sites, n, &l) : -EINVAL;

	if (ret < 0)
		return ret;
	*out = l;
	return 0;
}

bool engine_is_about_site(int ret)
{
	return ret == -EINVAL || ret == -ENOENT || ret == -ESRCH || ret == -EADDRNOTAVAIL ||
	       ret == -EILSEQ;
}

void engine_release(struct engine_link *l)
{
	closep(&l->link_fd);
	closep(&l->perf_fd);
	*l = ENGINE_LINK_NONE;
}
