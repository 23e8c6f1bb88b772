/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule's programs on a simulated kernel: calls of the target, entries and exits. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <asm/ptrace.h>
#include <cmocka.h>

#include "comp/ir.h"
#include "tests/diff/fixture.h"
#include "tests/diff/job.h"
#include "tests/diff/machine.h"

struct bench {
	struct test_job t;
	struct prog_set set;
	struct machine *m;
	struct machine_task task;
	uint8_t cache[48]; /* struct kmem_cache of the fixture: the target's argument */
};

static inline void open_bench(struct bench *b, const char *text, bool trampolines)
{
	struct err err = { 0 };
	int ret;

	memset(b, 0, sizeof(*b));
	if (strstr(text, " = "))
		ret = test_job_rule(&b->t, text, trampolines, &err);
	else
		ret = test_job_make(&b->t, text, "should_failslab", trampolines, &err);
	if (ret < 0)
		fail_msg("%s", err.msg);
	b->m = machine_new();
	assert_non_null(b->m);
	machine_task(&b->task, 77, 0);
	b->m->current = &b->task;
	for (unsigned int i = 0; i < LIMIT_FRAMES; i++) {
		b->m->rule->place[i].start = 0x1000 * (i + 1);
		b->m->rule->place[i].size = 0x100;
	}
}

static inline void compile(struct bench *b)
{
	struct err err = { 0 };

	if (comp_rule(&b->t.job, &b->set, &err) < 0)
		fail_msg("%s", err.msg);
	for (unsigned int i = 0; i < b->set.n_progs; i++)
		if (prog_check(&b->set.progs[i], &err) < 0)
			fail_msg("%s: %s", b->set.progs[i].name, err.msg);
}

static inline void close_bench(struct bench *b)
{
	assert_null(b->m->broken);
	machine_free(b->m);
	prog_set_free(&b->set);
	test_job_free(&b->t);
}

/* a call of the target, `depth` words down the stack */
static inline void hit(struct bench *b, unsigned int depth, uint64_t gfp)
{
	struct pt_regs regs = { 0 };

	regs.rdi = (uint64_t)(uintptr_t)b->cache;
	regs.rsi = gfp;
	regs.rsp = (uint64_t)(uintptr_t)&b->m->stack[MACHINE_STACK - depth];
	assert_int_equal(machine_run(b->m, &b->set.progs[0], &regs), 0);
}

/* the stack walk finds these places, innermost first */
static inline void trace(struct bench *b, unsigned int n, const unsigned int *place)
{
	b->m->trace[0] = 0xabc;
	for (unsigned int i = 0; i < n; i++)
		b->m->trace[i + 1] = 0x1000 * (place[i] + 1) + 0x10;
	b->m->trace_bytes = 8 * (int)(n + 1);
}

/* entry or exit of a chain function at a depth, by its program; addr_len in a register */
static inline void event_with(struct bench *b, const char *name, unsigned int depth,
			      uint64_t addr_len)
{
	void *ctx = &b->m->stack[MACHINE_STACK - depth];
	struct pt_regs regs = { .rsp = (uint64_t)(uintptr_t)ctx, .rdx = addr_len };

	for (unsigned int i = 0; i < b->set.n_progs; i++) {
		const struct prog *p = &b->set.progs[i];

		if (strcmp(p->name, name))
			continue;
		assert_int_equal(machine_run(b->m, p, p->kind == PROG_KPROBE ? &regs : ctx), 0);
		return;
	}
	fail_msg("no program %s", name);
}

static inline void event(struct bench *b, const char *name, unsigned int depth)
{
	event_with(b, name, depth, 0);
}

/* entry of the outermost function, its addr_len where either kind of program finds it */
static inline void call(struct bench *b, unsigned int depth, uint64_t addr_len)
{
	b->m->stack[MACHINE_STACK - depth + 2] = addr_len;
	event_with(b, "rc_enter_0", depth, addr_len);
}
