/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process 1 of the guest: makes the guest look like this machine, runs the one
 * command it was booted for, and gives the verdict. It ends with the guest.
 */
#define _GNU_SOURCE
#include "vm/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_WAIT_MS 20000
#define PORT_CLASS   "/sys/class/virtio-ports"
#define OUTPUT_PIPE  (256 * 1024)

struct job {
	const char *cwd;
	mode_t mask;
	const char *kernel_dir;
	const char *module_dir; /* empty when the kernel has none */
	char **modules;		/* to load, in this order */
	unsigned int n_modules;
	char **argv;
	char **envp;
};

static int port_fd = -1;

void init_die(const char *fmt, ...)
{
	char msg[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (port_fd < 0 || relay_send(port_fd, VM_FRAME_FAIL, msg, strlen(msg)))
		dprintf(STDERR_FILENO, "retcon: %s\n", msg);
	else
		poll(NULL, 0, 10000); /* the host ends the guest */
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static char *read_job(size_t *len)
{
	int fd = open(VM_JOB_PATH, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t at = 0;
	char *text;

	if (fd < 0 || fstat(fd, &st))
		init_die("cannot open the job: %s", strerror(errno));
	*len = (size_t)st.st_size;
	text = malloc(*len + 1);
	if (!text)
		init_die("no memory for the job");
	while (at < *len) {
		ssize_t n = read(fd, text + at, *len - at);

		if (n <= 0)
			init_die("cannot read the job");
		at += (size_t)n;
	}
	text[*len] = '\0';
	close(fd);
	/* Two copies of the environment are one too many in a small guest. */
	unlink(VM_JOB_PATH);
	return text;
}

static char *next_string(char **at, const char *end)
{
	char *s = *at;

	if (s >= end)
		init_die("the job is cut short");
	*at = s + strlen(s) + 1;
	return s;
}

static void parse_job(struct job *job)
{
	size_t len;
	char *at = read_job(&len);
	const char *end = at + len;
	size_t strings = 0;
	unsigned long argc;
	size_t i;

	for (const char *s = at; s < end; s += strlen(s) + 1)
		strings++;
	job->cwd = next_string(&at, end);
	job->mask = (mode_t)strtoul(next_string(&at, end), NULL, 8);
	job->kernel_dir = next_string(&at, end);
	job->module_dir = next_string(&at, end);
	job->n_modules = (unsigned int)strtoul(next_string(&at, end), NULL, 10);
	/* One array: the modules, the arguments, NULL, the environment, NULL. */
	job->modules = calloc(strings + 2, sizeof(*job->modules));
	if (!job->modules || job->n_modules > strings)
		init_die("the job makes no sense");
	for (i = 0; i < job->n_modules; i++)
		job->modules[i] = next_string(&at, end);
	argc = strtoul(next_string(&at, end), NULL, 10);
	if (argc > strings - job->n_modules)
		init_die("the job makes no sense");
	job->argv = job->modules + job->n_modules;
	for (i = 0; i < argc; i++)
		job->argv[i] = next_string(&at, end);
	job->envp = job->argv + argc + 1;
	for (i = 0; at < end; i++)
		job->envp[i] = next_string(&at, end);
}

static bool port_has_name(const char *dir, const char *name)
{
	char path[128];
	char text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), PORT_CLASS "/%.60s/name", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, name);
}

static int find_port(void)
{
	DIR *dir = opendir(PORT_CLASS);
	struct dirent *entry;
	char path[128];
	int fd = -1;

	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		if (!port_has_name(entry->d_name, VM_PORT_NAME))
			continue;
		snprintf(path, sizeof(path), "/dev/%.60s", entry->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

/* The port gets its name from the device in the background, some time during the boot. */
static void open_port(const char *hint)
{
	struct pollfd pfd = { .events = POLLOUT };

	/* The driver makes the class when it is loaded: no use to wait for its ports without. */
	if (access(PORT_CLASS, F_OK))
		init_die("this kernel has no driver virtio_console%s", hint);
	for (int ms = 0; ms < PORT_WAIT_MS; ms++) {
		if (port_fd < 0)
			port_fd = find_port();
		/* Before the host's end counts as open, a read sees end of file. */
		pfd.fd = port_fd;
		if (port_fd >= 0 && poll(&pfd, 1, 0) >= 0 && !(pfd.revents & POLLHUP))
			return;
		poll(NULL, 0, 1);
	}
	init_die("the port to the host did not appear%s", hint);
}

static void bring_up_lo(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

static void make_pipe(int *read_end, int *write_end)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		init_die("cannot make a pipe: %s", strerror(errno));
	*read_end = fds[0];
	*write_end = fds[1];
}

/* exec says errno through report, which exec closes */
static void run_command(const struct job *job, const int fds[3], int report)
{
	sigset_t none;
	int err;

	setsid();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < 3; i++)
		dup2(fds[i], i);
	umask(job->mask);
	environ = job->envp;
	execvp(job->argv[0], job->argv);
	err = errno;
	(void)!write(report, &err, sizeof(err));
	_exit(127);
}

static int open_sigchld(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		init_die("cannot watch the command: %s", strerror(errno));
	return fd;
}

static pid_t start_command(const struct job *job, struct relay *r, int *exec_error)
{
	int theirs[3];
	int report_r;
	int report_w;
	pid_t pid;

	make_pipe(&theirs[0], &r->in);
	make_pipe(&r->out, &theirs[1]);
	make_pipe(&r->err, &theirs[2]);
	make_pipe(&report_r, &report_w);
	fcntl(r->in, F_SETFL, O_NONBLOCK);
	fcntl(r->out, F_SETFL, O_NONBLOCK);
	fcntl(r->err, F_SETFL, O_NONBLOCK);
	fcntl(r->out, F_SETPIPE_SZ, OUTPUT_PIPE);
	if (chdir(job->cwd))
		init_die("cannot enter the directory %s: %s", job->cwd, strerror(errno));
	pid = fork();
	if (pid < 0)
		init_die("cannot start the command: %s", strerror(errno));
	if (!pid)
		run_command(job, theirs, report_w);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
	close(report_w);
	if (read(report_r, exec_error, sizeof(*exec_error)) != (ssize_t)sizeof(*exec_error))
		*exec_error = 0;
	close(report_r);
	(void)!chdir("/");
	return pid;
}

static uint64_t read_taint(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

int main(void)
{
	struct vm_verdict verdict = { .status = 0 };
	struct relay r = { .in = -1, .out = -1, .err = -1 };
	struct job job;
	const char *hint;
	int taint;
	int status;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	init_mount_early();
	parse_job(&job);
	hint = *job.module_dir ? "" : "; modules of this kernel were not found";
	init_load_modules(job.modules, job.n_modules);
	open_port(hint);
	init_enter_root(hint);
	init_link_kernel(job.kernel_dir, job.module_dir);
	bring_up_lo();
	(void)!sethostname("retcon", 6);
	/* Open now: the command may cover or unmount /proc. */
	taint = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	r.port = port_fd;
	r.child = open_sigchld();
	pid = start_command(&job, &r, &verdict.error);
	if (!verdict.error)
		relay_send(port_fd, VM_FRAME_READY, "", 0);
	status = relay_run(&r, pid);
	verdict.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (verdict.error)
		verdict.status = verdict.error == ENOENT ? 127 : 126;
	verdict.tainted = read_taint(taint);
	relay_send(port_fd, VM_FRAME_VERDICT, &verdict, sizeof(verdict));
	/* The host has all it needs and ends the guest now. */
	poll(NULL, 0, 10000);
	reboot(RB_POWER_OFF);
	return 0;
}
