// SPDX-License-Identifier: LGPL-2.1-or-later
/* Paths as trees for people: what each caller made of the error below it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "feature/path_story.h"

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

/* what a caller did to the error; "" if nothing is to be said */
static void put_note(const struct path_verdict *v, char note[static 128])
{
	const char *where = v->or_before ? ", here or before" : "";

	note[0] = '\0';
	if (v->kind == PATH_CHANGED)
		snprintf(note, 128, "<- %s became %s%s", v->from, v->to, where);
	else if (v->kind == PATH_FAILED_ANEW)
		snprintf(note, 128, "<- failed anew");
	else if (v->kind == PATH_SWALLOWED)
		snprintf(note, 128, "<- %s was swallowed%s", v->from, where);
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
		      struct path_story *s, struct buf *out)
{
	const struct path_func *f = path_func(l, at->func);
	char value[PATH_TEXT], note[128];
	struct path_verdict v;

	if (at->state != PATH_SEEN) {
		s->gap = true;
		row(out, w, f->name, "?", unseen_note(at->state));
		return;
	}
	path_tell(s, f, at->value, &v);
	put_note(&v, note);
	row(out, w, f->name, path_value_text(f, at->value, value), note);
}

static void put_result(const struct path_log *l, const struct path *p, struct path_story *s,
		       struct buf *out)
{
	const char *name = path_in_syscall(l, p);
	char value[PATH_TEXT], note[128];
	struct path_verdict v;

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
	path_tell(s, &path_call, p->result, &v);
	put_note(&v, note);
	buf_printf(out, "  %s returned %s%s%s\n", name ? name : "the system call",
		   path_value_text(&path_call, p->result, value), note[0] ? "  " : "", note);
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

static bool several_rules(const struct path_log *l)
{
	for (unsigned int i = 1; i < path_count(l); i++)
		if (path_at(l, i)->rule != path_at(l, 0)->rule)
			return true;
	return false;
}

static void put_head(const struct path_log *l, const struct path *p, struct buf *out)
{
	uint64_t before = path_told_before(l, p);

	buf_printf(out, "\n%" PRIu64 " %s", p->count, p->count == 1 ? "time" : "times");
	if (several_rules(l))
		buf_printf(out, " by %s", p->rule);
	if (before)
		buf_printf(out, ", and %" PRIu64 " before its callers were known", before);
	if (path_is_first(p))
		buf_puts(out, ", not followed: its callers were not known yet");
	buf_puts(out, ":\n");
}

static void put_path(const struct path_log *l, const struct path *p, const struct layout *w,
		     struct buf *out)
{
	const struct path_func *target = path_func(l, p->target);
	struct path_story s = path_story_begin(target, p->value);
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
		shown += !path_is_told(l, path_at(l, i));
	}
	if (!sum && !path_untold(l))
		return;
	buf_printf(out, "followed: %" PRIu64 " %s, %u %s\n", sum,
		   sum == 1 ? "injection" : "injections", shown, shown == 1 ? "path" : "paths");
	for (unsigned int i = 0; i < path_count(l); i++)
		if (!path_is_told(l, path_at(l, i)))
			put_path(l, path_at(l, i), &w, out);
	if (path_untold(l))
		buf_printf(out, "\nand %" PRIu64 " that could not be followed\n", path_untold(l));
}
