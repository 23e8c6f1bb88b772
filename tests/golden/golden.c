/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests as data: golden FILE... ; a file's first line is `%mode NAME`, then come
 * blocks separated by blank lines:
 *
 *	# a comment
 *	spec: a() => b()
 *	frame a
 *	frame b
 *
 * Lines `key: value` at the head of a block are the input (a key may come
 * twice: the values are joined by newlines), the rest is what the mode must
 * print. A block whose first expected line is `%%FAIL tag` expects that error;
 * the rendered error follows if the text matters. With RETCON_UPDATE=1 the
 * expected parts are rewritten, `%%FAIL tag` alone staying as it is if right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "util/cleanup.h"

static const struct golden_mode {
	const char *name;
	golden_fn *run;
} modes[] = {
	{ "comp", golden_comp }, { "compile", golden_compile }, { "doctor", golden_doctor },
	{ "lang", golden_lang }, { "probe", golden_probe },	{ "rule", golden_rule },
};

struct block {
	char head[65536]; /* comments and input lines, verbatim */
	char want[65536];
	struct golden_input in;
	unsigned int line;
};

static unsigned int n_run, n_failed;

const char *golden_get(const struct golden_input *in, const char *key)
{
	for (unsigned int i = 0; i < in->n; i++)
		if (!strcmp(in->pair[i].key, key))
			return buf_str(&in->pair[i].value);
	return NULL;
}

static void append(char *dst, size_t size, const char *line)
{
	size_t len = strlen(dst);

	snprintf(dst + len, size - len, "%s", line);
}

/* "key: value\n" with a key of lower case letters */
static bool add_input(struct block *b, const char *line)
{
	size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz");
	const char *value = line + key + 1;
	unsigned int i;

	/* "lsm:hook" is no input */
	if (!key || line[key] != ':' || !strchr(" \t\n", line[key + 1]))
		return false;
	value += strspn(value, " ");
	for (i = 0; i < b->in.n; i++)
		if (strlen(b->in.pair[i].key) == key && !strncmp(b->in.pair[i].key, line, key))
			break;
	if (i == GOLDEN_KEYS || key >= sizeof(b->in.pair[i].key))
		return false;
	if (i == b->in.n) {
		memcpy(b->in.pair[b->in.n++].key, line, key);
	} else {
		buf_putc(&b->in.pair[i].value, '\n');
	}
	buf_add(&b->in.pair[i].value, value, strcspn(value, "\n"));
	return true;
}

static void block_clear(struct block *b)
{
	for (unsigned int i = 0; i < b->in.n; i++)
		buf_free(&b->in.pair[i].value);
	memset(b, 0, sizeof(*b));
}

/* only the error's tag was asked for, and it came */
static bool tag_suffices(const struct block *b, const char *got)
{
	size_t len = strlen(b->want);

	return !strncmp(b->want, "%%FAIL ", 7) && strchr(b->want, '\n') == b->want + len - 1 &&
	       !strncmp(b->want, got, len);
}

static void run_block(const char *file, golden_fn *run, struct block *b, struct buf *updated)
{
	_cleanup_buf_ struct buf got = { 0 };
	bool ok;

	if (!b->in.n) {
		buf_puts(updated, b->head);
		buf_puts(updated, b->want);
		return;
	}
	run(&b->in, &got);
	if (got.len && got.data[got.len - 1] != '\n')
		buf_putc(&got, '\n');
	ok = !strcmp(b->want, buf_str(&got)) || tag_suffices(b, buf_str(&got));
	buf_puts(updated, b->head);
	buf_puts(updated, ok ? b->want : buf_str(&got));
	n_run++;
	if (ok)
		return;
	n_failed++;
	fprintf(stderr, "%s:%u: differs\n%s--- expected\n%s--- got\n%s\n", file, b->line, b->head,
		b->want, buf_str(&got));
}

static const struct golden_mode *find_mode(const char *line)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		size_t len = strlen(modes[i].name);

		if (!strncmp(line, "%mode ", 6) && !strncmp(line + 6, modes[i].name, len) &&
		    line[6 + len] == '\n')
			return &modes[i];
	}
	return NULL;
}

static int run_stream(const char *file, FILE *f, struct buf *updated)
{
	static struct block b;
	const struct golden_mode *mode = NULL;
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	unsigned int n = 0;

	while (getline(&line, &cap, f) >= 0) {
		n++;
		if (n == 1) {
			mode = find_mode(line);
			if (!mode)
				return -1;
			buf_puts(updated, line);
		} else if (*line == '\n') {
			run_block(file, mode->run, &b, updated);
			buf_puts(updated, "\n");
			block_clear(&b);
		} else if (!*b.want && (*line == '#' || add_input(&b, line))) {
			b.line = b.line ? b.line : n;
			append(b.head, sizeof(b.head), line);
		} else {
			append(b.want, sizeof(b.want), line);
		}
	}
	if (mode)
		run_block(file, mode->run, &b, updated);
	block_clear(&b);
	return mode ? 0 : -1;
}

static int run_file(const char *file)
{
	_cleanup_buf_ struct buf updated = { 0 };
	_cleanup_fclose_ FILE *f = fopen(file, "r");
	const char *update = getenv("RETCON_UPDATE");
	FILE *w;

	if (!f || run_stream(file, f, &updated)) {
		fprintf(stderr, "%s: unreadable, or no known %%mode in its first line\n", file);
		return -1;
	}
	if (!update || strcmp(update, "1"))
		return 0;
	w = fopen(file, "w");
	if (!w)
		return -1;
	fputs(buf_str(&updated), w);
	return fclose(w) ? -1 : 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		if (run_file(argv[i]))
			status = 1;
	printf("%u cases, %u differ\n", n_run, n_failed);
	return status || n_failed || !n_run;
}
