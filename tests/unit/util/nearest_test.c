// SPDX-License-Identifier: LGPL-2.1-or-later
/* The nearest of many names, and how they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/nearest.h"

static void told(const char *name, const char *const *offered, const char *note)
{
	const char *out[3];
	struct nearest s;
	struct err err = { .code = -1 };

	nearest_init(&s, name, out, 3);
	for (; *offered; offered++)
		nearest_offer(&s, *offered);
	nearest_note(&s, &err);
	assert_int_equal(err.n_notes, note != NULL);
	if (note)
		assert_string_equal(err.note[0].msg, note);
}

static void nearest_are_told_in_order(void **state)
{
	(void)state;
	told("malloc", (const char *const[]){ "free", "", NULL }, NULL);
	told("mallok", (const char *const[]){ "free", "malloc", NULL }, "did you mean 'malloc'?");
	told("readlinee", (const char *const[]){ "readlin", "readline", "readline", NULL },
	     "did you mean 'readline' or 'readlin'?");
	told("abcdef", (const char *const[]){ "abcdxx", "abcdex", "abcdey", "abcdefg", NULL },
	     "did you mean 'abcdex', 'abcdey' or 'abcdefg'?");
}

/* as the kernel renames: __kmalloc_noprof is no typing error of __kmalloc, but what it became */
static void what_goes_on_is_near(void **state)
{
	(void)state;
	told("__kmalloc", (const char *const[]){ "__alloc", "__d_alloc", "__kmalloc_noprof", NULL },
	     "did you mean '__kmalloc_noprof', '__alloc' or '__d_alloc'?");
	told("kfree_skb",
	     (const char *const[]){ "kfree_skb_list_reason", "kfree_skb_reason", NULL },
	     "did you mean 'kfree_skb_reason' or 'kfree_skb_list_reason'?");
	told("kfree_skb", (const char *const[]){ "kfree_skbs_of_many", NULL }, NULL);
	told("tcp", (const char *const[]){ "tcp_v4_connect", NULL }, NULL);
	told("tcpx", (const char *const[]){ "tcpx_v4_connect", NULL },
	     "did you mean 'tcpx_v4_connect'?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_are_told_in_order),
		cmocka_unit_test(what_goes_on_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
