/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runner.h"

#include <string.h>
#include <unistd.h>

static int load(struct runner *r, const struct prog *p, struct run_log *log)
{
	(void)r;
	return run_prog_load(p, NULL, NULL, log);
}

static int run(struct runner *r, int fd, const char *func, const uint64_t args[6], uint32_t *got)
{
	uint64_t ctx[6];

	(void)r;
	(void)func;
	memcpy(ctx, args, sizeof(ctx));
	return run_prog_once(fd, ctx, sizeof(ctx), got);
}

static void unload(struct runner *r, int fd, const char *func)
{
	(void)r;
	(void)func;
	close(fd);
}

const struct runner runner_syscall = {
	.kind = PROG_SYSCALL,
	.load = load,
	.run = run,
	.unload = unload,
};
