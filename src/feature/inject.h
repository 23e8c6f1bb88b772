/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bcc's inject: a mode and a chain spec become a session. */
#pragma once

#include "session/session.h"

struct inject_opts {
	const char *mode;
	const char *spec;
	double probability;
	uint64_t count;
	pid_t pid;
	pid_t command;
	bool kthreads;
	bool system_wide; /* no chain, scope or condition is needed */
};

/* A rule and all it rests on, together because they live and end together. */
struct injection {
	struct kern *kern;
	struct rule *rule;
	struct plan plan;
	struct session *session;
};

int inject_prepare(struct injection *out, const struct inject_opts *opts, struct err *err);
void injection_free(struct injection *in);
