// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The functions that injections are followed through. Which they are is known when one
 * was injected, so they come in batches while the session is armed, each a pair of links
 * more: on every function of it an entry probe, then a return probe. Never a trampoline:
 * what is on a stack may be what another rule, or another program, overrides by a kprobe.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"
#include "util/cleanup.h"

/* as struct path has them: by enum comp_path, then many or single */
static const enum engine engine_of[2][2] = {
	[COMP_PATH_ENTRY] = { ENGINE_KPROBE_MULTI, ENGINE_KPROBE },
	[COMP_PATH_RETURN] = { ENGINE_KRETPROBE_MULTI, ENGINE_KRETPROBE },
};

void path_init(struct path *p)
{
	*p = (struct path){ .fd = { { -1, -1 }, { -1, -1 } } };
}

/* what ends a path: the system call, the task */
static int arm_end(struct session *s, const struct prog *prog, const struct prog_info *info,
		   const struct engine_world *world, struct err *err)
{
	struct engine_link link = ENGINE_LINK_NONE;
	_cleanup_close_ int fd = -1;
	int ret = engine_load(ENGINE_TP_BTF, prog, info, world, &fd, err);

	if (ret == 0)
		ret = engine_attach(ENGINE_TP_BTF, fd, NULL, 1, &link);
	if (ret == 0)
		ret = session_keep(s, ENGINE_TP_BTF, fd, link);
	if (ret == 0)
		take_fd(&fd);
	else
		engine_release(&link);
	return ret;
}

int path_arm(struct session *s, const struct prog_info *info, struct err *err)
{
	const struct engine_world world = { s->maps.btf_fd, s->maps.fd };
	const struct prog *progs = s->path.progs.progs;
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < 4; i++)
		ret = engine_load(engine_of[i / 2][i % 2], &progs[i / 2], &info[i / 2], &world,
				  &s->path.fd[i / 2][i % 2], err);
	for (unsigned int i = COMP_PATH_SYSCALL; ret == 0 && i < COMP_PATH_COUNT; i++)
		ret = arm_end(s, &progs[i], &info[i], &world, err);
	if (ret && err && !err->code)
		err_plain(err, ret, ERR_ATTACH, "cannot follow what is injected: %s",
			  strerror(-ret));
	return ret;
}

/* Functions on their way, and what of them can be had. */
struct batch {
	struct session *s;
	const uint64_t *addrs;
	unsigned int number;
	bool *seen;
};

static int keep(struct path *p, struct engine_link link)
{
	struct engine_link *grown = realloc(p->links, (p->n_links + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->links = grown;
	grown[p->n_links++] = link;
	return 0;
}

/* one link on those of [first, first + n) that are still wanted */
static int attach(struct batch *b, enum comp_path which, unsigned int first, unsigned int n)
{
	_cleanup_free_ struct engine_site *sites = calloc(n, sizeof(*sites));
	struct path *p = &b->s->path;
	struct engine_link link = ENGINE_LINK_NONE;
	unsigned int wanted = 0;
	int ret;

	if (!sites)
		return -ENOMEM;
	for (unsigned int i = first; i < first + n; i++)
		if (b->seen[i])
			sites[wanted++] = (struct engine_site){ .addr = b->addrs[i],
								.cookie = b->number + i };
	if (!wanted)
		return 0;
	ret = engine_attach(engine_of[which][p->single], p->fd[which][p->single], sites, wanted,
			    &link);
	if (ret == 0)
		ret = keep(p, link);
	if (ret)
		engine_release(&link);
	return ret;
}

/*
 * The kernel takes all or none (-EINVAL, -ENOENT: it has no place for a probe at one of
 * them), and halving finds those it does not take.
 */
static int attach_halves(struct batch *b, enum comp_path which, unsigned int first, unsigned int n)
{
	bool whole = n == 1 || !b->s->path.single;
	int ret = whole ? attach(b, which, first, n) : -EINVAL;

	if (ret == 0 || (whole && !engine_is_about_site(ret)))
		return ret;
	if (n == 1) {
		b->seen[first] = false;
		return 0;
	}
	ret = attach_halves(b, which, first, n / 2);
	return ret ? ret : attach_halves(b, which, first + n / 2, n - n / 2);
}

int session_follow(struct session *s, const uint64_t *addrs, unsigned int n, unsigned int number,
		   bool *seen)
{
	struct batch b = { s, addrs, number, seen };
	int ret = 0;

	memset(seen, true, n * sizeof(*seen));
	if (!n || !s->opts.follow || s->maps.btf_fd < 0 || !s->maps.control ||
	    !__atomic_load_n(&s->maps.control->armed, __ATOMIC_RELAXED))
		ret = n ? -EINVAL : 0;
	/* entries first: a return is of a call that was seen */
	for (unsigned int i = 0; ret == 0 && n && i < 2; i++) {
		ret = attach_halves(&b, (enum comp_path)i, 0, n);
		if (ret == -EOPNOTSUPP && !s->path.single) {
			s->path.single = true; /* CONFIG_FPROBE is off */
			ret = attach_halves(&b, (enum comp_path)i, 0, n);
		}
	}
	if (ret)
		memset(seen, false, n * sizeof(*seen));
	return ret;
}

void path_disarm(struct path *p)
{
	for (unsigned int i = p->n_links; i-- > 0;) /* returns before their entries */
		engine_release(&p->links[i]);
	free(p->links);
	p->links = NULL;
	p->n_links = 0;
	for (unsigned int i = 0; i < 4; i++) {
		closep(&p->fd[i / 2][i % 2]);
		p->fd[i / 2][i % 2] = -1;
	}
}

void path_free(struct path *p)
{
	path_disarm(p);
	prog_set_free(&p->progs);
}
