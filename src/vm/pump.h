/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves bytes between the guest and the world until there is a verdict or none can come. */
#pragma once

#include <stdint.h>

#include "vm/console.h"
#include "vm/proto.h"
#include "vm/qemu.h"

enum pump_end {
	PUMP_VERDICT, /* the command ended, or could not be started */
	PUMP_FAIL,    /* init said what went wrong */
	PUMP_LOST,    /* QEMU hung up */
	PUMP_TIMEOUT,
};

struct pump {
	const struct qemu *qemu;
	struct console *console; /* of the guest */
	struct console *log;	 /* of QEMU */
	bool console_open;
	bool log_open;
	bool ready; /* the command runs */
	bool ended;
	enum pump_end end;
	int64_t deadline_ms; /* on the monotonic clock; 0 is never */

	/* from stdin to the guest */
	char in[VM_FRAME_MAX];
	size_t in_at;
	size_t in_len;
	bool in_eof;

	/* from the guest: received and not yet passed on */
	char buf[2 * VM_FRAME_MAX];
	size_t at;
	size_t len;
	struct vm_frame_head head;
	size_t head_len;
	size_t left;		   /* of this frame's payload */
	char say[VM_DATA_MAX + 1]; /* payload of a short frame */
	size_t say_len;
	struct vm_verdict verdict;
};

/* 0 when ended, and how is in end; -errno when this side failed, and msg says at what. */
int pump_run(struct pump *p, char *msg, size_t len);

/* Takes in what the console and the log still hold. */
void pump_drain_logs(struct pump *p);
