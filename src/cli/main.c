// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "retcon/retcon.h"

static const struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "compile", "show what becomes of a rule, stage by stage; loads nothing", cmd_compile },
	{ "doctor", "tell whether overriding works here, why not, and what would help",
	  cmd_doctor },
	{ "inject", "fail kmalloc, bio or alloc_page under a call chain", cmd_inject },
	{ "list", "list what can be overridden on this kernel", cmd_list },
	{ "override", "make a function return something else, where a rule says so", cmd_override },
	{ "trace", "show calls of kernel and user functions, their arguments and results",
	  cmd_trace },
	{ "vm", "run a command as root in a guest kernel that allows everything", cmd_vm },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *to)
{
	fputs("usage: retcon COMMAND [OPTIONS] ...\n"
	      "\n"
	      "Change what a Linux kernel function returned, under exact conditions,\n"
	      "and show what came of it.\n"
	      "\n",
	      to);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-9s%s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "retcon COMMAND -h tells more, retcon --version says which one this is.\n",
	      to);
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

int cli_split_command(int argc, char **argv, char ***command)
{
	*command = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			*command = argv + i + 1;
			argv[i] = NULL;
			return i;
		}
	}
	return argc;
}

int cli_bad_option(const char *command)
{
	fprintf(stderr, "(retcon %s -h tells how it is used)\n", command);
	return EXIT_USAGE;
}

bool cli_is_unquoted(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "="))
			return true;
	return false;
}

void cli_say_notes(const char *notes)
{
	while (*notes) {
		const char *end = strchr(notes, '\n');
		int len = end ? (int)(end - notes) : (int)strlen(notes);

		fprintf(stderr, "retcon: note: %.*s\n", len, notes);
		notes += len + (end != NULL);
	}
}

/* A descriptor we open must never become somebody's standard output. */
static int fill_std_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd;
}

static int no_words(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0; /* what failed is said in our own */
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	char title[32];

	if (fill_std_fds() < 0)
		return EXIT_FAILED;
	libbpf_set_print(no_words);

	if (!strcmp(name, "-h") || !strcmp(name, "--help") || !strcmp(name, "help"))
		return help(stdout);
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("retcon %s\n", retcon_version());
		return EXIT_DONE;
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		snprintf(title, sizeof(title), "retcon %s", commands[i].name);
		argv[1] = title; /* getopt's messages begin with it */
		return commands[i].run(argc - 1, argv + 1);
	}
	if (*name)
		fprintf(stderr, "retcon: there is no command '%s'\n\n", name);
	return help(stderr);
}
