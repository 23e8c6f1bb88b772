/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What events say: values as formats want them, and the edges of what is asked for. */
#include "feature/trace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* a record with room for one value */
struct one {
	struct record head;
	uint64_t value[16];
};

static void say(const char *text, uint64_t value, unsigned int bytes, bool typed, bool fault,
		const char *wanted)
{
	static const struct probe_opts po;
	struct plan_place place = { .returned = { .kind = TYPE_OTHER } };
	struct plan_probe plan = { .places = &place, .n_places = 1 };
	struct trace_layout layout = { .n_values = 1 };
	struct one *one = calloc(1, sizeof(*one));
	struct trace_tail *tail = (void *)one->head.stack;
	struct trace t = { 0 };
	struct probe probe = { 0 };
	struct buf out = { 0 };
	struct err err = { 0 };
	struct tracing_event e = {
		.head = &one->head, .tail = tail, .layout = &layout, .probe = &plan, .place = &place
	};

	assert_int_equal(probe_parse(&probe, "probe", text, &po, &err), 0);
	plan.probe = &probe;
	tail->faults = fault;
	layout.value[0] = (struct trace_value){
		.conv = probe.n_values ? &probe.values[0] : NULL,
		.string = probe.n_values && probe.values[0].letter == 's',
		.off = offsetof(struct one, value),
		.bytes = bytes,
		.typed = typed,
	};
	one->value[0] = value;
	trace_message(&t, &e, &out);
	assert_string_equal(buf_str(&out), wanted);
	buf_free(&out);
	probe_free(&probe);
	free(one);
}

static void numbers(void **state)
{
	(void)state;
	/* a mere register: as much as C's conversion takes */
	say("f \"ret: %d\", arg1", 0xfffffff4, 8, false, false, "ret: -12");
	say("f \"%x\", arg1", 0x123456789abcdef0, 8, false, false, "9abcdef0");
	say("f \"%lx\", arg1", 0x123456789abcdef0, 8, false, false, "123456789abcdef0");
	/* a type that is known: all of it, or what was asked for */
	say("f \"%d\", arg1", 0x123456789abcdef0, 8, true, false, "1311768467463790320");
	say("f \"%hhd\", arg1", 0xff, 8, true, false, "-1");
	say("f \"%d\", arg1", 0xffff, 2, true, false, "-1");
	say("f \"%u\", arg1", 0xffff, 2, true, false, "65535");
	say("f \"|%5d|\", arg1", 42, 4, true, false, "|   42|");
	say("f \"|%-5d|%%\", arg1", 42, 4, true, false, "|42   |%");
	say("f \"%#06x\", arg1", 42, 4, true, false, "0x002a");
	say("f \"%+.3d\", arg1", 42, 4, true, false, "+042");
	say("f \"%c\", arg1", 'x', 4, true, false, "x");
	say("f \"%p\", arg1", 0xffff8880, 8, true, false, "0xffff8880");
	say("f \"%e\", arg1", 0xfffffffffffffffe, 8, true, false, "-2 ENOENT");
	say("f \"%e|\", arg1", 3, 4, true, false, "3|");
	say("f \"|%12e|\", arg1", 0xfffffff4, 4, true, false, "|  -12 ENOMEM|");
	say("f \"%d\", arg1", 0, 4, true, true, "(fault)");
}

static void texts(void **state)
{
	uint64_t word;

	(void)state;
	memcpy(&word, "seven\0\0", 8);
	say("f \"%s\", arg1", word, 80, true, false, "seven");
	say("f \"|%7s|\", arg1", word, 80, true, false, "|  seven|");
	say("f \"|%-7s|\", arg1", word, 80, true, false, "|seven  |");
	say("f \"%.3s\", arg1", word, 80, true, false, "sev");
	say("f \"%s\", arg1", word, 80, true, true, "(fault)");
	memcpy(&word, "a\n\033[1m\0", 8); /* what a terminal would obey */
	say("f \"%s\", arg1", word, 80, true, false, "a\\n\\x1b[1m");
	memcpy(&word, "\xc3\xa4\xc2\x9b\x9bm\0", 8); /* a letter, CSI, CSI of 8 bits */
	say("f \"%s\", arg1", word, 80, true, false, "\xc3\xa4\\xc2\\x9b\\x9bm");
}

static void results(void **state)
{
	(void)state;
	say("r::f", 0xfffffff4, 8, false, false, "= -12 ENOMEM"); /* nobody says what it is */
	say("r::f", 7, 8, false, false, "= 7");
}

static int prepare(unsigned int n_probes, unsigned int string_bytes)
{
	const char *probes[LIMIT_PROBES + 1];
	const struct trace_feature_opts o = { .probes = probes,
					      .n_probes = n_probes,
					      .string_bytes = string_bytes };
	struct trace t = { 0 };
	struct err err = { 0 };
	int ret;

	for (unsigned int i = 0; i < n_probes; i++)
		probes[i] = "f \"%d\""; /* an error, which only who reads it finds */
	ret = trace_prepare(&t, &o, &err);
	trace_free(&t);
	return ret;
}

static void edges(void **state)
{
	(void)state;
	assert_int_equal(prepare(LIMIT_PROBES, LIMIT_TRACE_STRING), -EINVAL);
	assert_int_equal(prepare(LIMIT_PROBES + 1, 80), -E2BIG);
	assert_int_equal(prepare(1, LIMIT_TRACE_STRING + 1), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts),
		cmocka_unit_test(results),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests_name("feature/trace_test", tests, NULL, NULL);
}
