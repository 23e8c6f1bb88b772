/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One QEMU process: its command line, its birth and its end. */
#pragma once

#include <sys/types.h>

#include "vm/vm.h"

struct qemu {
	pid_t pid;   /* 0 when not running */
	int port;    /* framed conversation with init */
	int console; /* the guest kernel's console */
	int log;     /* what QEMU itself says */
};

int qemu_start(struct qemu *q, const struct vm_opts *opts, int initramfs, char *msg, size_t len);

/* Kills it if it still runs; the wait status. */
int qemu_stop(struct qemu *q);

/* The wait status of one that is about to end by itself; killed after a few seconds. */
int qemu_wait(struct qemu *q);
