/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of struct kern, for the files that fill it. */
#pragma once

#include "kern/injectable.h"

struct symbol {
	uint64_t addr;
	char text[KSYM_TEXT];
};

struct module;

struct kern {
	const struct kern_ops *ops;
	void *ctx;
	struct kbtf *btf;
	struct symbol *symbols; /* once any was asked for */
	struct kern_tracer *tracers;
	unsigned int n_tracers;
	bool tracers_known;
	struct injectables injectables;
	struct module *modules; /* a list: those that were asked for */
};

void modules_free(struct module *m);
