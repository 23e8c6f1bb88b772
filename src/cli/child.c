// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CMD is forked before anything is armed and waits on a pipe, so that the rule
 * holds before its first instruction and never touches anybody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "util/cleanup.h"

static void be_command(int go, int failed, char **argv)
{
	char byte;
	int why;

	if (read(go, &byte, 1) != 1)
		_exit(EXIT_OWN_FAILURE); /* retcon gave up, or died */
	execvp(argv[0], argv);
	why = errno;
	if (write(failed, &why, sizeof(why)) != sizeof(why))
		_exit(EXIT_OWN_FAILURE);
	_exit(why == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

int child_spawn(struct child *c, char **argv)
{
	int go[2], failed[2];

	signal(SIGCHLD, SIG_DFL); /* ignored, as some parents leave it, it would tell us nothing */
	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		int ret = -errno;

		close(go[0]);
		close(go[1]);
		return ret;
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(go[1]);
		close(failed[0]);
		be_command(go[0], failed[1], argv);
	}
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	if (c->pid < 0) {
		int ret = -errno;

		closep(&c->go);
		closep(&c->failed);
		*c = CHILD_NONE;
		return ret;
	}
	return 0;
}

int child_release(struct child *c, char **argv)
{
	int why = 0;
	ssize_t n;

	if (write(c->go, "", 1) != 1) {
		fprintf(stderr, "retcon: %s went away before it could start\n", argv[0]);
		return EXIT_OWN_FAILURE;
	}
	do
		n = read(c->failed, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0; /* closed by exec */
	if (n != sizeof(why)) {
		fprintf(stderr, "retcon: cannot tell whether %s started\n", argv[0]);
		return EXIT_OWN_FAILURE;
	}
	fprintf(stderr, "retcon: cannot run %s: %s\n", argv[0],
		why == ENOENT ? "not found" : strerror(why));
	return why == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
}

int child_exit_code(int status)
{
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

void child_abandon(struct child *c)
{
	closep(&c->go);
	closep(&c->failed);
	if (c->pid > 0)
		waitpid(c->pid, NULL, 0);
	*c = CHILD_NONE;
}
