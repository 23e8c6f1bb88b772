/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bcc trace's probes:
 *
 *	probe     = place [ "(" params ")" ] [ "(" condition ")" ] [ action ]
 *	place     = func | lib ":" func | kind ":" lib ":" func
 *	kind      = "" | "p" | "r" | "t" | "u"
 *	func      = name [ "+" offset ]
 *	action    = string *( "," expr )
 *
 * The place is no C: it ends at the first blank, parenthesis or quote. Parameters touch
 * it; in bcc so does, and is taken for parameters, a condition that has no blank before
 * it, which is told apart here by what is in it.
 */
#include <errno.h>
#include <string.h>

#include "lang/parse_probe.h"
#include "util/cleanup.h"

void probe_free(struct probe *p)
{
	rule_free(p->rule);
	*p = (struct probe){ 0 };
}

static struct span text_span(const struct parser *p, const char *from, size_t len)
{
	return (struct span){ (uint32_t)(from - p->src->text), (uint32_t)len };
}

static const char *copy(struct parser *p, const char *from, size_t len)
{
	const char *s = arena_strndup(p->arena, from, len);

	if (!s)
		parser_fail(p, -ENOMEM, ERR_MEMORY, SPAN_NONE, "out of memory");
	return s;
}

/* "+0x1f": hexadecimal only with an x, as bcc has it */
static int parse_offset(struct parser *p, struct probe *probe, const char *plus, size_t len)
{
	const char *digits = plus + 1;
	bool hex = memchr(digits, 'x', len - 1) || memchr(digits, 'X', len - 1);
	char text[24];

	if (len - 1 < sizeof(text)) {
		memcpy(text, digits, len - 1);
		text[len - 1] = '\0';
		if (!hex)
			digits = text + strspn(text, "0");
		else
			digits = text;
		if (len > 1 && str_to_u64(*digits ? digits : "0", &probe->offset) == 0 &&
		    probe->offset <= UINT32_MAX)
			return 0;
	}
	return parser_fail(p, -EINVAL, ERR_SYNTAX, text_span(p, plus, len),
			   "'%.*s' is no offset: a number, hexadecimal with 0x",
			   len < 40 ? (int)len : 40, plus);
}

static int parse_func(struct parser *p, struct probe *probe, const char *s, size_t len)
{
	const char *plus = probe->kind == PROBE_ENTRY || probe->kind == PROBE_RETURN
				   ? memchr(s, '+', len)
				   : NULL;
	size_t name = plus ? (size_t)(plus - s) : len;

	probe->func_at = text_span(p, s, len);
	if (!name)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, probe->func_at,
				   "the name of %s is missing",
				   probe->kind == PROBE_TRACEPOINT ? "an event" : "a function");
	if (name > LIMIT_IDENT)
		return parser_fail(p, -E2BIG, ERR_LIMIT, probe->func_at,
				   "a function's name has at most %d characters", LIMIT_IDENT);
	probe->func = copy(p, s, name);
	probe->is_pattern = probe->func && strpbrk(probe->func, "*?[") != NULL;
	if (!plus || p->code)
		return p->code;
	if (probe->kind == PROBE_RETURN)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, text_span(p, plus, len - name),
				   "a function returns as a whole: no offset with 'r'");
	if (probe->is_pattern)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, text_span(p, plus, len - name),
				   "an offset into each function of a pattern means nothing");
	return parse_offset(p, probe, plus, len - name);
}

static int parse_kind(struct parser *p, struct probe *probe, const char *s, size_t len)
{
	static const struct {
		const char *word;
		enum probe_kind kind;
	} kinds[] = {
		{ "", PROBE_ENTRY },	   { "p", PROBE_ENTRY }, { "r", PROBE_RETURN },
		{ "t", PROBE_TRACEPOINT }, { "u", PROBE_USDT },
	};
	struct str word = { s, len };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(word, kinds[i].word)) {
			probe->kind = kinds[i].kind;
			return 0;
		}
	parser_fail(p, -EINVAL, ERR_SYNTAX, text_span(p, s, len), "no kind of probe '%.*s'",
		    len < 40 ? (int)len : 40, s);
	parser_hint(p, "p: entry, r: return, t: tracepoint, u: USDT, as in r:LIBRARY:FUNCTION");
	return p->code;
}

/* what is between kind and function; a path may hold colons */
static int parse_library(struct parser *p, struct probe *probe, const char *s, size_t len)
{
	const char *colon = NULL;

	for (size_t i = 0; probe->kind == PROBE_USDT && i < len; i++)
		if (s[i] == ':')
			colon = s + i;
	if (!len && probe->kind >= PROBE_TRACEPOINT)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, probe->at,
				   probe->kind == PROBE_USDT
					   ? "a library or program is missing: u:LIBRARY:PROBE"
					   : "the category is missing: t:CATEGORY:EVENT");
	if (len)
		probe->library = copy(p, s, colon ? (size_t)(colon - s) : len);
	if (colon)
		probe->provider = copy(p, colon + 1, len - (size_t)(colon + 1 - s));
	return p->code;
}

static int parse_place(struct parser *p, struct probe *probe)
{
	const char *s = p->src->text + strspn(p->src->text, " \t\n");
	size_t len = strcspn(s, " \t\n(\"");
	const char *first = memchr(s, ':', len), *last = NULL;

	probe->at = text_span(p, s, len);
	for (size_t i = 0; i < len; i++)
		if (s[i] == ':')
			last = s + i;
	p->lx.pos = (size_t)(s + len - p->src->text);
	if (!len)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, text_span(p, s, 0),
				   "a probe begins with a function, as in 'r::tcp_v4_connect'");
	if (!first)
		return parse_func(p, probe, s, len);
	if (first == last) {
		if (first == s + 1 && strchr("pru", *s))
			rule_note(
				p->rule, probe->at,
				"'%.*s' is the function of a library '%c': for the kernel's write "
				"'%c::%.*s'",
				(int)len, s, *s, *s, (int)len - 2, s + 2);
		else if (first == s + 1 && *s == 't')
			rule_note(p->rule, probe->at,
				  "'%.*s' is the function of a library 't'; a tracepoint is "
				  "t:CATEGORY:EVENT",
				  (int)len, s);
		if (first > s)
			probe->library = copy(p, s, (size_t)(first - s));
		return parse_func(p, probe, first + 1, len - (size_t)(first + 1 - s));
	}
	if (parse_kind(p, probe, s, (size_t)(first - s)) ||
	    parse_library(p, probe, first + 1, (size_t)(last - first - 1)))
		return p->code;
	return parse_func(p, probe, last + 1, len - (size_t)(last + 1 - s));
}

/* arg1 to arg6 */
static bool is_argument(struct str name)
{
	return name.len == 4 && !memcmp(name.p, "arg", 3) && name.p[3] >= '1' && name.p[3] <= '6';
}

/* what bcc's tool took in another sense, or by a bug: a script may rely on it; one is told */
static void note_bcc(const struct probe *probe, const struct expr *e)
{
	struct rule *r = probe->rule;

	if (!e || r->n_notes)
		return;
	if (e->kind == EXPR_NAME && str_eq(e->name, "$pid"))
		rule_note(r, e->at,
			  "'$pid' is the process here; for the thread, which it was in bcc, "
			  "write '$tid'");
	else if (e->kind == EXPR_NAME && probe->kind == PROBE_RETURN && is_argument(e->name))
		rule_note(r, e->at,
			  "'%.*s' is what the function was called with; in bcc's return probes it "
			  "was what its register had by then",
			  STR_FMT(e->name));
	else if (e->kind == EXPR_CALL && str_eq(e->name, "STRCMP"))
		rule_note(r, e->at,
			  "STRCMP compares whole strings; bcc's took all that begin so, for which "
			  "there is STRPREFIX");
	for (const struct local *l = e->locals; l; l = l->next)
		note_bcc(probe, l->init);
	note_bcc(probe, e->a);
	note_bcc(probe, e->b);
	note_bcc(probe, e->c);
	for (unsigned int i = 0; i < e->n_args; i++)
		note_bcc(probe, e->args[i]);
}

/* everything in it is declared: "(void)", "(struct sock *sk)", "()" */
static bool params_touch(const struct parser *p)
{
	struct err ignored = { 0 };
	struct frame f = { .params_at = SPAN_NONE };
	struct parser ahead = *p;

	ahead.err = ahead.lx.err = &ignored;
	parser_next(&ahead);
	if (parser_at(&ahead, TOK_RPAREN))
		return true;
	if (parse_params(&ahead, &f) || !parser_at(&ahead, TOK_RPAREN))
		return false;
	for (unsigned int i = 0; i < f.n_params; i++)
		if (!f.params[i].name.len)
			return false;
	return true;
}

static int parse_signature(struct parser *p, struct probe *probe)
{
	struct frame *f = &p->rule->on_target;
	struct span outer, start = p->tok.at;

	if (probe->kind >= PROBE_TRACEPOINT)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, start, "%s has no parameters to declare",
				   probe->kind == PROBE_USDT ? "a USDT probe" : "a tracepoint");
	f->has_params = true;
	outer = parser_open(p);
	if (parse_params(p, f) || parser_close(p, outer, "',' or ')'"))
		return p->code;
	f->params_at = span_join(start, p->last);
	return 0;
}

/* values, one for each conversion */
static int parse_values(struct parser *p, struct probe *probe)
{
	unsigned int n = 0;

	while (parser_take(p, TOK_COMMA)) {
		if (n == probe->n_values)
			return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
					   "the format has %s for this value",
					   n ? "no conversion left" : "no conversion");
		probe->values[n++].value = parse_expr(p);
	}
	if (p->code)
		return p->code;
	if (!parser_at(p, TOK_END))
		return parser_expected(p, "',' or the end");
	if (n < probe->n_values) {
		const struct conversion *c = &probe->values[n];

		return parser_fail(p, -EINVAL, ERR_SYNTAX, c->at, "there is no value for '%.*s'",
				   (int)c->at.len, p->src->text + c->at.off);
	}
	return 0;
}

static int parse_probe(struct parser *p, struct probe *probe)
{
	struct frame *f = &p->rule->on_target;
	bool touches;

	if (parse_place(p, probe))
		return p->code;
	touches = p->src->text[p->lx.pos] == '(';
	p->rule->target = probe->func;
	p->rule->target_at = probe->func_at;
	f->at = f->func_at = probe->func_at;
	f->func = (struct str){ probe->func, strlen(probe->func) };
	p->tok.kind = TOK_END;
	parser_next(p);
	if (parser_at(p, TOK_LPAREN) && touches && params_touch(p) && parse_signature(p, probe))
		return p->code;
	if (parser_at(p, TOK_LPAREN) && parse_condition(p, f))
		return p->code;
	if (parser_at(p, TOK_END) || p->code)
		return p->code;
	if (!parser_at(p, TOK_STRING)) {
		parser_expected(
			p, f->pred ? "a format in double quotes"
				   : "a condition in parentheses or a format in double quotes");
		return p->code;
	}
	return parse_format(p, probe) ? parse_values(p, probe) : p->code;
}

int probe_parse(struct probe *out, const char *name, const char *text,
		const struct probe_opts *opts, struct err *err)
{
	_cleanup_(probe_free) struct probe probe = { .func_at = SPAN_NONE };
	struct parser p;
	int ret = rule_new(&probe.rule, name, text, err);

	if (ret)
		return ret;
	parser_init_at(&p, probe.rule, err);
	p.probe = true;
	p.bin_cmp = opts->bin_cmp;
	if (p.code || parse_probe(&p, &probe))
		return p.code;
	note_bcc(&probe, probe.rule->on_target.pred);
	for (unsigned int i = 0; i < probe.n_values; i++)
		note_bcc(&probe, probe.values[i].value);
	*out = probe;
	probe.rule = NULL;
	return 0;
}
