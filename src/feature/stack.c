// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/stack.h"

#include <stdbool.h>
#include <string.h>

#define TRAMPOLINE "bpf_trampoline_"
#define PROGRAM	   "bpf_prog_"

static bool is_trampoline(const char *symbol)
{
	return strncmp(symbol, TRAMPOLINE, strlen(TRAMPOLINE)) == 0;
}

/* "tcp_v4_connect+0x26b" and "tcp_v4_connect+0x9" */
static bool same_function(const char *a, const char *b)
{
	size_t len = strcspn(a, "+");

	return len == strcspn(b, "+") && strncmp(a, b, len) == 0;
}

unsigned int stack_tidy(const char **stack, unsigned int n)
{
	unsigned int kept = 0, first = 0;

	/* a program of a trampoline sees itself, its trampoline, then the function */
	while (first + 1 < n && (strncmp(stack[first], PROGRAM, strlen(PROGRAM)) == 0 ||
				 is_trampoline(stack[first])))
		first++;
	for (unsigned int i = first; i < n; i++) {
		if (!is_trampoline(stack[i])) {
			stack[kept++] = stack[i];
			continue;
		}
		if (kept && i + 1 < n && same_function(stack[kept - 1], stack[i + 1]))
			i++;
	}
	return kept;
}
