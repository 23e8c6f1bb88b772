/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever is a spec compiles to programs that are sound, or is an error with words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "comp/comp.h"
#include "comp/ir.h"
#include "tests/diff/job.h"
#include "util/cleanup.h"
#include "util/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct prog *p)
{
	struct err err = { 0 };

	if (prog_check(p, &err) < 0)
		abort();
}

static void check_error(int ret, const struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };

	if (!ret)
		return;
	if (ret > 0 || !err->code || !err->msg[0])
		abort();
	diag_render(err, "retcon", &out);
}

static void predicate(const struct test_job *t, enum prog_kind kind)
{
	struct prog p = { 0 };
	struct err err = { 0 };
	int ret = comp_predicate(t->btf, t->rule->src, &t->rule->on_target, t->site.func.name, kind,
				 &p, &err);

	check_error(ret, &err);
	if (ret == 0)
		check(&p);
	prog_free(&p);
}

static void programs(const struct test_job *t)
{
	struct prog_set set = { 0 };
	struct err err = { 0 };
	int ret = comp_rule(&t->job, &set, &err);

	check_error(ret, &err);
	for (unsigned int i = 0; ret == 0 && i < set.n_progs; i++)
		check(&set.progs[i]);
	prog_set_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const targets[] = { "mixed", "wide", "by_value", "should_failslab" };
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	struct test_job t;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!text || test_job_make(&t, text, targets[*data % 4], *data & 4, &err) < 0)
		return 0;
	predicate(&t, PROG_SYSCALL);
	predicate(&t, PROG_FENTRY);
	predicate(&t, PROG_KPROBE);
	programs(&t);
	test_job_free(&t);
	return 0;
}
