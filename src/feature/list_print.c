// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list as a table, or as JSON. */
#include <string.h>

#include "feature/list.h"
#include "util/json.h"

#define MOST_TARGET 32 /* what is longer shifts its own line only */

static const struct {
	enum list_engine engine;
	char letter;
	const char *name;
} engine_names[LIST_ENGINES] = {
	{ LIST_KPROBE_MULTI, 'm', "kprobe.multi" },
	{ LIST_KPROBE, 'k', "kprobe" },
	{ LIST_FMOD_RET, 'f', "fmod_ret" },
	{ LIST_BY_LSM, 'l', "lsm" },
};

static const char *type_text(const struct list_entry *e)
{
	return e->kind < LIST_SECURITY ? kern_error_type_name(e->type) : "-";
}

static void engine_letters(const struct list_entry *e, char text[LIST_ENGINES + 1])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < LIST_ENGINES; i++)
		if (e->engines & engine_names[i].engine)
			text[n++] = engine_names[i].letter;
	if (!n)
		text[n++] = '-';
	text[n] = '\0';
}

/*
 * "long (int dfd, const char *filename, ...)": whole parameters, as many as fit beside
 * what says that there are more
 */
static void put_prototype(struct buf *out, const char *text, size_t room)
{
	static const char more[] = ", ...)";
	size_t fits = 0;

	if (strlen(text) <= room) {
		buf_puts(out, text);
		return;
	}
	for (const char *p = text; (p = strstr(p, ", ")); p++)
		if ((size_t)(p - text) + strlen(more) <= room)
			fits = (size_t)(p - text);
	if (fits) {
		buf_add(out, text, fits);
		buf_puts(out, more);
		return;
	}
	/* not one: what it returns */
	fits = strcspn(text, "(");
	buf_add(out, text, fits);
	buf_puts(out, "(...)");
}

struct columns {
	unsigned int target, type;
	size_t room; /* for the prototype */
};

static void measure(const struct list *l, unsigned int width, struct columns *c)
{
	size_t target = strlen("TARGET"), type = strlen("TYPE"), used;

	for (size_t i = 0; i < l->n; i++) {
		size_t n = strlen(l->entry[i].target), t = strlen(type_text(&l->entry[i]));

		if (n > target && n <= MOST_TARGET)
			target = n;
		if (t > type)
			type = t;
	}
	c->target = (unsigned int)target;
	c->type = (unsigned int)type;
	used = target + type + strlen("  ENGINES    ");
	c->room = width > used ? width - used : 0;
	if (!width)
		c->room = SIZE_MAX;
}

static void put_row(struct buf *out, const struct list_entry *e, const struct columns *c)
{
	size_t shifted = strlen(e->target) > c->target ? strlen(e->target) - c->target : 0;
	size_t room = c->room > shifted ? c->room - shifted : 0;
	char letters[LIST_ENGINES + 1];
	unsigned int first = 0;

	engine_letters(e, letters);
	buf_printf(out, "%-*s  %-*s  ", (int)c->target, e->target, (int)c->type, type_text(e));
	if (e->prototype) {
		buf_printf(out, "%-7s  ", letters);
		put_prototype(out, e->prototype, room);
	} else if (e->n_warnings && strlen(e->warnings[0]) + 2 <= room) {
		buf_printf(out, "%-7s  (%s)", letters, e->warnings[first++]);
	} else {
		buf_puts(out, letters);
	}
	buf_putc(out, '\n');
	for (unsigned int i = first; i < e->n_warnings; i++)
		buf_printf(out, "  warning: %s\n", e->warnings[i]);
}

static void put_legend(struct buf *out, const struct list *l)
{
	static const char *const words[LIST_KINDS][2] = {
		{ "function", "functions" },
		{ "system call", "system calls" },
		{ "security function", "security functions" },
		{ "hook", "hooks" },
	};
	size_t n[LIST_KINDS] = { 0 };
	unsigned int engines = 0;
	const char *glue = "\n";

	for (size_t i = 0; i < l->n; i++) {
		n[l->entry[i].kind]++;
		engines |= l->entry[i].engines;
	}
	for (unsigned int i = 0; i < LIST_KINDS; i++) {
		if (!n[i])
			continue;
		buf_printf(out, "%s%zu %s", glue, n[i], words[i][n[i] > 1]);
		glue = ", ";
	}
	glue = "; engines: ";
	for (unsigned int i = 0; i < LIST_ENGINES; i++) {
		if (!(engines & engine_names[i].engine))
			continue;
		buf_printf(out, "%s%c %s", glue, engine_names[i].letter, engine_names[i].name);
		glue = ", ";
	}
	buf_putc(out, '\n');
}

static void print_table(const struct list *l, unsigned int width, struct buf *out)
{
	struct columns c;

	measure(l, width, &c);
	buf_printf(out, "%-*s  %-*s  ENGINES  PROTOTYPE\n", (int)c.target, "TARGET", (int)c.type,
		   "TYPE");
	for (size_t i = 0; i < l->n; i++)
		put_row(out, &l->entry[i], &c);
	put_legend(out, l);
}

static void put_text(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	if (text)
		json_str(j, text);
	else
		json_null(j);
}

static void print_json(const struct list_entry *e, struct buf *out)
{
	static const char *const kinds[LIST_KINDS] = { "function", "syscall", "security", "lsm" };
	struct json j = { .out = out };

	json_begin(&j, '{');
	put_text(&j, "target", e->target);
	put_text(&j, "kind", kinds[e->kind]);
	put_text(&j, "function", e->function);
	put_text(&j, "module", e->module);
	put_text(&j, "error_type", e->type ? kern_error_type_name(e->type) : NULL);
	put_text(&j, "prototype", e->prototype);
	json_key(&j, "engines");
	json_begin(&j, '[');
	for (unsigned int i = 0; i < LIST_ENGINES; i++)
		if (e->engines & engine_names[i].engine)
			json_str(&j, engine_names[i].name);
	json_end(&j, ']');
	json_key(&j, "warnings");
	json_begin(&j, '[');
	for (unsigned int i = 0; i < e->n_warnings; i++)
		json_str(&j, e->warnings[i]);
	json_end(&j, ']');
	json_end(&j, '}');
	buf_putc(out, '\n');
}

void list_print(const struct list *l, const struct list_opts *o, struct buf *out)
{
	if (!o->json) {
		print_table(l, o->width, out);
		return;
	}
	for (size_t i = 0; i < l->n; i++)
		print_json(&l->entry[i], out);
}
