/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the running kernel's struct kern is put together from. */
#pragma once

#include "kern/kern.h"

/* struct kern_ops' members of these names; ctx is not looked at */
int live_read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err);
int live_read_module_btf(void *ctx, const char *module, void **data, size_t *len, bool *unmap,
			 struct err *err);
int live_module_btf_fd(void *ctx, const char *module, struct err *err);

/* A BPF program that translates names and addresses, loaded when first asked. */
struct live_symbols {
	int prog; /* -1: not loaded */
	struct live_ask *ask;
};

int live_lookup(struct live_symbols *s, const char *const *names, unsigned int n, bool only_addr,
		struct ksym *found, struct err *err);
int live_symbolize(struct live_symbols *s, const uint64_t *addrs, unsigned int n,
		   char (*text)[KSYM_TEXT], struct err *err);
/* a file of the kernel's, the beginning of it if it is very long; malloc'ed */
int live_read_text(const char *path, char **text);
int live_event_format(void *ctx, const char *category, const char *event, char **text,
		      struct err *err);
int live_events(void *ctx, char **text);

struct kern_tracer;
int live_tracers(void *ctx, struct kern_tracer **out, unsigned int *n);
struct kern_probe;
bool live_probe(void *ctx, uint64_t addr, struct kern_probe *out);
/* struct kern_ops' injectable_addrs */
int live_injectable_addrs(struct live_symbols *s, uint64_t *addrs, size_t max, size_t *n);
void live_symbols_free(struct live_symbols *s);
