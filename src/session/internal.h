/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session from the inside, for session.c and attach.c. */
#pragma once

#include "comp/lineinfo.h"
#include "session/events.h"
#include "session/exempt.h"
#include "session/maps.h"
#include "session/targets.h"
#include "util/left_out.h"

/* One attachment: taken down in the order it was made. */
struct attached {
	enum engine engine;
	int prog_fd; /* -1: that of an earlier row, attached once more */
	struct engine_link link;
};

/* What follows injections up the stack: two programs, and a pair of links for each batch */
struct path {
	struct prog_set progs; /* by enum comp_path */
	int fd[2][2];	       /* entry, return: by kprobe.multi, by kprobe */
	bool single;	       /* kprobe.multi has been refused */
	struct engine_link *links;
	unsigned int n_links;
};

struct session {
	struct kern *kern; /* borrowed */
	struct session_opts opts;
	struct session_rule *rules;
	struct comp_job *jobs; /* one a rule */
	struct exempt exempt;
	struct targets targets;
	struct prog_set followers; /* of callers and of children */
	struct path path;
	struct maps_size size;
	struct maps maps;
	struct attached *attached;
	unsigned int n_attached;
	struct buf *engines;	      /* by rule: those its targets are overridden by */
	struct left_out left_out;     /* sites of patterns */
	struct buf notes;	      /* what arming left out */
	struct buf tried;	      /* engines that it was not, and why: one a line */
	uint64_t misses, exit_misses; /* of what is attached no more */
	bool probes;		      /* some are what overrides, or follows */
	struct events events;
};

/* compile the group's programs for an engine, its site `site` alone if the engine takes no more */
int group_compile(struct group *g, unsigned int site, enum engine e, struct err *err);

/* attach.c: to be taken down with the session; prog_fd is the session's then. -ENOMEM */
int session_keep(struct session *s, enum engine e, int prog_fd, struct engine_link link);
/* path.c: its programs, last but for the functions. info: of each of them */
void path_init(struct path *p);
int path_arm(struct session *s, const struct prog_info *info, struct err *err);
void path_disarm(struct path *p);
void path_free(struct path *p);
/* follow.c */
int attach_follower(struct session *s, const struct prog *p, const struct prog_info *info,
		    struct err *err);
/* attach.c: everything there is; li describes followers, then each group's programs as planned */
int attach_all(struct session *s, const struct lineinfo *li, struct err *err);
