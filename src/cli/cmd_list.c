// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon list: what a rule can have as its target here. */
#include <getopt.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "retcon/retcon.h"

#define WIDTH	    100 /* where there is no terminal */
#define WIDTH_LEAST 60

static const char usage[] =
	"usage: retcon list [OPTIONS] [GLOB]\n"
	"\n"
	"List what can be overridden on this kernel: the target as a rule has it, the type of\n"
	"error its callers can take, the engines that can do it, and its prototype.\n"
	"\n"
	"  GLOB         only targets, or functions of the kernel, that it matches: '*open*',\n"
	"               'syscall:mk*', '*:should_*', 'security_*', 'lsm:file_*'\n"
	"\n"
	"  -a, --all    security functions and LSM hooks too, which are listed otherwise if GLOB\n"
	"               matches them\n"
	"  -w, --wide   whole prototypes, however long\n"
	"      --json   an object a line\n"
	"  -h, --help   this text\n"
	"\n"
	"  retcon list\n"
	"  retcon list 'syscall:*at'\n"
	"  retcon list 'security_socket_*'\n";

enum {
	OPT_JSON = 256,
};

static unsigned int terminal_width(void)
{
	struct winsize w;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col)
		return WIDTH;
	return w.ws_col < WIDTH_LEAST ? WIDTH_LEAST : w.ws_col;
}

static int parse(struct retcon_list_opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "all", no_argument, NULL, 'a' },
		{ "wide", no_argument, NULL, 'w' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ 0 },
	};
	int opt;

	o->width = terminal_width();
	while ((opt = getopt_long(argc, argv, "haw", longs, NULL)) != -1) {
		switch (opt) {
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'a':
			o->all = true;
			break;
		case 'w':
			o->width = 0;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		default:
			return cli_bad_option("list");
		}
	}
	if (optind < argc)
		o->glob = argv[optind++];
	if (optind < argc) {
		fprintf(stderr,
			"retcon list: '%s' is one too many: put GLOB in quotes, or the shell reads it\n",
			argv[optind]);
		return cli_bad_option("list");
	}
	return 0;
}

int cmd_list(int argc, char **argv)
{
	struct retcon_list_opts o = RETCON_LIST_OPTS_INIT;
	const char *text, *notes;
	struct retcon *ctx = NULL;
	int ret = parse(&o, argc, argv);

	if (ret)
		return ret == -1 ? EXIT_DONE : ret;
	if (retcon_new(&ctx))
		return EXIT_FAILED;
	if (retcon_list(ctx, &o, &text, &notes)) {
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
