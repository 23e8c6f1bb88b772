/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode probe. probe: TEXT; bin: yes for -B; stage: asm for its programs' instructions,
 * over the types of tests/diff/fixture. Without a stage its canonical form, which has to
 * parse to itself, and notes.
 */
#include <stdlib.h>
#include <string.h>

#include "comp/ir.h"
#include "comp/trace.h"
#include "golden.h"
#include "tests/diff/fixture.h"
#include "util/cleanup.h"
#include "util/diag.h"

static void check_round_trip(const char *text, const struct probe_opts *opts, struct buf *out)
{
	_cleanup_(probe_free) struct probe second = { 0 };
	_cleanup_buf_ struct buf again = { 0 };
	struct err err = { 0 };

	if (probe_parse(&second, "canonical", text, opts, &err)) {
		buf_puts(out, "ROUND TRIP FAILS\n");
		diag_render(&err, NULL, out);
		return;
	}
	probe_print(&second, &again);
	if (strcmp(text, buf_str(&again)) != 0)
		buf_printf(out, "ROUND TRIP DIFFERS: %s\n", buf_str(&again));
}

static void show_notes(const struct rule *rule, struct buf *out)
{
	for (unsigned int i = 0; i < rule->n_notes; i++)
		buf_printf(out, "note: %s\n", rule->notes[i].text);
}

static int show_programs(const struct probe *probe, const struct kbtf *btf, struct buf *out,
			 struct err *err)
{
	const struct trace_opts opts = {
		.btf = btf,
		.scope.self = 100,
		.string_bytes = 80,
		.cpu_slots = 4,
	};
	const struct comp_context context = { .regs = true, .timed = probe->kind == PROBE_RETURN };
	struct comp_func func = { .name = probe->func, .context = &context };
	const struct trace_job job = {
		.opts = &opts,
		.probe = probe,
		.func = &func,
		.control = sizeof(struct control),
		.after = sizeof(struct task_state),
	};
	struct trace_programs t = { 0 };
	struct kbtf_proto proto;
	int ret;

	func.returned = probe->kind == PROBE_RETURN;
	if (kbtf_func(opts.btf, probe->func, &proto) == 0)
		func.func_id = proto.func_id;
	ret = comp_trace(&job, &t, err);
	for (unsigned int i = 0; ret == 0 && i < t.progs.n_progs; i++) {
		buf_printf(out, "%s %s\n", t.progs.progs[i].name, t.progs.progs[i].func);
		prog_print(&t.progs.progs[i], out);
	}
	trace_programs_free(&t);
	return ret;
}

void golden_probe(const struct golden_input *in, struct buf *out)
{
	_cleanup_(probe_free) struct probe probe = { 0 };
	_cleanup_(kbtf_freep) struct kbtf *btf = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	const struct probe_opts opts = { .bin_cmp = golden_get(in, "bin") != NULL };
	const char *probe_text = golden_get(in, "probe");
	struct err err = { 0 };
	int ret = probe_parse(&probe, "probe", probe_text ? probe_text : "", &opts, &err);

	if (!ret && golden_get(in, "stage"))
		ret = fixture_btf(&btf);
	if (!ret && btf)
		ret = show_programs(&probe, btf, &text, &err);
	else if (!ret)
		probe_print(&probe, &text);
	if (ret) {
		buf_printf(out, "%%%%FAIL %s\n", err_tag_name(err.tag));
		diag_render(&err, NULL, out);
		return;
	}
	buf_puts(out, buf_str(&text));
	if (golden_get(in, "stage"))
		return;
	buf_putc(out, '\n');
	show_notes(probe.rule, out);
	check_round_trip(buf_str(&text), &opts, out);
}
