/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bcc's chain spec: `b() => a(int x)(x == 1)` is "in b, called from a with
 * x == 1". Everything bcc accepts and means is accepted and means the same;
 * what it accepts and drops or turns around (a second condition, a condition on
 * the target that does not come first) is an error that says what to write.
 */
#include "lang/parse.h"

#include <errno.h>

#include "lang/parser.h"
#include "util/cleanup.h"

/* frame = condition | func [ condition ] */
static int parse_frame(struct parser *p, struct frame *f)
{
	*f = (struct frame){ .at = p->tok.at, .func_at = SPAN_NONE, .params_at = SPAN_NONE };
	switch (p->tok.kind) {
	case TOK_BAD:
		return p->code;
	case TOK_LPAREN:
		if (parse_condition(p, f))
			return p->code;
		break;
	case TOK_NAME:
		if (parse_frame_func(p, f))
			return p->code;
		break;
	case TOK_CHAIN:
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "empty frame before '=>'");
	case TOK_RPAREN:
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "unmatched ')'");
	case TOK_END:
		if (p->last.len)
			return parser_fail(p, -EINVAL, ERR_SYNTAX, p->last,
					   "empty frame after '=>'");
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "empty spec");
		parser_hint(p, "write '(true)' to mean every call");
		return p->code;
	default:
		return parser_expected(p, "a function or '('");
	}
	f->at = span_join(f->at, p->last);
	return p->code;
}

/* what follows a frame must be "=>" or the end */
static int parse_separator(struct parser *p, bool *more)
{
	bool is_clause;

	*more = parser_at(p, TOK_CHAIN);
	if (*more || parser_at(p, TOK_END)) {
		parser_take(p, TOK_CHAIN);
		return p->code;
	}
	if (parser_at(p, TOK_RPAREN))
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "unmatched ')'");
	if (parser_at(p, TOK_ARROW) || parser_at(p, TOK_GE) || parser_at(p, TOK_ASSIGN))
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
				   "expected '=>' between frames, not '%.*s'",
				   STR_FMT(p->tok.text));
	if (caller_mark_ahead(p)) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, (struct span){ p->tok.at.off, 2 },
			    "'<-' in a spec");
		parser_hint(p, "in a spec chains are written callee => caller");
		return p->code;
	}
	is_clause = parser_at(p, TOK_NAME) && is_clause_word(p->tok.text);
	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "text after the last frame");
	parser_hint(p, is_clause ? "clauses are for rules; a spec has frames and conditions only"
				 : "frames are joined by '=>'");
	return p->code;
}

static bool is_target(const struct rule *r, const struct frame *f)
{
	return !f->func.len || str_eq(f->func, r->target);
}

/* bcc would attach the injection to the frame on its left (peers B3) */
static int refuse_late_target(struct parser *p, const struct frame *f)
{
	struct span at = span_is_none(f->func_at) ? f->pred->at : f->func_at;

	parser_fail(p, -EINVAL, ERR_SYNTAX, at, "a frame about '%.100s' must come first",
		    p->rule->target);
	parser_hint(p, "write '%.*s => ...'", f->at.len < 120 ? (int)f->at.len : 120,
		    p->src->text + f->at.off);
	return p->code;
}

/*
 * bcc had the thread's id in `pid`, and had no other names of parameters than the
 * declared ones; there the same spec means something else.
 */
static void note_pid(struct rule *r, const struct frame *f, const struct expr *e)
{
	if (!e || r->n_notes)
		return;
	for (unsigned int i = 0; i < f->n_params; i++)
		if (str_eq(f->params[i].name, "pid"))
			return;
	for (const struct local *l = e->locals; l; l = l->next) {
		if (str_eq(l->name, "pid"))
			return;
		note_pid(r, f, l->init);
	}
	if (e->kind == EXPR_NAME && str_eq(e->name, "pid"))
		rule_note(r, e->at,
			  "'pid' is the process here; for the thread, which it was in bcc, "
			  "write 'tid'");
	note_pid(r, f, e->a);
	note_pid(r, f, e->b);
	note_pid(r, f, e->c);
	for (unsigned int i = 0; i < e->n_args; i++)
		note_pid(r, f, e->args[i]);
}

/* spec = frame *( "=>" frame ) */
static int parse_chain(struct parser *p)
{
	struct rule *r = p->rule;
	struct chain *c = r->chains;
	bool more, first = true;

	c->frames = p->frames;
	do {
		struct frame f;

		if (parse_frame(p, &f))
			return p->code;
		if (first && is_target(r, &f)) {
			r->on_target = f;
		} else if (is_target(r, &f)) {
			return refuse_late_target(p, &f);
		} else if (!frame_add(p, &f)) {
			return p->code;
		} else {
			c->at = c->n_frames++ ? span_join(c->at, f.at) : f.at;
			r->n_chains = 1;
		}
		note_pid(r, &f, f.pred);
		first = false;
		if (parse_separator(p, &more))
			return p->code;
	} while (more);
	return 0;
}

int spec_parse(struct rule **out, const char *name, const char *text, const char *target,
	       struct err *err)
{
	_cleanup_(rule_freep) struct rule *r = NULL;
	struct parser p;
	int ret = rule_new(&r, name, text, err);

	if (ret)
		return ret;
	r->is_spec = true;
	r->target = target;
	parser_init(&p, r, err);
	p.bare_strings = true;
	if (parse_chain(&p))
		return p.code;
	*out = take_ptr(r);
	return 0;
}
