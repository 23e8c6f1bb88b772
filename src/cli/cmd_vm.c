/* SPDX-License-Identifier: GPL-2.0-or-later */
/* retcon vm: the options of a guest run, and its outcome as an exit status. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "util/cleanup.h"
#include "vm/vm.h"

#define DEFAULT_KERNEL	"6.12"
#define DEFAULT_CPUS	2
#define DEFAULT_MEMORY	2048
#define DEFAULT_TIMEOUT 600
#define MAX_CPUS	8 /* NR_CPUS of the guest kernels */
#define MIN_MEMORY	256
#define INIT_NAME	"retcon-init"

static const char usage_text[] =
	"usage: retcon vm [OPTION...] [--] CMD [ARG...]\n"
	"\n"
	"Run CMD as root in a guest kernel that allows everything, on this machine's own\n"
	"files, copy-on-write: what it writes is gone when it ends. Input, output,\n"
	"environment, working directory and exit status are passed through.\n"
	"\n"
	"  --kernel K       6.12 (default), 6.1, 6.12-debug, 6.1-debug, debian-6.12,\n"
	"                   debian-6.1, or the path of a bzImage\n"
	"  --cpus N         processors, 1 to 8 (default 2)\n"
	"  --memory M       MiB, or with a suffix M or G (default 2G)\n"
	"  --timeout S      seconds until the guest counts as hung, 0 for never (default 600)\n"
	"  --icount         guest time counts instructions; implies one processor\n"
	"  --append ARGS    more kernel command line\n"
	"  --fail-on-warn   fail when the guest kernel runs into a WARN, or reports a fault\n"
	"  -h, --help       show this\n"
	"\n"
	"A kernel is built, or downloaded, on first use and cached. The exit status is CMD's, 128 + N when\n"
	"signal N ended it; 126 when CMD cannot be run, 127 when it is not found, 125 when\n"
	"the guest panicked, hung or was lost, 2 for bad usage.\n";

enum {
	OPT_KERNEL = 256,
	OPT_CPUS,
	OPT_MEMORY,
	OPT_TIMEOUT,
	OPT_ICOUNT,
	OPT_APPEND,
	OPT_FAIL_ON_WARN,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "icount", no_argument, NULL, OPT_ICOUNT },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "fail-on-warn", no_argument, NULL, OPT_FAIL_ON_WARN },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct vm_cmd {
	struct vm_opts opts;
	const char *kernel;
	bool fail_on_warn;
	bool help;
};

static int bad_value(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "retcon vm: --%s: '%s' is not %s\n", option, value, wanted);
	return -EINVAL;
}

/* Digits only, so that neither a sign nor a space slips through strtoul(). */
static int parse_number(const char *text, unsigned long max, unsigned int *out, const char **rest)
{
	unsigned long n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (unsigned long)(*at - '0');
		if (n > max)
			return -ERANGE;
	}
	if (at == text)
		return -EINVAL;
	*out = (unsigned int)n;
	*rest = at;
	return 0;
}

static int parse_cpus(const char *text, unsigned int *cpus)
{
	const char *rest;

	if (parse_number(text, MAX_CPUS, cpus, &rest) || *rest || !*cpus)
		return bad_value("cpus", text, "a number from 1 to 8");
	return 0;
}

static int parse_memory(const char *text, unsigned int *mib)
{
	static const char wanted[] = "a size of 256M to 1024G";
	const unsigned int max = 1024 * 1024;
	const char *rest;

	if (parse_number(text, max, mib, &rest))
		return bad_value("memory", text, wanted);
	if (*rest == 'G' && *mib <= max / 1024) {
		*mib *= 1024;
		rest++;
	} else if (*rest == 'M') {
		rest++;
	}
	if (*rest || *mib < MIN_MEMORY)
		return bad_value("memory", text, wanted);
	return 0;
}

static int parse_timeout(const char *text, unsigned int *seconds)
{
	const char *rest;

	if (parse_number(text, 10 * 365 * 86400UL, seconds, &rest) || *rest)
		return bad_value("timeout", text, "a number of seconds");
	return 0;
}

static int take_option(struct vm_cmd *cmd, int opt)
{
	switch (opt) {
	case OPT_KERNEL:
		cmd->kernel = optarg;
		return 0;
	case OPT_CPUS:
		return parse_cpus(optarg, &cmd->opts.cpus);
	case OPT_MEMORY:
		return parse_memory(optarg, &cmd->opts.memory_mib);
	case OPT_TIMEOUT:
		return parse_timeout(optarg, &cmd->opts.timeout_s);
	case OPT_ICOUNT:
		cmd->opts.icount = true;
		return 0;
	case OPT_APPEND:
		cmd->opts.append = optarg;
		return 0;
	case OPT_FAIL_ON_WARN:
		cmd->fail_on_warn = true;
		return 0;
	case 'h':
		cmd->help = true;
		return 0;
	}
	return -EINVAL; /* getopt has said why */
}

static int parse_options(struct vm_cmd *cmd, int argc, char **argv)
{
	char *name = argv[0];
	int ret = 0;
	int opt;

	optind = 0; /* whoever parsed the options before the command's name moved it */
	argv[0] = (char *)"retcon vm"; /* getopt's messages begin with it */
	while (!ret && (opt = getopt_long(argc, argv, "+h", long_options, NULL)) != -1)
		ret = take_option(cmd, opt);
	argv[0] = name;
	if (ret || cmd->help)
		return ret;
	if (optind == argc) {
		fprintf(stderr, "retcon vm: which command?\n");
		return -EINVAL;
	}
	cmd->opts.argv = argv + optind;
	return 0;
}

static void say(const struct vm_result *res, const char *msg)
{
	fprintf(stderr, "retcon vm: %s\n", msg);
	if (!res->words)
		return;
	for (const char *at = res->words; *at;) {
		int len = (int)strcspn(at, "\n");

		fprintf(stderr, "  | %.*s\n", len, at);
		at += len + (at[len] == '\n');
	}
}

static int report(const struct vm_cmd *cmd, const struct vm_result *res, int ret)
{
	if (ret) {
		say(res, *res->msg ? res->msg : strerror(-ret));
		return EXIT_OWN_FAILURE;
	}
	if (*res->msg)
		fprintf(stderr, "retcon vm: %s\n", res->msg);
	if (res->warned) {
		say(res, "the guest kernel ran into a WARN, or reported a fault");
		if (cmd->fail_on_warn)
			return EXIT_OWN_FAILURE;
	}
	return res->status;
}

static int run(struct vm_cmd *cmd)
{
	_cleanup_free_ char *init = NULL;
	_cleanup_free_ char *kernel = NULL;
	struct vm_result res = { .status = 0 };
	int ret;

	ret = vm_find_libexec(INIT_NAME, &init);
	if (ret) {
		snprintf(res.msg, sizeof(res.msg), "%s is not to be found: set RETCON_LIBEXECDIR",
			 INIT_NAME);
		return report(cmd, &res, ret);
	}
	ret = vm_find_kernel(cmd->kernel, &kernel, res.msg, sizeof(res.msg));
	if (ret)
		return report(cmd, &res, ret);
	cmd->opts.init_path = init;
	cmd->opts.kernel = kernel;
	ret = vm_run(&cmd->opts, &res);
	ret = report(cmd, &res, ret);
	vm_result_free(&res);
	return ret;
}

int cmd_vm(int argc, char **argv)
{
	struct vm_cmd cmd = {
		.opts = {
			.cpus = DEFAULT_CPUS,
			.memory_mib = DEFAULT_MEMORY,
			.timeout_s = DEFAULT_TIMEOUT,
		},
		.kernel = DEFAULT_KERNEL,
	};

	if (parse_options(&cmd, argc, argv)) {
		fprintf(stderr, "Try 'retcon vm --help'.\n");
		return EXIT_USAGE;
	}
	if (cmd.help)
		return fputs(usage_text, stdout) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
	return run(&cmd);
}
