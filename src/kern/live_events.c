/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running kernel's tracepoints: files of tracefs, which only root may read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kern/listed.h"
#include "kern/live.h"
#include "util/limits.h"

/* where it belongs, and where it is if only debugfs is mounted */
static const char *const mounts[] = { TRACEFS, DEBUGFS "/tracing" };

#define N_MOUNTS (sizeof(mounts) / sizeof(mounts[0]))

/* the file of this name in the first tracefs that has it */
static int read_first(const char *name, char **text)
{
	char path[2 * LIMIT_IDENT + 64];
	int r = -ENOENT;

	for (size_t i = 0; i < N_MOUNTS && r == -ENOENT; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", mounts[i], name) >= (int)sizeof(path))
			return -ENOENT;
		r = live_read_text(path, text);
	}
	return r;
}

static bool is_mounted(void)
{
	for (size_t i = 0; i < N_MOUNTS; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/events", mounts[i]);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

int live_event_format(void *ctx, const char *category, const char *event, char **text,
		      struct err *err)
{
	char name[2 * LIMIT_IDENT + 32];
	int r;

	(void)ctx;
	if (snprintf(name, sizeof(name), "events/%s/%s/format", category, event) >=
	    (int)sizeof(name))
		return -ENOENT;
	r = read_first(name, text);
	if (r == -EACCES || r == -EPERM) {
		err_plain(err, -EACCES, ERR_PERMISSION,
			  "only root may read " TRACEFS ", which has the kernel's tracepoints");
		err_note(err, SPAN_NONE, "run it with sudo");
		return -EACCES;
	}
	if (r == -ENOENT && !is_mounted()) {
		err_plain(err, -ENODEV, ERR_KERNEL_LACKS,
			  "no tracefs at " TRACEFS ", which has the kernel's tracepoints");
		err_note(err, SPAN_NONE, "mount it: mount -t tracefs none " TRACEFS);
		return -ENODEV;
	}
	if (r < 0 && r != -ENOENT)
		err_plain(err, r, ERR_SYSTEM, "cannot read " TRACEFS "/%s: %s", name, strerror(-r));
	return r;
}

int live_events(void *ctx, char **text)
{
	(void)ctx;
	return read_first("available_events", text);
}
