/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts about one kernel, loaded lazily and remembered. The one seam that tests
 * fake: everything above asks here and opens nothing itself.
 */
#pragma once

#include "kern/kbtf.h"
#include "util/err.h"

struct kern;

struct ksym {
	uint64_t addr;
	uint64_t size; /* 0 if unknown */
};

/* An address as text: "ip_route_output_key_hash+0x5c", module in brackets behind. */
#define KSYM_TEXT 192

#define KERN_BTF_PATH "/sys/kernel/btf/vmlinux"

/* What a struct kern asks its world; kern_live() has the real one, tests fake it. */
struct kern_ops {
	/* whole vmlinux BTF, malloc'ed or mmapped (*unmap); -ENOENT without *err: none */
	int (*read_btf)(void *ctx, void **data, size_t *len, bool *unmap, struct err *err);
	/* n names at once; found[i].addr stays 0 for unknown ones */
	int (*lookup)(void *ctx, const char *const *names, unsigned int n, struct ksym *found,
		      struct err *err);
	/* n addresses to text, "" never: "0x..." if unknown */
	int (*symbolize)(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
			 struct err *err);
	/* the format of the tracepoint sys_enter_NAME; -ENOENT: none; may be NULL */
	int (*syscall_format)(void *ctx, const char *name, char *text, size_t size);
	/* KBTF_RELEASE() of it, or 0; may be NULL */
	uint32_t (*release)(void *ctx);
	void (*close)(void *ctx);
};

int kern_new(struct kern **out, const struct kern_ops *ops, void *ctx, struct err *err);
int kern_live(struct kern **out, struct err *err); /* the running kernel */
void kern_free(struct kern *k);
void kern_freep(struct kern **k);

/* borrowed; read on first use. -ENOENT + remedy if the kernel has no BTF */
int kern_btf(struct kern *k, const struct kbtf **out, struct err *err);
int kern_lookup(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		struct err *err);
int kern_symbolize(struct kern *k, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
		   struct err *err);

int kern_syscall_format(struct kern *k, const char *name, char *text, size_t size);
/* "int fd, const char * name" of system call NAME, "void"; -ENOENT: nobody says */
struct buf;
int kern_syscall_params(struct kern *k, const char *name, struct buf *out);

/* bit of a flag like __GFP_NOFAIL in this kernel: from BTF enums, else by version; -ENOENT */
int kern_gfp_nofail(struct kern *k, uint64_t *mask, struct err *err);
