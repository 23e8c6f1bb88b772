/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run from packing the job to the verdict. A guest that ends without one is
 * told apart here: panicked, hung, powered off, or QEMU itself gone.
 */
#define _GNU_SOURCE
#include "vm/vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "util/cleanup.h"
#include "vm/job.h"
#include "vm/pump.h"
#include "vm/qemu.h"

struct run {
	struct qemu qemu;
	struct pump pump;
	struct console console;
	struct console log;
};

static struct run *run_new(const struct vm_opts *opts)
{
	struct run *run = calloc(1, sizeof(*run));
	struct timespec ts;

	if (!run)
		return NULL;
	run->qemu.port = -1;
	run->qemu.console = -1;
	run->qemu.log = -1;
	run->pump.qemu = &run->qemu;
	run->pump.console = &run->console;
	run->pump.log = &run->log;
	run->pump.console_open = true;
	run->pump.log_open = true;
	if (opts->timeout_s) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		run->pump.deadline_ms =
			((int64_t)ts.tv_sec + opts->timeout_s) * 1000 + ts.tv_nsec / 1000000;
	}
	return run;
}

static void run_freep(struct run **runp)
{
	struct run *run = *runp;

	if (!run)
		return;
	qemu_stop(&run->qemu);
	closep(&run->qemu.port);
	closep(&run->qemu.console);
	closep(&run->qemu.log);
	free(run);
}

static int take_verdict(const struct run *run, const struct vm_opts *opts, struct vm_result *res)
{
	const struct vm_verdict *v = &run->pump.verdict;

	res->status = v->status;
	if (v->error)
		snprintf(res->msg, sizeof(res->msg), "cannot run '%s': %s", opts->argv[0],
			 strerror(v->error));
	res->warned = v->tainted & VM_TAINT_FAULT || console_has_warn(&run->console);
	if (res->warned)
		res->words = console_warn_words(&run->console);
	return 0;
}

static int say_lost(struct run *run, struct vm_result *res)
{
	int status = qemu_wait(&run->qemu);
	size_t room = sizeof(res->msg);

	pump_drain_logs(&run->pump);
	if (console_has_panic(&run->console)) {
		snprintf(res->msg, room, "the guest kernel panicked; its words:");
		res->words = console_crash_words(&run->console);
		return -ENOTRECOVERABLE;
	}
	if (WIFSIGNALED(status)) {
		snprintf(res->msg, room, "the guest is lost: QEMU was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status)) {
		snprintf(res->msg, room, "the guest is lost: QEMU ended with status %d",
			 WEXITSTATUS(status));
	} else {
		snprintf(res->msg, room, "the guest is lost: it powered off without a verdict");
	}
	/* When QEMU itself failed, what it says is worth more than the guest's console. */
	if (status && run->log.len)
		res->words = console_last_words(&run->log);
	else
		res->words = console_last_words(&run->console);
	return -ECONNRESET;
}

static int say_timeout(struct run *run, const struct vm_opts *opts, struct vm_result *res)
{
	pump_drain_logs(&run->pump);
	snprintf(res->msg, sizeof(res->msg), "the guest hung: no verdict after %u s (%s); %s",
		 opts->timeout_s,
		 run->pump.ready ? "the command was running" : "it was still booting",
		 run->console.len ? "the kernel's last words:" : "the kernel said nothing");
	res->words = console_has_panic(&run->console) ? console_crash_words(&run->console)
						      : console_last_words(&run->console);
	return -ETIMEDOUT;
}

int vm_run(const struct vm_opts *opts, struct vm_result *res)
{
	_cleanup_(run_freep) struct run *run = run_new(opts);
	_cleanup_close_ int initramfs = -1;
	int ret;

	memset(res, 0, sizeof(*res));
	if (!run)
		return -ENOMEM;
	ret = job_pack(opts, &initramfs, res->msg, sizeof(res->msg));
	if (ret)
		return ret;
	ret = qemu_start(&run->qemu, opts, initramfs, res->msg, sizeof(res->msg));
	if (ret)
		return ret;
	ret = pump_run(&run->pump, res->msg, sizeof(res->msg));
	if (ret)
		return ret;
	pump_drain_logs(&run->pump);
	switch (run->pump.end) {
	case PUMP_VERDICT:
		return take_verdict(run, opts, res);
	case PUMP_FAIL:
		snprintf(res->msg, sizeof(res->msg), "in the guest: %.400s", run->pump.say);
		res->words = console_last_words(&run->console);
		return -EIO;
	case PUMP_LOST:
		return say_lost(run, res);
	case PUMP_TIMEOUT:
		return say_timeout(run, opts, res);
	}
	return -EPROTO;
}

void vm_result_free(struct vm_result *res)
{
	free(res->words);
	res->words = NULL;
}
