/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command in a guest kernel, on this machine's own files copy-on-write, with
 * its input, output, environment and exit status passed through. The guest is
 * plain emulation in QEMU: it has no network and can write nothing outside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct vm_opts {
	const char *kernel;    /* bzImage */
	const char *init_path; /* the static program that is the guest's init */
	unsigned int cpus;
	unsigned int memory_mib;
	unsigned int timeout_s; /* from start to end; 0 is no limit */
	bool icount;		/* guest time counts instructions; one CPU */
	const char *append;	/* more kernel command line, or NULL */
	char **argv;		/* the command, NULL-terminated */
};

struct vm_result {
	int status;    /* the command's exit status, as a shell would give it */
	bool warned;   /* the guest kernel ran into a WARN, or reported a fault */
	char msg[512]; /* what went wrong, or empty */
	char *words;   /* what the guest kernel said about it, or NULL */
};

/*
 * 0 when the command ran (status is its own) or could not be run (126, 127, and
 * msg says why); -errno when the guest was lost, and msg says how. Descriptors 0
 * to 2 must be open: a channel that took one's place would be written over.
 */
int vm_run(const struct vm_opts *opts, struct vm_result *res);
void vm_result_free(struct vm_result *res);

/* Look up a program or script that belongs to retcon; -ENOENT when it is nowhere. */
int vm_find_libexec(const char *name, char **out);

/* The bzImage of a kernel version, built when not cached, or of a path; msg says what failed. */
int vm_find_kernel(const char *kernel, char **out, char *msg, size_t len);
