/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host and the guest's init say to each other over one virtio-serial
 * port: frames in order, so that the verdict comes after all of the output.
 * Both ends are built together and run on one machine: native byte order.
 */
#pragma once

#include <stdint.h>

#define VM_PORT_NAME	"retcon.port"
#define VM_ROOT_TAG	"retcon.root"
#define VM_JOB_PATH	"/job"
#define VM_MODULES_PATH "/modules" /* directory of NAME.ko */

/* virtio_console takes at most this much in one write */
#define VM_FRAME_MAX (32 * 1024)

enum vm_frame_type {
	VM_FRAME_READY = 1, /* guest: the command has been started */
	VM_FRAME_OUT,	    /* guest: bytes of its stdout */
	VM_FRAME_ERR,	    /* guest: bytes of its stderr */
	VM_FRAME_VERDICT,   /* guest: struct vm_verdict, the last frame */
	VM_FRAME_FAIL,	    /* guest: text, init itself failed; the last frame */
	VM_FRAME_IN,	    /* host: bytes of stdin; none is the end of it */
};

struct vm_frame_head {
	uint32_t type;
	uint32_t len;
};

#define VM_DATA_MAX (VM_FRAME_MAX - sizeof(struct vm_frame_head))

struct vm_verdict {
	int32_t status;	  /* exit status, 128 + N for a signal */
	int32_t error;	  /* errno of a command that could not be run */
	uint64_t tainted; /* the kernel's taint bits at the end */
};

/* WARN; and a bad page, as which KASAN and SLUB count what they find */
#define VM_TAINT_FAULT (UINT64_C(1) << 9 | UINT64_C(1) << 5)
