/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The native form up to its value: TARGET = VALUE. What it promises is in
 * retcon-rule(5); the clauses behind the value are in parse_clause.c.
 */
#include "lang/parse.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lang/parser.h"
#include "util/cleanup.h"
#include "util/errno_names.h"
#include "util/limits.h"

#define SOME_VALUES "a value is -ENOMEM, 0, NULL, true, ERR_PTR(-ENOENT) or the like"

static const struct mode {
	const char *word, *target, *value;
} modes[] = {
	{ "kmalloc", "should_failslab", "-ENOMEM" },
	{ "bio", "should_fail_bio", "-EIO" },
	{ "alloc_page", "should_fail_alloc_page", "true" },
};

static const struct mode *find_mode(struct str word)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (str_eq(word, modes[i].word))
			return &modes[i];
	return NULL;
}

static const char *copy_name(struct parser *p, struct str s)
{
	const char *copy = arena_strndup(p->arena, s.p, s.len);

	if (!copy)
		parser_fail(p, -ENOMEM, ERR_MEMORY, SPAN_NONE, "out of memory");
	return copy;
}

static bool has_prefix(struct str s, const char *prefix)
{
	return s.len > strlen(prefix) && !memcmp(s.p, prefix, strlen(prefix));
}

/* the names system calls had before 4.17 (d5a00528b58c); bcc's manual still has them */
static bool is_old_syscall(struct str s)
{
	if (!has_prefix(s, "SyS_") && !has_prefix(s, "sys_"))
		return false;
	s = (struct str){ s.p + 4, s.len - 4 };
	return !isdigit((unsigned char)*s.p) && type_is_plain_name(s);
}

static void set_syscall(struct parser *p, struct str name, struct span at)
{
	struct rule *r = p->rule;
	struct str bare = name;

	while (is_old_syscall(bare)) /* lest what is left, printed, mean another one */
		bare = (struct str){ bare.p + 4, bare.len - 4 };
	r->target_kind = TARGET_SYSCALL;
	r->target = copy_name(p, bare);
	if (bare.len != name.len)
		rule_note(r, at, "'%.*s' means the system call: syscall:%.*s", STR_SHORT(name),
			  STR_SHORT(bare));
}

/* of "[" to "]" with what names hold between them; 0: no set */
static size_t set_length(const char *text)
{
	size_t n = 1;

	while (isalnum((unsigned char)text[n]) || (text[n] && strchr("_.-^!", text[n])))
		n++;
	return n > 1 && text[n] == ']' ? n + 1 : 0;
}

/* of a pattern as in fnmatch(3): letters of a name, stars, question marks, [sets] */
static size_t pattern_length(const char *text, bool *is_pattern)
{
	size_t n = 0, set;

	for (*is_pattern = false;; n++) {
		set = text[n] == '[' ? set_length(text + n) : 0;
		if (set)
			n += set - 1;
		else if (!isalnum((unsigned char)text[n]) && (!text[n] || !strchr("_*?", text[n])))
			return n;
		*is_pattern |= set || text[n] == '*' || text[n] == '?';
	}
}

/* a name, or a pattern of names: *name, and tok is what follows; false: neither */
static bool take_name(struct parser *p, struct str *name, struct span *at)
{
	const char *text = p->src->text + p->tok.at.off;
	bool is_pattern;
	size_t len = pattern_length(text, &is_pattern);

	if (!is_pattern && !type_plain_name_ahead(p))
		return false;
	*at = is_pattern ? (struct span){ p->tok.at.off, (uint32_t)len } : p->tok.at;
	*name = is_pattern ? (struct str){ text, len } : p->tok.text;
	p->rule->is_pattern |= is_pattern;
	if (is_pattern && len > LIMIT_IDENT)
		return parser_fail(p, -E2BIG, ERR_LIMIT, *at,
				   "a pattern of %zu characters; at most "
				   "%d are allowed",
				   len, LIMIT_IDENT) == 0;
	if (is_pattern)
		p->lx.pos = p->tok.at.off + len;
	parser_next(p);
	return true;
}

/* target = module ":" func | "syscall:" name | "lsm:" hook ; tok is the ":" behind `prefix` */
static int parse_prefixed(struct parser *p, struct str prefix)
{
	bool is_syscall = str_eq(prefix, "syscall");
	struct span colon = p->tok.at;
	struct rule *r = p->rule;
	struct str name;
	struct span at;

	parser_next(p);
	if (parser_at(p, TOK_ASSIGN) && p->tok.at.off == colon.off + 1)
		return parser_fail(p, -EINVAL, ERR_SYNTAX, span_join(colon, p->tok.at),
				   "did you mean '='?");
	if (!take_name(p, &name, &at))
		return p->code ? p->code
			       : parser_expected(p, is_syscall ? "the name of a system call"
							       : "the name of a function");
	r->target_at = span_join(r->target_at, at);
	if (is_syscall) {
		set_syscall(p, name, r->target_at);
	} else if (!str_eq(prefix, "lsm")) {
		r->module = copy_name(p, prefix);
		r->target = copy_name(p, name);
	} else if (has_prefix(name, "security_")) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, at,
			    "a security hook is named without 'security_'");
		parser_hint(p, "write 'lsm:%.*s' for the hook, '%.*s' for the function",
			    STR_SHORT(((struct str){ name.p + 9, name.len - 9 })), STR_SHORT(name));
	} else {
		r->target_kind = TARGET_LSM;
		r->target = copy_name(p, name);
	}
	return p->code;
}

static int refuse_target(struct parser *p)
{
	if (parser_at(p, TOK_END)) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "empty rule");
		parser_hint(p, "write 'TARGET = VALUE', then clauses: "
			       "should_failslab = -ENOMEM under tcp_v4_connect");
		return p->code;
	}
	if (!parser_at(p, TOK_ASSIGN))
		return parser_expected(p, "the name of a function");
	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "nothing before '='");
	parser_hint(p, "a rule starts with the function whose value it replaces");
	return p->code;
}

/* target = func | mode | prefixed */
static int parse_target(struct parser *p)
{
	struct rule *r = p->rule;
	struct str name;
	const struct mode *mode;

	if (p->code)
		return p->code;
	if (!take_name(p, &name, &r->target_at))
		return p->code ? p->code : refuse_target(p);
	if (parser_at(p, TOK_COLON))
		return parse_prefixed(p, name);
	mode = find_mode(name);
	if (mode) {
		r->mode = mode->word;
		r->target = mode->target;
	} else if (is_old_syscall(name)) {
		set_syscall(p, name, r->target_at);
	} else {
		r->target = copy_name(p, name);
	}
	return p->code;
}

/* no "=" behind the target: somebody else's grammar, mostly */
static int refuse_assignment(struct parser *p)
{
	const struct rule *r = p->rule;
	struct str name = { p->src->text + r->target_at.off, r->target_at.len };
	const struct mode *mode = find_mode(name);
	struct token next = parser_peek(p);
	struct span value;

	switch (p->tok.kind) {
	case TOK_EQ:
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
				   "'==' compares; did you mean '='?");
	case TOK_CHAIN:
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "'=>' in a rule");
		parser_hint(p, "a rule is written '%.*s = VALUE under CALLER'", STR_SHORT(name));
		return p->code;
	case TOK_LPAREN:
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
			    "a target is named without parentheses");
		parser_hint(p, "a condition on it follows 'if': %.*s = VALUE if CONDITION",
			    STR_SHORT(name));
		return p->code;
	case TOK_DOT:
		return refuse_clone(p, name);
	default:
		value = span_join(p->tok.at, next.at);
		parser_expected(p, "'='");
		if (p->stop == TOK_MINUS && (next.kind == TOK_NAME || next.kind == TOK_INT))
			parser_hint(
				p, "write '%.*s = %.*s'", STR_SHORT(name),
				STR_SHORT(((struct str){ p->src->text + value.off, value.len })));
		else
			parser_hint(p, "write '%.*s = %s%s'", STR_SHORT(name),
				    mode ? mode->value : "VALUE",
				    next.kind == TOK_LPAREN ? " under CALLER" : "");
		return p->code;
	}
}

static int refuse_variable(struct parser *p, const struct expr *e)
{
	parser_fail(p, -EINVAL, ERR_SYNTAX, e->at, "'%.*s' is not constant",
		    e->at.len < 80 ? (int)e->at.len : 80, p->src->text + e->at.off);
	parser_hint(p, "a value is made of numbers, errno names and constants of enums");
	return p->code;
}

static int refuse_type(struct parser *p, const struct expr *e)
{
	parser_fail(p, -EINVAL, ERR_SYNTAX, e->at, "'%.*s' is a type, not a value",
		    STR_SHORT(e->name));
	parser_hint(p, "write '((%.*s)value)' to cast one", STR_SHORT(e->name));
	return p->code;
}

/* nothing that is only known when the target is called */
static int check_constant(struct parser *p, const struct expr *e)
{
	if (!e || p->code || e->kind == EXPR_SIZEOF)
		return p->code;
	if (e->kind == EXPR_STRING || e->kind == EXPR_MEMBER || e->kind == EXPR_INDEX ||
	    e->kind == EXPR_BLOCK || e->op == OP_DEREF || e->op == OP_ADDR ||
	    (e->kind == EXPR_NAME && *e->name.p == '$'))
		return refuse_variable(p, e);
	if (e->kind == EXPR_NAME && type_is_fixed_width(e->name))
		return refuse_type(p, e);
	for (unsigned int i = 0; i < e->n_args; i++)
		if (check_constant(p, e->args[i]))
			return p->code;
	if (check_constant(p, e->a) || check_constant(p, e->b))
		return p->code;
	return check_constant(p, e->c);
}

/* tok is a value by itself, or ERR_PTR(...) */
static bool is_plain_value(const struct parser *p)
{
	if (parser_peek(p).kind == TOK_LPAREN)
		return parser_at_word(p, "ERR_PTR");
	return parser_at_word(p, "NULL") || parser_at_word(p, "true") || parser_at_word(p, "false");
}

/* the value that a name in whatever case means, into `out`; false: none that we know */
static bool value_meant(struct str name, char *out, size_t size)
{
	static const char *const words[] = { "NULL", "true", "false" };
	const char *near;

	if (name.len + 2 > size)
		return false;
	*out = '-';
	for (size_t i = 0; i <= name.len; i++)
		out[i + 1] = (char)(i < name.len ? toupper((unsigned char)name.p[i]) : '\0');
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(out + 1, words[i]))
			return str_copy(out, size, words[i]);
	if (!strcmp(out + 1, "ERR_PTR"))
		return str_copy(out, size, "ERR_PTR(-ENOENT)");
	if (errno_value(out + 1))
		return true;
	near = errno_nearest(out + 1);
	return near && str_copy(out + 1, size - 1, near);
}

/* a name that is no value by itself */
static int refuse_name(struct parser *p)
{
	struct str name = p->tok.text;
	const char *call = parser_peek(p).kind == TOK_LPAREN ? "(...)" : "";
	char meant[32];

	if (is_clause_word(name)) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "no value before '%.*s'",
			    STR_SHORT(name));
		parser_hint(p, SOME_VALUES);
	} else if (!*call && value_meant(name, meant, sizeof(meant))) {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "did you mean '%s'?", meant);
	} else {
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "'%.*s%s' is no value",
			    STR_SHORT(name), call);
		parser_hint(p, "a constant is written in parentheses: (%.*s%s)", STR_SHORT(name),
			    call);
	}
	return p->code;
}

static int refuse_value(struct parser *p)
{
	if (parser_at(p, TOK_EQ) || parser_at(p, TOK_ASSIGN))
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "one '=' is enough");
	parser_expected(p, "a value");
	if (p->stop == TOK_END || p->stop == TOK_STRING)
		parser_hint(p, SOME_VALUES);
	else
		parser_hint(p, "more than a number or a name is written in parentheses");
	return p->code;
}

/* "-" ( INT | name ) */
static struct expr *parse_negative(struct parser *p)
{
	struct expr *e = expr_new(p, EXPR_UNARY, p->tok.at);

	if (!e)
		return NULL;
	e->op = OP_NEG;
	parser_next(p);
	if (!parser_at(p, TOK_INT) && (!parser_at(p, TOK_NAME) || *p->tok.text.p == '$' ||
				       parser_peek(p).kind == TOK_LPAREN)) {
		refuse_value(p);
		return NULL;
	}
	e->a = parse_postfix(p);
	if (!e->a)
		return NULL;
	e->at = span_join(e->at, e->a->at);
	return expr_finish(p, e);
}

/* value = INT | negative | "NULL" | "true" | "false" | "ERR_PTR" "(" expr ")" | "(" expr ")" */
static int parse_value(struct parser *p)
{
	struct expr *e = NULL;

	switch (p->tok.kind) {
	case TOK_BAD:
		return p->code;
	case TOK_MINUS:
		e = parse_negative(p);
		break;
	case TOK_INT:
		e = parse_int(p);
		break;
	case TOK_NAME:
		if (!is_plain_value(p))
			return refuse_name(p);
		e = parse_postfix(p);
		break;
	case TOK_LPAREN:
		if (type_in_parens_ahead(p, false)) {
			parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
				    "a cast without parentheses");
			parser_hint(p, "write '((type)value)'; a pointer to nothing is NULL");
			return p->code;
		}
		e = parse_paren(p);
		break;
	default:
		return refuse_value(p);
	}
	p->rule->value = e;
	return check_constant(p, e);
}

/* rule = target "=" value *clause */
static int parse_all(struct parser *p)
{
	if (parse_target(p))
		return p->code;
	if (!parser_take(p, TOK_ASSIGN))
		return refuse_assignment(p);
	if (p->code || parse_value(p))
		return p->code;
	return parse_clauses(p);
}

int rule_parse(struct rule **out, const char *name, const char *text, struct err *err)
{
	_cleanup_(rule_freep) struct rule *r = NULL;
	struct parser p;
	int ret = rule_new(&r, name, text, err);

	if (ret)
		return ret;
	parser_init(&p, r, err);
	p.clauses = true;
	if (parse_all(&p))
		return p.code;
	*out = take_ptr(r);
	return 0;
}
