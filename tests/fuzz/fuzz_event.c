/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record of any bytes becomes an event, and that one line of JSON and printable
 * text: tasks name themselves.
 */
#include "../../src/api/api.c"

#include "fake_kern.h"
#include "feature/report.h"
#include "json_check.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct retcon_session *s;
	struct record *r;
	struct err err = { 0 };

	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s || fake_kern(&s->in.kern, NULL, &err) < 0)
			exit(1);
		s->rule = strdup("f(a == \"\\\x01\xff\")");
		s->fn = print;
		snprintf(s->in.plan.target_name, sizeof(s->in.plan.target_name), "target");
		snprintf(s->in.plan.func[1].name, sizeof(s->in.plan.func[1].name), "caller");
		s->in.plan.n_places = 2;
		s->in.plan.places[1].func = 1;
	}
	/* as session_consume() lets them through */
	if (size < offsetof(struct record, stack) || size > sizeof(*r))
		return 0;
	r = malloc(size);
	if (!r)
		return 0;
	memcpy(r, data, size);
	deliver(s, r, size);
	free(r);
	return 0;
}
