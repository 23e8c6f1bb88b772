// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon compile: what a rule becomes, as text; no rights, nothing loaded. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "retcon/retcon.h"

static const char usage[] =
	"usage: retcon compile [OPTIONS] RULE\n"
	"       retcon compile [OPTIONS] {kmalloc,bio,alloc_page} SPEC\n"
	"\n"
	"Show each stage of a rule on its way to BPF programs: the rule in its canonical\n"
	"form, its tree, the conditions typed by BTF, three-address code, and instructions\n"
	"below the C they stand for. Needs no root and loads nothing.\n"
	"\n"
	"  RULE         as retcon override takes it\n"
	"  SPEC         as retcon inject takes it\n"
	"\n"
	"      --target-btf FILE    for the kernel with this BTF: a file like\n"
	"                           /sys/kernel/btf/vmlinux, or a vmlinux (default: this one)\n"
	"      --stage STAGE        only rule, tree, types, ir or insns; may be repeated\n"
	"      --force              take a VALUE that the function may not return\n"
	"  -h, --help               this text\n"
	"\n"
	"  retcon compile 'kmalloc = -ENOMEM if gfpflags & 0x400 under tcp_v4_connect'\n"
	"  retcon compile --stage insns kmalloc 'tcp_v4_connect()'\n";

enum {
	OPT_BTF = 256,
	OPT_STAGE,
	OPT_FORCE,
};

__attribute__((format(printf, 1, 2))) static int bad(const char *fmt, ...)
{
	va_list ap;

	fputs("retcon compile: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n(retcon compile -h tells how it is used)\n", stderr);
	return EXIT_USAGE;
}

static int take_stage(struct retcon_compile_opts *o, const char *arg)
{
	static const struct {
		const char *name;
		enum retcon_stage stage;
	} stages[] = {
		{ "rule", RETCON_STAGE_RULE },	 { "tree", RETCON_STAGE_TREE },
		{ "types", RETCON_STAGE_TYPES }, { "ir", RETCON_STAGE_IR },
		{ "insns", RETCON_STAGE_INSNS },
	};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		if (strcmp(arg, stages[i].name) != 0)
			continue;
		o->stages |= stages[i].stage;
		return 0;
	}
	return bad("there is no stage '%s': it is rule, tree, types, ir or insns", arg);
}

static int take_option(struct retcon_compile_opts *o, int opt, const char *arg)
{
	switch (opt) {
	case OPT_BTF:
		o->btf = arg;
		return 0;
	case OPT_STAGE:
		return take_stage(o, arg);
	case OPT_FORCE:
		o->force = true;
		return 0;
	default:
		return cli_bad_option("compile");
	}
}

static int parse(struct retcon_compile_opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "target-btf", required_argument, NULL, OPT_BTF },
		{ "stage", required_argument, NULL, OPT_STAGE },
		{ "force", no_argument, NULL, OPT_FORCE },
		{ 0 },
	};
	int opt, ret;

	if (cli_is_unquoted(argc, argv))
		return bad("a rule is one argument: put it in quotes");
	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return -1;
		}
		ret = take_option(o, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind == argc)
		return bad("the rule is missing, for instance "
			   "'kmalloc = -ENOMEM under tcp_v4_connect'");
	if (optind + 2 < argc)
		return bad("'%s' is one too many", argv[optind + 2]);
	if (optind + 2 == argc)
		o->mode = argv[optind++];
	o->rule = argv[optind];
	return 0;
}

int cmd_compile(int argc, char **argv)
{
	struct retcon_compile_opts o = RETCON_COMPILE_OPTS_INIT;
	const char *text, *notes;
	struct retcon *ctx = NULL;
	int ret = parse(&o, argc, argv);

	if (ret)
		return ret == -1 ? EXIT_DONE : ret;
	if (retcon_new(&ctx))
		return EXIT_FAILED;
	if (retcon_compile(ctx, &o, &text, &notes)) {
		fputs(retcon_error(ctx), stderr);
		ret = (int)retcon_failure(ctx);
	} else {
		cli_say_notes(notes);
		if (fputs(text, stdout) == EOF || fflush(stdout)) {
			perror("retcon: cannot print");
			ret = EXIT_FAILED;
		}
	}
	retcon_free(ctx);
	return ret;
}
