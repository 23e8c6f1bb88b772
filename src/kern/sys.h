/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system calls we make, with attributes of our own size: an older libbpf
 * or UAPI header does not limit what a newer kernel can do. All return a
 * descriptor or 0, or -errno; every descriptor is close-on-exec.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sys_map {
	const char *name;
	uint32_t type, key_size, value_size, max_entries, flags;
	int btf_fd; /* with key/value types, for task storage; -1 none */
	uint32_t btf_key_id, btf_value_id;
};
int sys_map_create(const struct sys_map *m);
int sys_map_update(int fd, const void *key, const void *value, uint64_t flags);
int sys_map_lookup(int fd, const void *key, void *value);
int sys_map_freeze(int fd);

struct sys_prog {
	const char *name;
	uint32_t type, attach_type; /* enum bpf_prog_type, bpf_attach_type */
	const struct bpf_insn *insns;
	uint32_t n_insns;
	uint32_t attach_btf_id;
	int btf_obj_fd; /* of the module that attach_btf_id is of; 0: of vmlinux */
	uint32_t flags;
	int btf_fd; /* -1: no func or line info */
	const void *func_info;
	uint32_t n_func_info;
	const void *line_info;
	uint32_t n_line_info;
	char *log; /* NULL: no log */
	uint32_t log_size, log_level;
};
int sys_prog_load(const struct sys_prog *p);
/* runs a PROG_SYSCALL program once on ctx (copied in and out); *retval is its r0 */
int sys_prog_run(int fd, void *ctx, size_t ctx_len, uint32_t *retval);
int sys_btf_load(const void *data, size_t len, char *log, size_t log_size);
/* BTF object of "vmlinux" or a module by walking ids; -ENOENT; needs CAP_SYS_ADMIN */
int sys_btf_fd(const char *name);
/* copies at most *len bytes and sets *len to the size of the whole; data NULL: size only */
int sys_btf_read(int fd, void *data, uint32_t *len);

/* flags: BPF_F_KPROBE_MULTI_RETURN; cookies: one for each address, or NULL */
int sys_link_kprobe_multi(int prog_fd, const uint64_t *addrs, const uint64_t *cookies, uint32_t n,
			  uint32_t flags);
int sys_link_kprobe_multi_syms(int prog_fd, const char *const *syms, uint32_t n, uint32_t flags);
int sys_link_tracing(int prog_fd);		    /* fentry, fexit, fmod_ret */
int sys_raw_tp_open(int prog_fd, const char *name); /* tp_btf: name NULL */
/* perf kprobe at symbol (addr 0) or address; *perf_fd to keep beside the link */
int sys_link_perf_kprobe(int prog_fd, const char *symbol, uint64_t addr, bool at_return,
			 uint64_t cookie, int *perf_fd);

struct sys_uprobe {
	const char *path;
	uint64_t offset;    /* of the instruction, in the file */
	uint64_t semaphore; /* where in the file a counter is that says "somebody looks"; 0: none */
	pid_t pid;	    /* the process alone; 0: all, and those to come */
	bool at_return;
};
/* the same in a file that processes map; -ERANGE: the semaphore is beyond 4 GiB */
int sys_link_perf_uprobe(int prog_fd, const struct sys_uprobe *u, uint64_t cookie, int *perf_fd);
/* the same at a tracepoint, on all processors; its id as tracefs has it */
int sys_link_perf_tracepoint(int prog_fd, uint32_t id, uint64_t cookie, int *perf_fd);

/* links of the whole machine, by id: the next after *id; -ENOENT: no more */
int sys_next_link(uint32_t *id);
int sys_link_by_id(uint32_t id);
struct sys_tracing_link {
	char btf_name[64]; /* "vmlinux" or the module that has the function */
	uint32_t btf_id;
	uint32_t prog_id;
	char prog_name[17];
};
/* -ENOENT: it is no trampoline's */
int sys_tracing_link(int fd, struct sys_tracing_link *out);
/* the program that a kprobe or kprobe.multi link runs at the entry of the function at addr; or
 * -ENOENT */
int sys_probe_link(int fd, uint64_t addr, uint32_t *prog_id, char prog_name[17]);

struct sys_misses {
	uint64_t recursion; /* bpf_prog_info.recursion_misses */
	uint64_t missed;    /* link info, 6.8 and later; 0 before */
};
/* prog_fd -1: what the link alone has missed */
int sys_misses(int prog_fd, int link_fd, struct sys_misses *out);
