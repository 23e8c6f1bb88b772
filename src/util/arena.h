/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bump allocator: one rule, one arena, one free. Memory is zeroed. */
#pragma once

#include <stddef.h>

struct arena;

int arena_new(struct arena **out); /* 0 or -ENOMEM */
void arena_free(struct arena *a);
void arena_freep(struct arena **a);
void *arena_alloc(struct arena *a, size_t size); /* NULL when out of memory */
char *arena_strndup(struct arena *a, const char *s, size_t len);
