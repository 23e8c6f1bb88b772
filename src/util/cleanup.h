/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ownership made visible. An owning local carries its destructor, escapes only
 * through take_ptr()/take_fd(), and *out is written last: one function at a
 * time can be judged leak-free without reading its callees.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn)	 __attribute__((cleanup(fn)))
#define _cleanup_free_	 _cleanup_(freep)
#define _cleanup_close_	 _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* -1 is "no descriptor"; 0 is a valid one */
static inline void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void *take_ptr_(void *pp)
{
	void *p = *(void **)pp;

	*(void **)pp = NULL;
	return p;
}

#define take_ptr(p) ((__typeof__(p))take_ptr_(&(p)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
