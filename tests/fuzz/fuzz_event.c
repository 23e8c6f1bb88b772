/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record of any bytes becomes an event, and that one line of JSON and printable
 * text: tasks name themselves.
 */
#include "../../src/api/api.c"

#include "fake_kern.h"
#include "feature/report.h"
#include "json_check.h"
#include "lang/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int print(void *arg, const struct retcon_event *e)
{
	const struct report_style json = { .json = true }, text = { .start = 5 };
	struct buf out = { 0 };
	const char *line;

	(void)arg;
	report_event(&out, &json, e);
	line = buf_str(&out);
	if (!json_check(line) || strchr(line, '\n') != line + out.len - 1)
		abort();
	buf_free(&out);
	report_event(&out, &text, e);
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] != '\n' && (out.data[i] < ' ' || out.data[i] > '~'))
			abort();
	buf_free(&out);
	return 0;
}

/* not armed: records come from elsewhere */
static struct retcon_session *make_session(void)
{
	static const char *const rule = "should_failslab = -ENOMEM under tcp_v4_connect";
	const struct injection_opts o = { .scope.system_wide = true };
	const struct follow_known none = { 0 };
	struct retcon_session *s;
	struct err err = { 0 };

	if (session_begin(NULL, (const char *const[]){ "f(a == \"\\\x01\xff\")" }, 1, &s, &err) <
		    0 ||
	    fake_kern(&s->in.kern, NULL, &err) < 0 || injection_alloc(&s->in, 1, &err) < 0 ||
	    rule_parse(&s->in.rules->rule, "rule", rule, &err) < 0 ||
	    injection_compile(&s->in, &o, &err) < 0)
		fprintf(stderr, "%s\n", err.msg), exit(1);
	if (follow_new(&s->follow, &s->in, false, &none, &err) < 0)
		fprintf(stderr, "%s\n", err.msg), exit(1);
	s->fn = print;
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct retcon_session *s;
	struct buf out = { 0 };
	struct record *r;

	if (!s)
		s = make_session();
	/* as session_consume() lets them through */
	if (size < offsetof(struct record, stack) || size > sizeof(*r))
		return 0;
	r = malloc(size);
	if (!r)
		return 0;
	memcpy(r, data, size);
	deliver(s, r, size);
	if (data[size - 1] == 0) /* now and then: it is all that there was */
		follow_print(s->follow, data[0], &out);
	buf_free(&out);
	free(r);
	return 0;
}
