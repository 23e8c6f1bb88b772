/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the guest's parts are: beside the program and in the source tree when
 * run from a build directory, in the libexec directory when installed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vm/vm.h"

#ifndef RETCON_LIBEXEC
#define RETCON_LIBEXEC "/usr/local/libexec/retcon"
#endif

#define BUILD_KERNEL "build-kernel"

static int try_path(char **out, const char *dir, const char *sub, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s/%s", dir, sub, name) < 0)
		return -ENOMEM;
	if (access(path, R_OK))
		return -ENOENT;
	*out = take_ptr(path);
	return 0;
}

int vm_find_libexec(const char *name, char **out)
{
	static const char *const subs[] = { "", "/../guest", "/../libexec/retcon" };
	const char *env = getenv("RETCON_LIBEXECDIR");
	char exe[PATH_MAX];
	ssize_t n;

	if (env && *env && !try_path(out, env, "", name))
		return 0;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		*strrchr(exe, '/') = '\0';
		for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
			if (!try_path(out, exe, subs[i], name))
				return 0;
	}
	return try_path(out, RETCON_LIBEXEC, "", name);
}

static pid_t start_script(const char *script, const char *kernel, const int out[2])
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(125);
	if (dup2(out[1], STDOUT_FILENO) >= 0)
		execl(script, script, kernel, (char *)NULL);
	_exit(127);
}

/* The script explains itself on stderr; here it only fails. */
static int run_script(const char *script, const char *kernel, char **path, char *msg, size_t len)
{
	_cleanup_fclose_ FILE *stream = NULL;
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int out[2];
	int status = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	pid = start_script(script, kernel, out);
	close(out[1]);
	stream = fdopen(out[0], "r");
	if (pid < 0 || !stream)
		return -errno;
	n = getline(&line, &size, stream);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status || n < 2) {
		snprintf(msg, len, "no guest kernel '%s'", kernel);
		return -ENOENT;
	}
	line[strcspn(line, "\n")] = '\0';
	*path = take_ptr(line);
	return 0;
}

int vm_find_kernel(const char *kernel, char **out, char *msg, size_t len)
{
	_cleanup_free_ char *script = NULL;

	if (strchr(kernel, '/')) {
		if (access(kernel, R_OK)) {
			snprintf(msg, len, "cannot read the kernel %s: %s", kernel,
				 strerror(errno));
			return -ENOENT;
		}
		*out = strdup(kernel);
		return *out ? 0 : -ENOMEM;
	}
	if (vm_find_libexec(BUILD_KERNEL, &script)) {
		snprintf(msg, len, BUILD_KERNEL " is not to be found: set RETCON_LIBEXECDIR");
		return -ENOENT;
	}
	return run_script(script, kernel, out, msg, len);
}
