/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text is a probe or an error, a probe's canonical text is the same probe, and what is
 * typed of it over the fixture's types becomes programs that hold together. The first byte
 * says which function's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "comp/ir.h"
#include "comp/trace.h"
#include "tests/diff/fixture.h"
#include "util/cleanup.h"
#include "util/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reparse(const struct probe *first, const struct probe_opts *opts)
{
	_cleanup_buf_ struct buf text = { 0 }, text2 = { 0 };
	_cleanup_(probe_free) struct probe second = { 0 };
	struct err err = { 0 };

	probe_print(first, &text);
	if (probe_parse(&second, "probe", buf_str(&text), opts, &err)) {
		/* escapes and blanks make the canonical text longer */
		if (err.tag == ERR_LIMIT)
			return;
		abort();
	}
	probe_print(&second, &text2);
	if (strcmp(buf_str(&text), buf_str(&text2)) != 0)
		abort();
}

static void compile(const struct probe *probe, const struct kbtf *btf, bool known)
{
	static const struct comp_field fields[] = {
		{ "number", 8, 4, FIELD_NUMBER, true },
		{ "array", 16, 16, FIELD_ARRAY, false },
		{ "text", 32, 4, FIELD_TEXT, false },
	};
	static const struct comp_operand operands[] = {
		{ OPERAND_CONST, 4, true, 5, -1, -1, 0 },
		{ OPERAND_MEMORY, 8, false, -8, 40, 80, 4 },
		{ OPERAND_UNREADABLE, 8, false, 0, -1, -1, 0 },
	};
	const struct comp_context context = {
		.fields = fields,
		.n_fields = 3,
		.has_fields = probe->kind == PROBE_TRACEPOINT,
		.operands = operands,
		.n_operands = 3,
		.has_operands = probe->kind == PROBE_USDT,
		.user = probe->library != NULL,
		.regs = true,
		.timed = probe->kind == PROBE_RETURN,
	};
	const struct trace_opts opts = {
		.btf = btf,
		.kernel_stack = known,
		.string_bytes = 80,
		.cpu_slots = 4,
	};
	struct comp_func func = { .name = "should_failslab",
				  .context = &context,
				  .returned = probe->kind == PROBE_RETURN };
	const struct trace_job job = {
		.opts = &opts,
		.probe = probe,
		.func = &func,
		.control = sizeof(struct control),
		.after = sizeof(struct task_state),
	};
	struct trace_programs t = { 0 };
	struct kbtf_proto proto;
	struct err err = { 0 };

	if (known && kbtf_func(btf, func.name, &proto) == 0)
		func.func_id = proto.func_id;
	if (comp_trace(&job, &t, &err)) {
		if (!err.code)
			abort();
		return;
	}
	for (unsigned int i = 0; i < t.progs.n_progs; i++)
		if (prog_check(&t.progs.progs[i], &err))
			abort();
	trace_programs_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kbtf *btf;
	_cleanup_(probe_free) struct probe probe = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	_cleanup_free_ char *text = calloc(1, size + 1);
	const struct probe_opts opts = { .bin_cmp = size && data[0] & 2 };
	struct err err = { 0 };
	int r;

	if (!text || !size || (!btf && fixture_btf(&btf)))
		return 0;
	memcpy(text, data + 1, size - 1);
	r = probe_parse(&probe, "probe", text, &opts, &err);
	if (!r != !err.code || !r != !!probe.rule || r > 0)
		abort();
	if (r) {
		diag_render(&err, "retcon", &out);
		return 0;
	}
	reparse(&probe, &opts);
	compile(&probe, btf, data[0] & 1);
	return 0;
}
