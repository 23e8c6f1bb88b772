/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small programs on should_failslab, by each mechanism. Calls return -errno or 0. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hand.h"

struct bench_link {
	int prog, link, perf; /* -1: none */
};

int bench_read_constants(const char *path, struct constants *k);

/* descriptors of programs: one that does nothing, one that could override but never does */
int bench_load_empty(bool multi);
int bench_load_override(bool multi);
int bench_load_empty_as(const struct hand_way *way);

/* addr 0: by symbol; needs l->prog, fills the rest */
int bench_perf_kprobe(struct bench_link *l, const char *symbol, uint64_t addr, bool at_return);
/* everything but the program */
void bench_unlink(struct bench_link *l);
