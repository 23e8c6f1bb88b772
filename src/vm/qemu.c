/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU gets exactly the descriptors it needs, by number, and nothing on disk:
 * the initramfs is a memory file, every channel one end of a socket pair. When
 * retcon dies, whatever the cause, the kernel kills QEMU.
 */
#define _GNU_SOURCE
#include "vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vm/proto.h"

#define QEMU_PROGRAM "qemu-system-x86_64"
#define END_WAIT_MS  5000
#define MAX_ARGS     64
#define MAX_CMDLINE  2047 /* COMMAND_LINE_SIZE on x86, less the NUL */

struct args {
	char *v[MAX_ARGS + 1];
	unsigned int n;
	int err;
};

static void args_free(struct args *a)
{
	for (unsigned int i = 0; i < a->n; i++)
		free(a->v[i]);
}

__attribute__((format(printf, 2, 3))) static void add_arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->err)
		return;
	if (a->n == MAX_ARGS) {
		a->err = -E2BIG;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) < 0)
		a->err = -ENOMEM;
	else
		a->v[++a->n] = NULL;
	va_end(ap);
}

static void add_option(struct args *a, const char *option, const char *value)
{
	add_arg(a, "-%s", option);
	add_arg(a, "%s", value);
}

static void add_machine(struct args *a, const struct vm_opts *opts)
{
	add_option(a, "machine", "pc,vmport=off,hpet=off");
	/*
	 * TCG counts one instruction an iteration of a string instruction, a processor
	 * counts one in all. Without these two flags the kernel copies and clears eight
	 * bytes an iteration, not one: still too many, but not absurd. (Measured: reading
	 * 4 MB of BTF, 9.7 M against 3.4 M.)
	 */
	add_option(a, "cpu", opts->icount ? "max,-erms,-fsrm" : "max");
	if (opts->icount) {
		add_option(a, "accel", "tcg");
		add_option(a, "icount", "shift=1,sleep=off");
	} else {
		/*
		 * One thread runs all processors in turn. With a thread each, a processor can
		 * still execute the int3 of a text poke after the poke has ended: the kernel
		 * then dies of it in should_failslab() (seen on 6.12 with QEMU 7.2, once in
		 * some hundred attachments under load). No real processor does that: the
		 * poke waits until all have been interrupted.
		 */
		add_option(a, "accel", "tcg,thread=single");
	}
	add_arg(a, "-smp");
	add_arg(a, "%u", opts->icount ? 1 : opts->cpus);
	add_arg(a, "-m");
	add_arg(a, "%uM", opts->memory_mib);
	add_arg(a, "-nodefaults");
	add_arg(a, "-no-user-config");
	add_arg(a, "-no-reboot");
	add_option(a, "display", "none");
	add_option(a, "nic", "none");
	add_option(a, "sandbox",
		   "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void add_devices(struct args *a, int port, int console)
{
	add_arg(a, "-chardev");
	add_arg(a, "socket,id=console,fd=%d", console);
	add_option(a, "serial", "chardev:console");
	add_option(a, "device", "virtio-serial-pci,max_ports=2");
	add_arg(a, "-chardev");
	add_arg(a, "socket,id=port,fd=%d", port);
	add_option(a, "device", "virtserialport,chardev=port,name=" VM_PORT_NAME);
	add_option(a, "fsdev",
		   "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap");
	add_option(a, "device", "virtio-9p-pci,fsdev=root,mount_tag=" VM_ROOT_TAG);
	add_option(a, "device", "virtio-rng-pci");
}

/*
 * oops=panic and panic=-1: a broken guest ends at once, and QEMU with it.
 * loglevel=5 lets a WARN reach the console, which "quiet" would hide.
 * pci=noacpi: the BIOS's table has the devices' interrupts as well. Asked of ACPI, a kernel with
 * KASAN interprets _PRT for a minute; with other guests beside it for longer than
 * ACPI_MAX_LOOP_TIMEOUT (30 s, drivers/acpi/acpica), and then no virtio device has an interrupt.
 */
static void add_kernel(struct args *a, const struct vm_opts *opts, int initramfs)
{
	add_option(a, "kernel", opts->kernel);
	add_arg(a, "-initrd");
	add_arg(a, "/proc/self/fd/%d", initramfs);
	add_arg(a, "-append");
	add_arg(a,
		"console=ttyS0 loglevel=5 panic=-1 oops=panic pci=noacpi tsc=reliable "
		"no_timer_check random.trust_cpu=on retcon.guest=1%s%s",
		opts->append ? " " : "", opts->append ? opts->append : "");
	if (!a->err && strlen(a->v[a->n - 1]) > MAX_CMDLINE)
		a->err = -E2BIG;
}

static int make_args(struct args *a, const struct vm_opts *opts, int initramfs, int port,
		     int console)
{
	add_arg(a, QEMU_PROGRAM);
	add_machine(a, opts);
	add_devices(a, port, console);
	add_kernel(a, opts, initramfs);
	return a->err;
}

static int keep_fd(int fd)
{
	return fcntl(fd, F_SETFD, 0);
}

/* Between fork and exec. An errno goes back through the pipe, which exec closes. */
static void run_child(char **argv, pid_t parent, const int keep[3], int log, int report)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(125);
	/* Ctrl-C is retcon's: QEMU must not end by itself and look like a lost guest. */
	setpgid(0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		goto fail;
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		goto fail;
	if (keep_fd(keep[0]) || keep_fd(keep[1]) || keep_fd(keep[2]))
		goto fail;
	execvp(argv[0], argv);
fail:
	err = errno;
	(void)!write(report, &err, sizeof(err));
	_exit(127);
}

static int spawn(struct qemu *q, char **argv, const int keep[3], int log)
{
	_cleanup_close_ int report_r = -1;
	_cleanup_close_ int report_w = -1;
	pid_t parent = getpid();
	int report[2];
	int err = 0;

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	report_r = report[0];
	report_w = report[1];
	q->pid = fork();
	if (q->pid < 0) {
		q->pid = 0;
		return -errno;
	}
	if (!q->pid)
		run_child(argv, parent, keep, log, report_w);
	close(take_fd(&report_w));
	if (read(report_r, &err, sizeof(err)) == (ssize_t)sizeof(err)) {
		qemu_stop(q);
		return -err;
	}
	return 0;
}

static int make_pair(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

int qemu_start(struct qemu *q, const struct vm_opts *opts, int initramfs, char *msg, size_t len)
{
	_cleanup_close_ int port = -1;
	_cleanup_close_ int console = -1;
	_cleanup_close_ int log = -1;
	_cleanup_(args_free) struct args args = { .n = 0 };
	int keep[3];
	int ret;

	ret = make_pair(&q->port, &port);
	if (!ret)
		ret = make_pair(&q->console, &console);
	if (!ret)
		ret = make_pair(&q->log, &log);
	if (!ret)
		ret = make_args(&args, opts, initramfs, port, console);
	if (ret == -E2BIG)
		snprintf(msg, len, "the kernel command line is longer than %d bytes", MAX_CMDLINE);
	if (ret)
		return ret;
	keep[0] = initramfs;
	keep[1] = port;
	keep[2] = console;
	ret = spawn(q, args.v, keep, log);
	if (ret == -ENOENT)
		snprintf(msg, len, QEMU_PROGRAM " is not installed: run 'make deps'");
	else if (ret)
		snprintf(msg, len, "cannot start " QEMU_PROGRAM ": %s", strerror(-ret));
	return ret;
}

int qemu_stop(struct qemu *q)
{
	int status = 0;

	if (!q->pid)
		return 0;
	kill(q->pid, SIGKILL);
	while (waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
		;
	q->pid = 0;
	return status;
}

int qemu_wait(struct qemu *q)
{
	const struct timespec tick = { .tv_nsec = 10 * 1000 * 1000 };
	int status = 0;

	for (int ms = 0; ms < END_WAIT_MS; ms += 10) {
		if (waitpid(q->pid, &status, WNOHANG) == q->pid) {
			q->pid = 0;
			return status;
		}
		nanosleep(&tick, NULL);
	}
	return qemu_stop(q);
}
