/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random programs, compiled and run, against what they mean. Whatever the
 * compiler gets wrong (registers, spills, moves, jumps) is a wrong result or a
 * refusal of the verifier.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ir_random.h"
#include "kern/sys.h"
#include "run_prog.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

static uint64_t first_seed;
static unsigned int n_programs = 3000;
static int control = -1;
static bool can_run;

static void fill(struct eval *e, uint64_t seed)
{
	struct rnd g = { .state = seed * 77 + 5 };

	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < sizeof(e->ctx); i++)
		e->ctx[i] = rnd_below(&g, 3) ? (uint8_t)rnd_next(&g) : 0;
	for (size_t i = 0; i < sizeof(e->map); i++)
		e->map[i] = (uint8_t)rnd_next(&g);
}

static void show(const struct ir *ir, const struct prog *p, uint64_t seed)
{
	_cleanup_buf_ struct buf text = { 0 };

	ir_print(ir, &text);
	prog_print(p, &text);
	printf("seed %llu\n%s", (unsigned long long)seed, buf_str(&text)); /* print_error() cuts */
}

/* three contexts each; false: print it and fail */
static bool agrees(const struct ir *ir, int fd, uint64_t seed)
{
	for (uint64_t k = 0; k < 3; k++) {
		struct eval real, meant;
		uint32_t key = 0, retval = 0, want;
		int r;

		fill(&meant, seed + k);
		real = meant;
		assert_int_equal(sys_map_update(control, &key, real.map, BPF_ANY), 0);
		r = run_prog_once(fd, real.ctx, sizeof(real.ctx), &retval);
		assert_int_equal(r, 0);
		assert_int_equal(sys_map_lookup(control, &key, real.map), 0);
		want = (uint32_t)eval_run(&meant, ir);
		if (retval != want || memcmp(real.ctx, meant.ctx, sizeof(real.ctx)) ||
		    memcmp(real.map, meant.map, sizeof(real.map))) {
			print_error("result %08x, meant %08x\n", retval, want);
			return false;
		}
	}
	return true;
}

static void test_random(void **state)
{
	static struct rnd g;
	struct run_maps maps = { 0 };
	static struct run_log log;
	unsigned int too_big = 0;

	(void)state;
	if (!can_run)
		skip();
	maps.fd[PROG_MAP_CONTROL] = control;
	for (uint64_t seed = first_seed; seed < first_seed + n_programs; seed++) {
		_cleanup_(prog_free) struct prog p = { 0 };
		_cleanup_(ir_freep) struct ir *ir = NULL;
		_cleanup_close_ int fd = -1;
		struct err err = { 0 };
		int r;

		assert_int_equal(rnd_program(&g, seed, true), 0);
		ir = g.ir;
		r = ir_assemble(ir, NULL, 0, &p, &err);
		if (r == -E2BIG) { /* spills of a large one */
			too_big++;
			continue;
		}
		if (r < 0)
			print_error("seed %llu: %s\n", (unsigned long long)seed, err.msg);
		assert_int_equal(r, 0);
		fd = run_prog_load(&p, NULL, &maps, &log);
		if (fd < 0) {
			show(ir, &p, seed);
			print_error("%s", log.text);
		}
		assert_true(fd >= 0);
		if (!agrees(ir, fd, seed)) {
			show(ir, &p, seed);
			fail();
		}
	}
	print_message("# %u programs from seed %llu, %u too big\n", n_programs,
		      (unsigned long long)first_seed, too_big);
	assert_true(too_big < n_programs / 10);
}

static int setup(void **state)
{
	static const struct sys_map map = { .name = "control",
					    .type = BPF_MAP_TYPE_ARRAY,
					    .key_size = 4,
					    .value_size = RND_MAP * 8,
					    .max_entries = 1,
					    .btf_fd = -1 };

	(void)state;
	if (can_run)
		control = sys_map_create(&map);
	return can_run && control < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_random, setup),
	};

	/* [SEED [PROGRAMS]] */
	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) << 16;
	if (argc > 2)
		n_programs = (unsigned int)strtoul(argv[2], NULL, 0);
	can_run = run_prog_possible() == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
