// SPDX-License-Identifier: LGPL-2.1-or-later
#include "session/events.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "session/session.h"

/* libbpf goes on until the ring is empty unless told by a negative number to stop */
static int on_record(void *ctx, void *data, size_t len)
{
	struct events *e = ctx;

	if (e->fn)
		e->stopped = e->fn(e->arg, data, len);
	return e->stopped || --e->batch == 0 ? -ECANCELED : 0;
}

int events_open(struct events *e, int map_fd, struct err *err)
{
	e->ring = ring_buffer__new(map_fd, on_record, e, NULL);
	if (!e->ring)
		return err_plain(err, -errno, ERR_SYSTEM, "cannot map the event buffer: %s",
				 strerror(errno));
	return 0;
}

void events_close(struct events *e)
{
	ring_buffer__free(e->ring);
	e->ring = NULL;
}

int events_fd(const struct events *e)
{
	return e->ring ? ring_buffer__epoll_fd(e->ring) : -1;
}

int events_consume(struct events *e, events_fn fn, void *arg)
{
	int ret;

	if (!e->ring)
		return 0;
	e->fn = fn;
	e->arg = arg;
	e->batch = SESSION_BATCH;
	e->stopped = 0;
	ret = ring_buffer__consume(e->ring);
	e->fn = NULL;
	if (e->stopped)
		return e->stopped;
	return ret < 0 && ret != -ECANCELED ? ret : 0;
}
