/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the measuring programs have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define NS_PER_INSN 2 /* retcon vm --icount: one instruction every two nanoseconds */

/* exits unless this is a guest that says so; name is the program's */
void bench_need_guest(const char *name);

/* ns of a clock */
uint64_t bench_clock(clockid_t id);

/*
 * Makes this process run before all others, or with 2 before those too. It is not about
 * being quick: while another task waits for its turn, the kernel's CPU time of an ordinary
 * task stops at the tick that would end its turn, though the task goes on (6.12, 6.1).
 */
void bench_first(int priority);

uint64_t bench_median(uint64_t *v, unsigned int n);

/* prints "name value unit", what bench/run makes tables of */
void bench_say(const char *name, double value, const char *unit);

/* A process of its own that makes the calls: its CPU time is theirs alone. */
struct bench_worker {
	pid_t pid;
	int ask, answer;
	size_t size; /* of a question */
};

/* it answers each question by work(), until we end; non-zero: it cannot be had */
int bench_worker_start(struct bench_worker *w, size_t size, uint64_t (*work)(const void *question));
/* exits if it is gone; never in the worker */
uint64_t bench_ask(const struct bench_worker *w, const void *question);

struct bench_child {
	pid_t pid;
	int err;	    /* reading end of its stderr */
	clockid_t clock;    /* its CPU time */
	uint64_t exec_cpu;  /* its CPU time just before exec */
	uint64_t exec_wall; /* when that was, CLOCK_MONOTONIC */
};

/* starts argv; its stdout is lost, or with both, joined to stderr */
int bench_start(struct bench_child *c, char *const argv[], bool both);
/* until it has said it; false if it ended first, its last words then on our stderr */
bool bench_wait_for(struct bench_child *c, const char *word);
void bench_stop(struct bench_child *c);
