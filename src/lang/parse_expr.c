/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions: C's expressions without side effects. One function per
 * production, from the loosest to the tightest; the order of the calls is the
 * precedence. Two budgets keep hostile text harmless to everything that walks
 * the tree: LIMIT_NODES and LIMIT_EXPR_DEPTH, the latter for the nesting of the
 * text and for the height of the tree (a + b + c ... grows without nesting).
 */
#include "lang/parser.h"

#include <errno.h>
#include <string.h>

#include "util/limits.h"

struct op_row {
	enum token_kind kind;
	enum expr_op op;
};

typedef struct expr *parse_fn(struct parser *p);

static struct expr *parse_cond(struct parser *p);
static struct expr *parse_unary(struct parser *p);

static struct expr *fail(struct parser *p, struct span at, const char *msg)
{
	parser_fail(p, -EINVAL, ERR_SYNTAX, at, "%s", msg);
	return NULL;
}

static struct expr *expected(struct parser *p, const char *what)
{
	parser_expected(p, what);
	return NULL;
}

static struct expr *refuse_statements(struct parser *p)
{
	fail(p, p->tok.at, "statements cannot stand here");
	parser_hint(p, "a block with a value is written ({ ...; value; })");
	return NULL;
}

static struct expr *too_deep(struct parser *p, struct span at)
{
	parser_fail(p, -E2BIG, ERR_LIMIT, at, "expression nests deeper than %d levels",
		    LIMIT_EXPR_DEPTH);
	parser_hint(p, "parentheses around parts of a long chain make it flatter");
	return NULL;
}

static bool enter(struct parser *p)
{
	if (p->code)
		return false;
	if (p->depth == LIMIT_EXPR_DEPTH)
		too_deep(p, p->tok.at);
	else
		p->depth++;
	return !p->code;
}

static bool count_node(struct parser *p, struct span at)
{
	if (!p->code && ++p->nodes > LIMIT_NODES)
		parser_fail(p, -E2BIG, ERR_LIMIT, at, "rule of more than %d parts", LIMIT_NODES);
	return !p->code;
}

static struct expr *new_expr(struct parser *p, enum expr_kind kind, struct span at)
{
	struct expr *e;

	if (!count_node(p, at))
		return NULL;
	e = parser_alloc(p, sizeof(*e));
	if (!e)
		return NULL;
	e->kind = kind;
	e->at = at;
	e->op_at = at;
	e->name_at = SPAN_NONE;
	return e;
}

static void raise(struct expr *e, const struct expr *child)
{
	if (child && child->height >= e->height)
		e->height = child->height + 1;
}

/* the last step of making a node: its height, now that the children are in */
static struct expr *finish(struct parser *p, struct expr *e)
{
	if (p->code)
		return NULL;
	e->height = 1;
	raise(e, e->a);
	raise(e, e->b);
	raise(e, e->c);
	for (unsigned int i = 0; i < e->n_args; i++)
		raise(e, e->args[i]);
	for (const struct local *l = e->locals; l; l = l->next)
		raise(e, l->init);
	return e->height > LIMIT_EXPR_DEPTH ? too_deep(p, e->op_at) : e;
}

/* the unescaped bytes of a literal whose inside is text[0..len) */
static bool read_string(struct parser *p, struct expr *e, const char *text, size_t len)
{
	unsigned char bytes[LIMIT_STRING];
	const char *end = text + len;
	size_t n = 0;

	while (text < end) {
		unsigned char c;
		size_t took = e->raw_string ? 1 : lex_char(text, end, &c);

		if (e->raw_string)
			c = (unsigned char)*text;
		if (!took || !c)
			return fail(p, e->at,
				    took ? "string holds a NUL byte"
					 : "malformed escape in a string");
		if (n == sizeof(bytes))
			return parser_fail(p, -E2BIG, ERR_LIMIT, e->at,
					   "string of more than %d bytes", LIMIT_STRING) == 0;
		bytes[n++] = c;
		text += took;
	}
	e->str = (struct str){ arena_strndup(p->arena, (const char *)bytes, n), n };
	if (!e->str.p)
		return parser_fail(p, -ENOMEM, ERR_MEMORY, SPAN_NONE, "out of memory") == 0;
	return true;
}

static struct expr *parse_string(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_STRING, p->tok.at);

	if (!e || !read_string(p, e, p->tok.text.p + 1, p->tok.text.len - 2))
		return NULL;
	parser_next(p);
	return finish(p, e);
}

static struct expr *parse_int(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_INT, p->tok.at);

	if (!e)
		return NULL;
	e->value = p->tok.value;
	e->is_unsigned = p->tok.is_unsigned;
	e->is_long = p->tok.is_long;
	parser_next(p);
	return finish(p, e);
}

static struct expr *parse_name(struct parser *p)
{
	struct expr *e;

	if (type_word_ahead(p))
		return fail(p, p->tok.at, "a type cannot stand here");
	e = new_expr(p, EXPR_NAME, p->tok.at);
	if (!e)
		return NULL;
	e->name = p->tok.text;
	e->name_at = p->tok.at;
	parser_next(p);
	return finish(p, e);
}

/* where a bare literal that starts at s ends, before its ")"; NULL: nowhere */
static const char *bare_end(const char *s)
{
	unsigned int depth = 0;

	/* quotes that survived the shell hide parentheses if they end the argument */
	for (const char *q = *s == '\'' ? strchr(s + 1, '\'') : NULL; q; q = strchr(q + 1, '\''))
		if (q[1 + strspn(q + 1, " \t\n")] == ')')
			return q + 1;
	for (; *s; s++) {
		if (*s == ')' && !depth--)
			return s;
		depth += *s == '(';
	}
	return NULL;
}

/*
 * bare = any text with balanced parentheses, blanks at its ends dropped, up to
 *        the ")" of the call; once more without 'single quotes' if it has them
 *
 * bcc's STRCMP(ptr, literal) has no quotes of its own: the ones in its manual
 * end those of the shell. tok is the comma; the text behind it is no C.
 */
static struct expr *parse_bare_string(struct parser *p)
{
	const char *s = p->src->text + p->lx.pos;
	struct expr *e;
	const char *end;

	s += strspn(s, " \t\n");
	if (*s == '"') {
		parser_next(p);
		return p->code ? NULL : parse_string(p);
	}
	end = bare_end(s);
	if (!end) {
		p->tok.kind = TOK_END; /* it took everything */
		return expected(p, "')'");
	}
	p->lx.pos = (size_t)(end - p->src->text);
	while (end > s && strchr(" \t\n", end[-1]))
		end--;
	p->last = (struct span){ (uint32_t)(s - p->src->text), (uint32_t)(end - s) };
	if (end == s)
		return fail(p, p->tok.at, "STRCMP without a string to compare with");
	e = new_expr(p, EXPR_STRING, p->last);
	if (!e)
		return NULL;
	e->raw_string = true;
	if (*s == '\'' && end - s >= 2 && end[-1] == '\'') {
		s++;
		end--;
	}
	if (!read_string(p, e, s, (size_t)(end - s)))
		return NULL;
	p->tok.at = p->last;
	parser_next(p);
	return finish(p, e);
}

/* type argument of container_of: a type name where an expression would stand */
static bool parse_type_arg(struct parser *p, struct expr *call)
{
	call->type = parser_alloc(p, sizeof(*call->type));
	return call->type && !parse_type_name(p, call->type);
}

/* args = [ arg *( "," arg ) ] ; arg = expr, or a bare string, or a type name */
static bool parse_args(struct parser *p, struct expr *call)
{
	bool is_strcmp = p->bare_strings && str_eq(call->name, "STRCMP");
	bool is_container = str_eq(call->name, "container_of");
	struct expr *args[LIMIT_ARGS];
	unsigned int n = 0;

	if (parser_at(p, TOK_RPAREN))
		return true;
	args[n++] = parse_expr(p);
	while (parser_at(p, TOK_COMMA)) {
		if (n == LIMIT_ARGS)
			return parser_fail(p, -E2BIG, ERR_LIMIT, p->tok.at,
					   "more than %d arguments", LIMIT_ARGS) == 0;
		if (is_strcmp && n == 1) {
			args[n++] = parse_bare_string(p);
			continue;
		}
		parser_next(p);
		if (is_container && !call->type) {
			if (!parse_type_arg(p, call))
				return false;
			continue;
		}
		args[n++] = parse_expr(p);
	}
	if (p->code)
		return false;
	call->args = parser_alloc(p, n * sizeof(*args));
	if (!call->args)
		return false;
	memcpy(call->args, args, n * sizeof(*args));
	call->n_args = n;
	return true;
}

/* call = name "(" args ")" */
static struct expr *parse_call(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_CALL, p->tok.at);
	struct span outer;

	if (!e)
		return NULL;
	e->name = p->tok.text;
	e->name_at = p->tok.at;
	parser_next(p);
	outer = parser_open(p);
	if (!parse_args(p, e) || parser_close(p, outer, "',' or ')'"))
		return NULL;
	e->at = span_join(e->at, p->last);
	return finish(p, e);
}

/* local = stars name [ "=" expr ] ; the base type stood before the first one */
static struct local *parse_local(struct parser *p, const struct type_name *base)
{
	struct local *l;

	if (!count_node(p, p->tok.at))
		return NULL;
	l = parser_alloc(p, sizeof(*l));
	if (!l)
		return NULL;
	l->type = *base;
	if (parse_stars(p, &l->type))
		return NULL;
	if (!type_plain_name_ahead(p)) {
		parser_expected(p, "the name of a variable");
		return NULL;
	}
	l->name = p->tok.text;
	l->at = p->tok.at;
	parser_next(p);
	if (parser_at(p, TOK_LBRACKET))
		parser_fail(p, -EINVAL, ERR_UNSUPPORTED, p->tok.at,
			    "variables of a condition cannot be arrays");
	if (parser_take(p, TOK_ASSIGN))
		l->init = parse_expr(p);
	return p->code ? NULL : l;
}

/* decl = base local *( "," local ) ";" */
static struct local **parse_decl(struct parser *p, struct local **tail)
{
	struct type_name base;

	if (parse_type_base(p, &base))
		return tail;
	do {
		*tail = parse_local(p, &base);
		if (!*tail)
			return tail;
		tail = &(*tail)->next;
	} while (parser_take(p, TOK_COMMA));
	if (!parser_take(p, TOK_SEMICOLON))
		parser_expected(p, "';' after a declaration");
	return tail;
}

/* block = "(" "{" *decl expr [ ";" ] "}" ")" ; tok is the "{", behind `open` */
static struct expr *parse_block(struct parser *p, struct span open)
{
	struct expr *e = enter(p) ? new_expr(p, EXPR_BLOCK, open) : NULL;
	struct local **tail = e ? &e->locals : NULL;
	bool ended;

	if (!e)
		return NULL;
	parser_next(p);
	while (!p->code && declaration_ahead(p))
		tail = parse_decl(p, tail);
	if (parser_at(p, TOK_RBRACE))
		return fail(p, p->tok.at, "block without a value: its last part is an expression");
	e->a = parse_expr(p);
	ended = parser_take(p, TOK_SEMICOLON);
	if (ended && !parser_at(p, TOK_RBRACE) && !parser_at(p, TOK_RPAREN) &&
	    !parser_at(p, TOK_END))
		return fail(p, p->tok.at, "only declarations may stand before a block's value");
	if (!parser_take(p, TOK_RBRACE))
		return expected(p, "'}'");
	p->depth--;
	return finish(p, e);
}

/* paren = "(" expr ")" | block */
struct expr *parse_paren(struct parser *p)
{
	struct span start = p->tok.at;
	struct span outer = parser_open(p);
	struct expr *e;

	if (parser_at(p, TOK_RPAREN))
		return expected(p, "an expression");
	e = parser_at(p, TOK_LBRACE) ? parse_block(p, start) : parse_expr(p);
	if (!e)
		return NULL;
	if (parser_at(p, TOK_COMMA))
		return fail(p, p->tok.at, "the comma operator has no use in a condition");
	if (parser_at(p, TOK_SEMICOLON))
		return refuse_statements(p);
	if (parser_close(p, outer, "')'"))
		return NULL;
	e->at = span_join(start, p->last);
	return e;
}

/* primary = INT | STRING | name | call | paren */
static struct expr *parse_primary(struct parser *p)
{
	switch (p->tok.kind) {
	case TOK_INT:
		return parse_int(p);
	case TOK_STRING:
		return parse_string(p);
	case TOK_LPAREN:
		return parse_paren(p);
	case TOK_NAME:
		if (type_keyword_ahead(p))
			return fail(p, p->tok.at, "a condition is one expression, not statements");
		return parser_peek(p).kind == TOK_LPAREN ? parse_call(p) : parse_name(p);
	case TOK_LBRACE:
		return refuse_statements(p);
	case TOK_CHAIN:
		fail(p, p->tok.at, "'=>' inside parentheses");
		parser_hint(p, "'=>' separates the frames of a chain; to compare, write '>='");
		return NULL;
	default:
		return expected(p, "an expression");
	}
}

/* index = e "[" expr "]" */
static struct expr *parse_index(struct parser *p, struct expr *a)
{
	struct expr *e = new_expr(p, EXPR_INDEX, a->at);

	if (!e)
		return NULL;
	e->op_at = p->tok.at;
	e->a = a;
	parser_next(p);
	e->b = parse_expr(p);
	if (!p->code && !parser_take(p, TOK_RBRACKET))
		return expected(p, "']'");
	e->at = span_join(a->at, p->last);
	return finish(p, e);
}

/* member = e ( "." | "->" ) name */
static struct expr *parse_member(struct parser *p, struct expr *a)
{
	struct expr *e = new_expr(p, EXPR_MEMBER, a->at);

	if (!e)
		return NULL;
	e->op_at = p->tok.at;
	e->arrow = parser_at(p, TOK_ARROW);
	e->a = a;
	parser_next(p);
	if (!parser_at(p, TOK_NAME) || *p->tok.text.p == '$')
		return expected(p, "the name of a member");
	e->name = p->tok.text;
	e->name_at = p->tok.at;
	parser_next(p);
	e->at = span_join(a->at, p->last);
	return finish(p, e);
}

/* postfix = primary *( member | index ) */
static struct expr *parse_postfix(struct parser *p)
{
	struct expr *e = parse_primary(p);

	while (e) {
		switch (p->tok.kind) {
		case TOK_LBRACKET:
			e = parse_index(p, e);
			break;
		case TOK_DOT:
		case TOK_ARROW:
			e = parse_member(p, e);
			break;
		case TOK_LPAREN:
			return fail(p, p->tok.at, "only a function's name can be called");
		case TOK_INC:
		case TOK_DEC:
			return fail(p, p->tok.at, "conditions have no side effects");
		default:
			return e;
		}
	}
	return NULL;
}

/* cast = "(" type ")" unary */
static struct expr *parse_cast(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_CAST, p->tok.at);
	struct span outer;

	if (!e)
		return NULL;
	outer = parser_open(p);
	if (!parse_type_arg(p, e) || parser_close(p, outer, "')' after a type") || !enter(p))
		return NULL;
	e->op_at = span_join(e->at, p->last);
	e->a = parse_unary(p);
	p->depth--;
	if (!e->a)
		return NULL;
	e->at = span_join(e->at, e->a->at);
	return finish(p, e);
}

/* sizeof = "sizeof" ( "(" type ")" | unary ) */
static struct expr *parse_sizeof(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_SIZEOF, p->tok.at);
	struct span outer;

	if (!e || !enter(p))
		return NULL;
	parser_next(p);
	if (parser_at(p, TOK_LPAREN) && type_in_parens_ahead(p, true)) {
		outer = parser_open(p);
		if (!parse_type_arg(p, e) || parser_close(p, outer, "')' after a type"))
			return NULL;
	} else {
		e->a = parse_unary(p);
	}
	p->depth--;
	e->at = span_join(e->at, p->last);
	return finish(p, e);
}

/* unary = ( "!" | "~" | "-" | "+" | "*" | "&" ) unary | cast | sizeof | postfix */
static struct expr *parse_unary(struct parser *p)
{
	static const struct op_row ops[] = {
		{ TOK_BANG, OP_NOT },  { TOK_TILDE, OP_BITNOT }, { TOK_MINUS, OP_NEG },
		{ TOK_PLUS, OP_PLUS }, { TOK_STAR, OP_DEREF },	 { TOK_AMP, OP_ADDR },
	};
	struct expr *e = NULL;

	if (parser_at(p, TOK_INC) || parser_at(p, TOK_DEC))
		return fail(p, p->tok.at, "conditions have no side effects");
	if (parser_at_word(p, "sizeof"))
		return parse_sizeof(p);
	if (parser_at(p, TOK_LPAREN) && type_in_parens_ahead(p, false))
		return parse_cast(p);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]) && !e; i++) {
		if (!parser_at(p, ops[i].kind))
			continue;
		e = new_expr(p, EXPR_UNARY, p->tok.at);
		if (!e || !enter(p))
			return NULL;
		e->op = ops[i].op;
	}
	if (!e)
		return parse_postfix(p);
	parser_next(p);
	e->a = parse_unary(p);
	p->depth--;
	if (!e->a)
		return NULL;
	e->at = span_join(e->at, e->a->at);
	return finish(p, e);
}

/* level = operand *( op operand ) ; rows ends with TOK_END */
static struct expr *parse_level(struct parser *p, parse_fn *operand, const struct op_row *rows)
{
	struct expr *left = operand(p);

	while (left) {
		const struct op_row *row = rows;
		struct expr *e;

		while (row->kind != TOK_END && row->kind != p->tok.kind)
			row++;
		if (row->kind == TOK_END)
			return left;
		e = new_expr(p, EXPR_BINARY, left->at);
		if (!e)
			return NULL;
		e->op = row->op;
		e->op_at = p->tok.at;
		parser_next(p);
		e->a = left;
		e->b = operand(p);
		if (!e->b)
			return NULL;
		e->at = span_join(e->a->at, e->b->at);
		left = finish(p, e);
	}
	return NULL;
}

#define ROWS(...) ((const struct op_row[]){ __VA_ARGS__, { TOK_END, OP_NONE } })

/* mul = unary *( ( "*" | "/" | "%" ) unary ) */
static struct expr *parse_mul(struct parser *p)
{
	return parse_level(
		p, parse_unary,
		ROWS({ TOK_STAR, OP_MUL }, { TOK_SLASH, OP_DIV }, { TOK_PERCENT, OP_MOD }));
}

/* add = mul *( ( "+" | "-" ) mul ) */
static struct expr *parse_add(struct parser *p)
{
	return parse_level(p, parse_mul, ROWS({ TOK_PLUS, OP_ADD }, { TOK_MINUS, OP_SUB }));
}

/* shift = add *( ( "<<" | ">>" ) add ) */
static struct expr *parse_shift(struct parser *p)
{
	return parse_level(p, parse_add, ROWS({ TOK_SHL, OP_SHL }, { TOK_SHR, OP_SHR }));
}

/* relation = shift *( ( "<" | ">" | "<=" | ">=" ) shift ) */
static struct expr *parse_relation(struct parser *p)
{
	return parse_level(
		p, parse_shift,
		ROWS({ TOK_LT, OP_LT }, { TOK_GT, OP_GT }, { TOK_LE, OP_LE }, { TOK_GE, OP_GE }));
}

/* equality = relation *( ( "==" | "!=" ) relation ) */
static struct expr *parse_equality(struct parser *p)
{
	return parse_level(p, parse_relation, ROWS({ TOK_EQ, OP_EQ }, { TOK_NE, OP_NE }));
}

/* bitand = equality *( "&" equality ) */
static struct expr *parse_bitand(struct parser *p)
{
	return parse_level(p, parse_equality, ROWS({ TOK_AMP, OP_BITAND }));
}

/* bitxor = bitand *( "^" bitand ) */
static struct expr *parse_bitxor(struct parser *p)
{
	return parse_level(p, parse_bitand, ROWS({ TOK_CARET, OP_BITXOR }));
}

/* bitor = bitxor *( "|" bitxor ) */
static struct expr *parse_bitor(struct parser *p)
{
	return parse_level(p, parse_bitxor, ROWS({ TOK_PIPE, OP_BITOR }));
}

/* and = bitor *( "&&" bitor ) */
static struct expr *parse_and(struct parser *p)
{
	return parse_level(p, parse_bitor, ROWS({ TOK_AND, OP_AND }));
}

/* or = and *( "||" and ) */
static struct expr *parse_or(struct parser *p)
{
	return parse_level(p, parse_and, ROWS({ TOK_OR, OP_OR }));
}

/* cond = or [ "?" expr ":" cond ] */
static struct expr *parse_cond(struct parser *p)
{
	struct expr *first = parse_or(p);
	struct expr *e;

	if (!first || !parser_at(p, TOK_QUESTION))
		return first;
	e = new_expr(p, EXPR_COND, first->at);
	if (!e)
		return NULL;
	e->op_at = p->tok.at;
	e->a = first;
	parser_next(p);
	e->b = parse_expr(p);
	if (e->b && !parser_take(p, TOK_COLON))
		return expected(p, "':' of '?:'");
	e->c = enter(p) ? parse_cond(p) : NULL;
	p->depth--;
	if (!e->c)
		return NULL;
	e->at = span_join(first->at, e->c->at);
	return finish(p, e);
}

static struct expr *refuse_assignment(struct parser *p, struct expr *e)
{
	switch (p->tok.kind) {
	case TOK_ASSIGN:
		return fail(p, p->tok.at, "'=' assigns; did you mean '=='?");
	case TOK_SHL_ASSIGN:
	case TOK_SHR_ASSIGN:
	case TOK_ADD_ASSIGN:
	case TOK_SUB_ASSIGN:
	case TOK_MUL_ASSIGN:
	case TOK_DIV_ASSIGN:
	case TOK_MOD_ASSIGN:
	case TOK_AND_ASSIGN:
	case TOK_XOR_ASSIGN:
	case TOK_OR_ASSIGN:
		return fail(p, p->tok.at, "conditions have no side effects");
	case TOK_CHAIN:
		if (span_is_none(p->open))
			return e;
		fail(p, p->tok.at, "'=>' inside parentheses");
		parser_hint(p, "'=>' separates the frames of a chain; to compare, write '>='");
		return NULL;
	default:
		return e;
	}
}

/* expr = cond */
struct expr *parse_expr(struct parser *p)
{
	struct expr *e;

	if (!enter(p))
		return NULL;
	e = parse_cond(p);
	p->depth--;
	return e ? refuse_assignment(p, e) : NULL;
}
