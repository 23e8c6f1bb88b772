/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "vm/console.h"

static struct console con;

static void say(const char *text)
{
	console_add(&con, text, strlen(text));
}

static int start(void **state)
{
	(void)state;
	memset(&con, 0, sizeof(con));
	say("[    0.000000] Linux version 6.12\n");
	return 0;
}

/* what is said of a fault, and the line the report must begin with */
static void faults_are_seen(void **state)
{
	static const char *const faults[][2] = {
		{ "[    1.5] ------------[ cut here ]------------\n"
		  "[    1.5] refcount_t: underflow; use-after-free.\n"
		  "[    1.5] WARNING: CPU: 0 PID: 9 at lib/refcount.c:28\n",
		  "[    1.5] ------------[ cut here ]" },
		{ "[    1.5] BUG: KASAN: slab-use-after-free in f+0x1/0x2\n",
		  "[    1.5] BUG: KASAN" },
		{ "[    1.5] BUG kmalloc-64 (Not tainted): Right Redzone overwritten\n",
		  "[    1.5] BUG kmalloc-64" },
		{ "[    1.5] BUG: sleeping function called from invalid context at m.c:3\n",
		  "[    1.5] BUG: sleeping" },
		{ "[    1.5] WARNING: possible circular locking dependency detected\n",
		  "[    1.5] WARNING: possible circular" },
		{ "[    1.5] WARNING: inconsistent lock state\n", "[    1.5] WARNING: incons" },
		{ "[    1.5] WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected\n",
		  "[    1.5] WARNING: HARDIRQ-safe" },
		{ "[    1.5] WARNING: suspicious RCU usage\n", "[    1.5] WARNING: susp" },
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		_cleanup_free_ char *words = NULL;

		start(state);
		say(faults[i][0]);
		assert_true(console_has_warn(&con));
		assert_false(console_has_panic(&con));
		words = console_warn_words(&con);
		assert_non_null(words);
		assert_memory_equal(words, faults[i][1], strlen(faults[i][1]));
	}
}

/* said by stock kernels that are well */
static void advice_is_no_fault(void **state)
{
	(void)state;
	say("[    0.1] Spectre V2 : WARNING: Unprivileged eBPF is enabled, data leaks possible\n"
	    "[    0.1] WARNING: Spectre v2 mitigation leaves CPU vulnerable\n"
	    "[    0.2] [Firmware Bug]: TSC doesn't count with P0 frequency!\n"
	    "[    0.3] mtrr: your CPUs had inconsistent fixed MTRR settings\n"
	    "[    0.4] kmemleak: Automatic memory scanning thread started\n");
	assert_false(console_has_warn(&con));
	assert_null(console_warn_words(&con));
}

/* A guest that floods its log with other things afterwards does not hide it. */
static void fault_is_not_forgotten(void **state)
{
	(void)state;
	say("[    1.5] WARNING: possible recursive locking detected\n");
	for (size_t n = 0; n < (size_t)3 * CONSOLE_KEEP; n += 28)
		say("[    2.0] something else......\n");
	assert_true(console_has_warn(&con));
	assert_null(console_warn_words(&con));
	start(state);
	for (size_t n = 0; n < (size_t)3 * CONSOLE_KEEP; n += 28)
		say("[    2.0] something else......\n");
	assert_false(console_has_warn(&con));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(faults_are_seen, start),
		cmocka_unit_test_setup(advice_is_no_fault, start),
		cmocka_unit_test_setup(fault_is_not_forgotten, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
