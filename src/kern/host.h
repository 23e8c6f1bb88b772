/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This machine and this user, as far as they can be seen without loading anything. Plain
 * data once it is read, so that what follows from it can be tested with what is made up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kern/config.h"

enum lockdown {
	LOCKDOWN_UNKNOWN,
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY,
};

/* what there is to see of something */
enum sight {
	SIGHT_NONE, /* one cannot look */
	SIGHT_ABSENT,
	SIGHT_THERE,
};

/* options whose absence shows without a configuration to read */
struct host_absent {
	bool kprobes, error_injection, btf;
};

struct host {
	char release[65], arch[65]; /* of uname(2) */
	unsigned int uid;
	uint64_t caps;	/* effective ones, as bits */
	bool user_ns;	/* and they are those of a user namespace: worth nothing here */
	bool container; /* it says it is one */
	bool seccomp;	/* system calls are filtered */
	enum lockdown lockdown;
	char lsms[256];	      /* "lockdown,yama,bpf"; "": unknown */
	int kptr_restrict;    /* -1: unknown */
	bool ftrace_off;      /* kernel.ftrace_enabled=0: what is attached does not run */
	bool kprobes_off;     /* the same of kprobes, in debugfs */
	bool no_debugfs;      /* not mounted */
	bool no_securityfs;   /* not mounted */
	uint64_t btf_bytes;   /* 0: vmlinux has no BTF */
	enum sight list;      /* of injectable functions */
	enum sight addresses; /* of kernel symbols: absent where they are hidden */
	struct host_absent absent;
	struct kconfig *config; /* NULL: not readable */
	char config_path[128];
};

void host_read(struct host *out);
void host_free(struct host *m);

/* parts of it, for those who need no more */
uint64_t host_caps(void);
/* capabilities of a user namespace look like those of root, and are not */
bool host_user_ns(void);
bool host_in_container(void);
enum lockdown host_lockdown(void);
void host_absent(struct host_absent *out);
/*
 * kernel.ftrace_enabled=0: nothing that is attached runs. Nor may anything be: what is attached
 * and detached meanwhile leaves marks on its function at which ftrace, switched on again, finds
 * fault with itself and shuts down until the next boot (6.12).
 */
bool host_ftrace_off(void);

/*
 * The capabilities retcon takes that are not among caps: "CAP_BPF, CAP_SYS_ADMIN"; false: none.
 * CAP_SYS_ADMIN has the others in it (commit "capabilities: Introduce CAP_PERFMON to kernel and
 * user space", v5.8, and that of CAP_BPF).
 */
bool host_missing_caps(uint64_t caps, char text[64]);
/* older than 6.1, the first with all that is taken for granted; false if it cannot be told */
bool host_too_old(const char *release);
/* built without it ("KPROBES"), as the configuration or what is absent says */
bool host_lacks(const struct host *m, const char *option);
/* whether a list like "lockdown,yama,bpf" names it */
bool host_list_has(const char *list, const char *name);

/* seams of host_read(), for tests */
/* "none [integrity] confidentiality", and the active security modules ("" unknown) */
enum lockdown host_parse_lockdown(const char *line, const char *lsms);
/* what lsm= on the command line or CONFIG_LSM make the kernel start with; false: unknown */
bool host_guess_lsms(const char *cmdline, const struct kconfig *c, char *out, unsigned int size);
