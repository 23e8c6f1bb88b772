// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon inject: bcc's words, and what was missing beside them. */
#include <stdio.h>
#include <string.h>

#include "cli/armed.h"
#include "util/str.h"

static const char usage[] =
	"usage: retcon inject [OPTIONS] {kmalloc,bio,alloc_page} SPEC [-- CMD...]\n"
	"\n"
	"Make an allocation or a block request fail where SPEC says, and show each time.\n"
	"\n"
	"  kmalloc      slab allocations fail (should_failslab returns -ENOMEM)\n"
	"  bio          block requests fail (should_fail_bio returns -EIO)\n"
	"  alloc_page   page allocations fail (should_fail_alloc_page returns true)\n"
	"\n"
	"  SPEC         callers that must be active, callee first: 'b() => a()(x == 1)'.\n"
	"               FUNC(PARAMS)(CONDITION): types come from the kernel itself, PARAMS may\n"
	"               stay empty; a leading (CONDITION) alone speaks about the mode's function\n"
	"  CMD          only CMD and its descendants are affected; its status is returned\n"
	"\n" ARMED_SCOPE_USAGE "  -P, --probability P      inject with probability P, from 0 to 1\n"
	"  -c, --count N            inject at most N times\n"
	"      --for TIME           stop after TIME: 500ms, 30s, 5m\n"
	"      --kthreads           kernel threads too\n"
	"      --system-wide        allow a rule that nothing narrows; needs --for or -c\n"
	"      --engine NAME        kprobe.multi, kprobe, fmod_ret (default: the first that works)\n" ARMED_FOLLOW_USAGE
	"      --json               one JSON object a line\n"
	"  -o, --output FILE        events go to FILE (default: stdout; with CMD: stderr)\n"
	"  -v, --verbose            first print each program as C beside its instructions, then\n"
	"                           engines that were tried in vain\n"
	"  -I, --include HEADER     accepted, not needed\n"
	"  -h, --help               this text\n"
	"\n"
	"  retcon inject kmalloc 'tcp_v4_connect()' -- curl http://127.0.0.1/\n"
	"  retcon inject kmalloc -P 0.01 'SyS_mount()'\n"
	"  retcon inject alloc_page '(order == 1) => ext4_readdir()'\n";

static int take_count(const struct armed *a, const char *arg, uint64_t *count)
{
	uint64_t n;

	if (strcmp(arg, "-1") == 0) /* bcc's word for "no limit" */
		return 0;
	if (str_to_u64(arg, &n) || n == 0)
		return armed_bad(a, "-c takes a number from 1 up, not '%s'", arg);
	*count = n;
	return 0;
}

static int take_option(struct armed *a, struct retcon_inject_opts *o, int opt, const char *arg)
{
	switch (opt) {
	case 'P':
		if (str_to_double(arg, &o->probability) || !(o->probability >= 0) ||
		    !(o->probability <= 1))
			return armed_bad(a, "-P takes a fraction from 0 to 1, not '%s'", arg);
		return 0;
	case 'c':
		return take_count(a, arg, &o->count);
	case 'I':
		fprintf(stderr,
			"retcon: note: -I %s is not needed: types come from the kernel itself\n",
			arg);
		return 0;
	default:
		return armed_option(a, opt, arg);
	}
}

static int parse(struct armed *a, struct retcon_inject_opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		ARMED_LONGS,
		{ "include", required_argument, NULL, 'I' },
		{ "probability", required_argument, NULL, 'P' },
		{ "count", required_argument, NULL, 'c' },
		{ 0 },
	};
	int opt, ret;

	argc = cli_split_command(argc, argv, &a->command);
	while ((opt = getopt_long(argc, argv, ARMED_SHORTS "I:P:c:", longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		ret = take_option(a, o, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind == argc)
		return armed_bad(a, "the mode is missing: kmalloc, bio or alloc_page");
	if (optind + 1 == argc)
		return armed_bad(a, "the spec is missing: what must be active, for instance "
				    "'tcp_v4_connect()'");
	if (optind + 2 < argc)
		return armed_bad(a, "'%s' is one too many: a command goes behind --",
				 argv[optind + 2]);
	if (a->scope.system_wide && !a->watch.limit_ns && !o->count)
		return armed_bad(a, "--system-wide needs a bound: --for TIME or -c N");
	o->mode = a->watch.mode = argv[optind];
	o->spec = argv[optind + 1];
	return 0;
}

static int prepare(struct retcon *ctx, const struct armed *a, void *arg,
		   struct retcon_session **out)
{
	struct retcon_inject_opts *o = arg;

	o->scope = &a->scope;
	o->dry_run = a->watch.dry;
	o->follow = a->follow;
	o->engine = a->engine;
	return retcon_inject(ctx, o, out);
}

int cmd_inject(int argc, char **argv)
{
	struct armed a = ARMED_INIT("inject");
	struct retcon_inject_opts o = RETCON_INJECT_OPTS_INIT;
	int ret = parse(&a, &o, argc, argv);

	if (ret == -1)
		return EXIT_DONE;
	return ret ? armed_status(&a, ret, true) : armed_run(&a, prepare, &o);
}
