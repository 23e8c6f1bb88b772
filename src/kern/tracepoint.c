/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "\tfield:unsigned char name[16];\toffset:8;\tsize:16;\tsigned:0;" and so on, as f_show()
 * (kernel/trace/trace_events.c) writes it.
 */
#include "kern/tracepoint.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern_impl.h"
#include "util/arena.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/nearest.h"
#include "util/str.h"

#define FIELD "\tfield:"

static struct str cut(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (from < to && isspace((unsigned char)to[-1]))
		to--;
	return (struct str){ from, (size_t)(to - from) };
}

static bool takes(struct str *s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (s->len < len || strncmp(s->p, prefix, len) != 0)
		return false;
	s->p += len;
	s->len -= len;
	return true;
}

/* a number of at most six digits that `stop` comes behind */
static bool number(const char **at, const char *end, char stop, uint32_t *out)
{
	uint32_t n = 0;
	unsigned int digits = 0;
	const char *p = *at;

	for (; p < end && isdigit((unsigned char)*p) && digits < 6; digits++)
		n = n * 10 + (uint32_t)(*p++ - '0');
	if (!digits || p == end || *p != stop)
		return false;
	*at = p + 1;
	*out = n;
	return true;
}

/* "offset:16;" behind blanks */
static bool labelled(const char **at, const char *end, const char *label, uint32_t *out)
{
	const char *p = *at;
	size_t len = strlen(label);

	while (p < end && (*p == '\t' || *p == ' '))
		p++;
	if ((size_t)(end - p) < len || strncmp(p, label, len) != 0)
		return false;
	p += len;
	if (!number(&p, end, ';', out))
		return false;
	*at = p;
	return true;
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_byte(struct str type)
{
	static const char *const bytes[] = { "char", "unsigned char", "signed char", "u8", "__u8",
					     "s8",   "__s8",	      "uint8_t" };

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		if (str_eq(type, bytes[i]))
			return true;
	return false;
}

/* "[16]", and in kernels before 5.17 what stood in the source: "[TASK_COMM_LEN]" */
static uint32_t count_of(struct str dims, struct str type, uint32_t size)
{
	const char *at = dims.p, *end = dims.p + dims.len;
	uint64_t count = 1;
	uint32_t n = 0;

	while (at < end && *at == '[' && count <= size) {
		at++;
		if (!number(&at, end, ']', &n))
			break;
		count *= n;
	}
	if (at == end && count && count <= size && size % count == 0)
		return (uint32_t)count;
	return is_byte(type) ? size : 0;
}

/* "unsigned long args[6]", "char[] name", "void (*func)(int)": what is the name, and the rest */
static bool declaration(struct str d, struct str *type, struct str *name, struct str *dims)
{
	const char *end = d.p + d.len, *first = memchr(d.p, '[', d.len), *last = end, *p;

	*dims = (struct str){ 0 };
	p = memmem(d.p, d.len, "(*", 2);
	if (p) {
		for (last = p += 2; last < end && in_name(*last);)
			last++;
		*type = (struct str){ "void *", 6 };
		*name = cut(p, last);
		return name->len > 0;
	}
	if (first) {
		while (last[-1] != ']' && last[-1] != '[')
			last--;
		*dims = cut(first, last);
		*name = cut(last, end);
		end = first;
	}
	if (first && name->len) {
		*type = cut(d.p, first);
	} else {
		*name = cut(d.p, end);
		for (p = name->p + name->len; p > d.p && in_name(p[-1]);)
			p--;
		*name = cut(p, name->p + name->len);
		*type = cut(d.p, p);
	}
	for (size_t i = 0; i < name->len; i++)
		if (!in_name(name->p[i]))
			return false;
	return name->len && !isdigit((unsigned char)*name->p) && type->len;
}

static int one_field(struct tracepoint *t, const char *at, const char *end, struct err *err)
{
	struct tracepoint_field f = { 0 };
	const char *semi = memchr(at, ';', (size_t)(end - at)), *rest = semi ? semi + 1 : end;
	struct str type, name, dims, d = cut(at, semi ? semi : end);
	uint32_t is_signed = 0;

	if (takes(&d, "__data_loc "))
		f.where = TRACEPOINT_DATA_LOC;
	else if (takes(&d, "__rel_loc "))
		f.where = TRACEPOINT_REL_LOC;
	if (!semi || !declaration(d, &type, &name, &dims) ||
	    !labelled(&rest, end, "offset:", &f.offset) || !labelled(&rest, end, "size:", &f.size))
		return err_plain(err, -EINVAL, ERR_SYSTEM, "cannot make sense of '%.*s'",
				 (int)(end - at < 80 ? end - at : 80), at);
	labelled(&rest, end, "signed:", &is_signed);
	f.is_signed = is_signed;
	f.is_array = dims.len;
	if (f.is_array && f.where == TRACEPOINT_HERE)
		f.count = count_of(dims, type, f.size);
	f.is_common = name.len > 7 && !strncmp(name.p, "common_", 7);
	f.name = arena_strndup(t->arena, name.p, name.len);
	f.type = arena_strndup(t->arena, type.p, type.len);
	if (!f.name || !f.type)
		return err_nomem(err);
	t->size = f.offset + f.size;
	t->fields[t->n_fields++] = f;
	return 0;
}

static int parse_line(struct tracepoint *t, const char *at, const char *end, struct err *err)
{
	char id[16] = "";
	uint64_t number;

	if ((size_t)(end - at) > strlen(FIELD) && !strncmp(at, FIELD, strlen(FIELD))) {
		if (t->n_fields == LIMIT_FIELDS)
			return err_plain(err, -E2BIG, ERR_LIMIT, "it has more than %d fields",
					 LIMIT_FIELDS);
		return one_field(t, at + strlen(FIELD), end, err);
	}
	if (end - at > 4 && end - at < (ptrdiff_t)sizeof(id) + 4 && !strncmp(at, "ID: ", 4)) {
		memcpy(id, at + 4, (size_t)(end - at) - 4);
		if (str_to_u64(id, &number) == 0 && number <= INT32_MAX)
			t->id = (uint32_t)number;
	}
	return 0;
}

int tracepoint_parse(const char *format, struct tracepoint *out, struct err *err)
{
	_cleanup_(tracepoint_free) struct tracepoint t = { 0 };
	int r = arena_new(&t.arena);

	if (r == 0)
		t.fields = arena_alloc(t.arena, LIMIT_FIELDS * sizeof(*t.fields));
	if (!t.fields)
		return err_nomem(err);
	for (const char *at = format; *at && strncmp(at, "print fmt:", 10) != 0;) {
		const char *end = at + strcspn(at, "\n");

		r = parse_line(&t, at, end, err);
		if (r < 0)
			return r;
		at = *end ? end + 1 : end;
	}
	if (!t.id)
		return err_plain(err, -EINVAL, ERR_SYSTEM, "it has no number");
	*out = t;
	t = (struct tracepoint){ 0 };
	return 0;
}

void tracepoint_free(struct tracepoint *t)
{
	arena_free(t->arena);
	*t = (struct tracepoint){ 0 };
}

const struct tracepoint_field *tracepoint_find(const struct tracepoint *t, const char *name)
{
	for (unsigned int i = 0; i < t->n_fields; i++)
		if (strcmp(t->fields[i].name, name) == 0)
			return &t->fields[i];
	return NULL;
}

/* the same event of another category first, then what is spelled like it */
static void note_events(char *events, const char *category, const char *event, struct err *err)
{
	char wanted[2 * LIMIT_IDENT + 2];
	const char *found[3];
	struct nearest near;
	bool same = false;

	if (snprintf(wanted, sizeof(wanted), "%s:%s", category, event) >= (int)sizeof(wanted))
		return;
	nearest_init(&near, wanted, found, 3);
	for (char *line = events, *next; *line && !same; line = next) {
		char *colon;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		colon = strchr(line, ':');
		same = colon && strcmp(colon + 1, event) == 0;
		if (same)
			err_note(err, SPAN_NONE, "did you mean '%.100s'?", line);
		nearest_offer(&near, line);
	}
	if (!same)
		nearest_note(&near, err);
}

static int unknown_event(struct kern *k, const char *category, const char *event, struct err *err)
{
	_cleanup_free_ char *events = NULL;

	err_plain(err, -ENOENT, ERR_UNKNOWN_NAME, "this kernel has no tracepoint '%.100s:%.100s'",
		  category, event);
	if (kern_events(k, &events) == 0)
		note_events(events, category, event, err);
	return -ENOENT;
}

/* what is not a name is no path either */
static bool is_plain(const char *name)
{
	size_t len = strlen(name);

	return len && len <= LIMIT_IDENT && *name != '.' && !strchr(name, '/');
}

int kern_tracepoint(struct kern *k, const char *category, const char *event, struct tracepoint *out,
		    struct err *err)
{
	_cleanup_free_ char *format = NULL;
	int r = is_plain(category) && is_plain(event)
			? kern_event_format(k, category, event, &format, err)
			: -ENOENT;

	if (r == -ENOENT)
		return unknown_event(k, category, event, err);
	if (r < 0)
		return r;
	r = tracepoint_parse(format, out, err);
	if (r < 0 && err)
		err_wrap(err, "the format of tracepoint %.64s:%.64s", category, event);
	return r;
}
