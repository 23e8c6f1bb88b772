/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User memory that is mapped and not there yet: a program that may sleep waits for it, any
 * other reads nothing, and says so. Needs root.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "comp/comp.h"
#include "fixture.h"
#include "lang/parse.h"
#include "run_prog.h"
#include "util/cleanup.h"

#define PAGE 4096
#define PATH "/etc/a-name"

enum {
	NO,
	YES,
	FAULT
};

static int load(const struct kbtf *btf, const char *spec, enum prog_kind kind)
{
	static struct run_log log;
	_cleanup_(rule_freep) struct rule *rule = NULL;
	struct prog prog = { 0 };
	struct err err = { 0 };
	int ret = spec_parse(&rule, "spec", spec, "mixed", &err);

	if (ret == 0)
		ret = comp_predicate(btf, rule->src, &rule->on_target, "mixed", kind, &prog, &err);
	prog.src = NULL; /* gone with the rule */
	if (ret == 0)
		ret = run_prog_load(&prog, NULL, NULL, &log);
	prog_free(&prog);
	if (ret < 0)
		printf("# %s: %s%s\n", spec, err.msg, log.text);
	return ret;
}

/* two pages of a file, of which nothing was touched; the text is `at` bytes into the first */
static char *cold_text(int file, size_t at, size_t pages)
{
	char *p;

	if (pwrite(file, PATH, sizeof(PATH), (off_t)at) != sizeof(PATH))
		return NULL;
	/* one more than is wanted, to be a hole */
	p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	if (p == MAP_FAILED)
		return NULL;
	munmap(p + pages * PAGE, (3 - pages) * PAGE);
	return p + at;
}

static const struct {
	const char *spec;
	size_t at, pages;
	unsigned int waits, does_not;
} rows[] = {
	{ "((const char __user *)obj == \"" PATH "\")", 100, 2, YES, FAULT },
	{ "((const char __user *)obj == \"/etc/another\")", 100, 2, NO, FAULT },
	{ "(STRPREFIX((const char __user *)obj, \"/etc/\"))", 100, 2, YES, FAULT },
	{ "(GLOB((const char __user *)obj, \"*a-*\"))", 100, 2, YES, FAULT },
	/* over the edge, into a page that is not there either */
	{ "((const char __user *)obj == \"" PATH "\")", PAGE - 5, 2, YES, FAULT },
	{ "(GLOB((const char __user *)obj, \"*?a-*\"))", PAGE - 1, 2, YES, FAULT },
	/* to the edge, and the page behind is a hole */
	{ "((const char __user *)obj == \"" PATH "\")", PAGE - sizeof(PATH), 1, YES, FAULT },
	{ "(GLOB((const char __user *)obj, \"*name\"))", PAGE - sizeof(PATH), 1, YES, FAULT },
	/* over the edge into the hole */
	{ "((const char __user *)obj == \"" PATH "\")", PAGE - 5, 1, FAULT, FAULT },
	{ "(*(char __user *)obj == '/')", 0, 2, YES, FAULT },
	{ "(*(u64 __user *)obj != 0)", PAGE - 3, 2, YES, FAULT },
	{ "(*(u64 __user *)obj != 0)", PAGE - 3, 1, FAULT, FAULT },
	{ "(*(u64 __user *)obj != 0)", 0, 0, FAULT, FAULT },
};

/* a mapping of its own for each run: the one before brought the pages in */
static bool result(const struct kbtf *btf, unsigned int row, enum prog_kind kind, unsigned int want)
{
	_cleanup_close_ int file = memfd_create("cold", MFD_CLOEXEC);
	_cleanup_close_ int fd = load(btf, rows[row].spec, kind);
	uint64_t ctx[6] = { 0 };
	uint32_t got = 99;
	char *text;

	if (file < 0 || fd < 0 || ftruncate(file, 3 * PAGE) < 0)
		return false;
	text = cold_text(file, rows[row].at, rows[row].pages);
	ctx[5] = (uint64_t)(uintptr_t)text;
	if (!text || run_prog_once(fd, ctx, sizeof(ctx), &got) < 0)
		return false;
	if (rows[row].pages)
		munmap(text - rows[row].at, rows[row].pages * PAGE);
	if (got != want)
		printf("# %s: %u, wanted %u\n", rows[row].spec, got, want);
	return got == want;
}

int main(void)
{
	_cleanup_(kbtf_freep) struct kbtf *btf = NULL;
	unsigned int n = sizeof(rows) / sizeof(rows[0]);
	bool all = true;

	if (run_prog_possible() < 0)
		return 77;
	if (fixture_btf(&btf) < 0)
		return 1;
	for (unsigned int i = 0; i < n; i++) {
		bool ok = result(btf, i, PROG_SYSCALL_WAITS, rows[i].waits) &&
			  result(btf, i, PROG_SYSCALL, rows[i].does_not);

		printf("%sok %u - %s at %zu of %zu pages\n", ok ? "" : "not ", i + 1, rows[i].spec,
		       rows[i].at, rows[i].pages);
		all &= ok;
	}
	printf("1..%u\n", n);
	return !all;
}
