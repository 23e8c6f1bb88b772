// SPDX-License-Identifier: LGPL-2.1-or-later
/* What values mean, and what callers made of the error below them. */
#include "feature/path_story.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/errno_names.h"

#define MAX_ERRNO 4095 /* include/linux/err.h */

const char *path_syscall_name(const char *function)
{
	/* __do_sys_: of a system call without arguments, SYSCALL_DEFINE0() */
	static const char *const prefixes[] = { "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_",
						"__do_sys_" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(function, prefixes[i], strlen(prefixes[i])) == 0)
			return function + strlen(prefixes[i]);
	return NULL;
}

int64_t path_value(const struct path_func *f, int64_t raw)
{
	unsigned int bits = 8 * f->bytes;

	if (f->type == PATH_BOOL)
		return (uint8_t)raw != 0;
	if (bits == 0 || bits >= 64)
		return raw;
	if (f->type == PATH_INT)
		return (int64_t)((uint64_t)raw << (64 - bits)) >> (64 - bits);
	return (int64_t)((uint64_t)raw & ((1ull << bits) - 1));
}

static bool is_errno(int64_t v)
{
	return v < 0 && v >= -MAX_ERRNO;
}

static void error_text(int64_t v, bool pointer, char text[static PATH_TEXT])
{
	const char *name = errno_name((long)v);
	char number[24];

	snprintf(number, sizeof(number), "%" PRId64, -v);
	snprintf(text, PATH_TEXT, "%s-%s%s", pointer ? "ERR_PTR(" : "", name ? name : number,
		 pointer ? ")" : "");
}

const char *path_value_text(const struct path_func *f, int64_t v, char text[static PATH_TEXT])
{
	switch (f->type) {
	case PATH_VOID:
		return "void";
	case PATH_BOOL:
		return v ? "true" : "false";
	case PATH_PTR:
		if (!is_errno(v))
			return v ? "pointer" : "NULL";
		error_text(v, true, text);
		return text;
	case PATH_UNKNOWN:
		snprintf(text, PATH_TEXT, "0x%" PRIx64, (uint64_t)v);
		return text;
	default:
		if (is_errno(v) && (f->type == PATH_INT || f->bytes == 8))
			error_text(v, false, text);
		else if (f->type == PATH_NUMBER)
			snprintf(text, PATH_TEXT, "%" PRIu64, (uint64_t)v);
		else
			snprintf(text, PATH_TEXT, "%" PRId64, v);
		return text;
	}
}

const struct path_func path_call = { .type = PATH_INT, .bytes = 8 };

const char *path_in_syscall(const struct path_log *l, const struct path *p)
{
	const char *name = path_syscall_name(path_func(l, p->target)->name);

	for (unsigned int i = 0; !name && i < p->n; i++)
		name = path_syscall_name(path_func(l, p->frame[i].func)->name);
	return name;
}

/* ERR_PTR(-ENOMEM) is the same error as -ENOMEM */
static enum path_word judge(const struct path_func *f, int64_t v, char text[static PATH_TEXT])
{
	bool err = is_errno(v) && (f->type == PATH_INT || f->type == PATH_PTR || f->bytes == 8);

	if (f->type == PATH_VOID || f->type == PATH_UNKNOWN)
		return WORD_NOTHING;
	if (err) {
		error_text(v, false, text);
		return WORD_BAD;
	}
	if (f->type == PATH_PTR && !v) {
		snprintf(text, PATH_TEXT, "NULL");
		return WORD_BAD;
	}
	return f->type == PATH_PTR || f->type == PATH_INT ? WORD_GOOD : WORD_NOTHING;
}

void path_tell(struct path_story *s, const struct path_func *f, int64_t value,
	       struct path_verdict *out)
{
	struct path_verdict v = { .or_before = s->gap };
	enum path_word word = judge(f, value, v.to);

	snprintf(v.from, sizeof(v.from), "%s", s->text);
	if (word == WORD_NOTHING)
		v.kind = PATH_SAYS_NOTHING;
	else if (word == WORD_BAD && s->word == WORD_GOOD)
		v.kind = PATH_FAILED_ANEW;
	else if (word == WORD_BAD)
		v.kind = strcmp(v.to, v.from) != 0 ? PATH_CHANGED : PATH_CARRIED;
	else
		v.kind = s->word == WORD_BAD ? PATH_SWALLOWED : PATH_WENT_WELL;
	s->gap = word == WORD_NOTHING;
	if (word != WORD_NOTHING)
		s->word = word;
	if (word == WORD_BAD)
		snprintf(s->text, sizeof(s->text), "%s", v.to);
	*out = v;
}

struct path_story path_story_begin(const struct path_func *target, int64_t value)
{
	struct path_story s = { 0 };
	char text[PATH_TEXT];

	s.word = judge(target, value, s.text);
	if (s.word != WORD_NOTHING)
		return s;
	/* true, a number: whatever it means, it is what was injected */
	snprintf(s.text, sizeof(s.text), "%s", path_value_text(target, value, text));
	s.word = WORD_BAD;
	return s;
}

/* none of its callers was known yet */
bool path_is_first(const struct path *p)
{
	bool fresh = false;

	for (unsigned int i = 0; i < p->n; i++) {
		if (p->frame[i].state == PATH_SEEN)
			return false;
		fresh |= p->frame[i].state == PATH_NEW;
	}
	return fresh;
}

/* the same, but for what was seen of it */
static bool same_stack(const struct path *a, const struct path *b)
{
	if (a->rule != b->rule || a->target != b->target || a->value != b->value || a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++)
		if (a->frame[i].func != b->frame[i].func)
			return false;
	return true;
}

/* how often it was taken before it was followed, to the same end: not worth a tree of its own */
static bool is_told_by(const struct path *first, const struct path *p)
{
	return path_is_first(first) && !path_is_first(p) && same_stack(first, p) &&
	       first->end == p->end && first->result == p->result;
}

bool path_is_told(const struct path_log *l, const struct path *p)
{
	for (unsigned int i = 0; i < path_count(l); i++) {
		const struct path *q = path_at(l, i);

		/* the first of those that tell it has its count */
		if (is_told_by(p, q))
			return true;
	}
	return false;
}

uint64_t path_told_before(const struct path_log *l, const struct path *p)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < path_count(l); i++) {
		const struct path *q = path_at(l, i);
		bool mine = is_told_by(q, p);

		for (unsigned int k = 0; mine && path_at(l, k) != p; k++)
			mine = !is_told_by(q, path_at(l, k));
		sum += mine ? q->count : 0;
	}
	return sum;
}
