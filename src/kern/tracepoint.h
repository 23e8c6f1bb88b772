/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tracepoints as tracefs describes them: number, and the fields of the record that a
 * program there gets as its context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kern/kern.h"

enum tracepoint_where {
	TRACEPOINT_HERE,
	/* Here are 4 bytes: length << 16 | how far away it is ... */
	TRACEPOINT_DATA_LOC, /* ... from the record's beginning */
	TRACEPOINT_REL_LOC,  /* ... from the end of these 4 bytes */
};

struct tracepoint_field {
	const char *name;
	const char *type; /* of one element, as written there: "const char *" */
	enum tracepoint_where where;
	bool is_array;
	bool is_signed;
	/*
	 * common_pid and such, which every record begins with: programs may not read them
	 * (tp_prog_is_valid_access(): not the first 8 bytes)
	 */
	bool is_common;
	uint32_t offset, size;
	uint32_t count; /* of an array that is here; 0: not known */
};

struct arena;

struct tracepoint {
	uint32_t id;
	/* Where the last field ends: a program that reads further is not attached (EACCES). */
	uint32_t size;
	unsigned int n_fields;
	struct tracepoint_field *fields;
	struct arena *arena; /* has names and types */
};

/* -ENOENT: no such event, with those that may be meant */
int kern_tracepoint(struct kern *k, const char *category, const char *event, struct tracepoint *out,
		    struct err *err);
const struct tracepoint_field *tracepoint_find(const struct tracepoint *t, const char *name);
void tracepoint_free(struct tracepoint *t);

/* of the text of a file events/CATEGORY/EVENT/format. Pure */
int tracepoint_parse(const char *format, struct tracepoint *out, struct err *err);
