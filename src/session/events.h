/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs tell: the ring buffer's records, handed over a batch at a time. */
#pragma once

#include <stddef.h>

#include "util/err.h"

struct ring_buffer;

/* a record of that many bytes; non-zero stops */
typedef int (*events_fn)(void *arg, const void *record, size_t len);

struct events {
	struct ring_buffer *ring; /* NULL: not open */
	events_fn fn;		  /* only during events_consume(), as the next three */
	void *arg;
	unsigned int batch; /* records left of this one */
	int stopped;	    /* what the callback wanted to stop with */
};

/* e stays where it is until it is closed */
int events_open(struct events *e, int map_fd, struct err *err);
void events_close(struct events *e);
/* readable when records wait; -1: not open */
int events_fd(const struct events *e);
/* at most SESSION_BATCH; the callback's non-zero return is returned */
int events_consume(struct events *e, events_fn fn, void *arg);
