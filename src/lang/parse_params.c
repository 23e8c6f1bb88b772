/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A declaration's parameters alone, which somebody else than a rule wrote. */
#include <errno.h>

#include "lang/parse.h"
#include "lang/parser.h"
#include "util/cleanup.h"

int params_parse(struct rule **out, const char *text, struct err *err)
{
	_cleanup_(rule_freep) struct rule *r = NULL;
	struct parser p;
	int ret = rule_new(&r, "declaration", text, err);

	if (ret)
		return ret;
	parser_init(&p, r, err);
	if (!p.code && parser_at(&p, TOK_NAME) && parser_at_word(&p, "void") &&
	    parser_peek(&p).kind == TOK_END) {
		r->on_target.has_params = true;
	} else {
		if (!p.code && !parse_params(&p, &r->on_target) && !parser_at(&p, TOK_END))
			parser_expected(&p, "',' or the end");
		if (p.code)
			return p.code;
	}
	*out = take_ptr(r);
	return 0;
}
