/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command is a table row and a file; this is what the files share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* product-wide exit codes; 125-127 as timeout(1) has them */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LACKS = 3,
	EXIT_OWN_FAILURE = 125, /* with a command: retcon itself failed */
	EXIT_NOT_RUNNABLE = 126,
	EXIT_NOT_FOUND = 127,
};

int cmd_compile(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_override(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_vm(int argc, char **argv);

/* argc up to a lone "--"; what follows it goes to *command (NULL: none was given) */
int cli_split_command(int argc, char **argv, char ***command);

/* after getopt_long() has told of an option: where to read on. The exit code. */
int cli_bad_option(const char *command);

/* whether the shell has cut a rule into words: 'kmalloc = -ENOMEM' without its quotes */
bool cli_is_unquoted(int argc, char **argv);

/* one "retcon: note: " a line, on stderr */
void cli_say_notes(const char *notes);

/* A process that waits to become CMD, so that a rule can be armed around it first. */
struct child {
	pid_t pid;  /* -1: none */
	int go;	    /* a byte releases it; closing it unreleased ends it */
	int failed; /* errno of a failed exec comes back here */
};

#define CHILD_NONE ((struct child){ .pid = -1, .go = -1, .failed = -1 })

int child_spawn(struct child *c, char **argv);
/* 0 once it runs CMD, else the exit code (126, 127, 125), said on stderr */
int child_release(struct child *c, char **argv);
int child_exit_code(int wait_status);
void child_abandon(struct child *c);
