// SPDX-License-Identifier: GPL-2.0-or-later
/* retcon doctor: whether overriding works here, why not, and what would help. */
#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "retcon/retcon.h"

static const char usage[] =
	"usage: retcon doctor [OPTIONS] [NAME...]\n"
	"\n"
	"Tell whether functions can be overridden here, by what, why not, and what would\n"
	"help. Asks the kernel by loading small programs that do nothing; nothing is\n"
	"overridden. Without root it tells what it can see.\n"
	"\n"
	"  NAME         of a line of the table: the exit code is about these\n"
	"\n"
	"      --json   one JSON object\n"
	"  -h, --help   this text\n"
	"\n"
	"Exits with 0 if overriding works, with 3 if it does not or could not be tested.\n"
	"\n"
	"  retcon doctor\n"
	"  retcon doctor lsm && retcon override 'lsm:file_open = -EPERM ...'\n";

int cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct retcon_doctor_opts o = RETCON_DOCTOR_OPTS_INIT;
	struct retcon *ctx = NULL;
	bool works = false;
	const char *text;
	int ret, opt;

	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(usage, stdout) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
		if (opt != 'j')
			return cli_bad_option("doctor");
		o.json = true;
	}
	o.names = (const char *const *)argv + optind;
	if (retcon_new(&ctx))
		return EXIT_FAILED;
	if (retcon_doctor(ctx, &o, &text, &works)) {
		fputs(retcon_error(ctx), stderr);
		ret = (int)retcon_failure(ctx);
	} else if (fputs(text, stdout) == EOF || fflush(stdout)) {
		perror("retcon: cannot print");
		ret = EXIT_FAILED;
	} else {
		ret = works ? EXIT_DONE : EXIT_LACKS;
	}
	retcon_free(ctx);
	return ret;
}
