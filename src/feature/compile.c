// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/compile.h"

#include "feature/inject.h"
#include "lang/parse.h"
#include "util/cleanup.h"

static int parse(const struct compile_opts *o, struct injection *in, struct injection_opts *io,
		 struct err *err)
{
	const struct inject_mode *mode;

	if (injection_alloc(in, 1, err))
		return err->code;
	if (!o->mode)
		return rule_parse(&in->rules->rule, "rule", o->rule, err);
	mode = inject_mode(o->mode, err);
	if (!mode)
		return err->code;
	io->value = mode->value;
	return spec_parse(&in->rules->rule, "spec", o->rule, mode->target, err);
}

static void put(const struct compile_opts *o, enum compile_stage stage, const char *heading,
		const struct buf *body, struct buf *out)
{
	if (!(o->stages & stage))
		return;
	if (o->stages != stage)
		buf_printf(out, "%s== %s ==\n", out->len ? "\n" : "", heading);
	buf_add(out, buf_str(body), body->len);
	if (body->len && body->data[body->len - 1] != '\n')
		buf_putc(out, '\n');
}

static void put_parsed(const struct compile_opts *o, const struct rule *rule, struct buf *out)
{
	_cleanup_buf_ struct buf text = { 0 }, tree = { 0 };

	rule_print(rule, &text);
	rule_dump(rule, &tree);
	put(o, COMPILE_RULE, "rule", &text, out);
	put(o, COMPILE_TREE, "tree", &tree, out);
}

static int put_compiled(const struct compile_opts *o, const struct session *s, struct buf *out,
			struct err *err)
{
	_cleanup_buf_ struct buf types = { 0 }, ir = { 0 }, insns = { 0 };
	int ret = session_explain(s, &types, &ir, err);

	if (ret)
		return ret;
	if (session_print(s, &insns))
		return err_nomem(err);
	put(o, COMPILE_TYPES, "types", &types, out);
	put(o, COMPILE_IR, "ir", &ir, out);
	put(o, COMPILE_INSNS, "insns", &insns, out);
	return 0;
}

int compile_text(const struct compile_opts *o, struct buf *text, struct buf *notes, struct err *err)
{
	struct injection in = { 0 };
	struct injection_opts io = { .schedule = { .probability = PROBABILITY_ALWAYS },
				     .force = o->force,
				     .engine = o->engine };
	int ret = parse(o, &in, &io, err);

	if (!ret)
		ret = kern_file(&in.kern, o->target_btf, err);
	if (!ret)
		ret = injection_compile(&in, &io, err);
	if (!ret) {
		put_parsed(o, in.rules->rule, text);
		ret = put_compiled(o, in.session, text, err);
	}
	if (!ret)
		buf_puts(notes, buf_str(&in.notes));
	if (!ret && (buf_err(text) || buf_err(notes)))
		ret = err_nomem(err);
	injection_free(&in);
	return ret;
}
