// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kern/injectable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern_impl.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

static const char *const type_names[] = {
	[KERN_ERROR_UNKNOWN] = "?",   [KERN_ERROR_NULL] = "NULL",
	[KERN_ERROR_ERRNO] = "ERRNO", [KERN_ERROR_ERRNO_NULL] = "ERRNO_NULL",
	[KERN_ERROR_TRUE] = "TRUE",
};

#define N_TYPES (sizeof(type_names) / sizeof(type_names[0]))

const char *kern_error_type_name(enum kern_error_type type)
{
	return (size_t)type < N_TYPES ? type_names[type] : "?";
}

static enum kern_error_type type_of_word(const char *word)
{
	for (size_t i = KERN_ERROR_NULL; i < N_TYPES; i++)
		if (strcmp(word, type_names[i]) == 0)
			return (enum kern_error_type)i;
	return KERN_ERROR_UNKNOWN;
}

/*
 * "name\tTYPE" or "name [module]\tTYPE": ei_seq_show() prints "%ps\t%s\n" (v4.16, and 7.3
 * still). False for anything else.
 */
static bool parse_line(char *line, struct injectable *out)
{
	char *tab = strchr(line, '\t'), *blank, *end;

	if (!tab || tab == line)
		return false;
	*tab = '\0';
	*out = (struct injectable){ .name = line, .type = type_of_word(tab + 1) };
	blank = strchr(line, ' ');
	if (blank) {
		end = strchr(blank, ']');
		if (blank == line || blank[1] != '[' || !end || end == blank + 2 || end[1])
			return false;
		*blank = *end = '\0';
		out->module = blank + 2;
		if (strlen(out->module) >= KSYM_MODULE)
			return false;
	}
	return strlen(line) <= LIMIT_IDENT;
}

static int compare(const void *a, const void *b)
{
	const struct injectable *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->module ? x->module : "", y->module ? y->module : "");
}

/* a system call without arguments is listed for 64 and for 32 bit, by the name they share */
void injectables_sort(struct injectables *l)
{
	size_t n = 0;

	if (l->sorted)
		return;
	if (l->n)
		qsort(l->entry, l->n, sizeof(*l->entry), compare);
	for (size_t i = 0; i < l->n; i++)
		if (!n || compare(&l->entry[n - 1], &l->entry[i]) != 0)
			l->entry[n++] = l->entry[i];
	l->n = n;
	l->sorted = true;
}

int injectables_parse(struct injectables *out, char *text, struct err *err)
{
	struct injectables l = { .text = text };
	size_t most = 1;
	char *at, *next;

	if (strlen(text) > LIMIT_LIST_BYTES) {
		injectables_free(&l);
		return err_plain(err, -E2BIG, ERR_LIMIT,
				 "the error injection list is longer than %d bytes",
				 LIMIT_LIST_BYTES);
	}
	for (at = text; (at = strchr(at, '\n')); at++)
		most++;
	l.entry = calloc(most, sizeof(*l.entry));
	if (!l.entry) {
		injectables_free(&l);
		return err_nomem(err);
	}
	for (at = text; at; at = next) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		if (parse_line(at, &l.entry[l.n]))
			l.entry[l.n++].line = (unsigned int)l.lines;
		l.lines += *at != '\0';
	}
	*out = l;
	return 0;
}

void injectables_free(struct injectables *l)
{
	free(l->text);
	free(l->entry);
	*l = (struct injectables){ 0 };
}

const struct injectable *injectables_find(struct injectables *l, const char *name,
					  const char *module)
{
	const struct injectable key = { .name = name, .module = module };

	injectables_sort(l);
	return l->n ? bsearch(&key, l->entry, l->n, sizeof(*l->entry), compare) : NULL;
}

static int read_list(struct kern *k, struct err *err)
{
	char *text = NULL;
	int r;

	if (k->injectables.entry)
		return 0;
	if (!k->ops->injection_list)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS,
				 "only a running kernel tells what can be overridden");
	r = k->ops->injection_list(k->ctx, &text, err);
	return r < 0 ? r : injectables_parse(&k->injectables, text, err);
}

int kern_injectables(struct kern *k, bool sorted, const struct injectable **out, size_t *n,
		     struct err *err)
{
	int r = read_list(k, err);

	if (r < 0)
		return r;
	if (sorted)
		injectables_sort(&k->injectables);
	*out = k->injectables.entry;
	*n = k->injectables.n;
	return 0;
}

enum kern_error_type kern_error_type(struct kern *k, const char *func, const struct ksym *sym)
{
	const char *module = sym->module[0] ? sym->module : NULL;
	const struct injectable *e;
	char alias[1][KSYM_TEXT];

	if (!sym->addr || read_list(k, NULL) < 0)
		return KERN_ERROR_UNKNOWN;
	e = injectables_find(&k->injectables, func, module);
	if (!e && kern_symbolize(k, &sym->addr, 1, alias, NULL) == 0) {
		alias[0][strcspn(alias[0], "+ ")] = '\0';
		e = injectables_find(&k->injectables, alias[0], module);
	}
	return e ? e->type : KERN_ERROR_UNKNOWN;
}

/* "module:name", freed by the caller */
static char *full_name(const struct injectable *e)
{
	_cleanup_buf_ struct buf b = { 0 };
	char *name = NULL;

	buf_printf(&b, "%s%s%s", e->module ? e->module : "", e->module ? ":" : "", e->name);
	if (!buf_err(&b))
		name = take_ptr(b.data);
	return name;
}

static bool is_at(struct kern *k, const struct injectable *e, uint64_t addr)
{
	_cleanup_buf_ struct buf b = { 0 };
	char text[1][KSYM_TEXT];

	buf_printf(&b, "%s+0x0%s%s%s", e->name, e->module ? " [" : "", e->module ? e->module : "",
		   e->module ? "]" : "");
	return kern_symbolize(k, &addr, 1, text, NULL) == 0 && strcmp(text[0], buf_str(&b)) == 0;
}

/*
 * Are addrs those of the lines? The kernel's own functions are on the list for good, in one
 * order, so that a few of them tell of all; modules come and go.
 */
static bool agree(struct kern *k, const struct injectables *l, const uint64_t *addrs)
{
	size_t step = l->n / 8 + 1;

	for (size_t i = 0; i < l->n; i++)
		if ((i % step == 0 || i == l->n - 1 || l->entry[i].module) &&
		    !is_at(k, &l->entry[i], addrs[l->entry[i].line]))
			return false;
	return true;
}

static bool take_addrs(struct kern *k, struct injectables *l)
{
	_cleanup_free_ uint64_t *addrs = NULL;
	size_t n = 0;

	if (!k->ops->injectable_addrs)
		return false;
	/* one more: a list grown since is one that does not agree */
	addrs = calloc(l->lines + 1, sizeof(*addrs));
	if (!addrs || k->ops->injectable_addrs(k->ctx, addrs, l->lines + 1, &n) < 0)
		return false;
	if (n != l->lines || !agree(k, l, addrs))
		return false;
	for (size_t i = 0; i < l->n; i++)
		l->entry[i].addr = addrs[l->entry[i].line];
	return true;
}

static int look_up_names(struct kern *k, struct injectables *l, char **names, struct err *err)
{
	_cleanup_free_ struct ksym *found = calloc(l->n + 1, sizeof(*found));
	int r;

	for (size_t i = 0; i < l->n; i++) {
		names[i] = full_name(&l->entry[i]);
		if (!names[i])
			return err_nomem(err);
	}
	if (!found)
		return err_nomem(err);
	r = kern_lookup_addrs(k, (const char *const *)names, (unsigned int)l->n, found, err);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		l->entry[i].addr = found[i].addr;
	return r;
}

static int look_up_addrs(struct kern *k, struct injectables *l, struct err *err)
{
	char **names = calloc(l->n + 1, sizeof(*names));
	int r = names ? look_up_names(k, l, names, err) : err_nomem(err);

	for (size_t i = 0; names && i < l->n; i++)
		free(names[i]);
	free(names);
	return r;
}

int kern_injectable_addrs(struct kern *k, struct err *err)
{
	struct injectables *l = &k->injectables;
	int r = read_list(k, err);

	if (r < 0 || l->has_addrs)
		return r;
	if (!take_addrs(k, l))
		r = look_up_addrs(k, l, err);
	l->has_addrs = r == 0;
	return r;
}
