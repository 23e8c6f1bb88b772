// SPDX-License-Identifier: LGPL-2.1-or-later
/* Paths for programs: one object for each, with every caller in it. */
#include "feature/path_story.h"
#include "util/json.h"

/* words of verdicts, ends and sights are part of what retcon-inject(1) promises */
static const char *verdict_word(enum path_verdict_kind kind)
{
	switch (kind) {
	case PATH_CARRIED:
		return "carried";
	case PATH_CHANGED:
		return "changed";
	case PATH_SWALLOWED:
		return "swallowed";
	case PATH_FAILED_ANEW:
		return "failed anew";
	case PATH_WENT_WELL:
		return "went well";
	default:
		return "unknown";
	}
}

static const char *end_word(enum path_end end)
{
	switch (end) {
	case PATH_RETURNED:
		return "returned";
	case PATH_INSIDE:
		return "inside";
	case PATH_NEVER:
		return "never";
	default:
		return "missed";
	}
}

static const char *sight_word(enum path_sight state)
{
	switch (state) {
	case PATH_MISSED:
		return "missed";
	case PATH_NEW:
		return "new";
	case PATH_CANNOT:
		return "cannot";
	default:
		return "seen";
	}
}

static void put_value(struct json *j, const struct path_func *f, int64_t value)
{
	char text[PATH_TEXT];

	json_key(j, "value");
	if (f->type == PATH_VOID)
		json_null(j);
	else if (f->type == PATH_NUMBER || f->type == PATH_UNKNOWN)
		json_uint(j, (uint64_t)value);
	else
		json_int(j, value);
	json_key(j, "text");
	json_str(j, path_value_text(f, value, text));
}

static void put_verdict(struct json *j, struct path_story *s, const struct path_func *f,
			int64_t value)
{
	struct path_verdict v;

	path_tell(s, f, value, &v);
	put_value(j, f, value);
	json_key(j, "verdict");
	json_str(j, verdict_word(v.kind));
	if (v.kind != PATH_CHANGED && v.kind != PATH_SWALLOWED)
		return;
	json_key(j, "from");
	json_str(j, v.from);
	json_key(j, "or_before");
	json_bool(j, v.or_before);
}

static void put_frame(struct json *j, const struct path_log *l, const struct path_frame *at,
		      struct path_story *s)
{
	const struct path_func *f = path_func(l, at->func);

	json_begin(j, '{');
	json_key(j, "function");
	json_str(j, f->name);
	json_key(j, "sight");
	json_str(j, sight_word(at->state));
	if (at->state == PATH_SEEN)
		put_verdict(j, s, f, at->value);
	else
		s->gap = true;
	json_end(j, '}');
}

static void put_call(struct json *j, const struct path_log *l, const struct path *p,
		     struct path_story *s)
{
	const char *name = path_in_syscall(l, p);

	json_key(j, "syscall");
	if (!p->in_call) {
		json_null(j);
		return;
	}
	json_begin(j, '{');
	json_key(j, "name");
	if (name)
		json_str(j, name);
	else
		json_null(j);
	json_key(j, "end");
	json_str(j, end_word(p->end));
	s->gap = false; /* what the call returned is the task's, whoever made it */
	if (p->end == PATH_RETURNED)
		put_verdict(j, s, &path_call, p->result);
	json_end(j, '}');
}

/* status as the shell has it: 128 and more, by a signal */
static void put_fate(struct json *j, const struct path_fate *f)
{
	int sig = f->status & 0x7f;

	json_begin(j, '{');
	json_key(j, "status");
	if (f->ended)
		json_int(j, sig ? 128 + sig : (f->status >> 8) & 0xff);
	else
		json_null(j);
	json_key(j, "count");
	json_uint(j, f->count);
	json_end(j, '}');
}

static void put_path(const struct path_log *l, const struct path *p, struct buf *out)
{
	const struct path_func *target = path_func(l, p->target);
	struct path_story s = path_story_begin(target, p->value);
	struct json j = { .out = out };

	json_begin(&j, '{');
	json_key(&j, "type");
	json_str(&j, "path");
	json_key(&j, "count");
	json_uint(&j, p->count);
	json_key(&j, "before");
	json_uint(&j, path_told_before(l, p));
	json_key(&j, "rule");
	json_str(&j, p->rule);
	json_key(&j, "function");
	json_str(&j, target->name);
	put_value(&j, target, p->value);
	json_key(&j, "callers");
	json_begin(&j, '[');
	for (unsigned int i = 0; i < p->n; i++)
		put_frame(&j, l, &p->frame[i], &s);
	json_end(&j, ']');
	put_call(&j, l, p, &s);
	json_key(&j, "tasks");
	json_begin(&j, '[');
	for (unsigned int i = 0; i < p->n_fates; i++)
		put_fate(&j, &p->fate[i]);
	json_end(&j, ']');
	json_end(&j, '}');
	buf_putc(out, '\n');
}

void path_json(const struct path_log *l, struct buf *out)
{
	for (unsigned int i = 0; i < path_count(l); i++)
		if (!path_is_told(l, path_at(l, i)))
			put_path(l, path_at(l, i), out);
	if (path_untold(l)) {
		struct json j = { .out = out };

		json_begin(&j, '{');
		json_key(&j, "type");
		json_str(&j, "not followed");
		json_key(&j, "count");
		json_uint(&j, path_untold(l));
		json_end(&j, '}');
		buf_putc(out, '\n');
	}
}
