// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the doctor found, for people and for programs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "feature/doctor.h"
#include "util/json.h"

#define WIDTH	  80
#define AT_ANSWER 19
#define AT_REASON 24

/* text from column `at` on, words kept whole, further lines below the first */
static void put_words(struct buf *out, size_t at, const char *text)
{
	size_t column = at;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > at && column + 1 + len > WIDTH) {
			buf_printf(out, "\n%*s", (int)at, "");
			column = at;
		} else if (column > at) {
			buf_putc(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	buf_putc(out, '\n');
}

static void put_row(struct buf *out, const char *name, const char *answer, const char *text)
{
	if (!*text) {
		buf_printf(out, "%-*s%s\n", AT_ANSWER, name, answer);
		return;
	}
	buf_printf(out, "%-*s%-*s", AT_ANSWER, name, AT_REASON - AT_ANSWER, answer);
	put_words(out, AT_REASON, text);
}

static void put_fact(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "%-*s", AT_ANSWER, name);
	put_words(out, AT_ANSWER, text);
}

static const char *answer_word(enum doctor_answer a)
{
	static const char *const words[] = {
		[DOCTOR_NO] = "no", [DOCTOR_YES] = "yes", [DOCTOR_UNKNOWN] = "?"
	};

	return words[a];
}

static bool is_all_yes(const struct doctor *d)
{
	for (unsigned int i = 0; i < ROW_COUNT; i++)
		if (d->row[i].answer != DOCTOR_YES)
			return false;
	return true;
}

static const char *verdict_text(const struct doctor *d)
{
	switch (d->verdict) {
	case DOCTOR_WORKS:
		if (d->untested)
			return "Overriding takes root; nothing that can be seen without speaks against it.";
		return is_all_yes(d) ? "Overriding works here."
				     : "Overriding works here, but not everything does.";
	case DOCTOR_HOOKS:
		if (d->untested)
			return "Security hooks at best can be overridden here; that takes root.";
		return d->row[FEAT_FMOD_RET_SYSCALL].answer == DOCTOR_YES
			       ? "Security hooks and system calls alone can be overridden here."
			       : "Security hooks alone can be overridden here.";
	default:
		return "Overriding does not work here.";
	}
}

/* "fmod_ret and lsm: yes" would do for one; for several the first that does not decides */
static void put_asked(const struct doctor *d, uint32_t asked, struct buf *out)
{
	static const char *const words[] = { [DOCTOR_NO] = "does not work here",
					     [DOCTOR_YES] = "works here",
					     [DOCTOR_UNKNOWN] = "was not tested" };
	const char *before = "";

	for (unsigned int i = 0; i < ROW_COUNT; i++) {
		if (!(asked >> i & 1))
			continue;
		buf_printf(out, "%s%s %s", before, doctor_row_name(i), words[d->row[i].answer]);
		before = "; ";
	}
	buf_puts(out, ".\n");
}

static void describe_rights(const struct host *m, char *text, size_t size)
{
	char who[32], missing[64];

	if (m->uid)
		snprintf(who, sizeof(who), "user %u", m->uid);
	else
		snprintf(who, sizeof(who), "root");
	if (m->user_ns)
		snprintf(text, size, "%s of a user namespace, which is nobody here", who);
	else if (host_missing_caps(m->caps, missing))
		snprintf(text, size, "%s without %s%s", who, missing,
			 m->container ? ", in a container" : "");
	else
		snprintf(text, size, "%s%s", who, m->uid ? " with all capabilities it takes" : "");
}

static const char *lockdown_word(enum lockdown l)
{
	static const char *const words[] = {
		[LOCKDOWN_NONE] = "none",
		[LOCKDOWN_INTEGRITY] = "integrity",
		[LOCKDOWN_CONFIDENTIALITY] = "confidentiality",
	};

	return words[l];
}

static void put_host(const struct doctor *d, struct buf *out)
{
	const struct host *m = &d->facts->host;
	const char *lockdown = lockdown_word(m->lockdown);
	char text[320];

	snprintf(text, sizeof(text), "%s %s%s, %s%s", m->release, m->arch,
		 host_too_old(m->release) ? ", too old" : "",
		 m->config ? "configuration in " : "configuration not readable",
		 m->config ? m->config_path : "");
	put_fact(out, "kernel", text);
	describe_rights(m, text, sizeof(text));
	put_fact(out, "rights", text);
	put_fact(out, "lockdown",
		 lockdown	    ? lockdown
		 : m->no_securityfs ? "unknown: securityfs is not mounted"
				    : "unknown");
	if (m->btf_bytes) {
		snprintf(text, sizeof(text), "%.1f MiB", (double)m->btf_bytes / (1 << 20));
		put_fact(out, "BTF", text);
	} else {
		put_fact(out, "BTF", "none");
	}
}

static void put_engines(const struct doctor *d, struct buf *out)
{
	for (unsigned int i = 0; i < DOCTOR_ENGINES; i++) {
		const struct doctor_row *r = &d->row[i];
		unsigned int same = 0;
		char as[64];

		while (strcmp(d->row[same].reason, r->reason) != 0)
			same++;
		/* a reason that fills lines is told once */
		snprintf(as, sizeof(as), "as %s", doctor_row_name(same));
		if (same == i || strlen(r->reason) <= WIDTH - AT_REASON)
			same = i;
		put_row(out, doctor_row_name(i), answer_word(r->answer),
			r->answer == DOCTOR_YES ? doctor_row_use(i)
			: same < i		? as
						: r->reason);
	}
}

/* the rows from `first` on that have its answer for its reason, as bits */
static uint32_t rows_alike(const struct doctor *d, unsigned int first)
{
	uint32_t bits = 0;

	for (unsigned int i = first; i < ROW_COUNT; i++)
		if (d->row[i].answer == d->row[first].answer &&
		    strcmp(d->row[i].reason, d->row[first].reason) == 0)
			bits |= 1U << i;
	return bits;
}

static void list_rows(uint32_t bits, struct buf *out)
{
	const char *before = "";

	for (unsigned int i = 0; i < ROW_COUNT; i++) {
		if (!(bits >> i & 1))
			continue;
		buf_printf(out, "%s%s", before, doctor_row_name(i));
		before = ", ";
	}
}

/* the rest: rows that are alike on one line */
static void put_others(const struct doctor *d, struct buf *out)
{
	uint32_t done = 0;

	for (unsigned int i = DOCTOR_ENGINES; i < ROW_COUNT; i++) {
		const struct doctor_row *r = &d->row[i];
		uint32_t alike = rows_alike(d, i) & ~done;
		_cleanup_buf_ struct buf text = { 0 };

		if (done >> i & 1)
			continue;
		done |= alike;
		if (alike == 1U << i) {
			put_row(out, doctor_row_name(i), answer_word(r->answer), r->reason);
			continue;
		}
		list_rows(alike, &text);
		if (*r->reason)
			buf_printf(&text, " (%s)", r->reason);
		put_row(out, "and", answer_word(r->answer), buf_str(&text));
	}
}

static unsigned int count_bits(uint32_t bits)
{
	unsigned int n = 0;

	for (; bits; bits &= bits - 1)
		n++;
	return n;
}

/* a remedy for much is for all; one for little says for what */
static void put_remedies(const struct doctor *d, struct buf *out)
{
	for (unsigned int i = 0; i < d->n_remedies; i++) {
		const struct doctor_remedy *r = &d->remedy[i];
		_cleanup_buf_ struct buf text = { 0 };

		buf_puts(&text, r->text);
		if (r->rows && count_bits(r->rows) <= 4) {
			buf_puts(&text, " (for ");
			list_rows(r->rows, &text);
			buf_putc(&text, ')');
		}
		buf_puts(out, i ? "  - " : "\nWhat would help:\n  - ");
		put_words(out, 4, buf_str(&text));
	}
}

void doctor_text(const struct doctor *d, uint32_t asked, struct buf *out)
{
	if (asked)
		put_asked(d, asked, out);
	else
		buf_printf(out, "%s\n", verdict_text(d));
	buf_putc(out, '\n');
	put_host(d, out);
	buf_putc(out, '\n');
	put_engines(d, out);
	put_others(d, out);
	put_remedies(d, out);
}

static void json_word(struct json *j, const char *key, const char *word)
{
	json_key(j, key);
	if (word && *word)
		json_str(j, word);
	else
		json_null(j);
}

static void json_answer(struct json *j, enum doctor_answer a)
{
	if (a == DOCTOR_UNKNOWN)
		json_null(j);
	else
		json_bool(j, a == DOCTOR_YES);
}

static void json_row(struct json *j, const struct doctor_row *r, unsigned int row)
{
	json_key(j, doctor_row_name(row));
	json_begin(j, '{');
	json_key(j, "works");
	json_answer(j, r->answer);
	json_word(j, "reason", r->reason);
	json_key(j, "missing");
	json_begin(j, '[');
	for (const char *const *o = r->missing; *o; o++) {
		char name[64];

		snprintf(name, sizeof(name), "CONFIG_%s", *o);
		json_str(j, name);
	}
	json_end(j, ']');
	json_end(j, '}');
}

static void json_list(struct json *j, const char *key, const char *text, const char *between)
{
	json_key(j, key);
	json_begin(j, '[');
	while (*text) {
		size_t len = strcspn(text, between);

		json_strn(j, text, len);
		text += len;
		text += strspn(text, between);
	}
	json_end(j, ']');
}

static void json_host(struct json *j, const struct host *m)
{
	char missing[64];

	json_key(j, "kernel");
	json_begin(j, '{');
	json_word(j, "release", m->release);
	json_word(j, "arch", m->arch);
	json_word(j, "config", m->config ? m->config_path : NULL);
	json_key(j, "btf_bytes");
	json_uint(j, m->btf_bytes);
	json_word(j, "lockdown", lockdown_word(m->lockdown));
	if (*m->lsms)
		json_list(j, "lsm", m->lsms, ",");
	else
		json_word(j, "lsm", NULL);
	json_end(j, '}');
	json_key(j, "user");
	json_begin(j, '{');
	json_key(j, "uid");
	json_uint(j, m->uid);
	host_missing_caps(m->caps, missing);
	json_list(j, "missing", missing, ", ");
	json_key(j, "user_namespace");
	json_bool(j, m->user_ns);
	json_key(j, "container");
	json_bool(j, m->container);
	json_end(j, '}');
}

static void json_remedies(struct json *j, const struct doctor *d)
{
	json_key(j, "remedies");
	json_begin(j, '[');
	for (unsigned int i = 0; i < d->n_remedies; i++) {
		json_begin(j, '{');
		json_word(j, "do", d->remedy[i].text);
		json_key(j, "for");
		json_begin(j, '[');
		for (unsigned int r = 0; r < ROW_COUNT; r++)
			if (d->remedy[i].rows >> r & 1)
				json_str(j, doctor_row_name(r));
		json_end(j, ']');
		json_end(j, '}');
	}
	json_end(j, ']');
}

void doctor_json(const struct doctor *d, uint32_t asked, struct buf *out)
{
	struct json j = { .out = out };

	json_begin(&j, '{');
	json_key(&j, "works");
	json_bool(&j, doctor_works(d, asked));
	json_word(&j, "verdict", verdict_text(d));
	json_host(&j, &d->facts->host);
	json_key(&j, "engines");
	json_begin(&j, '{');
	for (unsigned int i = 0; i < DOCTOR_ENGINES; i++)
		json_row(&j, &d->row[i], i);
	json_end(&j, '}');
	json_key(&j, "features");
	json_begin(&j, '{');
	for (unsigned int i = DOCTOR_ENGINES; i < ROW_COUNT; i++)
		json_row(&j, &d->row[i], i);
	json_end(&j, '}');
	json_remedies(&j, d);
	json_end(&j, '}');
	buf_putc(out, '\n');
}
