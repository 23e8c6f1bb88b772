/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diff [OPTION]... [N [SEED]]: N random predicates, each compiled, loaded through the
 * real verifier and JIT, and run on random arguments and objects; each result has to
 * be the tree-walking evaluator's. What fails is shrunk. Objects live in a BPF array
 * that both sides see; other pointers surely fault. Needs root.
 *
 *   --btf FILE     over this kernel's types, not the fixture's
 *   --module FILE  and this module's: as fentry programs on its functions, in a guest
 *   --break OP     the evaluator gets this operator wrong: that has to be found, and
 *                  to shrink to a few words
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "btf_file.h"
#include "shrink.h"
#include "trial.h"
#include "util/diag.h"

#define RUNS	   12
#define FAILURES   5 /* more tell nothing new */
#define FEW_TOKENS 10

struct diff {
	struct trial t;
	const char *command, *btf, *module, *broken;
	unsigned long n;
	uint64_t seed; /* of the first program; the next has the next */
	unsigned int programs, rejected, refused, mismatches, failures;
	unsigned int found;   /* failures that shrank to a few words */
	unsigned int seen[5]; /* results by kind */
};

static const char *const results[] = {
	[TRIAL_REFUSED] = "refused by the verifier",
	[TRIAL_MISMATCH] = "mismatch",
	[TRIAL_BROKEN] = "cannot be judged",
};

/* the exact command that does this again */
static void print_repeat(const struct diff *d)
{
	printf("  repeat: %s", d->command);
	if (d->btf)
		printf(" --btf %s", d->btf);
	if (d->module)
		printf(" --module %s", d->module);
	if (d->broken)
		printf(" --break '%s'", d->broken);
	printf(" 1 %llu\n", (unsigned long long)(d->seed + d->programs));
}

static void complain(struct diff *d, const char *spec, enum trial_result how)
{
	struct buf small = { 0 };

	d->failures++;
	d->refused += how == TRIAL_REFUSED;
	d->mismatches += how == TRIAL_MISMATCH;
	trial_shrink(&d->t, spec, how, &small);
	d->found += how == TRIAL_MISMATCH && shrink_tokens(buf_str(&small)) <= FEW_TOKENS;
	printf("%s: %s\n", results[how], buf_str(&small));
	trial_print_values(&d->t, buf_str(&small));
	if (how == TRIAL_REFUSED && trial_start(&d->t, buf_str(&small)) == TRIAL_REFUSED)
		printf("%s\n", d->t.log.text);
	printf("  was: %s\n", spec);
	print_repeat(d);
	fflush(stdout);
	buf_free(&small);
}

/* limits and constant zeros are the generator's own doing; anything else is a failure */
static void reject(struct diff *d, const char *spec)
{
	const struct err *err = &d->t.err;
	struct buf text = { 0 };

	d->rejected++;
	if (err->tag == ERR_LIMIT || strstr(err->msg, "division by zero"))
		return;
	d->failures++;
	diag_render(err, NULL, &text);
	printf("rejected: %s\n%s", spec, buf_str(&text));
	print_repeat(d);
	buf_free(&text);
}

static void run_all(struct diff *d, const char *spec)
{
	enum trial_result r = TRIAL_AGREES;

	for (unsigned int i = 0; i < RUNS && r <= TRIAL_SKIPPED; i++) {
		trial_values(&d->t, i);
		r = trial_run(&d->t);
		d->seen[d->t.want]++;
	}
	trial_end(&d->t);
	if (r > TRIAL_SKIPPED)
		complain(d, spec, r);
}

static void try_one(struct diff *d)
{
	struct buf spec = { 0 };
	enum trial_result r;

	d->t.s.gen.state = d->seed + d->programs;
	d->t.reprint = d->t.s.gen.state & 1;
	if (!d->module && d->t.s.gen.state & 2)
		d->t.run.kind = PROG_SYSCALL_WAITS;
	else if (!d->module)
		d->t.run.kind = PROG_SYSCALL;
	d->t.s.ops->predicate(&d->t.s, &spec);
	r = trial_start(&d->t, buf_str(&spec));
	if (r == TRIAL_AGREES)
		run_all(d, buf_str(&spec));
	else if (r == TRIAL_REJECTED)
		reject(d, buf_str(&spec));
	else
		complain(d, buf_str(&spec), r);
	d->programs++;
	buf_free(&spec);
}

static bool is_hooked(const void *runner, const char *func)
{
	return runner_has(runner, func);
}

static int set_up(struct diff *d)
{
	struct kbtf *btf = NULL;
	int ret;

	d->t.run = runner_syscall;
	if (!d->btf)
		return subject_fixture(&d->t.s);
	ret = d->module ? btf_file_join(d->btf, d->module, &btf) : btf_file_open(d->btf, &btf);
	if (ret < 0)
		return ret;
	if (d->module)
		ret = runner_fentry(&d->t.run, btf);
	if (ret == 0)
		return subject_real(&d->t.s, btf, d->module ? is_hooked : NULL, &d->t.run);
	kbtf_free(btf);
	return ret;
}

static enum expr_op operator(const char *text) {
	for (enum expr_op op = OP_MUL; op <= OP_OR;
	     op++) if (!strcmp(expr_op_text(op), text)) return op;
		return OP_NONE;
}

static int parse_options(struct diff *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "btf", required_argument, NULL, 'b' },
		{ "module", required_argument, NULL, 'm' },
		{ "break", required_argument, NULL, 'x' },
		{ 0 },
	};
	int c;

	d->command = argv[0];
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'b')
			d->btf = optarg;
		else if (c == 'm')
			d->module = optarg;
		else if (c == 'x')
			d->broken = optarg;
		else
			return -1;
	}
	d->t.broken = d->broken ? operator(d->broken) : OP_NONE;
	d->n = optind < argc ? strtoul(argv[optind], NULL, 0) : 2000;
	if (optind + 1 < argc)
		d->seed = strtoull(argv[optind + 1], NULL, 0);
	else if (getrandom(&d->seed, sizeof(d->seed), 0) < 0)
		return -1;
	return (d->module && !d->btf) || (d->broken && !d->t.broken) ? -1 : 0;
}

static int verdict(const struct diff *d)
{
	printf("%u programs, %u rejected, %u refused by the verifier, %u mismatches; "
	       "%u false, %u true, %u faults, %u unknown, %u broken\n",
	       d->programs, d->rejected, d->refused, d->mismatches, d->seen[EVAL_FALSE],
	       d->seen[EVAL_TRUE], d->seen[EVAL_FAULT], d->seen[EVAL_UNKNOWN],
	       d->seen[EVAL_BROKEN]);
	if (d->broken)
		return d->found ? 0 : 1;
	return d->failures || d->programs < d->n;
}

int main(int argc, char **argv)
{
	static struct diff d = { .t = { .s = { .region = REGION_NONE } } };
	int ret;

	if (parse_options(&d, argc, argv) < 0) {
		fprintf(stderr, "usage: diff [--btf FILE [--module FILE]] [--break OP] "
				"[N [SEED]]\n");
		return 2;
	}
	if (run_prog_possible() < 0)
		return 77;
	printf("seed %llu\n", (unsigned long long)d.seed);
	fflush(stdout);
	ret = set_up(&d);
	if (ret < 0) {
		printf("cannot set up: %s\n", strerror(-ret));
		return 1;
	}
	if (d.btf)
		printf("%u functions, %u structures\n", d.t.s.index.n_funcs, d.t.s.index.n_records);
	while (d.programs < d.n && d.failures < FAILURES && !(d.broken && d.found))
		try_one(&d);
	runner_free(&d.t.run);
	subject_free(&d.t.s);
	return verdict(&d);
}
