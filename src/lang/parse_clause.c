/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands behind a rule's value: clauses, in any order. Their words are
 * keywords only where an operator could stand; elsewhere they are names.
 */
#include <errno.h>
#include <string.h>

#include "lang/parser.h"
#include "util/limits.h"

static int parse_if(struct parser *p);
static int parse_under(struct parser *p);
static int parse_not(struct parser *p);
static int parse_after(struct parser *p);

static const struct clause {
	const char *word;
	int (*parse)(struct parser *p);
} clauses[] = {
	{ "if", parse_if },
	{ "under", parse_under },
	{ "not", parse_not },
	{ "times", parse_times },
	{ "when", parse_when },
	{ "probability", parse_probability },
	{ "interval", parse_interval },
	{ "after", parse_after },
};

#define N_CLAUSES (sizeof(clauses) / sizeof(clauses[0]))

static const struct clause *find_clause(const struct token *t)
{
	for (size_t i = 0; t->kind == TOK_NAME && i < N_CLAUSES; i++)
		if (str_eq(t->text, clauses[i].word))
			return &clauses[i];
	return NULL;
}

bool is_clause_word(struct str s)
{
	return find_clause(&(struct token){ .kind = TOK_NAME, .text = s }) != NULL;
}

/* a name is never followed by another or a number: behind a clause's word that is its operand */
bool starts_clause(const struct token *t, struct lexer behind)
{
	struct token next;

	if (!find_clause(t))
		return false;
	behind.err = NULL;
	lex_next(&behind, &next);
	return str_eq(t->text, "if") || next.kind == TOK_NAME || next.kind == TOK_INT ||
	       next.kind == TOK_END || next.kind == TOK_BAD; /* 2..5 */
}

#define WORD_SIZE 32

/* in lower case; empty if longer than any word we know */
static const char *lower(struct str s, char word[WORD_SIZE])
{
	size_t n = s.len < WORD_SIZE ? s.len : 0;

	for (size_t i = 0; i < n; i++)
		word[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
	word[n] = '\0';
	return word;
}

/* what other tools and English say, or a slip; NULL: no idea */
static const char *other_word(const char *word)
{
	static const char *const habits[][2] = {
		{ "where", "if" },	     { "filter", "if" },      { "unless", "if !(...)" },
		{ "in", "under" },	     { "within", "under" },   { "inside", "under" },
		{ "from", "under" },	     { "below", "under" },    { "caller", "under" },
		{ "callers", "under" },	     { "count", "times" },    { "max", "times" },
		{ "limit", "times" },	     { "repeat", "times" },   { "prob", "probability" },
		{ "chance", "probability" }, { "every", "interval" }, { "step", "interval" },
		{ "exit", "after" },	     { "returns", "after" },  { "except", "not under" },
		{ "outside", "not under" },
	};
	const unsigned int max = strlen(word) > 3 ? 2 : 1;

	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		if (!strcmp(word, habits[i][0]))
			return habits[i][1];
	for (size_t i = 0; strlen(word) > 1 && i < N_CLAUSES; i++)
		if (str_distance(word, clauses[i].word, max) <= max)
			return strcmp(clauses[i].word, "not") != 0 ? clauses[i].word : "not under";
	return NULL;
}

int refuse_twice(struct parser *p, struct span first)
{
	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "second '%.*s' in one rule",
		    STR_SHORT(p->tok.text));
	err_note(p->err, first, "the first is here");
	return p->code;
}

/*
 * tok belongs to a clause and stands where an operand should. A name may stand
 * there too, but no name is followed by a number or by one that starts no clause.
 */
static bool operand_is_missing(const struct parser *p)
{
	struct token next = parser_peek(p);

	return find_clause(&p->tok) && (next.kind == TOK_INT || next.kind == TOK_BAD ||
					(next.kind == TOK_NAME && !find_clause(&next)));
}

/* if = "if" expr */
static int parse_if(struct parser *p)
{
	struct frame *f = &p->rule->on_target;
	struct span word = p->tok.at;

	if (f->pred) {
		refuse_twice(p, f->at);
		parser_hint(p, "join conditions with '&&'");
		return p->code;
	}
	parser_next(p);
	if (operand_is_missing(p)) {
		struct token next = parser_peek(p);
		bool is_not = parser_at_word(p, "not");

		parser_expected(p, "an expression");
		if (is_not)
			parser_hint(p, "did you mean '!%.*s'?", STR_SHORT(next.text));
		return p->code;
	}
	f->pred = parse_expr(p);
	f->at = span_join(word, p->last);
	return p->code;
}

static int refuse_caller(struct parser *p)
{
	bool negation = parser_at(p, TOK_BANG) || parser_at_word(p, "not");
	bool condition = parser_at(p, TOK_LPAREN);

	parser_expected(p, "the name of a function");
	if (negation)
		parser_hint(p, "for callers that must not be there write 'not under NAME'");
	if (condition)
		parser_hint(p, "a condition on the target follows 'if'");
	return p->code;
}

/* one caller, into the slot behind those of c */
static int parse_caller(struct parser *p, struct chain *c)
{
	struct frame f = { .at = p->tok.at, .func_at = SPAN_NONE, .params_at = SPAN_NONE };

	if (p->code)
		return p->code;
	if (!type_plain_name_ahead(p) || operand_is_missing(p))
		return refuse_caller(p);
	if (parse_frame_func(p, &f))
		return p->code;
	f.at = span_join(f.at, p->last);
	if (frame_add(p, &f))
		c->n_frames++;
	return p->code;
}

/* "<-", which is no token: `x <-1` compares */
static bool take_caller_mark(struct parser *p)
{
	if (!caller_mark_ahead(p))
		return false;
	parser_next(p);
	parser_next(p);
	return true;
}

/* chain = caller *( "<-" caller ) ; tok is "under", the clause began at `start` */
static int parse_chain(struct parser *p, struct span start, bool negated)
{
	struct rule *r = p->rule;
	struct chain *c;

	if (r->n_chains == LIMIT_CHAINS)
		return parser_fail(p, -E2BIG, ERR_LIMIT, start, "more than %d chains in one rule",
				   LIMIT_CHAINS);
	parser_next(p);
	c = &r->chains[r->n_chains++];
	*c = (struct chain){ .negated = negated, .frames = p->frames + p->n_frames };
	do {
		if (parse_caller(p, c))
			return p->code;
	} while (take_caller_mark(p));
	c->at = span_join(start, p->last);
	return p->code;
}

/* under = "under" chain */
static int parse_under(struct parser *p)
{
	return parse_chain(p, p->tok.at, false);
}

/* not = "not" "under" chain */
static int parse_not(struct parser *p)
{
	struct span start = p->tok.at;
	char word[WORD_SIZE];
	const char *meant;

	parser_next(p);
	if (parser_at_word(p, "under"))
		return parse_chain(p, start, true);
	meant = other_word(lower(p->tok.text, word));
	if (parser_expected(p, "'under'") && !strcmp(word, "if"))
		parser_hint(p, "a condition is turned round with '!': if !(x)");
	else if (meant && !strcmp(meant, "under"))
		parser_hint(p, "did you mean 'under'?");
	return p->code;
}

/* after = "after" */
static int parse_after(struct parser *p)
{
	struct rule *r = p->rule;

	if (r->after)
		return refuse_twice(p, r->after_at);
	r->after = true;
	r->after_at = p->tok.at;
	parser_next(p);
	return p->code;
}

static bool is_chain(const struct clause *c)
{
	return c && (c->parse == parse_under || c->parse == parse_not);
}

/* a word that starts no clause, behind `before` (NULL: the value) */
static int refuse_word(struct parser *p, const struct clause *before)
{
	static const char *const operators[][2] = {
		{ "and", "&&" }, { "or", "||" }, { "is", "==" }, { "mod", "%" }
	};
	bool in_expr = before && before->parse == parse_if;
	bool is_rule = parser_peek(p).kind == TOK_ASSIGN;
	char word[WORD_SIZE];
	const char *meant = other_word(lower(p->tok.text, word));

	parser_expected(p, in_expr ? "an operator or a clause" : "a clause");
	for (size_t i = 0; in_expr && i < sizeof(operators) / sizeof(operators[0]); i++)
		if (!strcmp(word, operators[i][0]))
			meant = operators[i][1];
	if (!strcmp(word, "and") && !in_expr)
		parser_hint(p, "clauses follow one another without 'and'");
	else if (!strcmp(word, "or") && !in_expr)
		parser_hint(p, "for either of two, write two rules");
	else if (meant)
		parser_hint(p, "did you mean '%s'?", meant);
	else if (is_rule)
		parser_hint(p, "each rule is given by itself");
	else if (is_chain(before))
		parser_hint(p, "callers are joined by '<-', the nearest first");
	else
		parser_hint(p, "clauses are if, under, not under, times, when, probability, "
			       "interval and after");
	return p->code;
}

static int refuse_number(struct parser *p)
{
	struct span at = p->tok.at;
	struct str number = p->tok.text;
	struct token next = parser_peek(p);

	parser_fail(p, -EINVAL, ERR_SYNTAX, at, "expected a clause before '%.*s'",
		    STR_SHORT(number));
	if (next.kind == TOK_PERCENT)
		parser_hint(p, "write 'probability %.*s%%'", STR_SHORT(number));
	else if (find_clause(&next))
		parser_hint(p, "the number follows: '%.*s %.*s'", STR_SHORT(next.text),
			    STR_SHORT(number));
	return p->code;
}

/* between callers, what is not "<-" */
static int refuse_joint(struct parser *p)
{
	bool apart = parser_at(p, TOK_LT) && parser_peek(p).kind == TOK_MINUS;

	parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "expected '<-' between callers, not '%.*s'",
		    STR_SHORT(p->tok.text));
	if (apart)
		parser_hint(p, "there is no blank in '<-'");
	else if (p->stop == TOK_COMMA || p->stop == TOK_AND)
		parser_hint(p, "for two chains that must both be there, write 'under' twice");
	else if (p->stop == TOK_OR || p->stop == TOK_PIPE)
		parser_hint(p, "for either of two callers, write two rules");
	else
		parser_hint(p, "the nearest caller comes first: 'under a <- b' is b calling a");
	return p->code;
}

/* behind `before` (NULL: the value) stands something that starts no clause */
static int refuse_text(struct parser *p, const struct clause *before)
{
	bool in_chain = is_chain(before);
	struct str text = p->tok.text;

	switch (p->tok.kind) {
	case TOK_NAME:
		return refuse_word(p, before);
	case TOK_INT:
		return refuse_number(p);
	case TOK_RPAREN:
		return parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "unmatched ')'");
	case TOK_SEMICOLON:
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "text after the rule");
		parser_hint(p, "each rule is given by itself");
		return p->code;
	case TOK_CHAIN:
		parser_fail(p, -EINVAL, ERR_SYNTAX, p->tok.at, "'=>' in a rule");
		parser_hint(p, in_chain ? "in a rule callers are joined by '<-', nearest first"
					: "in a rule callers follow 'under'");
		return p->code;
	case TOK_COMMA:
	case TOK_AND:
	case TOK_OR:
	case TOK_PIPE:
	case TOK_ARROW:
	case TOK_LT:
	case TOK_LE:
		if (in_chain)
			return refuse_joint(p);
		break;
	case TOK_LPAREN:
		if (!before) {
			parser_expected(p, "a clause");
			parser_hint(p, "a condition follows 'if'");
			return p->code;
		}
		break;
	default:
		break;
	}
	parser_expected(p, "a clause");
	if (text.len && *text.p == ',')
		parser_hint(p, "clauses follow one another without ','");
	else if (!before)
		parser_hint(p, "a value of several parts is written in parentheses");
	return p->code;
}

int parse_clauses(struct parser *p)
{
	const struct clause *before = NULL;

	while (!p->code && !parser_at(p, TOK_END)) {
		const struct clause *c = find_clause(&p->tok);

		if (!c)
			return refuse_text(p, before);
		c->parse(p);
		before = c;
	}
	return p->code;
}
