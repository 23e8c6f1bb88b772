// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon override: a rule that names target, value and conditions itself. */
#include <stdio.h>

#include "cli/armed.h"

static const char usage[] =
	"usage: retcon override [OPTIONS] RULE... [-- CMD...]\n"
	"\n"
	"Make functions of the kernel return something else where a RULE says so, and show\n"
	"each time. Of several rules on one function the first that matches acts.\n"
	"\n"
	"  RULE         TARGET = VALUE, then in any order:\n"
	"                 if CONDITION                 C over the target's parameters\n"
	"                 under FUNC [<- FUNC]...      callers that must be active, nearest first;\n"
	"                                              FUNC(CONDITION) over the caller's parameters\n"
	"                 not under FUNC [<- FUNC]...  callers that must not be active\n"
	"                 times N, when F[..L][+[S]], interval N, probability P%\n"
	"                                              which of the matches: retcon-rule(5)\n"
	"                 after                        let it run, then replace what it returned\n"
	"               TARGET is a function on the kernel's error injection list or a pattern of\n"
	"               such (*, ?), module:FUNC, kmalloc, bio, alloc_page, syscall:NAME,\n"
	"               security_NAME or lsm:HOOK; VALUE is -NAME, a number, true, NULL,\n"
	"               ERR_PTR(-NAME) or a constant in parentheses\n"
	"  CMD          only CMD and its descendants are affected; its status is returned\n"
	"\n" ARMED_SCOPE_USAGE "      --for TIME           stop after TIME: 500ms, 30s, 5m\n"
	"      --kthreads           kernel threads too\n"
	"      --system-wide        allow a rule that nothing narrows; needs --for, or times in the rule\n"
	"      --engine NAME        kprobe.multi, kprobe, fmod_ret, lsm; with 'after'\n"
	"                           kretprobe.multi, kretprobe (default: the first that works)\n"
	"      --force              take a VALUE that the function may not return\n" ARMED_FOLLOW_USAGE
	"      --json               one JSON object a line\n"
	"  -o, --output FILE        events go to FILE (default: stdout; with CMD: stderr)\n"
	"  -v, --verbose            first print each program as C beside its instructions, then\n"
	"                           engines that were tried in vain\n"
	"  -h, --help               this text\n"
	"\n"
	"  retcon override 'kmalloc = -ENOMEM under tcp_v4_connect' -- curl http://127.0.0.1/\n"
	"  retcon override 'should_fail_bio = -EIO if bio->bi_iter.bi_sector == 128'\n"
	"  retcon override 'syscall:mkdir = -EDQUOT times 3' -- mkdir -p a/b/c/d\n";

enum {
	OPT_FORCE = OPT_OWN,
};

static int take_option(struct armed *a, struct retcon_override_opts *o, int opt, const char *arg)
{
	switch (opt) {
	case OPT_FORCE:
		o->force = true;
		return 0;
	case 'P':
		return armed_bad(a,
				 "the rule says how likely: write 'probability 1%%' in it, for -P "
				 "0.01");
	case 'c':
		return armed_bad(a, "the rule says how often: write 'times %s' in it", arg);
	default:
		return armed_option(a, opt, arg);
	}
}

static int parse(struct armed *a, struct retcon_override_opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		ARMED_LONGS,
		{ "force", no_argument, NULL, OPT_FORCE },
		{ "probability", required_argument, NULL, 'P' },
		{ "count", required_argument, NULL, 'c' },
		{ 0 },
	};
	int opt, ret;

	argc = cli_split_command(argc, argv, &a->command);
	if (cli_is_unquoted(argc, argv))
		return armed_bad(a, "a rule is one argument: put it in quotes");
	while ((opt = getopt_long(argc, argv, ARMED_SHORTS "P:c:", longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		ret = take_option(a, o, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind == argc)
		return armed_bad(a, "the rule is missing, for instance "
				    "'kmalloc = -ENOMEM under tcp_v4_connect'");
	o->rules = (const char *const *)&argv[optind];
	o->n_rules = (size_t)(argc - optind);
	return 0;
}

static int prepare(struct retcon *ctx, const struct armed *a, void *arg,
		   struct retcon_session **out)
{
	struct retcon_override_opts *o = arg;

	o->scope = &a->scope;
	o->timed = a->watch.limit_ns > 0;
	o->dry_run = a->watch.dry;
	o->follow = a->follow;
	o->engine = a->engine;
	return retcon_override(ctx, o, out);
}

int cmd_override(int argc, char **argv)
{
	struct armed a = ARMED_INIT("override");
	struct retcon_override_opts o = RETCON_OVERRIDE_OPTS_INIT;
	int ret = parse(&a, &o, argc, argv);

	if (ret == -1)
		return EXIT_DONE;
	return ret ? armed_status(&a, ret, true) : armed_run(&a, prepare, &o);
}
