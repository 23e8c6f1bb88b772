/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Type names and parameter lists. The parser knows no types, only their shapes;
 * where C needs to know whether a name is a type, the rules are these:
 *
 *   (struct x *), (unsigned), (name *), (name **)	type, always
 *   (name) then a name, literal, `(`, `!` or `~`	type: nothing else would be C; but a
 *							clause may follow a value
 *   (name) then `-`, `+`, `*`, `&`			a value, unless the name is one of
 *							the fixed-width types below
 *   sizeof(name)					left to whoever knows the names
 */
#include "lang/parser.h"

#include <errno.h>
#include <string.h>

#include "util/limits.h"

static bool str_in(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(s, *list))
			return true;
	return false;
}

static bool is_builtin(const struct token *t)
{
	static const char *const words[] = { "void", "char",   "short",	   "int",   "long",
					     "bool", "signed", "unsigned", "_Bool", NULL };

	return t->kind == TOK_NAME && str_in(t->text, words);
}

/* of the kernel's address space marks, __user alone says how to read */
static bool is_qualifier(const struct token *t)
{
	static const char *const words[] = { "const",		"volatile",	  "restrict",
					     "__restrict",	"__user",	  "__kernel",
					     "__iomem",		"__percpu",	  "__rcu",
					     "__force",		"__const",	  "__restrict__",
					     "__always_unused", "__maybe_unused", NULL };

	return t->kind == TOK_NAME && str_in(t->text, words);
}

static bool is_tag_word(const struct token *t)
{
	static const char *const words[] = { "struct", "union", "enum", NULL };

	return t->kind == TOK_NAME && str_in(t->text, words);
}

bool type_is_fixed_width(struct str s)
{
	static const char *const words[] = {
		"u8",	   "u16",     "u32",	 "u64",	     "s8",	 "s16",	     "s32",
		"s64",	   "__u8",    "__u16",	 "__u32",    "__u64",	 "__s8",     "__s16",
		"__s32",   "__s64",   "uint8_t", "uint16_t", "uint32_t", "uint64_t", "int8_t",
		"int16_t", "int32_t", "int64_t", "size_t",   "ssize_t",	 NULL
	};

	return str_in(s, words);
}

/* words that start a statement or declare storage: never a name in a condition */
static bool is_keyword(const struct token *t)
{
	static const char *const words[] = {
		"if",	   "else",   "while",	 "for",	   "do",       "switch",     "case",
		"default", "return", "goto",	 "break",  "continue", "static",     "extern",
		"typedef", "sizeof", "register", "inline", "typeof",   "__typeof__", NULL
	};

	return t->kind == TOK_NAME && str_in(t->text, words);
}

bool type_word_ahead(const struct parser *p)
{
	return is_builtin(&p->tok) || is_qualifier(&p->tok) || is_tag_word(&p->tok);
}

static bool is_plain_name(const struct token *t)
{
	return t->kind == TOK_NAME && *t->text.p != '$' && !is_keyword(t) && !is_builtin(t) &&
	       !is_qualifier(t) && !is_tag_word(t);
}

bool type_keyword_ahead(const struct parser *p)
{
	return is_keyword(&p->tok);
}

bool type_plain_name_ahead(const struct parser *p)
{
	return is_plain_name(&p->tok);
}

bool type_is_plain_name(struct str s)
{
	return is_plain_name(&(struct token){ .kind = TOK_NAME, .text = s });
}

/* skip stars and qualifiers; returns how many stars there were */
static unsigned int skip_stars(struct lexer *lx, struct token *t)
{
	unsigned int n = 0;

	while (t->kind == TOK_STAR || is_qualifier(t)) {
		n += t->kind == TOK_STAR;
		lex_next(lx, t);
	}
	return n;
}

static bool ends_ambiguity(const struct parser *p, const struct token *t, struct str name,
			   struct lexer behind)
{
	switch (t->kind) {
	case TOK_NAME:
		if (p->clauses && span_is_none(p->open) && starts_clause(t, behind))
			return type_is_fixed_width(name);
		return true;
	case TOK_INT:
	case TOK_STRING:
	case TOK_LPAREN:
	case TOK_BANG:
	case TOK_TILDE:
		return true;
	case TOK_PLUS:
	case TOK_MINUS:
	case TOK_STAR:
	case TOK_AMP:
		return type_is_fixed_width(name);
	default:
		return false;
	}
}

bool type_in_parens_ahead(const struct parser *p, bool is_sizeof)
{
	struct lexer lx = p->lx;
	struct token t, name;

	lx.err = NULL;
	lex_next(&lx, &t);
	if (is_builtin(&t) || is_qualifier(&t) || is_tag_word(&t))
		return true;
	if (!is_plain_name(&t))
		return false;
	name = t;
	lex_next(&lx, &t);
	if (skip_stars(&lx, &t))
		return t.kind == TOK_RPAREN;
	if (t.kind != TOK_RPAREN)
		return false;
	if (is_sizeof)
		return type_is_fixed_width(name.text);
	lex_next(&lx, &t);
	return ends_ambiguity(p, &t, name.text, lx);
}

bool declaration_ahead(const struct parser *p)
{
	struct lexer lx = p->lx;
	struct token t;

	if (type_word_ahead(p))
		return true;
	if (!is_plain_name(&p->tok))
		return false;
	lx.err = NULL;
	lex_next(&lx, &t);
	if (!skip_stars(&lx, &t))
		return is_plain_name(&t);
	if (!is_plain_name(&t))
		return false;
	/* `a * b;` before the end is the result, before anything else a declaration */
	lex_next(&lx, &t);
	if (t.kind == TOK_SEMICOLON) {
		lex_next(&lx, &t);
		return t.kind != TOK_RBRACE;
	}
	return t.kind == TOK_ASSIGN || t.kind == TOK_COMMA;
}

/* true if __user is among them */
static bool skip_qualifiers(struct parser *p)
{
	bool user = false;

	for (; is_qualifier(&p->tok); parser_next(p))
		user |= str_eq(p->tok.text, "__user");
	return user;
}

/* words = word *( word ), joined by single blanks whatever stood between them */
static int parse_builtin(struct parser *p, struct type_name *t)
{
	char text[64];
	size_t len = 0;

	while (is_builtin(&p->tok) || is_qualifier(&p->tok)) {
		if (is_builtin(&p->tok)) {
			if (len + p->tok.text.len + 2 > sizeof(text))
				return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
						   "too many words for one type");
			if (len)
				text[len++] = ' ';
			memcpy(text + len, p->tok.text.p, p->tok.text.len);
			len += p->tok.text.len;
			t->at = span_join(t->at, p->tok.at);
		} else if (str_eq(p->tok.text, "__user")) {
			t->user = 1;
		}
		parser_next(p);
	}
	t->name = (struct str){ arena_strndup(p->arena, text, len), len };
	return t->name.p ? p->code
			 : parser_fail(p, -ENOMEM, ERR_MEMORY, SPAN_NONE, "out of memory");
}

/* base = [ qualifier ] ( ( "struct" | "union" | "enum" ) name | words | name ) [ qualifier ] */
int parse_type_base(struct parser *p, struct type_name *t)
{
	unsigned int user = skip_qualifiers(p); /* of the first star */

	*t = (struct type_name){ .at = p->tok.at, .tag = TYPE_WORDS, .user = user };
	if (is_builtin(&p->tok))
		return parse_builtin(p, t);
	if (is_tag_word(&p->tok)) {
		t->tag = *p->tok.text.p == 's'	 ? TYPE_STRUCT
			 : *p->tok.text.p == 'u' ? TYPE_UNION
						 : TYPE_ENUM;
		parser_next(p);
		skip_qualifiers(p);
		if (parser_at(p, TOK_LBRACE))
			return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at,
					   "a type is named, not defined, in a rule");
	}
	if (!is_plain_name(&p->tok))
		return parser_expected(p, t->tag == TYPE_WORDS ? "a type" : "the name of a type");
	t->name = p->tok.text;
	t->at = span_join(t->at, p->tok.at);
	parser_next(p);
	if (skip_qualifiers(p))
		t->user = 1;
	return p->code;
}

/* stars = *( "*" [ qualifier ] ) */
int parse_stars(struct parser *p, struct type_name *t)
{
	bool user = false;

	while (parser_at(p, TOK_STAR)) {
		if (++t->stars > LIMIT_BTF_DEPTH)
			return parser_fail(p, -E2BIG, ERR_LIMIT, p->tok.at,
					   "more than %d levels of pointers", LIMIT_BTF_DEPTH);
		t->at = span_join(t->at, p->tok.at);
		if (user)
			t->user = t->stars;
		parser_next(p);
		user = skip_qualifiers(p);
	}
	return p->code;
}

/* type = base stars */
int parse_type_name(struct parser *p, struct type_name *t)
{
	if (parse_type_base(p, t))
		return p->code;
	return parse_stars(p, t);
}

bool parse_type_arg(struct parser *p, struct expr *e)
{
	e->type = parser_alloc(p, sizeof(*e->type));
	return e->type && !parse_type_name(p, e->type);
}

/* "(" anything balanced ")": the parameters of a function pointer, which nobody calls */
static int skip_parens(struct parser *p)
{
	struct span outer = p->open;
	unsigned int depth = 0;

	if (!parser_at(p, TOK_LPAREN))
		return parser_expected(p, "the parameters of a function pointer");
	p->open = p->tok.at;
	do {
		if (parser_at(p, TOK_END) || p->code)
			return parser_expected(p, "')'");
		depth += parser_at(p, TOK_LPAREN);
		depth -= parser_at(p, TOK_RPAREN);
		if (!depth)
			p->open = outer;
		parser_next(p);
	} while (depth);
	return p->code;
}

/* funcptr = "(" "*" *"*" [ name ] ")" "(" ... ")" */
static int parse_funcptr(struct parser *p, struct param *out)
{
	struct span outer = parser_open(p);

	if (!parser_at(p, TOK_STAR))
		return parser_expected(p, "'*' of a function pointer");
	while (parser_at(p, TOK_STAR) || is_qualifier(&p->tok))
		parser_next(p);
	if (is_plain_name(&p->tok)) {
		out->name = p->tok.text;
		parser_next(p);
	}
	if (parser_close(p, outer, "')' of a function pointer") || skip_parens(p))
		return p->code;
	out->type.is_funcptr = true;
	return 0;
}

/* array = "[" [ int | name ] "]" */
static int parse_array(struct parser *p, struct param *out)
{
	parser_next(p);
	if (parser_at(p, TOK_INT) || is_plain_name(&p->tok))
		parser_next(p);
	if (!parser_take(p, TOK_RBRACKET))
		return parser_expected(p, "']'");
	if (parser_at(p, TOK_LBRACKET))
		return parser_fail(p, -EINVAL, ERR_UNSUPPORTED, p->tok.at,
				   "parameters of several dimensions are not supported");
	out->type.is_array = true;
	return p->code;
}

/* param = base stars ( funcptr | [ name ] [ array ] ) */
static int parse_param(struct parser *p, struct param *out)
{
	struct span start = p->tok.at;

	*out = (struct param){ 0 };
	if (parse_type_name(p, &out->type))
		return p->code;
	if (parser_at(p, TOK_LPAREN)) {
		if (parse_funcptr(p, out))
			return p->code;
	} else {
		if (is_plain_name(&p->tok)) {
			out->name = p->tok.text;
			parser_next(p);
		}
		if (parser_at(p, TOK_LBRACKET) && parse_array(p, out))
			return p->code;
		skip_qualifiers(p);
	}
	out->at = span_join(start, p->last);
	return p->code;
}

static int check_param(struct parser *p, const struct param *params, unsigned int n)
{
	for (unsigned int i = 0; i < n && params[n].name.len; i++)
		if (str_same(params[i].name, params[n].name))
			return parser_fail(p, -EINVAL, ERR_SYNTAX, params[n].at,
					   "two parameters named '%.*s'", STR_FMT(params[n].name));
	return p->code;
}

/* "void" alone */
static bool take_void(struct parser *p)
{
	if (!parser_at_word(p, "void") || parser_peek(p).kind != TOK_RPAREN)
		return false;
	parser_next(p);
	return true;
}

/* params = [ "void" | param *( "," param ) ] */
int parse_params(struct parser *p, struct frame *f)
{
	struct param list[LIMIT_PARAM_LIST];
	unsigned int n = 0;

	if (parser_at(p, TOK_RPAREN))
		return 0;
	f->has_params = true;
	if (take_void(p))
		return p->code;
	do {
		if (parser_at(p, TOK_ELLIPSIS))
			return parser_fail(p, -EINVAL, ERR_UNSUPPORTED, p->tok.at,
					   "variable arguments cannot be read; leave '...' out");
		if (n == LIMIT_PARAM_LIST)
			return parser_fail(p, -E2BIG, ERR_LIMIT, p->tok.at,
					   "more than %d parameters", LIMIT_PARAM_LIST);
		if (parse_param(p, &list[n]) || check_param(p, list, n))
			return p->code;
		n++;
	} while (parser_take(p, TOK_COMMA));
	if (p->code)
		return p->code;
	f->params = parser_alloc(p, n * sizeof(*list));
	if (!f->params)
		return p->code;
	memcpy(f->params, list, n * sizeof(*list));
	f->n_params = n;
	return 0;
}
