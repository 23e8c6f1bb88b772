// SPDX-License-Identifier: LGPL-2.1-or-later
/* The chain of parents, read once before arming. */
#include "session/exempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

/* PROC_PID_INIT_INO, include/linux/proc_ns.h: the same on every kernel since 3.8 */
#define INIT_PID_NS_INO 0xEFFFFFFCU

static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];
	_cleanup_close_ int fd = -1;
	const char *after_comm;
	ssize_t n;
	int ppid = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	after_comm = strrchr(text, ')'); /* comm may hold anything, parentheses too */
	if (!after_comm || sscanf(after_comm + 1, " %*c %d", &ppid) != 1)
		return 0;
	return ppid;
}

static bool has(const uint32_t *ids, unsigned int n, uint32_t id)
{
	for (unsigned int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int exempt_collect(struct exempt *out, const uint32_t *wanted, unsigned int n_wanted,
		   struct err *err)
{
	struct stat ns;

	memset(out, 0, sizeof(*out));
	if (stat("/proc/self/ns/pid", &ns) == 0 && ns.st_ino != INIT_PID_NS_INO)
		return err_plain(err, -EOPNOTSUPP, ERR_KERNEL_LACKS,
				 "retcon runs in a pid namespace, where it cannot tell its own "
				 "process from others: run it outside the container");
	out->self = (uint32_t)getpid();
	for (pid_t pid = getppid(); pid > 1; pid = parent_of(pid)) {
		if (has(wanted, n_wanted, (uint32_t)pid))
			continue;
		if (out->n == LIMIT_EXEMPT) /* one of them would not be left alone */
			return err_plain(err, -E2BIG, ERR_LIMIT,
					 "retcon was started from more than %d processes, each by "
					 "the next: start it from fewer",
					 LIMIT_EXEMPT);
		out->pid[out->n++] = (uint32_t)pid;
	}
	if (!has(wanted, n_wanted, 1))
		out->pid[out->n++] = 1;
	return 0;
}
