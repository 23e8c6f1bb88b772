// SPDX-License-Identifier: LGPL-2.1-or-later
/* Paths as trees for people: what each caller made of the error below it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "feature/path.h"
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

/* What is known of the error so far, from the target outwards. */
enum word {
	WORD_NOTHING, /* says neither */
	WORD_GOOD,
	WORD_BAD
};

struct story {
	enum word word;
	char text[PATH_TEXT]; /* of a bad one: "-ENOMEM", "NULL" */
	bool gap;	      /* callers since then said nothing */
};

/* ERR_PTR(-ENOMEM) is the same error as -ENOMEM */
static enum word judge(const struct path_func *f, int64_t v, char text[static PATH_TEXT])
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

/* what the frame does to the story; "" if nothing is to be said */
static void tell(struct story *s, enum word word, const char *text, char note[static 128])
{
	const char *where = s->gap ? ", here or before" : "";

	note[0] = '\0';
	if (word == WORD_NOTHING) {
		s->gap = true;
		return;
	}
	if (word == WORD_BAD && s->word == WORD_BAD && strcmp(text, s->text) != 0)
		snprintf(note, 128, "<- %s became %s%s", s->text, text, where);
	else if (word == WORD_BAD && s->word == WORD_GOOD)
		snprintf(note, 128, "<- failed anew");
	else if (word == WORD_GOOD && s->word == WORD_BAD)
		snprintf(note, 128, "<- %s was swallowed%s", s->text, where);
	if (word == WORD_BAD)
		snprintf(s->text, sizeof(s->text), "%s", text);
	s->word = word;
	s->gap = false;
}

static struct story begin(const struct path_func *target, int64_t value)
{
	struct story s = { 0 };
	char text[PATH_TEXT];

	s.word = judge(target, value, s.text);
	if (s.word != WORD_NOTHING)
		return s;
	/* true, a number: whatever it means, it is what was injected */
	snprintf(s.text, sizeof(s.text), "%s", path_value_text(target, value, text));
	s.word = WORD_BAD;
	return s;
}

/* widths of the columns */
struct layout {
	unsigned int name, value, total;
};

static void row(struct buf *out, const struct layout *w, const char *name, const char *value,
		const char *note)
{
	unsigned int len = (unsigned int)strlen(name);
	char cut[LIMIT_IDENT + 1];

	if (len > w->name) {
		snprintf(cut, sizeof(cut), "%.*s~", (int)w->name - 1, name);
		name = cut;
	}
	if (note[0])
		buf_printf(out, "    %-*s  %-*s  %s\n", (int)w->name, name, (int)w->value, value,
			   note);
	else
		buf_printf(out, "    %-*s  %s\n", (int)w->name, name, value);
}

static const char *unseen_note(enum path_sight state)
{
	switch (state) {
	case PATH_MISSED:
		return "its return was missed";
	case PATH_NEW:
		return "not followed yet";
	default:
		return "cannot be followed";
	}
}

static void put_frame(const struct path_log *l, const struct layout *w, const struct path_frame *at,
		      struct story *s, struct buf *out)
{
	const struct path_func *f = path_func(l, at->func);
	char text[PATH_TEXT] = "", value[PATH_TEXT], note[128];

	if (at->state != PATH_SEEN) {
		s->gap = true;
		row(out, w, f->name, "?", unseen_note(at->state));
		return;
	}
	tell(s, judge(f, at->value, text), text, note);
	row(out, w, f->name, path_value_text(f, at->value, value), note);
}

static void put_result(const struct path_log *l, const struct path *p, struct story *s,
		       struct buf *out)
{
	static const struct path_func call = { .type = PATH_INT, .bytes = 8 };
	const char *name = path_syscall_name(path_func(l, p->target)->name);
	char text[PATH_TEXT] = "", value[PATH_TEXT], note[128];

	for (unsigned int i = 0; !name && i < p->n; i++)
		name = path_syscall_name(path_func(l, p->frame[i].func)->name);
	if (!p->in_call) {
		buf_puts(out, "  not in a system call\n");
		return;
	}
	if (p->end != PATH_RETURNED) {
		buf_printf(out, "  %s %s\n", name ? name : "the system call",
			   p->end == PATH_NEVER	   ? "did not return"
			   : p->end == PATH_INSIDE ? "had not returned at the end"
						   : "returned, and its result was missed");
		return;
	}
	s->gap = false;
	tell(s, judge(&call, p->result, text), text, note);
	buf_printf(out, "  %s returned %s%s%s\n", name ? name : "the system call",
		   path_value_text(&call, p->result, value), note[0] ? "  " : "", note);
}

static void put_fate(const struct path_fate *f, bool alone, struct buf *out)
{
	int sig = f->status & 0x7f;
	const char *name = sig ? sigabbrev_np(sig) : NULL;

	buf_puts(out, "  the task ");
	if (!f->ended)
		buf_puts(out, "was still running");
	else if (sig)
		buf_printf(out, "was killed by signal %d%s%s", sig, name ? " SIG" : "",
			   name ? name : "");
	else
		buf_printf(out, "exited with status %d", (f->status >> 8) & 0xff);
	if (!alone)
		buf_printf(out, " (%" PRIu64 " %s)", f->count, f->count == 1 ? "time" : "times");
	buf_putc(out, '\n');
}

/* none of its callers was known yet */
static bool is_first(const struct path *p)
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
	return is_first(first) && !is_first(p) && same_stack(first, p) && first->end == p->end &&
	       first->result == p->result;
}

static bool is_told(const struct path_log *l, const struct path *p)
{
	for (unsigned int i = 0; i < path_count(l); i++) {
		const struct path *q = path_at(l, i);

		/* the first of those that tell it has its count */
		if (is_told_by(p, q))
			return true;
	}
	return false;
}

static uint64_t told_before(const struct path_log *l, const struct path *p)
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

static bool several_rules(const struct path_log *l)
{
	for (unsigned int i = 1; i < path_count(l); i++)
		if (path_at(l, i)->rule != path_at(l, 0)->rule)
			return true;
	return false;
}

static void put_head(const struct path_log *l, const struct path *p, struct buf *out)
{
	uint64_t before = told_before(l, p);

	buf_printf(out, "\n%" PRIu64 " %s", p->count, p->count == 1 ? "time" : "times");
	if (several_rules(l))
		buf_printf(out, " by %s", p->rule);
	if (before)
		buf_printf(out, ", and %" PRIu64 " before its callers were known", before);
	if (is_first(p))
		buf_puts(out, ", not followed: its callers were not known yet");
	buf_puts(out, ":\n");
}

static void put_path(const struct path_log *l, const struct path *p, const struct layout *w,
		     struct buf *out)
{
	const struct path_func *target = path_func(l, p->target);
	struct story s = begin(target, p->value);
	char value[PATH_TEXT];

	put_head(l, p, out);
	row(out, w, target->name, path_value_text(target, p->value, value), "<- injected");
	for (unsigned int i = 0; i < p->n; i++)
		put_frame(l, w, &p->frame[i], &s, out);
	put_result(l, p, &s, out);
	for (unsigned int i = 0; i < p->n_fates; i++)
		put_fate(&p->fate[i], p->n_fates == 1, out);
}

static void widen(unsigned int *width, const char *text)
{
	if (strlen(text) > *width)
		*width = (unsigned int)strlen(text);
}

/* one layout for all trees; names give way when the terminal is narrow */
static struct layout measure(const struct path_log *l, unsigned int width)
{
	const unsigned int note = 36;
	struct layout w = { 0 };
	char text[PATH_TEXT];

	for (unsigned int i = 0; i < path_count(l); i++) {
		const struct path *p = path_at(l, i);

		widen(&w.name, path_func(l, p->target)->name);
		widen(&w.value, path_value_text(path_func(l, p->target), p->value, text));
		for (unsigned int k = 0; k < p->n; k++) {
			const struct path_func *f = path_func(l, p->frame[k].func);

			widen(&w.name, f->name);
			if (p->frame[k].state == PATH_SEEN)
				widen(&w.value, path_value_text(f, p->frame[k].value, text));
		}
	}
	if (w.name > LIMIT_IDENT)
		w.name = LIMIT_IDENT;
	if (width && width > w.value + note + 24 && w.name > width - w.value - note - 8)
		w.name = width - w.value - note - 8;
	else if (width && width <= w.value + note + 24 && w.name > 16)
		w.name = 16;
	return w;
}

void path_print(const struct path_log *l, unsigned int width, struct buf *out)
{
	const struct layout w = measure(l, width);
	unsigned int shown = 0;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < path_count(l); i++) {
		sum += path_at(l, i)->count;
		shown += !is_told(l, path_at(l, i));
	}
	if (!sum && !path_untold(l))
		return;
	buf_printf(out, "followed: %" PRIu64 " %s, %u %s\n", sum,
		   sum == 1 ? "injection" : "injections", shown, shown == 1 ? "path" : "paths");
	for (unsigned int i = 0; i < path_count(l); i++)
		if (!is_told(l, path_at(l, i)))
			put_path(l, path_at(l, i), &w, out);
	if (path_untold(l))
		buf_printf(out, "\nand %" PRIu64 " that could not be followed\n", path_untold(l));
}
