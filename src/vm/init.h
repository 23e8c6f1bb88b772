/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the guest's init: one static program, process 1 of the guest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vm/proto.h"

/* Says why the guest cannot go on, to the host or the console, and powers off. */
__attribute__((noreturn, format(printf, 1, 2))) void init_die(const char *fmt, ...);

/* init_mount.c: /proc, /sys and /dev of the initramfs, then the machine's files as the root */
void init_mount_early(void);
void init_enter_root(const char *hint); /* hint: why the kernel may be unable to */

/* init_modules.c: what the kernel needs to come so far, and where its own files are afterwards */
void init_load_modules(char *const *names, unsigned int n);
void init_link_kernel(const char *kernel_dir, const char *module_dir);

/* init_relay.c: bytes between the port and the command until the command ends */
struct relay {
	int port; /* virtio-serial, non-blocking */
	int in;	  /* write end of the command's stdin, or -1 */
	int out;  /* read ends of its stdout and stderr, or -1 */
	int err;
	int child; /* signalfd: SIGCHLD */
};

/* The command's wait status, when all of its output is on its way. */
int relay_run(struct relay *r, pid_t pid);

/* One whole frame; waits for room. */
int relay_send(int port, enum vm_frame_type type, const void *data, size_t len);
