/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts about one kernel, loaded lazily and remembered. The one seam that tests
 * fake: everything above asks here and opens nothing itself.
 */
#pragma once

#include "kern/kbtf.h"
#include "util/err.h"

struct kern;
struct kern_tracer;
struct kern_probe;

#define KSYM_MODULE 64 /* a module's name is shorter: MODULE_NAME_LEN */

struct ksym {
	uint64_t addr;		  /* 0: no such symbol */
	uint64_t size;		  /* 0 if unknown */
	char module[KSYM_MODULE]; /* "": of vmlinux, or unknown */
};

/* the address of a function that is there, from a kern that knows types only */
#define KSYM_SOMEWHERE UINT64_MAX

/* An address as text: "ip_route_output_key_hash+0x5c", module in brackets behind. */
#define KSYM_TEXT 192

/* what callers of an injectable function can take: ALLOW_ERROR_INJECTION(), EI_ETYPE_... */
enum kern_error_type {
	KERN_ERROR_UNKNOWN, /* not injectable, or nobody says */
	KERN_ERROR_NULL,
	KERN_ERROR_ERRNO,
	KERN_ERROR_ERRNO_NULL,
	KERN_ERROR_TRUE,
};

#define KERN_BTF_PATH "/sys/kernel/btf/vmlinux"

/* What a struct kern asks its world; kern_live() has the real one, tests fake it. */
struct kern_ops {
	/* whole vmlinux BTF, malloc'ed or mmapped (*unmap); -ENOENT without *err: none */
	int (*read_btf)(void *ctx, void **data, size_t *len, bool *unmap, struct err *err);
	/* same of a module, which continues it; -ENOENT with *err; may be NULL */
	int (*read_module_btf)(void *ctx, const char *module, void **data, size_t *len, bool *unmap,
			       struct err *err);
	/* a descriptor of it, to keep; may be NULL */
	int (*module_btf_fd)(void *ctx, const char *module, struct err *err);
	/*
	 * n names at once, "module:name" too; found[i].addr stays 0 for unknown ones. With
	 * only_addr, size and module need not be filled.
	 */
	int (*lookup)(void *ctx, const char *const *names, unsigned int n, bool only_addr,
		      struct ksym *found, struct err *err);
	/* n addresses to text, "" never: "0x..." if unknown */
	int (*symbolize)(void *ctx, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
			 struct err *err);
	/* a tracepoint's format, malloc'ed; -ENOENT without *err: no such event; may be NULL */
	int (*event_format)(void *ctx, const char *category, const char *event, char **text,
			    struct err *err);
	/* lines "category:event" of all of them, malloc'ed; may be NULL */
	int (*events)(void *ctx, char **text);
	/* KBTF_RELEASE() of it, or 0; may be NULL */
	uint32_t (*release)(void *ctx);
	/* trampolines that other programs have, malloc'ed; may be NULL: none */
	int (*tracers)(void *ctx, struct kern_tracer **out, unsigned int *n);
	/* another program's kprobe at the entry of this function; may be NULL: none */
	bool (*probe)(void *ctx, uint64_t addr, struct kern_probe *out);
	/* the lines of error_injection/list, malloc'ed; NULL: there is none, ever */
	int (*injection_list)(void *ctx, char **text, struct err *err);
	/* where the functions of its lines begin, of at most max lines; may be NULL, may fail */
	int (*injectable_addrs)(void *ctx, uint64_t *addrs, size_t max, size_t *n);
	void (*close)(void *ctx);
	bool types_only; /* not a running kernel: no addresses, nobody to ask for reasons */
};

int kern_new(struct kern **out, const struct kern_ops *ops, void *ctx, struct err *err);
int kern_live(struct kern **out, struct err *err); /* the running kernel */
/* raw BTF, or an ELF file that has some; NULL: the running kernel's. Read on first use */
int kern_file(struct kern **out, const char *path, struct err *err);
bool kern_types_only(const struct kern *k);
/* KBTF_RELEASE() of it, or 0 */
uint32_t kern_running_release(void);
void kern_free(struct kern *k);
void kern_freep(struct kern **k);

/* borrowed; read on first use. -ENOENT + remedy if the kernel has no BTF */
int kern_btf(struct kern *k, const struct kbtf **out, struct err *err);
/* of a module, continuing that; same, with what it lacks said. Its name as ksym.module has it */
int kern_module_btf(struct kern *k, const char *name, const struct kbtf **out, struct err *err);
/* attach_btf_obj_fd of programs on its functions; borrowed; needs CAP_SYS_ADMIN */
int kern_module_btf_fd(struct kern *k, const char *name, int *fd, struct err *err);
/* "func", or "module:func" for that module's alone; modules are searched after vmlinux */
int kern_lookup(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		struct err *err);
/* the addresses alone, at half the price: for hundreds of names */
int kern_lookup_addrs(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		      struct err *err);
int kern_symbolize(struct kern *k, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
		   struct err *err);

/* as in tracefs, for who parses it (kern/tracepoint.h); only root may read it */
int kern_event_format(struct kern *k, const char *category, const char *event, char **text,
		      struct err *err);
/* lines "category:event" of all tracepoints, malloc'ed; -errno: nobody says */
int kern_events(struct kern *k, char **text);
/* "int fd, const char * name" of system call NAME, "void"; -ENOENT: nobody says */
struct buf;
int kern_syscall_params(struct kern *k, const char *name, struct buf *out);
/* reads the whole list of injectable functions, once: for values that look odd */
enum kern_error_type kern_error_type(struct kern *k, const char *func, const struct ksym *sym);

/* bit of a flag like __GFP_NOFAIL in this kernel: from BTF enums, else by version; -ENOENT */
int kern_gfp_nofail(struct kern *k, uint64_t *mask, struct err *err);
