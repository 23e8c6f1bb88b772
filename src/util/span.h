/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A piece of source text (a rule, a spec) and places in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source {
	const char *name; /* what diagnostics call it: "spec", "rules/io.rule" */
	const char *text; /* NUL-terminated; may hold newlines */
	size_t len;
};

struct span {
	uint32_t off;
	uint32_t len;
};

/* "not about the text": distinct from an empty span at offset 0 */
#define SPAN_NONE ((struct span){ UINT32_MAX, 0 })

static inline bool span_is_none(struct span s)
{
	return s.off == UINT32_MAX;
}

/* from the first byte of a to the last byte of b */
static inline struct span span_join(struct span a, struct span b)
{
	return (struct span){ a.off, b.off + b.len - a.off };
}

/* 1-based line and column (bytes) of an offset; the line's text without newline */
void source_locate(const struct source *src, uint32_t off, unsigned int *line, unsigned int *col,
		   const char **line_text, size_t *line_len);
